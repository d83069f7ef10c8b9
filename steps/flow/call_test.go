package flow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// fakeRuns starts runs by key, and has them end as told.
type fakeRuns struct {
	started []steps.StartRun
	ids     map[string]string
	results map[string]steps.RunResult
}

func (f *fakeRuns) Start(_ context.Context, s steps.StartRun) (string, error) {
	if id, ok := f.ids[s.Key]; ok {
		return id, nil
	}
	f.started = append(f.started, s)
	if f.ids == nil {
		f.ids = map[string]string{}
	}
	f.ids[s.Key] = "run-" + s.Key
	return f.ids[s.Key], nil
}

func (f *fakeRuns) Result(_ context.Context, id string) (steps.RunResult, bool, error) {
	r, ok := f.results[id]
	return r, ok, nil
}

func named(v cty.Value, runbook string) cty.Value {
	attrs := v.AsValueMap()
	attrs["runbook"] = str(runbook)
	return cty.ObjectVal(attrs)
}

func TestCallWaits(t *testing.T) {
	runs := &fakeRuns{results: map[string]steps.RunResult{}}
	a := named(args(t, Call, "runbook = runbook.x\ninput = { a = 1 }", nil), "x")
	c := &steps.Call{Run: "r", Path: "p", Key: "k", Attempt: 1, Args: a, Runs: runs}
	_, err := Call.Do(context.Background(), c)
	var p *steps.Park
	if !errors.As(err, &p) || p.Run != "run-k" || !p.Until.IsZero() {
		t.Fatalf("got %v", err)
	}
	s := runs.started[0]
	if s.Runbook != "x" || s.Parent != "r" || s.ParentPath != "p" || s.Key != "k" {
		t.Errorf("started %+v", s)
	}
	same(t, s.Input, object("a", number(1)))

	woken := &steps.Call{Run: "r", Path: "p", Key: "k", Attempt: 1, Args: a, Runs: runs, Cursor: p.Cursor}
	if _, err := Call.Do(context.Background(), woken); !errors.As(err, &p) {
		t.Fatalf("it did not wait on: %v", err)
	}
	runs.results["run-k"] = steps.RunResult{Status: "finished", Outputs: object("n", number(2))}
	out, err := Call.Do(context.Background(), woken)
	if err != nil {
		t.Fatal(err)
	}
	same(t, out, object("job_uuid", str("run-k"), "outputs", object("n", number(2))))
	if len(runs.started) != 1 {
		t.Errorf("%d runs", len(runs.started))
	}
}

func TestCallWithoutWaiting(t *testing.T) {
	runs := &fakeRuns{}
	c := &steps.Call{Run: "r", Path: "p", Key: "k", Attempt: 1, Args: named(args(t, Call, "runbook = runbook.x\nwait = false", nil), "x"), Runs: runs}
	for range 2 { // done twice is done once
		out, err := Call.Do(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		same(t, out, object("job_uuid", str("run-k"), "outputs", cty.NullVal(cty.EmptyObject)))
	}
	if len(runs.started) != 1 || runs.started[0].Parent != "" {
		t.Errorf("started %+v", runs.started)
	}
}

func TestCallFails(t *testing.T) {
	for _, tc := range []struct {
		result  steps.RunResult
		kind    steps.ErrorKind
		message string
	}{
		{steps.RunResult{Status: "failed", Err: &steps.Error{Kind: steps.HTTPError, Status: 500, Message: "bad", Final: true}}, steps.HTTPError, "runbook x failed: bad"},
		{steps.RunResult{Status: "failed"}, steps.FailError, "runbook x failed"},
		{steps.RunResult{Status: "cancelled"}, steps.CancelledError, "runbook x was cancelled"},
	} {
		runs := &fakeRuns{results: map[string]steps.RunResult{"id": tc.result}}
		c := &steps.Call{Key: "k", Args: named(args(t, Call, "runbook = runbook.x", nil), "x"), Runs: runs, Cursor: []byte("id")}
		_, err := Call.Do(context.Background(), c)
		var e *steps.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.Message != tc.message || e.Final {
			t.Errorf("got %v", err)
		}
	}
}

// A retry takes a new run only where the one before has failed.
func TestCallRetries(t *testing.T) {
	runs := &fakeRuns{results: map[string]steps.RunResult{}}
	call := func(attempt int) string {
		c := &steps.Call{Key: "k", Attempt: attempt, Args: named(args(t, Call, "runbook = runbook.x", nil), "x"), Runs: runs}
		_, err := Call.Do(context.Background(), c)
		var p *steps.Park
		if !errors.As(err, &p) {
			t.Fatal(err)
		}
		return p.Run
	}
	if a, b := call(1), call(2); a != b {
		t.Errorf("%s, then %s, while the first went on", a, b)
	}
	runs.results["run-k"] = steps.RunResult{Status: "failed"}
	if got := call(2); got != "run-k#2" {
		t.Errorf("got %s after a failure", got)
	}
}

func TestCallCheck(t *testing.T) {
	runbooks := func(c *steps.Check) {
		c.Runbook = func(name string) (steps.RunbookType, bool) {
			return steps.RunbookType{
				Input:   cty.ObjectWithOptionalAttrs(map[string]cty.Type{"id": cty.Number, "note": cty.String}, []string{"note"}),
				Outputs: cty.Object(map[string]cty.Type{"n": cty.Number}),
			}, name == "x"
		}
	}
	for _, tc := range []struct{ src, want string }{
		{"runbook = runbook.x\ninput = { id = 1 }", ""},
		{"runbook = runbook.unknown", ""}, // the compiler says so
		{"runbook = runbook.x", "needs an \"input\""},
		{"runbook = runbook.x\ninput = { id = \"a\" }", "Inappropriate value for \"input\""},
		{"runbook = \"x\"", "runbook.NAME"},
		{"input = {}", "\"runbook\""},
	} {
		expect(t, checked(t, Call, tc.src, nil, runbooks), tc.want)
	}
	for src, want := range map[string]cty.Type{
		"runbook = runbook.x":               cty.Object(map[string]cty.Type{"n": cty.Number}),
		"runbook = runbook.x\nwait = false": cty.EmptyObject,
		"runbook = runbook.y":               cty.DynamicPseudoType,
	} {
		c, _ := bound(t, Call, src, nil)
		runbooks(c)
		if got := Call.OutputType(c); !got.Equals(cty.Object(map[string]cty.Type{"job_uuid": cty.String, "outputs": want})) {
			t.Errorf("%s: got %#v", src, got)
		}
	}
}

type fakeSchedules struct {
	kept    steps.Schedule
	deleted string
	next    time.Time
}

func (f *fakeSchedules) Create(_ context.Context, s steps.Schedule) (time.Time, error) {
	f.kept = s
	return f.next, nil
}
func (f *fakeSchedules) Update(_ context.Context, s steps.Schedule) (time.Time, error) {
	f.kept = s
	return f.next, nil
}
func (f *fakeSchedules) Delete(_ context.Context, reference string) error {
	f.deleted = reference
	return nil
}

func TestSchedules(t *testing.T) {
	f := &fakeSchedules{next: noon}
	a := named(args(t, ScheduleCreate, "reference = \"r\"\nrunbook = runbook.x\nevery = \"10m\"\ninput = 1", nil), "x")
	out, err := ScheduleCreate.Do(context.Background(), &steps.Call{Args: a, Schedules: f})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out, object("reference", str("r"), "next_at", str("2030-01-31T12:00:00Z")))
	if f.kept.Runbook != "x" || f.kept.Every != 10*time.Minute || !f.kept.Input.RawEquals(number(1)) {
		t.Errorf("kept %+v", f.kept)
	}
	f.next = time.Time{}
	out, err = ScheduleUpdate.Do(context.Background(), &steps.Call{Args: args(t, ScheduleUpdate, "reference = \"r\"\nat = \"2030-02-01T00:00:00Z\"", nil), Schedules: f})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out, object("reference", str("r"), "next_at", cty.NullVal(cty.String)))
	if f.kept.Runbook != "" || f.kept.Input != cty.NilVal || f.kept.At.Day() != 1 {
		t.Errorf("kept %+v", f.kept)
	}
	if _, err = ScheduleDelete.Do(context.Background(), &steps.Call{Args: args(t, ScheduleDelete, "reference = \"r\"", nil), Schedules: f}); err != nil || f.deleted != "r" {
		t.Errorf("deleted %q, %v", f.deleted, err)
	}
	bad := named(args(t, ScheduleCreate, "reference = \"r\"\nrunbook = runbook.x\ncron = \"61 * * * *\"", nil), "x")
	var e *steps.Error
	if _, err = ScheduleCreate.Do(context.Background(), &steps.Call{Args: bad, Schedules: f}); !errors.As(err, &e) || e.Kind != steps.InputError || !strings.HasPrefix(e.Message, "cron") {
		t.Errorf("got %v", err)
	}
}

func TestScheduleCheck(t *testing.T) {
	vars := map[string]cty.Value{"u": cty.UnknownVal(cty.String)}
	for _, tc := range []struct{ src, want string }{
		{"cron = \"0 9 * * 1-5\"\ntimezone = \"Europe/Amsterdam\"", ""},
		{"rrule = \"FREQ=DAILY\"", ""},
		{"at = \"2030-01-31T12:00:00Z\"", ""},
		{"cron = u", ""},
		{"cron = \"0 9 * * 1-5\"\ntimezone = u", ""},
		{"", "One of \"cron\", \"every\", \"rrule\" and \"at\""},
		{"cron = \"0 9 * * *\"\nevery = \"1h\"", "Conflicting"},
		{"cron = \"99 9 * * *\"", "Invalid value for \"cron\""},
		{"cron = \"0 9 * * *\"\ntimezone = \"Mars/Base\"", "Invalid value for \"timezone\""},
		{"every = \"1ms\"", "Invalid value for \"every\""},
		{"at = \"soon\"", "is no RFC 3339 time"},
	} {
		expect(t, checked(t, ScheduleCreate, "reference = \"r\"\nrunbook = runbook.x\n"+tc.src, vars, nil), tc.want)
	}
	expect(t, checked(t, ScheduleCreate, "reference = \"r\"\nevery = \"1h\"", nil, nil), "\"runbook\" is required")
	expect(t, checked(t, ScheduleUpdate, "reference = \"r\"\nevery = \"1h\"", nil, nil), "")
	expect(t, checked(t, ScheduleDelete, "", nil, nil), "\"reference\" is required")
}
