package xurrent_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// shown is an event's value as JSON.
func shown(t *testing.T, v cty.Value) string {
	t.Helper()
	b, err := lang.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The output is what LANGUAGE section 4 lists, typed; what is not there is null.
func TestP63Output(t *testing.T) {
	for name, h := range map[string]*hook{"unsigned": newHook(t, hookOptions{}), "signed": newHook(t, hookOptions{trigger: policyOf(signer)})} {
		send := func(d object) ingress.Event {
			t.Helper()
			sent := text(d)
			if name == "signed" {
				sent = h.good(object{"data": d})
			}
			ev, err := h.event(sent, "X-Xurrent-Delivery", "0a1b", "X-Xurrent-Delivery-Origin", "2c3d")
			if err != nil {
				t.Fatal(err)
			}
			tr, _ := h.e.Route("test", "r")
			if n := len(ev.Value.Type().AttributeTypes()); n != 17 {
				t.Errorf("%d attributes", n)
			}
			for attr, want := range tr.Output.AttributeTypes() {
				if got := ev.Value.GetAttr(attr).Type(); want != cty.DynamicPseudoType && !got.Equals(want) {
					t.Errorf("%s is %#v, declared %#v", attr, got, want)
				}
			}
			return ev
		}
		ev := send(data(nil))
		const want = `{"account":"https://acme.xurrent.com","account_id":"acme","custom_url":null,"delivery":"0a1b","delivery_origin":"2c3d",` +
			`"event":"request.status-changed","instance_name":"Acme","name":"Request status","object_id":7001,"object_nodeID":"NG1lo",` +
			`"payload":{"previous_status":"declined","status":"assigned"},"person_id":6,"person_name":"Howard Tanner","person_nodeID":"NG1lp",` +
			`"raw_payload":null,"webhook_id":42,"webhook_nodeID":"NG1l"}`
		if got := shown(t, ev.Value); got != want {
			t.Errorf("%s: got %s", name, got)
		}
		if ev.Delivery != "0a1b" || ev.Origin != "2c3d" || (ev.Nonce != "") != (name == "signed") {
			t.Errorf("%s: %+v", name, ev)
		}
		if got := shown(t, send(object{"event": "x"}).Value); strings.Count(got, ":null") != 14 {
			t.Errorf("%s: the least: %s", name, got)
		}
		big := send(data(object{"object_id": jsonNumber("9007199254740993")}))
		if !strings.Contains(shown(t, big.Value), "9007199254740993") {
			t.Error("a large id has lost digits")
		}
	}
}

// jsonNumber is a number that is written as it is.
type jsonNumber string

func (j jsonNumber) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// A field that is not known is dropped and logged by its name; a payload's moves the whole payload to raw_payload.
func TestP63UnknownFields(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer) + "payload_schema = object({ status = string, n = optional(number, 7), team = optional(object({ id = number })) })", level: slog.LevelDebug})
	try := func(d object) cty.Value {
		t.Helper()
		ev, err := h.event(h.good(object{"data": d}))
		if err != nil {
			t.Fatal(err)
		}
		return ev.Value
	}
	v := try(data(object{"payload": object{"status": "assigned"}}))
	if got := shown(t, v.GetAttr("payload")); got != `{"n":7,"status":"assigned","team":null}` || !v.GetAttr("raw_payload").IsNull() {
		t.Errorf("got %s, raw %#v", got, v.GetAttr("raw_payload"))
	}
	v = try(data(object{"created_at": "2026-02-01", "secret_thing": "hunter2"}))
	if got := shown(t, v.GetAttr("payload")); got != `{"n":7,"status":"assigned","team":null}` {
		t.Errorf("got %s", got)
	}
	if got := shown(t, v.GetAttr("raw_payload")); got != `{"previous_status":"declined","status":"assigned"}` {
		t.Errorf("raw %s", got)
	}
	if v.Type().HasAttribute("created_at") {
		t.Error("an unknown field is put out")
	}
	log := h.log.String()
	if !strings.Contains(log, "Ignored unexpected fields in webhook") || !strings.Contains(log, "created_at") || !strings.Contains(log, "secret_thing") || strings.Contains(log, "hunter2") {
		t.Errorf("log: %s", log)
	}
	// Deeper down too.
	v = try(data(object{"payload": object{"status": "x", "team": object{"id": 1, "name": "y"}}}))
	if v.GetAttr("raw_payload").IsNull() || shown(t, v.GetAttr("payload").GetAttr("team")) != `{"id":1}` {
		t.Errorf("got %s", shown(t, v))
	}
}

// What does not fit is 422 and names the place, never the value.
func TestP65DoesNotFit(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer) + "payload_schema = object({ status = string, team = optional(object({ id = number })) })"})
	fits := func(d any) string { return h.good(object{"data": d}) }
	for sent, want := range map[string]string{
		fits(data(object{"event": missing})):                                                  "data.event",
		fits(data(object{"event": nil})):                                                      "data.event",
		fits(data(object{"event": ""})):                                                       "data.event",
		fits(data(object{"event": object{}})):                                                 "data.event",
		fits(data(object{"object_id": "hunter2"})):                                            "data.object_id: a number",
		fits(data(object{"name": []string{"x"}})):                                             "data.name",
		fits(data(object{"payload": missing})):                                                "data.payload.status",
		fits(data(object{"payload": nil})):                                                    "data.payload.status",
		fits(data(object{"payload": "hunter2"})):                                              "data.payload: an object",
		fits(data(object{"payload": object{"status": nil}})):                                  "data.payload.status",
		fits(data(object{"payload": object{"status": "x", "team": object{"id": "hunter2"}}})): "data.payload.team.id: a number",
		fits([]any{}): "data: an object", fits("x"): "data: an object", fits(nil): "data: ", h.good(object{"data": missing}): `no claim \"data\"`,
		h.good(object{"data": data(object{"payload": object{"status": jsonNumber("1e999")}})}): "data",
	} {
		w := h.wants(422, want, "d", sent)
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("the answer holds a value: %s", w.Body)
		}
	}
	h.wants(200, "job_uuid", "d", h.good(nil))
	if n := h.runs(); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// The delivery's id is required, once; the old name of the header counts.
func TestP65Delivery(t *testing.T) {
	h := newHook(t, hookOptions{})
	plain := text(data(nil))
	h.wants(422, "X-Xurrent-Delivery", "", plain)
	h.wants(422, "X-Xurrent-Delivery", "", plain, "X-Xurrent-Delivery", "")
	h.wants(422, "X-Xurrent-Delivery", "", plain, "X-Xurrent-Delivery", "a", "X-Xurrent-Delivery", "b")
	h.wants(422, "X-Xurrent-Delivery", "", plain, "X-Xurrent-Delivery", strings.Repeat("x", 257))
	h.wants(422, "X-Xurrent-Delivery", "", plain, "X-Xurrent-Delivery", "\xff")
	h.wants(422, "Origin", "d", plain, "X-Xurrent-Delivery-Origin", strings.Repeat("x", 257))
	if n := h.runs(); n != 0 {
		t.Errorf("%d runs", n)
	}
	h.wants(200, "job_uuid", "", plain, "X-4me-Delivery", "old")
	h.wants(200, "job_uuid", "", plain, "X-4me-Delivery", "old")
	h.wants(200, "job_uuid", "", plain, "X-4me-Delivery", "older", "X-Xurrent-Delivery", "new")
	h.wants(200, "job_uuid", "new", plain)
	if n := h.runs(); n != 2 {
		t.Errorf("%d runs", n)
	}
}

// What the trigger answers (LANGUAGE section 4).
func TestP64Answers(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer) + "events = [\"request.create\", \"request.note-added\"]"})
	w := h.wants(200, `{"job_uuid":"`, "d1", h.good(object{"data": data(object{"event": "request.create"})}))
	if id := w.Header().Get("X-Job-Uuid"); len(id) != 36 || !strings.Contains(w.Body.String(), id) || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	w = h.wants(200, `Discarded: the event "request.status-changed"`, "d2", h.good(nil))
	if w.Header().Get("X-Job-Uuid") != "" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%v", w.Header())
	}
	w = h.wants(401, `{"error":"`, "d3", h.good(object{"exp": 0}))
	if w.Header().Get("X-Job-Uuid") != "" {
		t.Errorf("%v", w.Header())
	}
	if n := h.runs(); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// account is a server that confirms webhooks, by http, as a simulated account does.
type account struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	status int
}

func newAccount(t *testing.T) *account {
	a := &account{status: http.StatusOK}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asked = append(a.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+r.Header.Get("Cookie"))
		w.WriteHeader(a.status)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *account) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

func verifying(callback any) object {
	return object{"event": "webhook.verify", "name": "Request status", "webhook_nodeID": "NG1l", "object_id": 42, "payload": object{"callback": callback}}
}

// webhook.verify: first whose it is, then its callback; no run.
func TestP61Verify(t *testing.T) {
	a, canary := newAccount(t), newAccount(t)
	callback := a.URL + "/webhooks/42/verify?code=abc&expires_at=1767225600"
	policy := strings.Replace(policyOf(signer), "issuer = \""+acme+"\"", "", 1)
	h := newHook(t, hookOptions{account: a.URL, trigger: policy + "events = [\"request.create\"]"})
	signed := func(callback string) string {
		return h.good(object{"iss": a.URL + "/webhook_policies/1", "data": verifying(callback)})
	}
	// Not verified, so not called.
	h.wants(401, "", "d", text(verifying(callback)))
	h.wants(401, "", "d", body(token(stranger, es256, h.claims(object{"iss": a.URL, "data": verifying(callback)}))))
	h.wants(401, "", "d", h.good(object{"data": verifying(callback)}))
	if n := len(a.requests()); n != 0 {
		t.Fatalf("%d requests", n)
	}
	w := h.wants(200, "Webhook verification handled: Request status (NG1l)", "d", signed(callback))
	if w.Header().Get("X-Job-Uuid") != "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%v", w.Header())
	}
	if got := a.requests(); len(got) != 1 || got[0] != "GET /webhooks/42/verify?code=abc&expires_at=1767225600 " {
		t.Errorf("asked %v", got)
	}
	// No delivery id is needed to be verified.
	h.wants(200, "handled", "", signed(callback))
	for _, bad := range []string{canary.URL + "/x", strings.Replace(a.URL, "http://", "http://u@", 1), "file:///etc/passwd", "x", strings.Replace(a.URL, "http", "https", 1)} {
		h.wants(422, "data.payload.callback", "d", signed(bad))
	}
	a.mu.Lock()
	a.status = http.StatusForbidden
	a.mu.Unlock()
	w = h.wants(502, "Unable to verify webhook Request status (NG1l)", "d", signed(callback))
	if strings.Contains(w.Body.String(), "abc") || strings.Contains(h.log.String(), "code=abc") {
		t.Error("the code is shown")
	}
	if len(canary.requests()) != 0 || len(a.requests()) != 3 || h.runs() != 0 {
		t.Errorf("canary %v, account %v, %d runs", canary.requests(), a.requests(), h.runs())
	}
	// Of an unsigned body, the host is that of the connection's account; without one nothing is called.
	open := newHook(t, hookOptions{account: canary.URL})
	open.wants(200, "handled", "d", text(verifying(canary.URL+"/y")))
	open.wants(422, "callback", "d", text(verifying(callback)))
	lone := newHook(t, hookOptions{noConn: true})
	lone.wants(422, "callback", "d", text(verifying(callback)))
	if len(canary.requests()) != 1 || len(a.requests()) != 3 {
		t.Errorf("canary %v, account %v", canary.requests(), a.requests())
	}
}

// Without a callback it is an event like any other.
func TestP62VerifyWithoutCallback(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	for i, payload := range []any{missing, nil, object{}, object{"callback": nil}, object{"callback": ""}, object{"callback": 1}, "x", []any{}} {
		d := verifying("")
		if d["payload"] = payload; payload == missing {
			delete(d, "payload")
		}
		h.wants(200, "job_uuid", fmt.Sprint("d", i), h.good(object{"data": d}))
	}
	if n := h.runs(); n != 8 {
		t.Errorf("%d runs", n)
	}
}

// The connection's arguments are evaluated when they are needed; an account that cannot be told is no
// acceptance, and no refusal of the sender either.
func TestWebhookAccount(t *testing.T) {
	h := newHook(t, hookOptions{})
	tr, _ := h.e.Route("test", "r")
	args, err := tr.Connection()
	if err != nil || args.GetAttr("account_id").AsString() != "acme" || !lang.IsSensitive(args.GetAttr("personal_access_token")) {
		t.Fatalf("%#v, %v", args, err)
	}
	broken := *tr.Kind
	other := &ingress.Trigger{Blueprint: "test", Runbook: "r", Kind: &broken, Body: tr.Body, Args: tr.Args, Output: tr.Output, Scope: tr.Scope,
		Connection: func() (cty.Value, error) { return cty.NilVal, errors.New("no account") }}
	_, err = other.Receive(t.Context(), &ingress.Request{Header: http.Header{}, Body: []byte(text(data(nil))), At: h.now()})
	var refusal *ingress.Refusal
	if err == nil || errors.As(err, &refusal) || !strings.Contains(err.Error(), "no account") {
		t.Errorf("%v", err)
	}
}
