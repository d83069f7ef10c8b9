package xurrent

import (
	"strings"
	"testing"
	"time"

	"currant/engine/lang"
)

// A service that asks to wait is waited for, and somebody is told.
func TestP76EnablingWaits(t *testing.T) {
	p := newProvider(t)
	var waits []time.Duration
	p.account.Waits = func(d time.Duration) { waits = append(waits, d) }
	needs := needed("http://127.0.0.1:1")
	for _, operation := range []string{"webhooks(", "webhookCreate"} {
		p.fault(`{"kind": "429", "operation": "` + operation + `", "times": 1, "retry_after": 1}`)
	}
	p.enable(needs)
	p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
	if len(waits) != 2 {
		t.Errorf("told of %v", waits)
	}
	// Nothing was made twice.
	for typ, want := range map[string]int{"WebhookPolicy": 1, "Webhook": 3} {
		if n := len(p.stored().All(typ)); n != want {
			t.Errorf("%d of %s", n, typ)
		}
	}
}

// Who has no key of the policy that signs the webhooks takes them away from somebody who has.
func TestP76APolicyThatSomebodyElseHasTheKeyOf(t *testing.T) {
	p := newProvider(t)
	needs := append(needed("http://127.0.0.1:1"), Whole("desk"))
	policy := func(kept lang.Kept) Wanted {
		t.Helper()
		all, err := p.account.EnablePlan(t.Context(), kept, needs)
		if err != nil || len(all) == 0 || all[0].What != whatPolicy {
			t.Fatal(all, err)
		}
		return all[0]
	}
	if w := policy(newHeap()); w.Risky || w.Note != "" { // there is none yet
		t.Errorf("%+v", w)
	}
	p.enable(needs)
	if w := policy(newHeap()); !w.Risky || w.Action != ActionCreate || !strings.Contains(w.Note, "a runner that has it will refuse these events") {
		t.Errorf("%+v", w)
	}
	if w := policy(p.kept); w.Risky || w.Action != ActionUnchanged {
		t.Errorf("%+v", w)
	}
	p.set("Webhook", "disabled", true) // nobody takes their events
	if w := policy(newHeap()); w.Risky || w.Action != ActionCreate {
		t.Errorf("%+v", w)
	}
}
