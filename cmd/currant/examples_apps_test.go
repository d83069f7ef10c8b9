package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asked is a request that a customer's own system has received.
type asked struct {
	method, path, body string
	header             http.Header
}

// customerSystem is what customers of the app examples have: it answers with a status, and tells of requests.
func customerSystem(t *testing.T, status func(*http.Request) int) (url string, got chan asked) {
	t.Helper()
	got = make(chan asked, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(status(r))
		got <- asked{r.Method, r.URL.Path, string(body), r.Header}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

// serveExample serves an app of examples/ on a simulated account of its own, until its app can be installed.
func serveExample(t *testing.T, name string) (s *provider, url string) {
	t.Helper()
	example, err := filepath.Abs("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	s = &provider{t: t, dir: t.TempDir()}
	s.p = start(t, s.dir, "serve", example, "--sim", "--listen", "127.0.0.1:0", "--data-dir", "data", "--log-format", "json", "--allow-network", "127.0.0.1/32")
	url = s.p.await(`"msg":"ready".*"public_url":"(http://[^"]+)"`)[1]
	s.p.await(`"msg":"deployed to the simulated account"`)
	address, err := os.ReadFile(filepath.Join(s.dir, "data", "sim-address"))
	if err != nil {
		t.Fatal(err)
	}
	s.sim = strings.TrimSpace(string(address))
	return s, url
}

// setUp installs an app for a customer, whose secrets are there before anything else.
func (s *provider) setUp(app, customer, settings string) {
	s.t.Helper()
	order := fmt.Sprintf(`{"provider": "provider", "app": %q, "customer": %q, "secrets_delay": "before", %s}`, app, customer, settings)
	if status := s.ask("/sim/install", order, nil); status/100 != 2 {
		s.t.Fatalf("install: %d", status)
	}
}

// rule lets an automation rule of the app call.
func (s *provider) rule(app, customer string, payload map[string]string) {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"app": app, "customer": customer, "payload": payload})
	if err != nil {
		s.t.Fatal(err)
	}
	if status := s.ask("/sim/automation", string(text), nil); status/100 != 2 {
		s.t.Fatalf("automation: %d", status)
	}
}

// numbered is a request of an account: its node id and its number.
func (s *provider) numbered(account string) (id, nr string) {
	s.t.Helper()
	var answer struct {
		Data struct {
			Requests struct {
				Nodes []struct{ ID, RequestID string }
			}
		}
	}
	s.ask("/graphql?"+account, `{"query": "{ requests(first: 1) { nodes { id requestId } } }"}`, &answer)
	return answer.Data.Requests.Nodes[0].ID, answer.Data.Requests.Nodes[0].RequestID
}

func signed(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// TestExampleSurvey collects answers: a bad one alarms the team, and one without a rating leaves no note.
func TestExampleSurvey(t *testing.T) {
	s, _ := serveExample(t, "survey")
	reports, got := customerSystem(t, func(*http.Request) int { return http.StatusNoContent })
	s.setUp("survey", "acme", fmt.Sprintf(`"secrets": {"report_key": "canary-key"}, "custom_fields": {"form_url": "https://forms.example.com", "threshold": 3, "report_url": %q}`, reports))
	s.runs("survey/onboarding", "acme", 1, patience)
	id, nr := s.numbered("acme")
	s.rule("survey", "acme", map[string]string{"request_id": nr, "answer": "2 out of 5, nobody called", "person": "Ann"})
	s.runs("survey/collect", "acme", 1, patience)
	notes := s.notes("acme", id)
	for _, text := range []string{"Thank you, Ann, for 2 of 5. We are sorry", "rated 2 of 5. Please call Ann."} {
		if !strings.Contains(notes, text) {
			t.Errorf("no note %q: %s", text, notes)
		}
	}
	report := <-got
	if report.header.Get("Authorization") != "Bearer canary-key" || !strings.Contains(report.body, `"rating":2`) {
		t.Errorf("the report: %+v", report)
	}
	s.rule("survey", "acme", map[string]string{"request_id": nr, "answer": "no idea", "person": "Bo"})
	s.runs("survey/collect", "acme", 2, patience)
	if notes := s.notes("acme", id); strings.Contains(notes, "Bo") {
		t.Errorf("an answer without a rating has left a note: %s", notes)
	}
}

// TestExampleDispatcher delivers notes that the customer's key has signed, and suspends where they are refused.
func TestExampleDispatcher(t *testing.T) {
	s, _ := serveExample(t, "dispatcher")
	url, got := customerSystem(t, func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/gone") {
			return http.StatusGone
		}
		return http.StatusNoContent
	})
	for _, customer := range []string{"acme", "globex"} {
		path := map[string]string{"acme": "/notes", "globex": "/gone"}[customer]
		s.setUp("note_dispatcher", customer, fmt.Sprintf(`"secrets": {"signing_key": "key of %s"}, "custom_fields": {"endpoint_url": %q}`, customer, url+path))
	}
	// What the app's own person writes is not sent; what comes after it is.
	s.rule("note_dispatcher", "acme", map[string]string{"record": "request", "nr": "1", "text": "mine", "author": "Note Dispatcher"})
	s.rule("note_dispatcher", "acme", map[string]string{"record": "task", "nr": "7", "text": "„Grüße“ & <more>", "author": "Ann"})
	note := <-got
	var sent struct{ Account, Record, Nr, Text string }
	if err := json.Unmarshal([]byte(note.body), &sent); err != nil || note.path != "/notes" || sent.Account != "acme" || sent.Nr != "7" || sent.Text != "„Grüße“ & <more>" {
		t.Errorf("%v: %+v", err, note)
	}
	if want := signed("key of acme", note.body); note.header.Get("X-Signature") != want {
		t.Errorf("signature %s, want %s", note.header.Get("X-Signature"), want)
	}
	s.rule("note_dispatcher", "globex", map[string]string{"record": "request", "nr": "8", "text": "lost", "author": "Ann"})
	if note := <-got; note.path != "/gone" {
		t.Errorf("%+v", note)
	}
	s.p.await(`"msg":"run ended".*"runbook":"dispatcher/dispatch".*"status":"failed"`)
	if status := s.ask("/sim/automation", `{"app": "note_dispatcher", "customer": "globex", "payload": {}}`, nil); status != http.StatusConflict {
		t.Errorf("a customer whose endpoint is gone is not suspended: %d", status)
	}
}

// TestExampleChat carries a note to the chat, and an answer that the customer's own key has signed back.
func TestExampleChat(t *testing.T) {
	s, url := serveExample(t, "chat")
	chat, got := customerSystem(t, func(*http.Request) int { return http.StatusOK })
	keys := map[string]string{}
	for _, customer := range []string{"acme", "globex"} {
		s.setUp("chat", customer, fmt.Sprintf(`"secrets": {"chat_token": "token of %s"}, "custom_fields": {"chat_url": %q, "channel": "help-desk"}`, customer, chat))
		subscription := <-got
		var wants struct{ URL, Key string }
		if err := json.Unmarshal([]byte(subscription.body), &wants); err != nil || subscription.method != http.MethodPut ||
			subscription.path != "/channels/help-desk/subscription" || wants.URL != url+"/inbound/chat/answer/"+customer {
			t.Fatalf("%v: %+v", err, subscription)
		}
		keys[customer] = wants.Key
	}
	id, nr := s.numbered("acme")
	s.rule("chat", "acme", map[string]string{"request_id": nr, "text": "Any news?", "author": "Ann"})
	message := <-got
	if message.path != "/channels/help-desk/messages" || !strings.Contains(message.body, `"Ann: Any news?"`) || message.header.Get("Authorization") != "Bearer token of acme" {
		t.Errorf("%+v", message)
	}
	answer := func(customer, key string) int {
		body := fmt.Sprintf(`{"id": "m1", "thread": "request-%s", "author": "Howard", "text": "It is repaired."}`, nr)
		req, err := http.NewRequest(http.MethodPost, url+"/inbound/chat/answer/"+customer, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Chat-Signature", signed(key, body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		customer, key string
		want          int
	}{
		{"acme", "wrong", http.StatusUnauthorized},
		{"acme", keys["globex"], http.StatusUnauthorized},
		{"initech", keys["acme"], http.StatusUnauthorized},
		{"acme", keys["acme"], http.StatusAccepted},
	} {
		if got := answer(c.customer, c.key); got != c.want {
			t.Errorf("an answer to %s: %d, want %d", c.customer, got, c.want)
		}
	}
	s.runs("chat/answer", "acme", 1, patience)
	if notes := s.notes("acme", id); !strings.Contains(notes, "💬 Howard: It is repaired.") {
		t.Errorf("the answer is no note: %s", notes)
	}
}
