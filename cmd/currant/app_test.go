package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// provider is the runner of the app example, with a simulated account that has its customers.
type provider struct {
	t   *testing.T
	p   *process
	dir string
	sim string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	example, err := filepath.Abs("../../examples/app")
	if err != nil {
		t.Fatal(err)
	}
	s := &provider{t: t, dir: t.TempDir()}
	s.p = start(t, s.dir, "serve", example, "--sim", "--listen", "127.0.0.1:0", "--data-dir", "data", "--log-format", "json")
	s.p.await(`"what":"app offering"`)
	address, err := os.ReadFile(filepath.Join(s.dir, "data", "sim-address"))
	if err != nil {
		t.Fatal(err)
	}
	s.sim = strings.TrimSpace(string(address))
	return s
}

// ask posts to the simulated account and gives its answer.
func (s *provider) ask(path, body string, into any) int {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.sim+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer pat-test")
	if account, ok := strings.CutPrefix(path, "/graphql?"); ok {
		req.Header.Set("X-Xurrent-Account", account)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			s.t.Fatalf("%s: %v: %s", path, err, text)
		}
	}
	return resp.StatusCode
}

// runs waits until a runbook has so many runs of a context that have ended well, and gives their uuids.
func (s *provider) runs(runbook, context string, n int, patience time.Duration) (ids []string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // polled: the runner is another process
		code, stdout, stderr := call("runs", "list", "--runbook", runbook, "--context", context, "--json", "--data-dir", filepath.Join(s.dir, "data"))
		var list []struct {
			JobUUID string `json:"job_uuid"`
			Status  string
			Error   any
		}
		if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 {
			s.t.Fatalf("exit %d, %v: %s", code, err, stderr)
		}
		ids = nil
		for _, r := range list {
			switch r.Status {
			case "finished":
				ids = append(ids, r.JobUUID)
			case "failed", "held", "cancelled":
				_, show, _ := call("runs", "show", r.JobUUID, "--data-dir", filepath.Join(s.dir, "data"))
				s.t.Fatalf("a run of %s is %s:\n%s", runbook, r.Status, show)
			}
		}
		if len(ids) >= n {
			return ids
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d runs of %s for %s have ended, want %d: %s", len(ids), runbook, context, n, stdout)
		}
	}
}

func (s *provider) install(customer, secret, when string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"provider": "provider", "app": "survey", "customer": %q, "secrets": {"api_key": %q}, "custom_fields": {"greeting": "Hi"}, "secrets_delay": %q}`, customer, secret, when)
	if status := s.ask("/sim/install", body, nil); status/100 != 2 {
		s.t.Fatalf("install: %d", status)
	}
}

// request is a request of an account.
func (s *provider) request(account string) string {
	s.t.Helper()
	var answer struct {
		Data struct {
			Requests struct{ Nodes []struct{ ID string } }
		}
	}
	s.ask("/graphql?"+account, `{"query": "{ requests(first: 1) { nodes { id } } }"}`, &answer)
	return answer.Data.Requests.Nodes[0].ID
}

// notes are the texts of the notes of a request.
func (s *provider) notes(account, request string) string {
	s.t.Helper()
	var answer json.RawMessage
	s.ask("/graphql?"+account, fmt.Sprintf(`{"query": "{ node(id: \"%s\") { ... on Request { notes { nodes { text } } } } }"}`, request), &answer)
	return string(answer)
}

// TestX3AppForTwoCustomers is the life of an app: two customers install it, the secrets of one come late, each
// one's automation rule calls, one is suspended, one removes the app. With CURRANT_LONG the late ones come so
// late that the run has to wait for them, which takes its minute.
func TestX3AppForTwoCustomers(t *testing.T) {
	s := newProvider(t)
	late, patience := "before", 20*time.Second
	if os.Getenv("CURRANT_LONG") != "" {
		late, patience = "3s", 90*time.Second
	}
	secrets := map[string]string{"acme": "canary-acme-0a1b2c", "globex": "canary-globex-3d4e5f"}
	s.install("acme", secrets["acme"], "before")
	s.install("globex", secrets["globex"], late)
	var runs []string
	for customer := range secrets {
		runs = append(runs, s.runs("app/secrets", customer, 1, patience)...)
		runs = append(runs, s.runs("app/onboarding", customer, 1, patience)...)
		request := s.request(customer)
		order := fmt.Sprintf(`{"app": "survey", "customer": %q, "payload": {"request_id": %q, "text": "Thanks from %s."}}`, customer, request, customer)
		if status := s.ask("/sim/automation", order, nil); status/100 != 2 {
			t.Fatalf("automation: %d", status)
		}
		runs = append(runs, s.runs("app/ask", customer, 1, patience)...)
		if notes := s.notes(customer, request); !strings.Contains(notes, "Hi, how did we do? Thanks from "+customer) {
			t.Errorf("%s: the note is not there: %s", customer, notes)
		}
	}
	if status := s.ask("/sim/suspend", `{"app": "survey", "customer": "acme", "comment": "not paid"}`, nil); status/100 != 2 {
		t.Errorf("suspend: %d", status)
	}
	if status := s.ask("/sim/automation", `{"app": "survey", "customer": "acme", "payload": {}}`, nil); status != http.StatusConflict {
		t.Errorf("the rule of a suspended customer calls: %d", status)
	}
	if status := s.ask("/sim/remove", `{"app": "survey", "customer": "globex"}`, nil); status/100 != 2 {
		t.Errorf("remove: %d", status)
	}
	runs = append(runs, s.runs("app/offboarding", "globex", 1, patience)...)

	canaries := slices.Collect(maps.Values(secrets))
	for _, id := range runs {
		for _, args := range [][]string{{"--json"}, nil} {
			_, stdout, stderr := call(append([]string{"runs", "show", id, "--data-dir", filepath.Join(s.dir, "data")}, args...)...)
			search(t, "runs show", canaries, []byte(stdout+stderr))
		}
	}
	err := filepath.WalkDir(filepath.Join(s.dir, "data"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		search(t, path, canaries, text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	search(t, "the log", canaries, []byte(strings.Join(s.p.seen, "\n")))
}
