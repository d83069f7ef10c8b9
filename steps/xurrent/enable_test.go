package xurrent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/api"
	"currant/steps/xurrent/sim"
)

// needed is what a blueprint of one app needs.
func needed(base string) []Need {
	at := func(kind, runbook string) Need {
		return Need{Kind: kind, Blueprint: "desk", Runbook: runbook, Endpoint: base + "/inbound/desk/" + runbook, AppReferences: []string{"survey"}}
	}
	needs := []Need{at("secrets_changed", "secrets"), at("installation_changed", "changed"), at("automation_webhook", "ask"), at("configuration", "page")}
	needs[1].Events = []string{"app_instance.create", "app_instance.delete"}
	return needs
}

// provider is an account on which something is enabled, and what is kept meanwhile.
type provider struct {
	*world
	kept *heap
}

func newProvider(t *testing.T) *provider { return &provider{newWorld(t, sim.Options{}), newHeap()} }

// enable gives what became of each thing.
func (p *provider) enable(needs []Need) []string {
	p.t.Helper()
	did, err := p.account.Enable(p.t.Context(), p.kept, needs)
	if err != nil {
		p.t.Fatal(err)
	}
	return actions(did)
}

func actions(did []Enabled) (out []string) {
	for _, d := range did {
		out = append(out, d.What+" "+d.Name+" "+d.Action)
	}
	return out
}

func (p *provider) want(got []string, want ...string) {
	p.t.Helper()
	if !slices.Equal(got, want) {
		p.t.Errorf("got\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

// each is what is told of all that needed needs, where the same became of all webhooks.
func each(policy, webhooks, offering string) []string {
	out := []string{"webhook policy wdc " + policy}
	for _, name := range []string{"secrets app_instance.secrets-update", "changed app_instance.create", "changed app_instance.delete"} {
		out = append(out, "webhook Currant: desk/"+name+" "+webhooks)
	}
	return append(out, "app offering survey "+offering)
}

// set changes records of a type, as somebody at the account does.
func (p *provider) set(typ, field string, value any) {
	p.t.Helper()
	for _, r := range p.stored().All(typ) {
		p.stored().Arrange(typ, map[string]any{"id": r["id"], field: value})
	}
}

func (p *provider) forget(part string) {
	p.t.Helper()
	keys, _ := p.kept.Keys(p.t.Context(), "")
	n := len(keys)
	for _, k := range keys {
		if strings.Contains(k, part) {
			delete(p.kept.vals, k)
			n--
		}
	}
	if n == len(keys) {
		p.t.Fatalf("nothing is kept with %q: %s", part, keys)
	}
}

// Enabling twice creates nothing, and brings back what somebody has changed.
func TestP76EnablingTwiceCreatesNothing(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	p.want(p.enable(needs), each("created", "created", "created")...)
	mutations := p.requests("mutation(")
	p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
	p.forget("/webhooks/") // found by their names then
	p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
	if n := p.requests("mutation("); n != mutations {
		t.Errorf("%d changes were made where nothing had to be", n-mutations)
	}

	p.set("Webhook", "disabled", true)
	p.set("WebhookPolicy", "disabled", true)
	p.want(p.enable(needs), each("enabled", "enabled", "unchanged")...)
	p.set("Webhook", "name", "renamed") // found by the ids that are kept
	p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
	moved := needed("http://127.0.0.1:2")
	p.want(p.enable(moved), each("unchanged", "updated", "updated")...)
	fewer := slices.Clone(moved)
	fewer[0].AppReferences = nil
	if got := p.enable(fewer); !slices.Contains(got, "webhook Currant: desk/secrets app_instance.secrets-update updated") {
		t.Errorf("secrets of all apps: %s", got)
	}
	hooks := p.stored().All("Webhook")
	if len(hooks) != 3 || len(p.stored().All("WebhookPolicy")) != 1 || len(p.stored().All("AppOffering")) != 1 {
		t.Errorf("something was made twice: %v", hooks)
	}
	for _, h := range hooks {
		if disabled, _ := h["disabled"].(bool); disabled || !strings.HasPrefix(h["uri"].(string), "http://127.0.0.1:2/inbound/desk/") {
			t.Errorf("%v", h)
		}
	}
}

// A policy whose key is lost is replaced, and the webhooks are pointed to the new one.
func TestP76LostPolicyIsReplaced(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	p.enable(needs)
	for name, lose := range map[string]func(){
		"its key":    func() { p.forget("/policy") },
		"its record": func() { p.stored().Delete("WebhookPolicy", p.policyID()) },
		"where it is": func() { // as with an account of the same id at another address
			for k, v := range p.kept.vals {
				p.kept.vals[k] = []byte(strings.ReplaceAll(string(v), p.sim.URL, "http://127.0.0.1:3"))
			}
		},
		"it is another one": func() { p.set("WebhookPolicy", "jwtAlg", "rs256") },
	} {
		lose()
		p.want(p.enable(needs), each("created", "updated", "unchanged")...)
		p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
		for _, h := range p.stored().All("Webhook") {
			if policy, _ := h["webhookPolicy"].(map[string]any); policy["id"] != p.policyID() {
				t.Errorf("%s: the webhook %v is signed by %v, and the key of %s is kept", name, h["name"], policy, p.policyID())
			}
		}
	}
}

func (p *provider) policyID() string {
	p.t.Helper()
	policy, err := customersOf(p.kept, p.account.Provider()).ProviderPolicy(p.t.Context())
	if err != nil || policy == nil {
		p.t.Fatalf("%v, %v", policy, err)
	}
	if policy.Algorithm != "ES256" || policy.Issuer != p.sim.URL+"/accounts/wdc" {
		p.t.Errorf("%+v", policy)
	}
	return policy.ID
}

// The addresses of apps: {account} goes as it is, to the draft, and nothing else of it is touched.
func TestP80TemplateIsSentLiterally(t *testing.T) {
	p := newProvider(t)
	published := p.stored().Put("AppOffering", map[string]any{"name": "Survey", "reference": "survey", "published": true, "webhookUriTemplate": "https://old.test"})
	draft := p.stored().Put("AppOffering", map[string]any{"name": "Next", "reference": "survey", "published": false, "webhookUriTemplate": "https://test.com", "cardDescription": "card"})
	got := p.enable(needed("http://127.0.0.1:1"))
	if got[len(got)-1] != "app offering survey updated" {
		t.Error(got)
	}
	is, _ := p.stored().Get("AppOffering", draft)
	for field, want := range map[string]string{"webhookUriTemplate": "http://127.0.0.1:1/inbound/desk/ask?customer_account_id={account}",
		"configurationUriTemplate": "http://127.0.0.1:1/inbound/desk/page", "name": "Next", "cardDescription": "card"} {
		if is[field] != want {
			t.Errorf("%s: %v, want %s", field, is[field], want)
		}
	}
	if is, _ := p.stored().Get("AppOffering", published); is["webhookUriTemplate"] != "https://old.test" || len(p.stored().All("AppOffering")) != 2 {
		t.Errorf("what is published was changed: %v", is)
	}
}

// On an account that is not simulated, an app without an offering is an error that comes before anything is done.
func TestEnableNeedsAnOffering(t *testing.T) {
	p := newProvider(t)
	d := p.deps
	d.Environment = api.Environment{}
	opened, err := ConnectionKind(d).Open(t.Context(), cty.ObjectVal(map[string]cty.Value{
		"account_id": cty.StringVal("wdc"), "client_id": cty.StringVal("id"), "client_secret": cty.StringVal("secret"),
		"graphql_endpoint": cty.StringVal(p.sim.URL + "/graphql"), "oauth2_endpoint": cty.StringVal(p.sim.URL + "/oauth/token")}))
	if err != nil {
		t.Fatal(err)
	}
	account := opened.(*Account)
	defer account.Close()
	did, err := account.Enable(t.Context(), p.kept, needed("http://127.0.0.1:1"))
	fails(t, err, steps.NotFoundError, "No App offering found with reference 'survey'")
	if len(did) != 0 || p.requests("mutation(") != 0 {
		t.Errorf("done: %v", did)
	}
	p.stored().Put("AppOffering", map[string]any{"name": "Survey", "reference": "survey", "published": false})
	did, err = account.Enable(t.Context(), p.kept, needed("http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	p.want(actions(did), each("created", "created", "updated")...)
}

// A webhook is told from others among many, and an id from another time of the account leads to no wrong one.
func TestEnableFindsWebhooks(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")[:2]
	for i := range 120 {
		p.stored().Put("Webhook", map[string]any{"name": fmt.Sprint("other ", i), "event": "request.create", "uri": "http://127.0.0.1:1"})
	}
	want := each("created", "created", "")
	p.want(p.enable(needs), want[:len(want)-1]...)
	keys, _ := p.kept.Keys(t.Context(), "xurrent/simulated/wdc/webhooks/")
	if len(keys) != 3 {
		t.Fatal(keys)
	}
	p.kept.vals[keys[0]], p.kept.vals[keys[1]] = p.kept.vals[keys[1]], p.kept.vals[keys[0]]
	want = each("unchanged", "unchanged", "")
	p.want(p.enable(needs), want[:len(want)-1]...)
	if n := len(p.stored().All("Webhook")); n != 123 {
		t.Errorf("%d webhooks", n)
	}
}

func TestTemplatesContradict(t *testing.T) {
	at := func(kind, runbook, page string, apps ...string) Need {
		return Need{Kind: kind, Blueprint: "desk", Runbook: runbook, Endpoint: "https://x.test/" + runbook, ConfigurationURITemplate: page, AppReferences: apps}
	}
	for _, tc := range []struct {
		needs []Need
		want  string // of the error
	}{
		{[]Need{at("automation_webhook", "a", "", "survey"), at("automation_webhook", "b", "", "other")}, ""},
		{[]Need{at("automation_webhook", "a", "", "survey"), at("automation_webhook", "b", "", "survey")}, "two webhook addresses"},
		{[]Need{at("installation_changed", "a", "https://p.test", "survey"), at("configuration", "b", "https://p.test", "survey")}, ""},
		{[]Need{at("installation_changed", "a", "https://p.test", "survey"), at("configuration", "b", "", "survey")}, "two configuration pages"},
		{[]Need{at("installation_changed", "a", "https://p.test")}, "desk/a: its trigger sets an address of one app, and serves 0"},
		{[]Need{at("installation_changed", "a", "", "survey", "other"), at("secrets_changed", "b", "")}, ""},
		{[]Need{at("webhook", "a", "")}, "nothing is known"},
	} {
		_, err := TemplatesOf(tc.needs)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: %v, want %q", tc.needs, err, tc.want)
		}
	}
}

// An account has the name by which triggers and steps know it.
func TestAccountIsItsOwnProvider(t *testing.T) {
	w := newWorld(t, sim.Options{})
	real := w.deps
	real.Environment = api.Environment{}
	args := cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc"), "client_id": cty.StringVal("id"),
		"client_secret": cty.StringVal("secret"), "region": cty.StringVal("uk")})
	for want, d := range map[string]Deps{"simulated/wdc": w.deps, "graphql.uk.xurrent.com/wdc": real} {
		opened, err := ConnectionKind(d).Open(t.Context(), args)
		if err != nil {
			t.Fatal(err)
		}
		name, err := d.provider(args)
		if got := opened.(*Account).Provider(); err != nil || got != name || got != want {
			t.Errorf("%s, %s, %v; want %s", got, name, err, want)
		}
		if err := opened.(*Account).Close(); err != nil {
			t.Error(err)
		}
	}
}
