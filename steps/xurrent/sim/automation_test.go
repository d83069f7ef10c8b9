package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// The rules of an installation call its webhook as PLATFORM 7.5 shows it, signed by the customer's policy that the secrets delivery told of.
func TestAutomationWebhook(t *testing.T) {
	s := provide(t, Options{})
	r, elsewhere := receive(t, always(200)), receive(t, always(200))
	offering := s.offer("acme_widget", r.URL+"?customer_account_id={account}", allow("client_credentials", "request:Read"))
	var rule struct{ ID string }
	s.mutate("appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", map[string]any{"appOfferingId": offering, "name": "Quiet", "generic": "request",
		"trigger": "on create", "condition": "true", "actions": []map[string]any{{"name": "a", "value": "add note 'x'"}}}, &rule)
	s.mutate("appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", map[string]any{"appOfferingId": offering, "name": "Send notes", "generic": "request",
		"trigger": "on note added", "condition": "wanted", "expressions": []map[string]any{{"name": "wanted", "value": "rule_app_instance.custom_fields.sync"}},
		"actions": []map[string]any{{"name": "a", "value": "call webhook '{app_offering_webhook}' with payload 'text request_id'"}}}, &rule)
	var out told
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex"}, &out)
	secrets, _ := s.said(s.hooks[eventSecrets].next(t), eventSecrets)["payload"].(map[string]any)
	policy, _ := secrets["policy"].(map[string]any)
	globex, _ := s.sim.Account("globex")
	var sends map[string]any
	for _, rule := range globex.All("AutomationRule") {
		if rule["name"] == "Send notes" {
			sends = rule
		}
	}
	if fmt.Sprint(sends["actions"]) != "[map[name:a value:call webhook 'Widget app' with payload 'text request_id']]" || fmt.Sprint(sends["expressions"]) == "<nil>" {
		t.Errorf("the rule in the customer account: %v", sends)
	}
	order := map[string]any{"app": "acme_widget", "customer": "globex", "payload": map[string]any{"text": "a new note", "request_id": 7001}}
	s.control("POST", "/sim/automation", order, &out)
	d := r.next(t)
	_, claims := opened(t, d, "ES256", publicKey("ES256", text(policy, "public_key")))
	said, _ := claims["data"].(map[string]any)
	if d.query != "customer_account_id=globex" || claims["iss"] != policy["issuer"] || claims["iss"] != s.base+"/accounts/globex" {
		t.Errorf("query %q, claims %v", d.query, claims)
	}
	person, hook := globex.All("Person")[0], out.Deliveries[0]
	if hook.Status != 200 || hook.State != stateDelivered || out.Count != 1 {
		t.Errorf("the answer: %+v", out)
	}
	webhook := globex.All("Webhook")[0]
	same(t, said, fmt.Sprintf(`{"webhook_id": %d, "webhook_nodeID": %q, "account_id": "globex", "account": %q, "custom_url": null, "name": "Widget app",
		"event": "automation_rule", "object_id": %d, "object_nodeID": %q, "person_id": %d, "person_nodeID": %q, "person_name": %q,
		"instance_name": "Simulated Xurrent", "created_at": "2026-02-01T12:00:00Z", "payload": {"text": "a new note", "request_id": 7001}}`,
		graph.Number(text(webhook, "id")), webhook["id"], s.base+"/accounts/globex", graph.Number(text(sends, "id")), sends["id"],
		graph.Number(text(person, "id")), person["id"], person["name"]))

	order["url"], order["rule"], order["person"] = elsewhere.URL, "Quiet", globex.All("Person")[3]["id"]
	s.control("POST", "/sim/automation", order, nil)
	d = elsewhere.next(t)
	if got := s.event(d); d.query != "customer_account_id=globex" || got.ObjectNodeID == sends["id"] || got.PersonName != globex.All("Person")[3]["name"] {
		t.Errorf("elsewhere: %q %+v", d.query, got)
	}
	for want, change := range map[string]any{"no rule \"Other\", but Quiet, Send notes": map[string]any{"rule": "Other"}, "no person": map[string]any{"person": "x", "rule": ""},
		"url must be": map[string]any{"url": "x"}, "app is missing": map[string]any{"app": ""}} {
		bad := map[string]any{"app": "acme_widget", "customer": "globex"}
		for k, v := range change.(map[string]any) {
			bad[k] = v
		}
		if a := s.refused("/sim/automation", bad); !strings.Contains(a.body, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: %d %s", want, a.status, a.body)
		}
	}
}

// A delivery that fails is tried again with a new token; one whose installation is switched off meanwhile is not.
func TestAutomationIsTriedAgain(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, func(n int) int { return map[bool]int{true: 503, false: 200}[n != 2] })
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "globex", "deliver_to": map[string]any{"automation": r.URL}}, nil)
	var out told
	order := map[string]any{"app": "a", "customer": "globex"}
	s.control("POST", "/sim/automation", order, &out)
	first := r.next(t)
	if out.Deliveries[0].Status != 503 || out.Deliveries[0].State != stateWaiting {
		t.Errorf("%+v", out)
	}
	s.sim.Advance(10e9)
	second := r.next(t)
	if first.header.Get("X-Xurrent-Delivery") != second.header.Get("X-Xurrent-Delivery") || string(first.body) == string(second.body) {
		t.Error("the second attempt has another id, or the same token")
	}
	s.control("POST", "/sim/automation", order, nil)
	r.next(t)
	s.control("POST", "/sim/suspend", order, nil)
	s.sim.Advance(10e9)
	s.control("GET", "/sim/deliveries?event=automation_rule&state=dropped&wait=10s", nil, &out)
	if len(out.Deliveries) != 1 || len(r.got) != 0 {
		t.Errorf("dropped: %+v, and %d more attempts", out.Deliveries, len(r.got))
	}
}

// counter is a receiver that notes the last number of each customer, in a field of the payload.
type counter struct {
	*service
	mu    sync.Mutex
	last  map[string]float64
	wrong []string
}

func (c *counter) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	customer := r.URL.Query().Get("customer_account_id")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.Error(err)
		return
	}
	got := c.event(delivered{body: body})
	c.mu.Lock()
	defer c.mu.Unlock()
	n, _ := got.Payload["nr"].(float64)
	if n != c.last[customer]+1 || got.AccountID != customer {
		c.wrong = append(c.wrong, fmt.Sprintf("%s after %v: %v", customer, c.last[customer], got))
	}
	c.last[customer] = n
}

// Many customers have many deliveries: those of one in order, all of them at the same time.
func TestManyCustomers(t *testing.T) {
	s := start(t, Options{})
	seen := &counter{service: s, last: map[string]float64{}}
	server := httptest.NewServer(seen)
	t.Cleanup(server.Close)
	var out told
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "many", "count": 20, "deliver_to": map[string]any{"automation": server.URL}}, &out)
	if out.Installed != 20 {
		t.Fatalf("%+v", out)
	}
	s.control("POST", "/sim/suspend", map[string]any{"app": "a", "customer": "many-3"}, nil)
	s.control("POST", "/sim/automation", map[string]any{"app": "a", "count": 207, "parallel": 10, "number_as": "nr", "payload": map[string]any{"x": 1}}, &out)
	if out.Count != 207-10 || out.Stopped != 1 || out.Statuses["200"] != 197 || out.PerSecond <= 0 || out.P99 < out.P50 || len(seen.wrong) > 0 || len(seen.last) != 19 {
		t.Errorf("%d sent, %d stopped, %v, %d customers, %v", out.Count, out.Stopped, out.Statuses, len(seen.last), seen.wrong)
	}
	if seen.last["many-1"] != 11 || seen.last["many-20"] != 10 {
		t.Errorf("spread: %v", seen.last)
	}
	var list struct {
		Installations []struct{ Customer, Stopped string }
	}
	s.control("GET", "/sim/installations?app=a", nil, &list)
	if len(list.Installations) != 20 {
		t.Errorf("%d installations are listed", len(list.Installations))
	}
	for _, in := range list.Installations {
		if (in.Customer == "many-3") != (in.Stopped == "suspended") {
			t.Errorf("listed: %+v", in)
		}
	}
}

// The webhook of an app that has to be confirmed is inactive until then. One customer's policy may sign for another's address, which a
// receiver must refuse.
func TestConfirmedAutomationWebhook(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	named := map[string]any{"app": "a", "customer": "globex"}
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "globex", "verify": true,
		"deliver_to": map[string]any{"automation": r.URL}}, nil)
	verify := r.next(t)
	got := s.event(verify)
	var out told
	s.control("POST", "/sim/automation", named, &out)
	if got.Event != eventVerify || verify.query != "customer_account_id=globex" || out.Deliveries[0].State != stateDropped || len(r.got) != 0 {
		t.Errorf("not yet confirmed: %+v, %+v", got, out)
	}
	callback, _ := got.Payload["callback"].(string)
	s.do("GET", callback, "").is(t, 200)
	named["url"] = r.URL + "?customer_account_id=initech"
	s.control("POST", "/sim/automation", named, nil)
	d := r.next(t)
	if got := s.event(d); d.query != "customer_account_id=initech" || got.AccountID != "globex" {
		t.Errorf("%q, %+v", d.query, got)
	}
}

// The same installation is made once, however many ask; what changes it meets its deliveries.
func TestInstallationsAtTheSameTime(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	order := func(path string, in map[string]any) (out told, status int) {
		b, err := json.Marshal(in)
		if err != nil {
			t.Error(err)
			return out, 0
		}
		a, err := s.try("POST", path, string(b), "Content-Type", "application/json")
		if err != nil || json.Unmarshal([]byte(a.body), &out) != nil {
			t.Error(err, a.body)
		}
		return out, a.status
	}
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch _, status := order("/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "globex", "deliver_to": map[string]any{"automation": r.URL}}); status {
			case 201:
				made.Add(1)
			case 409:
				refused.Add(1)
			}
		})
	}
	all.Wait()
	acme, _ := s.sim.Account("acme")
	if made.Load() != 1 || refused.Load() != 7 || len(acme.All("AppInstance")) != 1 || len(acme.All("AppOffering")) != 1 {
		t.Errorf("%d made, %d refused, %d instances, %d offerings", made.Load(), refused.Load(), len(acme.All("AppInstance")), len(acme.All("AppOffering")))
	}
	var sent, stopped atomic.Int32
	for i := range 20 {
		all.Go(func() {
			out, status := order("/sim/automation", map[string]any{"app": "a", "customer": "globex"})
			if status == 409 {
				stopped.Add(1)
			}
			for _, d := range out.Deliveries {
				if d.State == stateDelivered {
					sent.Add(1)
				} else {
					stopped.Add(1)
				}
			}
		})
		all.Go(func() { order("/sim/suspend", map[string]any{"app": "a", "customer": "globex", "lift": i%2 == 0}) })
	}
	all.Wait()
	if n := len(r.got); n != int(sent.Load()) || sent.Load()+stopped.Load() != 20 {
		t.Errorf("%d arrived, %d sent, %d stopped", n, sent.Load(), stopped.Load())
	}
	order("/sim/remove", map[string]any{"app": "a", "customer": "globex"})
	if n := len(acme.All("AppInstance")); n != 0 {
		t.Errorf("%d instances are left", n)
	}
}

// meeting is a receiver whose requests wait for one another: who sends them one after the other gets no answer in time.
func meeting(t *testing.T, of int32) string {
	t.Helper()
	var arrived atomic.Int32
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if arrived.Add(1) == of {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(5 * time.Second):
			w.WriteHeader(504)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCustomersAtTheSameTime(t *testing.T) {
	s := start(t, Options{})
	var policy struct{ ID string }
	s.control("POST", "/sim/policies", map[string]any{"account": "acme"}, &policy)
	both := meeting(t, 2)
	var out told
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "globex", "policy": policy.ID, "secrets_delay": "with",
		"deliver_to": map[string]any{"secrets": both, "installation": both, "automation": "http://127.0.0.1:1"}}, &out)
	if out.Statuses["200"] != 2 {
		t.Errorf("secrets with the installation: %v", out.Statuses)
	}
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "c", "count": 5, "deliver_to": map[string]any{"automation": "http://127.0.0.1:1"}}, nil)
	s.control("POST", "/sim/automation", map[string]any{"app": "a", "parallel": 6, "url": meeting(t, 6)}, &out)
	if out.Statuses["200"] != 6 {
		t.Errorf("six customers: %v", out.Statuses)
	}
}
