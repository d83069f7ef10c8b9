package xurrent

import (
	"maps"
	"strings"
	"testing"

	"currant/steps/xurrent/sim"
)

// Only what deployment keeps is shared with commands; nothing of a customer is.
func TestX3DeployKeys(t *testing.T) {
	w := newWorld(t, sim.Options{})
	kept := newHeap()
	applied := w.account.Applied(kept, "desk")
	address := `app.survey.automation_rule["Old / rule"]`
	if got, err := applied.Last(t.Context(), address); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	want := map[string]string{"name": "d1", "trigger": "d2"}
	if err := applied.Remember(t.Context(), address, want); err != nil {
		t.Fatal(err)
	}
	if got, err := applied.Last(t.Context(), address); !maps.Equal(got, want) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := w.account.Applied(kept, "other").Last(t.Context(), address); got != nil || err != nil {
		t.Errorf("another blueprint's: %v, %v", got, err)
	}
	if _, err := w.account.Enable(t.Context(), kept, needed("http://127.0.0.1:1")); err != nil {
		t.Fatal(err)
	}
	keys, err := kept.Keys(t.Context(), "")
	if err != nil || len(keys) != 5 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		if !DeployKey(key) {
			t.Errorf("%s is not for deployment", key)
		}
	}
	for key := range kept.vals {
		if strings.Contains(key, "/applied/") {
			kept.vals[key] = []byte("[]") // of another release
		}
	}
	if got, err := applied.Last(t.Context(), address); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if err := applied.Remember(t.Context(), address, nil); err != nil || len(kept.vals) != 4 {
		t.Errorf("%v, %v", kept.vals, err)
	}

	customers := customersOf(kept, w.account.Provider())
	at := customers.of("policy", "webhooks") // as bad as names can be
	for _, key := range []string{at.key(entryPolicy), at.key(entrySecrets, "policy"), at.key(entryOwn, "applied"), at.key("token"), at.key("authorization_token"),
		at.key(entryTaken), customers.removalKey("policy", "webhooks"), "", "xurrent", "xurrent/a/b", "xurrent/a/b/webhooks", "other/a/b/policy", "xurrent/a/b/policy/c"} {
		if DeployKey(key) {
			t.Errorf("%s is for deployment", key)
		}
	}
}
