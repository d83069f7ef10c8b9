package sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// instanceName is the name of the Xurrent instance in each delivery.
const instanceName = "Simulated Xurrent"

// data is the body of a delivery, or its claim of that name (PLATFORM 6.2).
type data struct {
	WebhookID     int64          `json:"webhook_id"`
	WebhookNodeID string         `json:"webhook_nodeID"`
	AccountID     string         `json:"account_id"`
	Account       string         `json:"account"`
	CustomURL     *string        `json:"custom_url"`
	Name          string         `json:"name"`
	Event         string         `json:"event"`
	ObjectID      int64          `json:"object_id"`
	ObjectNodeID  string         `json:"object_nodeID"`
	PersonID      int64          `json:"person_id"`
	PersonNodeID  string         `json:"person_nodeID"`
	PersonName    string         `json:"person_name"`
	InstanceName  string         `json:"instance_name"`
	CreatedAt     string         `json:"created_at"`
	Payload       map[string]any `json:"payload"`
}

// describe makes the data of an occurrence for a webhook.
func (s *Sim) describe(a *graph.Account, hook, name string, o occurrence) data {
	d := data{WebhookID: graph.Number(hook), WebhookNodeID: hook, AccountID: a.ID(), Account: s.accountURL(a.ID()), Name: name,
		Event: o.event, ObjectID: graph.Number(o.id), ObjectNodeID: o.id, InstanceName: instanceName,
		CreatedAt: s.clock.now().UTC().Format(time.RFC3339), Payload: o.payload}
	if o.id == "" {
		d.ObjectID, d.ObjectNodeID = 12345, sampleNode("Request", 12345) // as test deliveries have it
	}
	if o.person == "" {
		o.person = firstPerson(a)
	}
	d.PersonNodeID, d.PersonID = o.person, graph.Number(o.person)
	if o.by == nil {
		o.by = a
	}
	if person, ok := o.by.Get("Person", o.person); ok {
		d.PersonName = text(person, "name")
	}
	if d.Payload == nil {
		d.Payload = s.payload(a, o)
	}
	return d
}

// payload is that of the event, by the tables of PLATFORM 6.2 and 7.4.
func (s *Sim) payload(a *graph.Account, o occurrence) map[string]any {
	line := s.lines.Add(1)
	p := map[string]any{"audit_line_id": line, "audit_line_nodeID": sampleNode("AuditLine", line)}
	_, what, _ := strings.Cut(o.event, ".")
	switch {
	case o.typ == "AppInstance":
		delete(p, "audit_line_id")
		delete(p, "audit_line_nodeID")
		s.appPayload(a, o, p)
		return p
	case what == "note-added":
		if o.note != "" {
			p["note_id"], p["note_nodeID"] = graph.Number(o.note), o.note
		}
	case what == "status-changed":
		p["status"], p["previous_status"] = o.record["status"], o.previous["status"]
	case what == "team-changed":
		p["team"] = reference(a, "Team", related(o.record, "team"))
	case what == "member-changed":
		p["member"] = reference(a, "Person", related(o.record, "member"))
	case what == "create" || what == "update":
		for _, field := range []string{"source", "sourceID", "status"} {
			if v, ok := o.record[field].(string); ok {
				p[field] = v
			}
		}
		if id := related(o.record, "team"); id != "" {
			p["team"] = reference(a, "Team", id)
		}
		if id := related(o.record, "member"); id != "" {
			p["member"] = reference(a, "Person", id)
		}
	}
	return p
}

// appPayload is that of app_instance.* (PLATFORM 7.4).
func (s *Sim) appPayload(a *graph.Account, o occurrence, p map[string]any) {
	in := s.apps.instance(o.id)
	offering, name := related(o.record, "appOffering"), ""
	if in != nil {
		name = in.app
	} else {
		record, _ := a.Get("AppOffering", offering)
		name = text(record, "reference")
	}
	p["app_offering"] = map[string]any{"reference": name, "id": graph.Number(offering), "nodeID": offering, "updated": false}
	p["customer_account_id"] = related(o.record, "customerAccount")
	for field, key := range map[string]string{"disabled": "disabled", "enabledByCustomer": "enabled_by_customer", "suspended": "suspended"} {
		on, _ := o.record[field].(bool)
		p[key] = on
	}
	if id := related(o.record, "customerRepresentative"); id != "" {
		p["customer_representative"] = reference(a, "Person", id)
	} else if in != nil {
		p["customer_representative"] = reference(in.customer, "Person", in.person)
	}
}

// reference is a team or a member in a payload; nil where there is none.
func reference(a *graph.Account, typ, id string) any {
	record, ok := a.Get(typ, id)
	if !ok {
		return nil
	}
	disabled, _ := record["disabled"].(bool)
	return map[string]any{"id": graph.Number(id), "nodeID": id, "name": record["name"], "sourceID": record["sourceID"], "disabled": disabled,
		"account": map[string]any{"id": a.ID(), "name": accountName(a)}}
}

func accountName(a *graph.Account) string {
	var in struct{ Account struct{ Name string } }
	if err := json.Unmarshal(a.Execute(context.Background(), graph.Caller{}, graph.Request{Query: "{account{name}}"}).Data, &in); err != nil || in.Account.Name == "" {
		return a.ID()
	}
	return in.Account.Name
}

// firstPerson is who a personal access token acts for.
func firstPerson(a *graph.Account) string {
	var in struct{ Me struct{ ID string } }
	if err := json.Unmarshal(a.Execute(context.Background(), graph.Caller{}, graph.Request{Query: "{me{id}}"}).Data, &in); err != nil {
		return ""
	}
	return in.Me.ID
}

// sampleNode is the node id of a record that the account does not keep.
func sampleNode(typ string, n int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("4me.xurrent.com/" + typ + "/" + strconv.FormatInt(n, 10)))
}
