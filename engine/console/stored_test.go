package console

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"currant/engine/journal"
)

// storedRun puts a run into the store that no engine has executed.
func storedRun(r *rig, id, runbook string, status journal.Status) string {
	r.t.Helper()
	s, ctx := r.e.Store(), context.Background()
	now := time.Now().Add(-time.Minute)
	version := r.c.runbookOf("shop", runbook).Blueprint.Digest
	_, _, err := s.Accept(ctx, journal.Run{ID: id, Blueprint: "shop", Runbook: runbook, Version: version, Context: "order 17", Status: journal.Queued, Attempt: 1,
		AcceptedAt: now, Retention: time.Hour, Event: []byte(`{"value":{"order":17}}`)})
	if err != nil {
		r.t.Fatal(err)
	}
	record := fmt.Sprintf(`{"s":"hold","n":"gate","b":%q,"u":1,"a":1,"r":"the runner stopped while the step was in flight"}`, now.Format(time.RFC3339Nano))
	err = s.Commit(ctx, journal.Write{Run: id, Put: []journal.Record{{Path: "pay", Data: []byte(strings.Replace(record, `"hold"`, `"held"`, 1))}}, Update: &journal.Update{Status: status, StartedAt: now}})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// storedLoop puts an ended run into the store that remembers n iterations of a loop, and lines of its log.
func storedLoop(r *rig, id string, n, lines int) string {
	r.t.Helper()
	s, ctx := r.e.Store(), context.Background()
	now := time.Now().Add(-time.Hour)
	at := func(i int) string { return now.Add(time.Duration(i) * 10 * time.Millisecond).Format(time.RFC3339Nano) }
	_, _, err := s.Accept(ctx, journal.Run{ID: id, Blueprint: "shop", Runbook: "order", Version: "v1", Context: "a long one", Status: journal.Queued, Attempt: 1,
		AcceptedAt: now, Retention: time.Hour, Event: []byte(`{"value":{"order":18}}`)})
	if err != nil {
		r.t.Fatal(err)
	}
	history := map[string]json.RawMessage{"lines": json.RawMessage(fmt.Sprintf(`{"s":"fail","n":"loop","b":%q,"e":%q,"u":1,"d":%d,"x":{"message":"3 of the iterations failed","kind":"http"}}`, at(0), at(n), n))}
	for i := range n {
		state, failure := "ok", ""
		if i%61 == 60 {
			state, failure = "fail", `,"x":{"message":"the account answered 503","kind":"http","status":503}`
		}
		history[fmt.Sprintf("lines.line[%d]/price", i)] = json.RawMessage(fmt.Sprintf(`{"s":"ok","n":"compute","b":%q,"e":%q,"u":%d,"o":{"value":{"price":%d},"type":"number"}}`, at(i), at(i), 2*i+2, i))
		history[fmt.Sprintf("lines.line[%d]/send", i)] = json.RawMessage(fmt.Sprintf(`{"s":%q,"n":"http","a":2,"b":%q,"e":%q,"u":%d,"v":{"body":{"line":%d},"url":"https://example.com/lines"}%s}`, state, at(i), at(i+1), 2*i+3, i, failure))
	}
	text, err := json.Marshal(history)
	if err != nil {
		r.t.Fatal(err)
	}
	w := journal.Write{Run: id}
	for i := range lines {
		w.Logs = append(w.Logs, journal.LogLine{At: now.Add(time.Duration(i) * time.Millisecond), Level: []string{"info", "warn", "error"}[i%7%3], Step: fmt.Sprintf("lines.line[%d]/send", i), Message: fmt.Sprintf("line %d is sent", i)})
	}
	w.End = &journal.End{Status: journal.Failed, At: now.Add(time.Duration(n) * 10 * time.Millisecond), StartedAt: now, Summary: "lines: 3 of the iterations failed", History: text,
		Outcome: []byte(`{"error":{"message":"3 of the iterations failed","kind":"http","step":"lines","file":"main.hcl","line":22}}`)}
	if err := s.Commit(ctx, w); err != nil {
		r.t.Fatal(err)
	}
	return id
}
