package xurrent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// plan gives what is to be done for each thing, with its fields.
func (p *provider) plan(needs []Need) []string {
	p.t.Helper()
	mutations := p.requests("mutation(")
	out, err := p.account.EnablePlan(p.t.Context(), p.kept, needs)
	if err != nil {
		p.t.Fatal(err)
	}
	if n := p.requests("mutation("); n != mutations {
		p.t.Errorf("a plan has made %d changes", n-mutations)
	}
	return planned(out)
}

func planned(all []Wanted) (out []string) {
	for _, w := range all {
		text := w.What + " " + w.Name + " " + w.Action
		for _, f := range w.Fields {
			text += fmt.Sprintf("; %s: %v -> %v", f.Name, f.Before, f.After)
		}
		out = append(out, text)
	}
	return out
}

// agree fails where enabling does anything else than what was planned.
func (p *provider) agree(needs []Need) {
	p.t.Helper()
	all, err := p.account.EnablePlan(p.t.Context(), p.kept, needs)
	if err != nil {
		p.t.Fatal(err)
	}
	var want []string
	for _, w := range all {
		want = append(want, w.What+" "+w.Name+" "+became[w.Action])
	}
	p.want(p.enable(needs), want...)
}

// A plan says field by field what enabling then does, reads in one request, and is empty after it.
func TestP76PlanSaysWhatEnablingDoes(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")[:2]
	p.want(p.plan(needs), "webhook policy wdc create; algorithm: <nil> -> es256; disabled: <nil> -> false",
		"webhook Currant: desk/secrets app_instance.secrets-update create; uri: <nil> -> http://127.0.0.1:1/inbound/desk/secrets; event: <nil> -> app_instance.secrets-update; disabled: <nil> -> false; policy: <nil> -> (the new policy); references: <nil> -> [survey]",
		"webhook Currant: desk/changed app_instance.create create; uri: <nil> -> http://127.0.0.1:1/inbound/desk/changed; event: <nil> -> app_instance.create; disabled: <nil> -> false; policy: <nil> -> (the new policy); references: <nil> -> [survey]",
		"webhook Currant: desk/changed app_instance.delete create; uri: <nil> -> http://127.0.0.1:1/inbound/desk/changed; event: <nil> -> app_instance.delete; disabled: <nil> -> false; policy: <nil> -> (the new policy); references: <nil> -> [survey]")
	if len(p.kept.vals) > 0 {
		t.Errorf("a plan has kept %v", p.kept.vals)
	}
	all := needed("http://127.0.0.1:1")
	p.agree(all)
	before := p.requests("query(")
	p.want(p.plan(all), each("unchanged", "unchanged", "unchanged")...)
	if n := p.requests("query("); n != before+1 {
		t.Errorf("a plan has taken %d requests", n-before)
	}

	p.set("Webhook", "disabled", true)
	moved := needed("http://127.0.0.1:2")
	moved[0].AppReferences = []string{"survey", "chat"}
	got := p.plan(moved)
	if want := "webhook Currant: desk/secrets app_instance.secrets-update enable; uri: http://127.0.0.1:1/inbound/desk/secrets -> http://127.0.0.1:2/inbound/desk/secrets; disabled: true -> false; references: [survey] -> [chat survey]"; got[1] != want {
		t.Errorf("got %s, want %s", got[1], want)
	}
	if want := "app offering survey update; webhook_uri_template: http://127.0.0.1:1/inbound/desk/ask?customer_account_id={account} -> http://127.0.0.1:2/inbound/desk/ask?customer_account_id={account}; configuration_uri_template: http://127.0.0.1:1/inbound/desk/page -> http://127.0.0.1:2/inbound/desk/page"; got[4] != want {
		t.Errorf("got %s, want %s", got[4], want)
	}
	p.agree(moved)

	p.set("WebhookPolicy", "jwtAlg", "rs256") // another one than the one whose key is kept
	old := p.policyID()
	got = p.plan(moved)
	if want := "webhook Currant: desk/secrets app_instance.secrets-update update; policy: " + old + " -> (the new policy)"; got[0] != "webhook policy wdc create; algorithm: <nil> -> es256; disabled: <nil> -> false" || got[1] != want {
		t.Errorf("got %s\n%s, want %s", got[0], got[1], want)
	}
	p.agree(moved)
	p.want(p.plan(moved), each("unchanged", "unchanged", "unchanged")...)
}

// Disabling leaves ids and policy, and does not mind what somebody has deleted by hand; enabling brings all back.
func TestP78DisableKeepsIdsAndPolicy(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	disable := func(want ...string) {
		t.Helper()
		planned, err := p.account.DisablePlan(t.Context(), p.kept, needs)
		if err != nil {
			t.Fatal(err)
		}
		mutations := p.requests("mutation(")
		did, err := p.account.Disable(t.Context(), p.kept, needs)
		if err != nil {
			t.Fatal(err)
		}
		p.want(actions(did), want...)
		var asPlanned []string
		n := 0
		for _, w := range planned {
			asPlanned = append(asPlanned, w.What+" "+w.Name+" "+became[w.Action])
			if w.Action != ActionUnchanged {
				n++
			}
		}
		p.want(asPlanned, want...)
		if got := p.requests("mutation(") - mutations; got != n {
			t.Errorf("%d changes, %d were planned", got, n)
		}
	}
	webhooks := func(action string) []string {
		out := each("", action, "")
		return out[1 : len(out)-1]
	}
	disable() // nothing is there
	p.enable(needs)
	policy, keys := p.policyID(), fmt.Sprint(p.kept.vals)
	disable(webhooks("disabled")...)
	disable(webhooks("unchanged")...)
	if fmt.Sprint(p.kept.vals) != keys {
		t.Error("what is kept has changed")
	}
	for _, h := range p.stored().All("Webhook") {
		if h["disabled"] != true {
			t.Errorf("%v", h)
		}
	}
	if is, _ := p.stored().Get("WebhookPolicy", policy); is == nil || is["disabled"] == true {
		t.Errorf("the policy is %v", is)
	}
	p.want(p.enable(needs), each("unchanged", "enabled", "unchanged")...)
	if n := len(p.stored().All("Webhook")); n != 3 {
		t.Errorf("%d webhooks", n)
	}

	p.stored().Delete("Webhook", p.stored().All("Webhook")[0]["id"].(string))
	disable(webhooks("disabled")[1:]...)
	p.want(p.enable(needs[:1]), "webhook policy wdc unchanged", "webhook Currant: desk/secrets app_instance.secrets-update created")
}

// A webhook that is deleted between the look at it and its change is as good as disabled.
func TestP78DeletedMeanwhile(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")[:2]
	p.enable(needs)
	e := p.account.enabling(p.kept)
	jobs, err := e.decideDisable(t.Context(), needs)
	if err != nil {
		t.Fatal(err)
	}
	p.stored().Delete("Webhook", jobs[1].ID)
	did, err := e.carryOut(t.Context(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	p.want(actions(did), "webhook Currant: desk/secrets app_instance.secrets-update disabled",
		"webhook Currant: desk/changed app_instance.create unchanged", "webhook Currant: desk/changed app_instance.delete disabled")
	// Any other failure is one.
	p.enable(needs)
	p.fault(`{"kind": "500", "operation": "webhookUpdate", "times": 1}`)
	did, err = p.account.Disable(t.Context(), p.kept, needs)
	if err == nil || !strings.Contains(err.Error(), "disable Webhook 'Currant: desk/secrets app_instance.secrets-update': ") || len(did) != 0 {
		t.Errorf("%v, %v", did, err)
	}
}

// Webhooks of runbooks and events that are gone from a blueprint are disabled, once all of its needs are there; so
// are second ones of the same name, and neither those of other blueprints nor of other people.
func TestWebhooksOfGoneRunbooksAreDisabled(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")[:2]
	p.enable(needs)
	for _, name := range []string{"Currant: desk/changed app_instance.create", "Currant: desks/secrets app_instance.secrets-update", "Ours"} {
		p.stored().Put("Webhook", map[string]any{"name": name, "event": "app_instance.create", "uri": "http://127.0.0.1:1"})
	}
	fewer := slices.Clone(needs)
	fewer[1].Events = []string{"app_instance.create"}
	p.want(p.enable(fewer), "webhook policy wdc unchanged", "webhook Currant: desk/secrets app_instance.secrets-update unchanged",
		"webhook Currant: desk/changed app_instance.create unchanged")
	whole := append(fewer, Whole("desk"))
	p.agree(whole)
	p.want(p.plan(whole), "webhook policy wdc unchanged", "webhook Currant: desk/secrets app_instance.secrets-update unchanged",
		"webhook Currant: desk/changed app_instance.create unchanged")
	state := func() (out []string) {
		for _, h := range p.stored().All("Webhook") {
			disabled, _ := h["disabled"].(bool)
			out = append(out, fmt.Sprint(h["name"], " ", disabled))
		}
		slices.Sort(out)
		return out
	}
	others := []string{"Currant: desks/secrets app_instance.secrets-update false", "Ours false"}
	p.want(state(), append([]string{"Currant: desk/changed app_instance.create false", "Currant: desk/changed app_instance.create true",
		"Currant: desk/changed app_instance.delete true", "Currant: desk/secrets app_instance.secrets-update false"}, others...)...)

	// Of a blueprint that needs nothing any more, no policy is made, and all its webhooks are disabled.
	none := []Need{Whole("desk")}
	p.want(p.plan(none), "webhook Currant: desk/secrets app_instance.secrets-update disable; disabled: false -> true",
		"webhook Currant: desk/changed app_instance.create disable; disabled: false -> true")
	all, err := p.account.EnablePlan(t.Context(), p.kept, none)
	if err != nil || all[1].Runbook != "changed" || all[1].Event != "app_instance.create" || all[1].Blueprint != "desk" || all[1].Note == "" {
		t.Errorf("%+v, %v", all, err)
	}
	p.agree(none)
	p.want(p.plan(none))
	p.want(p.enable(needs), "webhook policy wdc unchanged", "webhook Currant: desk/secrets app_instance.secrets-update enabled",
		"webhook Currant: desk/changed app_instance.create enabled", "webhook Currant: desk/changed app_instance.delete enabled")
}

// The offering of an app that is deployed with its blueprint is left alone, whether it is there or not.
func TestDeployedAppsKeepTheirAddresses(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	for i := range needs {
		needs[i].Deployed = true
	}
	want := each("created", "created", "")
	p.want(p.enable(needs), want[:len(want)-1]...)
	if all := p.stored().All("AppOffering"); len(all) != 0 {
		t.Errorf("%v", all)
	}
	set, err := TemplatesOf(needs)
	if err != nil || set["survey"] != (Templates{Webhook: "http://127.0.0.1:1/inbound/desk/ask?customer_account_id={account}", Configuration: "http://127.0.0.1:1/inbound/desk/page"}) {
		t.Errorf("%v, %v", set, err)
	}
}
