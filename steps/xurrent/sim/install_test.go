package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// provided is a provider account, acme, with a webhook for each event of apps, all signed by one policy.
type provided struct {
	*service
	hooks map[string]*receiver
	subs  map[string]subscription
}

// provide makes the provider's webhooks and confirms them.
func provide(t *testing.T, o Options) *provided {
	t.Helper()
	p := &provided{start(t, o), map[string]*receiver{}, map[string]subscription{}}
	for _, event := range []string{eventSecrets, eventCreate, eventUpdate, eventDelete} {
		r := receive(t, always(200))
		p.hooks[event], p.subs[event] = r, p.subscribe(r, event, "es256", false)
		p.confirm(r.next(t))
	}
	return p
}

// offer makes an offering with a webhook template.
func (p *provided) offer(reference, template string, scopes ...map[string]any) (offering string) {
	p.Helper()
	a, _ := p.sim.Account("acme")
	input := map[string]any{"name": "Widget app", "reference": reference, "serviceInstanceId": text(a.All("ServiceInstance")[0], "id"), "newScopes": scopes}
	if template != "" {
		input["webhookUriTemplate"] = template
	}
	var made struct{ ID string }
	p.mutate("appOfferingCreate", "appOffering", "id", input, &made)
	return made.ID
}

func allow(grant string, actions ...string) map[string]any {
	return map[string]any{"effect": "allow", "grantType": grant, "actions": actions}
}

// said reads the data of a signed delivery of the provider.
func (p *provided) said(d delivered, event string) map[string]any {
	p.Helper()
	_, claims := opened(p.T, d, "ES256", publicKey("ES256", p.subs[event].pem))
	if claims["iss"] != p.base+"/accounts/acme" || claims["sub"] != fmt.Sprint(graph.Number(p.subs[event].id)) {
		p.Errorf("claims: %v", claims)
	}
	said, _ := claims["data"].(map[string]any)
	return said
}

// same compares data with the JSON that is expected.
func same(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var decoded map[string]any
	if err := json.Unmarshal([]byte(want), &decoded); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	if !reflect.DeepEqual(got, decoded) {
		shown, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("got\n%s\ninstead of\n%s", shown, want)
	}
}

// appAnswer of the control endpoints, as clients read it.
type told struct {
	Installation struct {
		Provider, Customer, App, Webhook, Policy, Stopped string
		AppInstance                                       string            `json:"app_instance"`
		WebhookURL                                        string            `json:"webhook_url"`
		Clients                                           map[string]string `json:"clients"`
	}
	Count, Installed, Stopped int
	Statuses                  map[string]int
	Failures                  []string
	Deliveries                []struct {
		Event, Customer, URL, State, Delivery string
		Status                                int
		Parts                                 []string
	}
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
}

// Installing sends app_instance.create and the secrets, exactly as PLATFORM 7.3 and 7.4 show them within the data of 6.2.
func TestInstallationIsTold(t *testing.T) {
	s := provide(t, Options{})
	offering := s.offer("acme_widget", "https://run.example.com/in?customer_account_id={account}", allow("client_credentials", "request:Read"), allow("authorization_code", "me:Read"))
	var out told
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex",
		"secrets": map[string]any{"api_token": "typed at {account}"}, "custom_fields": map[string]any{"sync": true, "color": "red"}}, &out)
	acme, _ := s.sim.Account("acme")
	globex, _ := s.sim.Account("globex")
	person := globex.All("Person")[0]
	instance, _ := acme.Get("AppInstance", out.Installation.AppInstance)
	for field, want := range map[string]any{"disabled": false, "suspended": false, "enabledByCustomer": true,
		"appOffering": map[string]any{"id": offering, "type": "AppOffering"}, "customerAccount": map[string]any{"id": "globex", "type": "Account"}} {
		if !reflect.DeepEqual(instance[field], want) {
			t.Errorf("%s of the instance is %v instead of %v", field, instance[field], want)
		}
	}
	top := func(event string) string {
		hook := s.subs[event].id
		return fmt.Sprintf(`"webhook_id": %d, "webhook_nodeID": %q, "account_id": "acme", "account": %q, "custom_url": null, "name": "My webhook",
			"event": %q, "object_id": %d, "object_nodeID": %q, "person_id": %d, "person_nodeID": %q, "person_name": %q,
			"instance_name": "Simulated Xurrent", "created_at": "2026-02-01T12:00:00Z"`, graph.Number(hook), hook, s.base+"/accounts/acme", event,
			graph.Number(out.Installation.AppInstance), out.Installation.AppInstance, graph.Number(text(person, "id")), person["id"], person["name"])
	}
	app := fmt.Sprintf(`"reference": "acme_widget", "id": %d, "nodeID": %q`, graph.Number(offering), offering)
	same(t, s.said(s.hooks[eventCreate].next(t), eventCreate), `{`+top(eventCreate)+fmt.Sprintf(`, "payload": {
		"app_offering": {%s, "updated": false}, "customer_account_id": "globex", "disabled": false, "enabled_by_customer": true, "suspended": false,
		"customer_representative": {"id": %d, "nodeID": %q, "sourceID": null, "name": %q, "disabled": false, "account": {"id": "globex", "name": %q}}}}`,
		app, graph.Number(text(person, "id")), person["id"], person["name"], accountName(globex)))

	got := s.said(s.hooks[eventSecrets].next(t), eventSecrets)
	payload, _ := got["payload"].(map[string]any)
	policy, _ := globex.Get("WebhookPolicy", out.Installation.Policy)
	parts := ""
	for part, grant := range map[string]string{partApplication: grantClient, partAuthorization: grantAuthorization} {
		application, _ := payload[part].(map[string]any)
		if len(text(application, "client_secret")) < 32 || len(text(application, "nodeID")) < 10 {
			t.Errorf("%s: %v", part, application)
		}
		parts += fmt.Sprintf(`, %q: {"nodeID": %q, "client_id": %q, "client_secret": %q}`, part, application["nodeID"], out.Installation.Clients[grant], application["client_secret"])
	}
	same(t, got, `{`+top(eventSecrets)+fmt.Sprintf(`, "payload": {"audit_line_id": %v, "audit_line_nodeID": %q, "app_offering": {%s}, "customer_account_id": "globex"%s,
		"policy": {"nodeID": %q, "audience": null, "algorithm": "ES256", "public_key": %q, "issuer": %q}, "secrets": {"api_token": "typed at globex"}}}`,
		payload["audit_line_id"], payload["audit_line_nodeID"], app, parts, out.Installation.Policy, policy[graph.FieldPublicKey], s.base+"/accounts/globex"))
	if out.Count != 2 || out.Statuses["200"] != 2 || out.Installation.WebhookURL != "https://run.example.com/in?customer_account_id=globex" {
		t.Errorf("the answer: %+v", out)
	}

	found := s.query(`{appInstances(first:1,filter:{appOfferingReference:{values:["acme_widget"]},customerAccount:{values:["globex"]}}){nodes{customFields{id value} disabled enabledByCustomer suspended suspensionComment}}}`)
	found.is(t, 200, `"customFields":[{"id":"color","value":"red"},{"id":"sync","value":true}]`, `"enabledByCustomer":true`)
}

// A webhook for other apps is told nothing; the app that has no offering yet gets one.
func TestInstallationIsToldToThoseWhoAsk(t *testing.T) {
	s := provide(t, Options{})
	acme, _ := s.sim.Account("acme")
	acme.Put("Webhook", map[string]any{"id": s.subs[eventSecrets].id, "appOfferingReferences": []string{"acme_other"}})
	var out told
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "acme_widget", "customer": "globex"}, &out)
	if out.Count != 1 || out.Deliveries[0].Event != eventCreate || len(s.hooks[eventSecrets].got) != 0 {
		t.Errorf("of another app: %+v", out)
	}
	s.control("POST", "/sim/install", map[string]any{"provider": "acme", "app": "acme_other", "customer": "globex"}, &out)
	if out.Count != 2 || !slices.Equal(out.Deliveries[1].Parts, []string{partApplication}) {
		t.Errorf("of the app that it asks for: %+v", out)
	}
	if offerings := acme.All("AppOffering"); len(offerings) != 2 || offerings[0]["reference"] != "acme_widget" {
		t.Errorf("offerings: %v", offerings)
	}
}

// Secrets come before the installation's event, with it, after it, late, in parts, or never.
func TestOrderOfSecrets(t *testing.T) {
	s := provide(t, Options{})
	n := 0
	install := func(more map[string]any) (out told) {
		n++
		order := map[string]any{"provider": "acme", "app": "acme_widget", "customer": fmt.Sprintf("c%d", n), "secrets": map[string]any{"a": "b"}}
		for k, v := range more {
			order[k] = v
		}
		s.control("POST", "/sim/install", order, &out)
		return out
	}
	events := func(out told) (all []string) {
		for _, d := range out.Deliveries {
			all = append(all, d.Event+" "+strings.Join(d.Parts, "+")+" "+d.State)
		}
		return all
	}
	both := []string{eventCreate + "  delivered", eventSecrets + " application+secrets delivered"}
	for _, c := range []struct {
		name  string
		order map[string]any
		want  []string
	}{
		{"after", nil, both},
		{"with", map[string]any{"secrets_delay": "with"}, both},
		{"before", map[string]any{"secrets_delay": "before"}, []string{both[1], both[0]}},
		{"never", map[string]any{"secrets_delay": "never"}, both[:1]},
		{"in parts", map[string]any{"split": true, "grants": []string{grantClient, grantAuthorization}, "deliver_to": map[string]any{"automation": "http://127.0.0.1:1/in"}},
			[]string{both[0], eventSecrets + " application delivered", eventSecrets + " authorization_application delivered", eventSecrets + " policy delivered", eventSecrets + " secrets delivered"}},
	} {
		if got := events(install(c.order)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q instead of %q", c.name, got, c.want)
		}
	}
	for len(s.hooks[eventSecrets].got) > 0 {
		s.hooks[eventSecrets].next(t)
	}
	out := install(map[string]any{"secrets_delay": "5s"})
	if got := events(out); !slices.Equal(got, []string{both[0], eventSecrets + " application+secrets waiting"}) || out.Statuses["later"] != 1 {
		t.Errorf("late: %q, %v", got, out.Statuses)
	}
	s.sim.Advance(4 * time.Second)
	if len(s.hooks[eventSecrets].got) != 0 {
		t.Error("the secrets came early")
	}
	s.sim.Advance(time.Second)
	if d := s.hooks[eventSecrets].next(t); d.header.Get("X-Xurrent-Delivery") != out.Deliveries[1].Delivery {
		t.Error("the delivery that came late has another id")
	}
}

// Without webhooks in the provider account the order names addresses and the policy.
func TestInstallationIsToldToAddresses(t *testing.T) {
	s := start(t, Options{})
	var policy struct{ ID, Public_key_pem string }
	s.control("POST", "/sim/policies", map[string]any{"account": "acme", "algorithm": "ES256"}, &policy)
	secrets, installation, automation := receive(t, always(200)), receive(t, always(200)), receive(t, always(200))
	order := map[string]any{"provider": "acme", "app": "acme_widget", "customer": "globex", "policy": policy.ID,
		"deliver_to": map[string]any{"secrets": secrets.URL, "installation": installation.URL, "automation": automation.URL}}
	var out told
	s.control("POST", "/sim/install", order, &out)
	opened(t, installation.next(t), "ES256", publicKey("ES256", policy.Public_key_pem))
	_, claims := opened(t, secrets.next(t), "ES256", publicKey("ES256", policy.Public_key_pem))
	said, _ := claims["data"].(map[string]any)
	payload, _ := said["payload"].(map[string]any)
	if out.Count != 2 || payload["policy"] == nil || said["event"] != eventSecrets || out.Installation.WebhookURL != automation.URL+"?customer_account_id=globex" {
		t.Errorf("%+v, %v", out, said)
	}
	s.control("POST", "/sim/suspend", map[string]any{"app": "acme_widget", "customer": "globex"}, nil)
	opened(t, installation.next(t), "ES256", publicKey("ES256", policy.Public_key_pem))
}

func TestInstallRefusesNonsense(t *testing.T) {
	s := start(t, Options{})
	good := map[string]any{"provider": "acme", "app": "a", "customer": "good"}
	s.control("POST", "/sim/install", good, nil)
	for want, change := range map[string]map[string]any{
		"app must be":             {"app": ""},
		"customer must be":        {"customer": "A B"},
		"provider must be":        {"provider": "A"},
		"provider is missing":     {"provider": "", "app": "nobodys"},
		"secrets_delay is":        {"secrets_delay": "soon"},
		"grants are":              {"grants": []string{"password"}},
		"policy is missing":       {"deliver_to": map[string]any{"secrets": "http://127.0.0.1:1"}},
		"deliver_to.secrets must": {"deliver_to": map[string]any{"secrets": "ftp://x"}, "policy": "x"},
		"no webhook policy":       {"policy": "x"},
		"count needs customer":    {"count": 2, "customers": []string{"b"}},
		"up to 10000 customers":   {"count": 10_001},
		"parallel goes up to":     {"parallel": 65},
		"installed for good":      {},
	} {
		order := map[string]any{}
		for k, v := range good {
			order[k] = v
		}
		for k, v := range change {
			order[k] = v
		}
		b, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		a := s.do("POST", "/sim/install", string(b), "Content-Type", "application/json")
		if a.status != http.StatusBadRequest && a.status != http.StatusConflict || !strings.Contains(a.body, want) {
			t.Errorf("%v: %d %s", change, a.status, a.body)
		}
	}
	for path, order := range map[string]map[string]any{"/sim/update": {"app": "b"}, "/sim/suspend": {"app": "b"}, "/sim/remove": {"app": "b"},
		"/sim/automation": {"app": "b"}, "/sim/configure": {"app": "b"}} {
		order["customer"] = "good"
		b, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		s.do("POST", path, string(b), "Content-Type", "application/json").is(t, 404, "the app b is not installed for good, which has a")
	}
}
