package ingress

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
)

func nested(open, inner, end string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
}

func TestH3DataLimits(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"arrays at the limit":     {nested("[", "1", "]", 64), 200},
		"arrays above":            {nested("[", "1", "]", 65), 400},
		"arrays far above":        {nested("[", "1", "]", 100_000), 400},
		"objects at the limit":    {nested(`{"a":`, "1", "}", 64), 200},
		"objects above":           {nested(`{"a":`, "1", "}", 65), 400},
		"open only":               {strings.Repeat("[", 200_000), 400},
		"digits below":            {strings.Repeat("9", 39), 200},
		"digits at the limit":     {strings.Repeat("9", 40), 200},
		"digits above":            {strings.Repeat("9", 41), 400},
		"fraction above":          {"0." + strings.Repeat("1", 40), 400},
		"exponent at the limit":   {"1e308", 200},
		"exponent above":          {"1e309", 400},
		"exponent far above":      {"1e600000000", 400},
		"small at the limit":      {"1e-308", 200},
		"small above":             {"1e-309", 400},
		"elements":                {"[" + strings.Repeat("1,", 29_990) + "1]", 200},
		"elements above":          {"[" + strings.Repeat("1,", 30_010) + "1]", 400},
		"a million separators":    {"[" + strings.Repeat(",", 250_000) + "]", 400},
		"lone surrogate":          {`"\ud800"`, 400},
		"NaN":                     {"NaN", 400},
		"byte order mark":         {"\ufeff{}", 400},
		"bytes at the limit":      {`"` + strings.Repeat("a", 256<<10-2) + `"`, 200},
		"bytes above":             {`"` + strings.Repeat("a", 256<<10-1) + `"`, 413},
		"many fields of a object": {manyFields(20_000), 200},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := cpuTime()
		w := d.do(post(tt.body))
		slow := !within(began, time.Second)
		runtime.ReadMemStats(&after)
		if w.Code != tt.status || (len(d.taken()) == 1) != (tt.status == 200) {
			t.Errorf("%s: %d %.200s", name, w.Code, w.Body)
		}
		if tt.status != 200 && (slow || after.TotalAlloc-before.TotalAlloc > 10<<20) {
			t.Errorf("%s: a refusal was slow (%v) or took many bytes: %d", name, slow, after.TotalAlloc-before.TotalAlloc)
		}
	}
	d.do(post(`9007199254740993`))
	if evs := d.taken(); evs[0].Value.GetAttr("body").AsBigFloat().Text('f', -1) != "9007199254740993" {
		t.Error("an integer lost digits")
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// forgeries are texts that would forge a line, hide one, or fill the log.
var forgeries = []string{
	"a\nlevel=ERROR msg=forged", "a\r\nforged", "a\rforged", "\x1b[2K\x1b[1Gforged", "a\x00forged", "a\x08\x08forged", "\u202eforged", "\u2066forged\u2069",
	"\u200fforged", "\u2028forged", "\u2029forged", "\u0085forged", "\ufefforged", "\u200bforged", "\u00adforged", `"}` + "\n" + `{"level":"ERROR"}`, "\xff\xfeforged",
	"\U000e0041forged", "%0aforged", "\x9b31mforged", strings.Repeat("long ", 5000), strings.Repeat("\u202e", 5000),
}

// Each text comes in by every way that reaches the log: path, method, header, reason, error.
func TestW9LogLinesCannotBeForged(t *testing.T) {
	tr := trigger(t, `trigger "json_endpoint" {
  auth "hmac" {
    header           = "X-Sig"
    secret           = var.token
    timestamp_header = "X-Time"
    signed           = request.headers["x-none"]
  }
}`)
	for _, text := range forgeries {
		d := newDoor(t, tr)
		r := post(`{}`, "X-Sig", text, "X-Time", text)
		d.do(r)
		r = post(`{}`)
		r.URL = &url.URL{Path: "/" + text}
		d.do(r)
		r = post(`{}`)
		r.Method = text
		d.do(r)
		r = post(`{}`)
		r.RemoteAddr = text
		d.do(r)
		open := newDoor(t, trigger(t, openEndpoint))
		open.Log = d.Log
		open.err = fmt.Errorf("failed: %s", text)
		open.do(post(`{}`))
		open.err = &Refusal{Status: 403, Reason: text}
		open.do(post(`{}`))
		open.err = nil
		open.do(post(`{}`))
		open.do(post("{\"" + text + "\": tru}"))
		lines := strings.Split(strings.TrimSuffix(d.log.String(), "\n"), "\n")
		if len(lines) != 8 {
			t.Errorf("%.40q: %d lines", text, len(lines))
		}
		for _, line := range lines {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Errorf("%.40q: %v", text, err)
			}
			for k, v := range fields {
				s, _ := v.(string)
				if len(s) > maxShown+len("…") {
					t.Errorf("%s has %d bytes", k, len(s))
				}
				for _, c := range s {
					if c != ' ' && !unicode.IsPrint(c) {
						t.Errorf("%.40q: %s has %U", text, k, c)
					}
				}
			}
		}
	}
}

func TestShown(t *testing.T) {
	for in, want := range map[string]string{"": "", "plain": "plain", "a\nb": `a\u{a}b`, "é": "é", "\xff": `\xff`, "\u202e": `\u{202e}`, "\ufffd": "\ufffd"} {
		if got := shown(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := cut(strings.Repeat("é", 10), 5); got != "éé…" {
		t.Error(got)
	}
}

// Whatever comes in, there is an answer, and an event only with a 2xx.
func FuzzIngress(f *testing.F) {
	f.Add("/inbound/shop/orders", "POST", "application/json", "v0=00", `{"subject":"a","items":[{"name":"b","price":1}]}`, byte(0))
	f.Add("/inbound/shop/orders/x?a=1", "PUT", "", "Bearer "+testSecret, `{"subject":null}`, byte(1))
	f.Add("/inbound/shop/orders", "POST", "application/x-www-form-urlencoded", "", slackBody, byte(2))
	f.Add("/inbound/shop/orders", "GET", "text/plain", "", "", byte(3))
	f.Add("/inbound/shop/orders/%ff?%zz", "POST", "text/plain; charset=latin1", "\xff", "[[[[1e999]]]]", byte(4))
	triggers := []*Trigger{
		trigger(f, `trigger "json_endpoint" {
  methods     = ["POST", "PUT"]
  body_schema = object({ subject = string, items = optional(list(object({ name = string, price = number })), []), any = optional(any), m = optional(map(set(bool)), { a = [true] }), t = optional(tuple([string, number])) })
  deduplication_id = trigger.body.items[0].name
  discard_when = trigger.body.subject == trigger.url_postfix
  respond { 
    headers = trigger.query_params
    body    = trigger.body
    status  = trigger.body.items[0].price
  }
}`),
		trigger(f, `trigger "json_endpoint" {
  body_schema = map(list(any))
  context     = jsonencode(trigger)
  respond { headers = trigger.headers }
}`),
		trigger(f, example(f, JSONEndpoint, "A Slack command")),
		trigger(f, "trigger \"json_endpoint\" {\n content = \"text\"\n methods = [\"GET\", \"POST\", \"DELETE\"]\n}"),
		trigger(f, example(f, JSONEndpoint, "Slack events, with the answer to its challenge")),
	}
	f.Fuzz(func(t *testing.T, target, method, contentType, header, body string, which byte) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		d := newDoor(t, triggers[int(which)%len(triggers)])
		d.Now = slackTime
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL, r.Method = u, method
		r.Header = http.Header{"Content-Type": {contentType}, "Authorization": {header}, "X-Slack-Signature": {header}, "X-Slack-Request-Timestamp": {slackStamp}}
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		events := d.taken()
		if len(events) > 1 || len(events) == 1 && w.Code < 200 || w.Code < 200 || w.Code > 599 || w.Code == 500 && len(events) == 0 {
			t.Errorf("%d with %d events: %s", w.Code, len(events), d.log.String())
		}
		if len(events) == 0 && w.Code < 300 && w.Header().Get("X-Job-Uuid") != "" {
			t.Errorf("no event, and a job")
		}
		for _, ev := range events {
			if errs := ev.Value.Type().TestConformance(triggers[int(which)%len(triggers)].Output); errs != nil {
				t.Errorf("the event is not of the trigger's type: %v", errs)
			}
		}
	})
}
