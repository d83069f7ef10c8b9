package sim

import (
	"reflect"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

// eventTypes are the record types that have events, with the beginning of their names (PLATFORM 9.7).
var eventTypes = map[string]string{
	"AppInstance": "app_instance", "Broadcast": "broadcast", "ConfigurationItem": "ci", "Contract": "contract",
	"FirstLineSupportAgreement": "flsa", "KnowledgeArticle": "knowledge_article", "Organization": "organization",
	"OutOfOfficePeriod": "out_of_office_period", "Person": "person", "Problem": "problem", "Product": "product",
	"Project": "project", "ProjectTask": "project_task", "Release": "release", "Request": "request", "Risk": "risk",
	"Service": "service", "ServiceInstance": "service_instance", "ServiceOffering": "service_offering",
	"ServiceLevelAgreement": "sla", "Task": "task", "Team": "team", "TimeEntry": "time_entry", "Workflow": "workflow",
}

// fieldEvents are the events of a field that changed.
var fieldEvents = []struct{ field, event string }{
	{"status", "status-changed"}, {"team", "team-changed"}, {"member", "member-changed"}, {"manager", "manager-changed"},
	{"agileBoardColumn", "agile-board-column-changed"}, {"majorIncidentStatus", "major-incident-status-changed"},
}

// eventsOf are the names of a change's events, those included that no webhook can ask for.
func eventsOf(c graph.Change) []string {
	if c.Type == "Note" {
		if owner, known := eventTypes[c.OwnerType]; known && c.Action == graph.ActionCreate {
			return []string{owner + ".note-added"}
		}
		return nil
	}
	prefix, known := eventTypes[c.Type]
	if !known {
		return nil
	}
	events := []string{prefix + "." + c.Action}
	if c.Action == graph.ActionUpdate {
		for _, f := range fieldEvents {
			if !reflect.DeepEqual(c.Before[f.field], c.After[f.field]) {
				events = append(events, prefix+"."+f.event)
			}
		}
	}
	return events
}

// typeOf is the record type of an event, "" where it has none.
func typeOf(event string) string {
	prefix, _, _ := strings.Cut(event, ".")
	for typ, name := range eventTypes {
		if name == prefix {
			return typ
		}
	}
	return ""
}

// occurrence is what a delivery tells about.
type occurrence struct {
	event    string
	typ, id  string // the record, "" for none
	record   map[string]any
	previous map[string]any // before the change
	note     string         // node id
	person   string         // node id of who did it
	by       *graph.Account // the person's account; nil is the event's own
	payload  map[string]any // in place of the event's own
}

// occurrenceOf completes a change's event.
func occurrenceOf(a *graph.Account, c graph.Change, event string) occurrence {
	o := occurrence{event: event, typ: c.Type, id: c.ID, record: c.After, previous: c.Before, person: c.Person}
	if c.Type == "Note" {
		o.typ, o.id, o.note, o.previous = c.OwnerType, c.OwnerID, c.ID, nil
		o.record, _ = a.Get(c.OwnerType, c.OwnerID)
	}
	if o.record == nil {
		o.record = c.Before
	}
	return o
}
