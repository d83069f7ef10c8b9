package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/lang"
)

// What a run began with is read without a key, its secrets masked.
func TestReadTrigger(t *testing.T) {
	w := began(t)
	w.load(`runbook "main" {
  trigger "manual" { input_schema = object({ name = string, key = string }) }
  step "probe" "p" {}
}`)
	g := newGate()
	w.on("p", g.probe)
	id := w.start("main", cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("Ann"), "key": cty.StringVal("k-123").Mark(lang.Sensitive)}))
	g.next(t)
	if b := w.e.Busy(); b.Active != 1 || b.Known != 1 || b.Queued != 0 || b.Workers != 128 {
		t.Errorf("%+v", b)
	}
	raw, err := engine.ReadTrigger(context.Background(), w.e.Store(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Input struct{ Name, Key string } }
	if err := json.Unmarshal(raw, &got); err != nil || got.Input.Name != "Ann" || strings.Contains(string(raw), "k-123") {
		t.Errorf("%s, %v", raw, err)
	}
	close(g.open)
	w.ends(id, "finished")
	if b := w.e.Busy(); b.Known != 0 {
		t.Errorf("%+v", b)
	}
	if _, err := engine.ReadTrigger(context.Background(), w.e.Store(), "none"); err == nil {
		t.Error("a run that is none has a trigger")
	}
}

// Connections of blueprints in force are told, opened or not.
func TestOpened(t *testing.T) {
	w := began(t)
	w.load(`connection "http" "bank" { base_url = "https://bank.example.com" }
runbook "main" {
  trigger "manual" {}
  step "probe" "p" {}
}`)
	got := w.e.Opened()
	if len(got) != 1 || got[0].Blueprint != "test" || got[0].Name != "bank" || got[0].Kind != "http" || got[0].Value != nil || !got[0].Known.Type().HasAttribute("base_url") {
		t.Errorf("%+v", got)
	}
}

// A connection that a run opens for itself is told as such.
func TestOpenedByRuns(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	w := began(t)
	w.load(fmt.Sprintf(`runbook "main" {
  trigger "manual" {}
  connection "http" "own" { base_url = %q }
  step "http" "ask" {
    connection = connection.own
    url        = "%s/"
  }
}`, server.URL, server.URL))
	w.ended(w.start("main", cty.NilVal)) // loopback is refused by the guard: the connection is opened all the same
	got := w.e.Opened()
	if len(got) != 1 || got[0].Blueprint != "" || got[0].Name != "own" || got[0].Kind != "http" || got[0].Value == nil {
		t.Errorf("%+v", got)
	}
}
