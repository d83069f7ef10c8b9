package xurrent

import "strings"

// webhookEvents are the events that webhooks of an account may have. Source: the vendor's list of webhook
// events as of 2026.
var webhookEvents = func() (out []string) {
	for _, line := range []string{
		"app_instance create update delete secrets-update",
		"broadcast create update",
		"ci create update",
		"contract create update",
		"flsa create update",
		"knowledge_article create update",
		"organization create update",
		"out_of_office_period create update delete",
		"person create update",
		"problem create update manager-changed member-changed note-added status-changed team-changed",
		"product create update",
		"project create update manager-changed note-added status-changed",
		"project_task create update delete note-added status-changed",
		"release create update manager-changed note-added",
		"request create update agile-board-column-changed major-incident-status-changed member-changed note-added status-changed team-changed",
		"risk create update manager-changed note-added status-changed",
		"service create update",
		"service_instance create update",
		"service_offering create update",
		"sla create update",
		"task create update member-changed note-added status-changed team-changed",
		"team create update",
		"time_entry create update delete",
		"workflow create update manager-changed note-added status-changed",
	} {
		words := strings.Fields(line)
		for _, event := range words[1:] {
			out = append(out, words[0]+"."+event)
		}
	}
	return append(out, "automation_rule")
}()

// installationEvents are those of installation_changed.
var installationEvents = []string{"app_instance.create", "app_instance.update", "app_instance.delete"}
