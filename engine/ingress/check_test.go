package ingress

import (
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

func TestExamplesAreValid(t *testing.T) {
	for _, k := range allKinds(t).Kinds() {
		for _, e := range k.Examples {
			if _, diags := bindTrigger(t, allKinds(t), e.HCL); len(diags) > 0 {
				t.Errorf("%s: %s: %s", k.Name, e.Title, diagText(diags))
			}
		}
	}
}

// Each mistake is said at its line, with no other diagnostic; line 0 means that there is none.
func TestMistakes(t *testing.T) {
	tests := []struct {
		src  string
		line int
		says string
	}{
		{"trigger \"json_endpoint\" {\n content = \"xml\"\n}", 2, `"xml" is none of`},
		{"trigger \"json_endpoint\" {\n content = \"text\"\n body_schema = string\n}", 3, "has no schema"},
		{"trigger \"json_endpoint\" {\n methods = [\"POST\", \"post\"]\n}", 2, "POST"},
		{"trigger \"json_endpoint\" {\n header \"a b\" {}\n}", 2, "no name of a header"},
		{"trigger \"json_endpoint\" {\n header \"A\" {}\n header \"a\" {}\n}", 3, "declared already"},
		{"trigger \"json_endpoint\" {\n auth \"baerer\" { token = \"x\" }\n}", 2, "bearer"},
		{"trigger \"json_endpoint\" {\n auth \"bearer\" {}\n}", 2, "token"},
		{"trigger \"json_endpoint\" {\n auth \"bearer\" {\n token = \"x\"\n tokn = \"x\"\n}\n}", 4, "token"},
		{"trigger \"json_endpoint\" {\n auth \"bearer\" { token = \"\" }\n}", 2, "empty"},
		{"trigger \"json_endpoint\" {\n auth \"bearer\" { token = trigger.body }\n}", 2, ""},
		{"trigger \"json_endpoint\" {\n auth \"bearer\" { token = request.bdy }\n}", 2, "body"},
		{"trigger \"json_endpoint\" {\n auth \"api_key\" {\n header = \"X Y\"\n value = \"v\"\n}\n}", 3, "no name of a header"},
		{"trigger \"json_endpoint\" {\n auth \"hmac\" {\n header = \"X\"\n secret = \"s\"\n algorithm = \"md5\"\n}\n}", 5, "sha256"},
		{"trigger \"json_endpoint\" {\n auth \"hmac\" {\n header = \"X\"\n secret = \"s\"\n tolerance = \"1m\"\n}\n}", 5, "timestamp_header"},
		{"trigger \"json_endpoint\" {\n auth \"hmac\" {\n header = \"X\"\n secret = \"s\"\n timestamp_header = \"Y\"\n}\n}", 5, "not signed"},
		{"trigger \"json_endpoint\" {\n auth \"hmac\" {\n header = \"X\"\n secret = \"s\"\n signed = requst.body\n}\n}", 5, "request"},
		{"trigger \"json_endpoint\" {\n body_schema = object({ a = string })\n deduplication_id = trigger.body.b\n}", 3, ""},
		{"trigger \"json_endpoint\" {\n body_schema = object({ a = list(string) })\n discard_when = trigger.body.a\n}", 3, "bool"},
		{"trigger \"json_endpoint\" {\n context = trigger.bdy\n}", 2, "body"},
		{"trigger \"json_endpoint\" {\n respond {\n status = 100\n}\n}", 3, "200 to 599"},
		{"trigger \"json_endpoint\" {\n respond {\n headers = { Content-Length = \"5\" }\n}\n}", 3, "Content-Length"},
		{"trigger \"json_endpoint\" {\n respond {\n body = trigger.boy\n}\n}", 3, "body"},
		{"trigger \"json_endpoint\" {\n context = job.uuid\n}", 2, ""},
		{"trigger \"schedule\" {}", 1, "one of"},
		{"trigger \"schedule\" {\n cron = \"* * * * *\"\n every = \"1m\"\n}", 3, "cron"},
		{"trigger \"schedule\" {\n cron = \"61 * * * *\"\n}", 2, "61"},
		{"trigger \"schedule\" {\n cron = null\n}", 2, "null"},
		{"trigger \"schedule\" {\n every = \"1m\"\n timezone = \"Europe/Amsterdm\"\n}", 3, "Amsterdam"},
		{"trigger \"schedule\" {\n every = \"1m\"\n catch_up = \"some\"\n}", 3, "none"},
		{"trigger \"schedule\" {\n rrule = \"FREQ=SOMETIMES\"\n}", 2, "SOMETIMES"},
		{"trigger \"schedule\" {\n every = \"10ms\"\n}", 2, "1s"},
		{"trigger \"schedule\" {\n every = \"1m\"\n request_body = { a = 1 }\n context = trigger.body.b\n}", 4, ""},
		{"trigger \"manual\" {\n input_schema = object({ a = string })\n context = trigger.input.b\n}", 3, ""},
		{"trigger \"schedule\" {\n cron = \"*/5 * * * *\"\n}", 0, ""},
		{"trigger \"json_endpoint\" {\n methods = []\n}", 0, ""},
	}
	for _, tt := range tests {
		_, diags := bindTrigger(t, allKinds(t), tt.src)
		if tt.line == 0 {
			if len(diags) > 0 {
				t.Errorf("%s\n%s", tt.src, diagText(diags))
			}
			continue
		}
		if len(diags) != 1 || diags[0].Subject.Start.Line != tt.line || !strings.Contains(diagText(diags), tt.says) {
			t.Errorf("%s\nwant line %d with %q\n%s", tt.src, tt.line, tt.says, diagText(diags))
		}
	}
}

func TestSchedule(t *testing.T) {
	tr := trigger(t, `trigger "schedule" {
  every        = "10m"
  catch_up     = "one"
  timezone     = "Europe/Amsterdam"
  request_body = { reason = "sweep" }
  context      = trigger.body.reason
  discard_when = trigger.triggered_at == "2026-01-01T00:00:00Z"
}`)
	spec, err := tr.Kind.Schedule(tr.Args)
	if err != nil || spec.Every != 10*time.Minute || spec.CatchUp != "one" || spec.Timezone != "Europe/Amsterdam" {
		t.Fatalf("%+v %v", spec, err)
	}
	ev, err := tr.Judge(tr.Kind.Fire(tr.Args, at("2026-01-01T00:10:00Z")()))
	if err != nil || ev.Context != "sweep" || ev.Delivery != "2026-01-01T00:10:00Z" || ev.Discard != "" {
		t.Errorf("%+v %v", ev, err)
	}
	if errs := ev.Value.Type().TestConformance(tr.Output); errs != nil {
		t.Error(errs)
	}
	if ev, err := tr.Judge(tr.Kind.Fire(tr.Args, at("2026-01-01T00:00:00Z")())); err != nil || ev.Discard == "" {
		t.Errorf("%+v %v", ev, err)
	}
	ev, err = tr.Kind.Start(tr, cty.NullVal(cty.DynamicPseudoType), at("2026-01-01T00:10:00Z")())
	if err != nil || ev.Delivery != "" || ev.Value.GetAttr("body").GetAttr("reason").AsString() != "sweep" {
		t.Errorf("%+v %v", ev, err)
	}
}

func TestManual(t *testing.T) {
	tr := trigger(t, `trigger "manual" {
  input_schema = object({ id = number, note = optional(string, "none") })
}`)
	in := cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("5").Mark("secret"), "more": cty.True})
	ev, err := tr.Kind.Start(tr, in, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := ev.Value.GetAttr("input")
	if !got.GetAttr("id").IsMarked() || got.GetAttr("note").AsString() != "none" || got.Type().HasAttribute("more") {
		t.Errorf("%#v", got)
	}
	for _, bad := range []cty.Value{cty.NilVal, cty.EmptyObjectVal, cty.StringVal("x"), cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("x")})} {
		if _, err := tr.Kind.Start(tr, bad, time.Now()); err == nil || !strings.HasPrefix(err.Error(), "422 input") {
			t.Errorf("%#v: %v", bad, err)
		}
	}
	free := trigger(t, `trigger "manual" {}`)
	if ev, err := free.Kind.Start(free, cty.NilVal, time.Now()); err != nil || !ev.Value.GetAttr("input").IsNull() {
		t.Errorf("%#v %v", ev.Value, err)
	}
	if d := newDoor(t, free); d.do(post(`{}`)).Code != 404 {
		t.Error("a manual runbook has an endpoint")
	}
}

func TestJudge(t *testing.T) {
	d := newDoor(t, trigger(t, `trigger "json_endpoint" {
  deduplication_id = trigger.body.id
  discard_when     = trigger.body.kind == "ping"
  context          = trigger.body.customer
}`))
	ev := func(body string) (Event, int, string) {
		w := d.do(post(body))
		evs := d.taken()
		if len(evs) == 0 {
			return Event{}, w.Code, w.Body.String()
		}
		return evs[0], w.Code, w.Body.String()
	}
	if e, code, _ := ev(`{"id":7,"kind":"a","customer":"c"}`); code != 200 || e.Delivery != "7" || e.Context != "c" {
		t.Errorf("%d %+v", code, e)
	}
	if e, code, text := ev(`{"kind":"ping"}`); code != 200 || e.Value != cty.NilVal || !strings.Contains(text, "discard_when") {
		t.Errorf("%d %s", code, text)
	}
	if e, _, _ := ev(`{"id":"` + strings.Repeat("x", 300) + `","kind":"a","customer":"` + strings.Repeat("c", 300) + `"}`); !strings.HasPrefix(e.Delivery, "sha256:") || !strings.HasPrefix(e.Context, "sha256:") {
		t.Errorf("%q %q", e.Delivery, e.Context)
	}
	if e, _, _ := ev(`{"id":null,"kind":"a","customer":""}`); e.Delivery != "" || e.Context != "" || e.Value == cty.NilVal {
		t.Errorf("%+v", e)
	}
	for _, body := range []string{`{}`, `{"kind":"a"}`, `{"kind":"a","id":[],"customer":"c"}`, `{"kind":"a","id":1,"customer":{}}`} {
		e, code, text := ev(body)
		if code != 422 || e.Value != cty.NilVal || strings.Contains(text, "test.hcl") {
			t.Errorf("%s: %d %s", body, code, text)
		}
	}
	if !strings.Contains(d.log.String(), "test.hcl:2,") {
		t.Error("the log does not say where")
	}
}

// A name that is made of a secret is kept as its digest.
func TestSensitiveContext(t *testing.T) {
	d := newDoor(t, trigger(t, "trigger \"json_endpoint\" {\n context = var.token\n}"))
	d.do(post(`{}`))
	if evs := d.taken(); len(evs) != 1 || !strings.HasPrefix(evs[0].Context, "sha256:") {
		t.Error(evs)
	}
}

func TestRespond(t *testing.T) {
	d := newDoor(t, trigger(t, `trigger "json_endpoint" {
  respond {
    status  = trigger.body.status
    headers = { Location = trigger.body.to, (trigger.body.to == null ? "X-A" : "X-Job-Uuid") = "forged" }
    body    = trigger.body.text
  }
}`))
	for _, tt := range []struct {
		body           string
		status         int
		location, text string
	}{
		{`{"status":303,"to":"https://x/y","text":null}`, 303, "https://x/y", ""},
		{`{"status":null,"to":null,"text":"<b>"}`, 200, "", "<b>"},
		{`{"status":201,"to":"a\r\nX-Evil: 1","text":[1,{"a":null}]}`, 201, "a  X-Evil: 1", `[1,{"a":null}]`},
		{`{"status":204,"to":"","text":"x"}`, 204, "", ""},
		// What cannot be evaluated is the default answer: the event is on disk.
		{`{"status":99,"to":"","text":"x"}`, 200, "", `{"job_uuid":"` + testRun + `"}`},
		{`{}`, 200, "", `{"job_uuid":"` + testRun + `"}`},
	} {
		w := d.do(post(tt.body))
		if w.Code != tt.status || w.Header().Get("Location") != tt.location || w.Body.String() != tt.text || len(d.taken()) != 1 ||
			w.Header().Get("X-Job-Uuid") != testRun || w.Header().Get("X-Evil") != "" {
			t.Errorf("%s: %d %v %s", tt.body, w.Code, w.Header(), w.Body)
		}
	}
}

func TestRegistry(t *testing.T) {
	if _, err := NewRegistry(Manual, Manual); err == nil {
		t.Error("twice")
	}
	type undocumented struct {
		A string `hcl:"a"`
	}
	if _, err := NewRegistry(Define[undocumented](Kind{Name: "x"})); err == nil {
		t.Error("undocumented")
	}
	r := allKinds(t)
	if got := strings.Join(r.Names(), " "); got != "json_endpoint manual schedule" || r.Kind("x") != nil {
		t.Error(got)
	}
}
