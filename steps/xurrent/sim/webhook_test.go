package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/sim/graph"
)

// subscription is a webhook that a test made.
type subscription struct {
	id, policy, pem string
}

// mutate runs a mutation with an input and reads the record of its answer.
func (s *service) mutate(name, record, selection string, input map[string]any, out any) {
	s.Helper()
	b, err := json.Marshal(map[string]any{"variables": map[string]any{"input": input},
		"query": fmt.Sprintf("mutation($input:%s!){%s(input:$input){errors{path message} %s{%s}}}", inputType(name), name, record, selection)})
	if err != nil {
		s.Fatal(err)
	}
	a := s.do("POST", "/graphql", string(b), "Content-Type", "application/json", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1")
	var answer struct {
		Errors []graph.Error
		Data   map[string]map[string]json.RawMessage
	}
	a.decode(s.T, &answer)
	if len(answer.Errors) > 0 || string(answer.Data[name]["errors"]) != "[]" {
		s.Fatalf("%s: %s", name, a.body)
	}
	if err := json.Unmarshal(answer.Data[name][record], out); err != nil {
		s.Fatal(err)
	}
}

func inputType(mutation string) string { return strings.ToUpper(mutation[:1]) + mutation[1:] + "Input" }

// subscribe makes a webhook: with a policy where an algorithm is given.
func (s *service) subscribe(r *receiver, event, algorithm string, discovery bool) subscription {
	s.Helper()
	var sub subscription
	input := map[string]any{"event": event, "uri": r.URL, "name": "My webhook", "openidConnectDiscovery": discovery}
	if algorithm != "" {
		var policy struct{ ID, PublicKeyPem string }
		s.mutate("webhookPolicyCreate", "webhookPolicy", "id publicKeyPem", map[string]any{"jwtAlg": algorithm, "jwtAudience": "runner"}, &policy)
		sub.policy, sub.pem = policy.ID, policy.PublicKeyPem
		input["webhookPolicyId"] = policy.ID
	}
	var hook struct{ ID string }
	s.mutate("webhookCreate", "webhook", "id", input, &hook)
	sub.id = hook.ID
	return sub
}

// confirm calls back what webhook.verify asks for.
func (s *service) confirm(d delivered) {
	s.Helper()
	s.do("GET", s.callback(d), "").is(s.T, 200)
}

func (s *service) callback(d delivered) string {
	s.Helper()
	got := s.event(d)
	if got.Event != "webhook.verify" {
		s.Fatalf("the event is %s instead of webhook.verify", got.Event)
	}
	callback, _ := got.Payload["callback"].(string)
	if !strings.HasPrefix(callback, s.base+"/accounts/acme/webhooks/") {
		s.Fatalf("the callback is %q", callback)
	}
	return callback
}

// event reads a delivery without asking for its signature.
func (s *service) event(d delivered) data {
	s.Helper()
	var envelope struct{ JWT string }
	if err := json.Unmarshal(d.body, &envelope); err != nil {
		s.Fatal(err)
	}
	body := d.body
	if envelope.JWT != "" {
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(envelope.JWT, claims); err != nil {
			s.Fatal(err)
		}
		var err error
		if body, err = json.Marshal(claims["data"]); err != nil {
			s.Fatal(err)
		}
	}
	var out data
	if err := json.Unmarshal(body, &out); err != nil {
		s.Fatal(err)
	}
	return out
}

// request makes a request in the account and gives its id.
func (s *service) request(subject string) string {
	s.Helper()
	var made struct{ ID string }
	s.mutate("requestCreate", "request", "id", map[string]any{"subject": subject, "category": "incident"}, &made)
	return made.ID
}

func TestP61VerifyActivatesWebhook(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	sub := s.subscribe(r, "request.create", "", false)
	first := r.next(t)
	got := s.event(first)
	if got.Name != "My webhook" || got.WebhookNodeID != sub.id || got.ObjectID != graph.Number(sub.id) {
		t.Errorf("webhook.verify: %+v", got)
	}
	callback := s.callback(first)

	s.request("before it is active")
	s.do("GET", strings.Replace(callback, "code=", "code=0", 1), "").is(t, 403)
	s.do("GET", strings.Replace(callback, "expires_at=", "expires_at=1", 1), "").is(t, 403)
	s.do("GET", strings.Replace(callback, "/webhooks/", "/webhooks/1", 1), "").is(t, 404)
	s.confirm(first)
	id := s.request("now")
	if got := s.event(r.next(t)); got.Event != "request.create" || got.ObjectNodeID != id {
		t.Errorf("the first event is %s of %s instead of request.create of %s", got.Event, got.ObjectNodeID, id)
	}

	// A new address has to be confirmed anew.
	other := receive(t, always(200))
	var hook struct{ ID string }
	s.mutate("webhookUpdate", "webhook", "id", map[string]any{"id": sub.id, "uri": other.URL}, &hook)
	second := other.next(t)
	s.request("not confirmed")
	s.do("GET", callback, "").is(t, 403)
	s.sim.Advance(24 * time.Hour)
	s.do("GET", s.callback(second), "").is(t, 403, "expired")
	if state := s.sim.hooks.list(); len(state) != 1 || state[0].Active {
		t.Errorf("webhooks: %+v", state)
	}
}

func TestP61DeletedAndDisabledWebhooksGetNothing(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	sub := s.subscribe(r, "request.create", "", false)
	s.confirm(r.next(t))
	var hook struct{ ID string }
	s.mutate("webhookUpdate", "webhook", "id", map[string]any{"id": sub.id, "disabled": true}, &hook)
	s.request("while disabled")
	s.mutate("webhookUpdate", "webhook", "id", map[string]any{"id": sub.id, "disabled": false}, &hook)
	want := s.request("while enabled")
	if got := s.event(r.next(t)); got.ObjectNodeID != want {
		t.Errorf("delivered was %+v", got)
	}
}

func TestP65DeliveryHeadersAndBody(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	sub := s.subscribe(r, "request.status-changed", "", false)
	s.confirm(r.next(t))
	id := s.request("a request")
	var changed struct{ ID, Status string }
	s.mutate("requestUpdate", "request", "id status", map[string]any{"id": id, "status": "completed", "completionReason": "solved"}, &changed)
	d := r.next(t)
	number := graph.Number(id)
	for name, want := range map[string]string{
		"Accept": "*/*", "Content-Type": "application/json; charset=utf-8", "User-Agent": "xurrent/1.0 (https://developer.xurrent.com/v1/webhooks)",
		"Link": fmt.Sprintf(`<%s/accounts/acme/requests/%d>; rel="canonical", <%s/rest/v1/requests/%d>; rel="resource"`, s.base, number, s.base, number),
	} {
		if got := d.header.Get(name); got != want {
			t.Errorf("%s: %q instead of %q", name, got, want)
		}
	}
	if len(d.header.Get("X-Xurrent-Delivery")) != 36 || d.header["X-Xurrent-Delivery-Origin"] != nil {
		t.Errorf("delivery %q, origin %q", d.header.Get("X-Xurrent-Delivery"), d.header["X-Xurrent-Delivery-Origin"])
	}
	var got map[string]any
	if err := json.Unmarshal(d.body, &got); err != nil {
		t.Fatal(err)
	}
	payload, _ := got["payload"].(map[string]any)
	want := map[string]any{"webhook_id": float64(graph.Number(sub.id)), "webhook_nodeID": sub.id, "account_id": "acme", "account": s.base + "/accounts/acme",
		"custom_url": nil, "name": "My webhook", "event": "request.status-changed", "object_id": float64(number), "object_nodeID": id,
		"instance_name": instanceName, "created_at": "2026-02-01T12:00:00Z"}
	for name, value := range want {
		if has, there := got[name]; !there || has != value {
			t.Errorf("%s: %v instead of %v", name, has, value)
		}
	}
	if name, _ := got["person_name"].(string); name == "" || got["person_id"] == float64(0) {
		t.Errorf("nobody did it: %v", got)
	}
	if len(got) != len(want)+4 || payload["status"] != "completed" || payload["previous_status"] == "" || payload["previous_status"] == "completed" ||
		payload["audit_line_id"] == nil || payload["audit_line_nodeID"] == nil || len(payload) != 4 {
		t.Errorf("the body is %s", d.body)
	}
}

func TestEventsOfChanges(t *testing.T) {
	s := start(t, Options{})
	events := []string{"request.create", "request.update", "request.team-changed", "request.member-changed", "request.note-added", "person.update"}
	r := receive(t, always(200))
	for _, event := range events {
		s.subscribe(r, event, "", false)
		s.confirm(r.next(t))
	}
	a, _ := s.sim.Account("acme")
	team, person := text(a.All("Team")[0], "id"), text(a.All("Person")[3], "id")
	got := map[string]data{}
	expect := func(events ...string) {
		t.Helper()
		clear(got)
		for range events {
			d := s.event(r.next(t))
			got[d.Event] = d
		}
		for _, event := range events {
			if _, ok := got[event]; !ok {
				t.Errorf("%s was not delivered, but %v", event, got)
			}
		}
	}
	id := s.request("x")
	expect("request.create")
	var out struct{ ID string }
	s.mutate("requestUpdate", "request", "id", map[string]any{"id": id, "teamId": team}, &out)
	expect("request.update", "request.team-changed")
	if p, _ := got["request.team-changed"].Payload["team"].(map[string]any); p["nodeID"] != team || p["name"] == "" || p["disabled"] != false {
		t.Errorf("the payload's team: %v", got["request.team-changed"].Payload)
	}
	s.mutate("requestUpdate", "request", "id", map[string]any{"id": id, "memberId": person, "source": "x", "sourceID": "7"}, &out)
	expect("request.update", "request.member-changed")
	if p := got["request.update"].Payload; p["source"] != "x" || p["sourceID"] != "7" {
		t.Errorf("the payload of an update: %v", p)
	}
	s.mutate("noteCreate", "note", "id", map[string]any{"ownerId": id, "text": "hello"}, &out)
	note := out.ID
	d := s.event(r.next(t))
	for d.Event == "request.update" { // a note may count as an update of its request
		d = s.event(r.next(t))
	}
	if d.Event != "request.note-added" || d.ObjectNodeID != id || d.Payload["note_nodeID"] != note {
		t.Errorf("after a note: %+v", d)
	}
	s.mutate("personUpdate", "person", "id", map[string]any{"id": person, "jobTitle": "Boss"}, &out)
	expect("person.update")
}
