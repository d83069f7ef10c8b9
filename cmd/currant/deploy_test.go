package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// deskApp is a blueprint with one of everything that is deployed: an app with a form, three rules and a scope, and
// what a runbook needs.
const deskApp = providerAccount + `
app "desk" {
  name             = "Desk"
  service_instance = "Customer Portal Production"
  card_description = "A card"
  compliance       = "Data stays."
  policy { algorithm = "es256" }
  scope { actions = ["request:Read"] }
  ui_extension {
    name     = "Desk settings"
    title    = "Settings"
    html     = "<form>\n  <input id=\"url\">\n</form>"
    css      = "form { margin: 0 }"
    activate = true
  }
  automation_rule "one" {
    name      = "One"
    record    = "request"
    trigger   = "on note added"
    condition = "done"
    expression "done" { value = "status = completed" }
    action "note" { value = "add note 'One.'" }
  }
  automation_rule "two" {
    name      = "Two"
    record    = "request"
    trigger   = "on note added"
    condition = "true"
    action "note" { value = "add note 'Two.'" }
  }
  automation_rule "three" {
    name      = "Three"
    record    = "task"
    trigger   = "on status update"
    condition = "true"
    action "note" { value = "add note 'Three.'" }
  }
}

runbook "secrets" {
  trigger "secrets_changed" {}
  step "log" "say" { message = "kept" }
}
`

// newDesk is a stage with the blueprint of a desk.
func newDesk(t *testing.T, source string) *stage {
	t.Helper()
	s := newStage(t)
	s.dir = filepath.Join(t.TempDir(), "desk")
	writeFile(t, filepath.Join(s.dir, "main.hcl"), source)
	return s
}

// fault lets requests to the account go wrong.
func (s *stage) fault(rule map[string]any) {
	s.t.Helper()
	if err := controlSim(s.t.Context(), http.MethodPost, s.sim+"/sim/faults", rule, nil); err != nil {
		s.t.Fatal(err)
	}
}

// made is how many requests with a text in them the account was asked.
func (s *stage) made(text string) (n int) {
	s.t.Helper()
	var out struct{ Requests []struct{ Body string } }
	if err := controlSim(s.t.Context(), http.MethodGet, s.sim+"/sim/requests?path=/graphql", nil, &out); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range out.Requests {
		if strings.Contains(r.Body, text) {
			n++
		}
	}
	return n
}

// applying is apply as a process of its own, on the account behind an address.
func (s *stage) applying(at string, args ...string) *process {
	s.t.Helper()
	return start(s.t, s.dir, append([]string{"apply", s.dir, "--sim=" + at, "--data-dir", s.data, "--auto-approve", "--public-url", "http://127.0.0.1:1"}, args...)...)
}

// gate stands before the account: it holds requests with a text in them until they are let through.
type gate struct {
	url     string
	arrived chan struct{} // one element for each that is held
	open    chan struct{}
}

func (s *stage) gate(text string) *gate {
	s.t.Helper()
	to, err := url.Parse(s.sim)
	if err != nil {
		s.t.Fatal(err)
	}
	g := &gate{arrived: make(chan struct{}, 10), open: make(chan struct{})}
	forward := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // who asked is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(text)) {
			g.arrived <- struct{}{}
			select {
			case <-g.open:
			case <-r.Context().Done():
				return
			}
		}
		forward.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// await waits until a request is held.
func (g *gate) await(t *testing.T) {
	t.Helper()
	select {
	case <-g.arrived:
	case <-time.After(patience):
		t.Fatal("no request has come")
	}
}

// rules are the names of the app's rules on the account.
func (s *stage) rules() string {
	s.t.Helper()
	var names []string
	for _, r := range s.draft("desk").AutomationRules.Nodes {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

// A plan that was saved is carried out only on what it was made of: each change of the account that it has to do with,
// made by somebody else in between, is found and named, and nothing is changed.
func TestP1SavedPlanIsRefusedAfterAChange(t *testing.T) {
	s := newDesk(t, deskApp)
	s.apply(s.dir)
	s.edit("main.hcl", `"A card"`, `"Another card"`) // what the plans are to do
	file := filepath.Join(t.TempDir(), "saved")
	app := s.draft("desk")
	rule := func(name string) string {
		t.Helper()
		for _, r := range s.draft("desk").AutomationRules.Nodes {
			if r.Name == name {
				return r.ID
			}
		}
		t.Fatalf("no rule %s", name)
		return ""
	}
	var at struct {
		Webhooks, WebhookPolicies struct{ Nodes []struct{ ID string } }
	}
	s.ask("query { webhooks(first: 2) { nodes { id } } webhookPolicies(first: 1) { nodes { id } } }", nil, &at)
	offering := func(fields map[string]any) func() {
		return func() {
			fields["id"] = app.ID
			s.change("appOfferingUpdate", "AppOfferingUpdateInput", fields)
		}
	}
	extension := func(fields map[string]any) func() {
		return func() {
			fields["id"] = app.UIExtensionVersion.UIExtension.ID
			s.change("uiExtensionUpdate", "UiExtensionUpdateInput", fields)
		}
	}
	ruled := func(name string, fields map[string]any) func() {
		return func() {
			fields["id"] = rule(name)
			s.change("appOfferingAutomationRuleUpdate", "AppOfferingAutomationRuleUpdateInput", fields)
		}
	}
	webhook := func(fields map[string]any) func() {
		return func() {
			fields["id"] = at.Webhooks.Nodes[0].ID
			s.change("webhookUpdate", "WebhookUpdateInput", fields)
		}
	}
	pair := func(name, value string) []map[string]any { return []map[string]any{{"name": name, "value": value}} }
	for _, c := range []struct {
		name string
		do   func()
		said string // by the refusal
	}{
		{"the field that is to change", offering(map[string]any{"cardDescription": "By hand"}), `app\.desk: card_description was "A card"; now it is "By hand"`},
		{"another field", offering(map[string]any{"compliance": "None."}), `app\.desk: compliance is not as it should be any more: it is "None\."`},
		{"a name", offering(map[string]any{"name": "Bureau"}), `app\.desk: name is not`},
		{"the policy", offering(map[string]any{"policyJwtAlg": "rs256"}), `app\.desk: policy\.algorithm is not`},
		{"a new scope", offering(map[string]any{"newScopes": []map[string]any{{"actions": []string{"person:Read"}, "effect": "allow", "grantType": "client_credentials"}}}), `app\.desk: scope\[1\]`},
		{"the service instance", offering(map[string]any{"serviceInstanceId": s.instance(1)}), `app\.desk: service_instance is not`},
		{"html", extension(map[string]any{"html": "<form></form>", "activate": true}), `app\.desk\.ui_extension: "none" was planned|app\.desk\.ui_extension: nothing was planned; now it is "update"`},
		{"css", extension(map[string]any{"css": "b {}", "activate": true}), `app\.desk\.ui_extension: css is not`},
		{"a title", extension(map[string]any{"title": "T"}), `app\.desk\.ui_extension: title is not`},
		{"a condition", ruled("One", map[string]any{"condition": "false"}), `app\.desk\.automation_rule\.one: condition is not`},
		{"a trigger", ruled("One", map[string]any{"trigger": "on status update"}), `app\.desk\.automation_rule\.one: trigger is not`},
		{"an expression", ruled("One", map[string]any{"expressions": pair("done", "status = assigned")}), `app\.desk\.automation_rule\.one: expression\["done"\]\.value is not`},
		{"an action", ruled("Two", map[string]any{"actions": pair("note", "add note 'x'")}), `app\.desk\.automation_rule\.two: `},
		{"a renamed rule", ruled("Three", map[string]any{"name": "Drei"}), `app\.desk\.automation_rule\.three: `},
		{"a rule that is gone", func() {
			s.change("appOfferingAutomationRuleDelete", "AppOfferingAutomationRuleDeleteMutationInput", map[string]any{"id": rule("Two")})
		}, `app\.desk\.automation_rule\.two: "update" was planned; now it is "create"`},
		{"a rule that is new", func() {
			s.change("appOfferingAutomationRuleCreate", "AppOfferingAutomationRuleCreateInput", map[string]any{"appOfferingId": app.ID, "name": "Four", "generic": "request",
				"trigger": "on note added", "condition": "true", "actions": pair("note", "add note 'x'")})
		}, `app\.desk\.automation_rule\["Four"\]: nothing was planned; now it is "delete"`},
		{"a webhook that is disabled", webhook(map[string]any{"disabled": true}), `runbook\.secrets\.webhook\["app_instance\.secrets-update"\]: nothing was planned; now it is "enable"`},
		{"a webhook's address", webhook(map[string]any{"uri": "https://elsewhere.test"}), `runbook\.secrets\.webhook\["app_instance\.secrets-update"\]: uri is not`},
		{"a webhook's apps", webhook(map[string]any{"appOfferingReferences": []string{"desk", "other"}}), `runbook\.secrets\.webhook\["app_instance\.secrets-update"\]: references is not`},
		{"the webhook policy", func() {
			s.change("webhookPolicyUpdate", "WebhookPolicyUpdateInput", map[string]any{"id": at.WebhookPolicies.Nodes[0].ID, "disabled": true})
		}, `connection\.provider\.webhook_policy: nothing was planned; now it is "enable"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, _, stderr := s.on(s.dir, "plan", "--out", file); code != exitDone {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			c.do()
			before := s.made("mutation")
			code, stdout, stderr := s.on(file, "apply")
			if code != exitFailed || !strings.Contains(stderr, "What was planned is not what there is now:") || !regexp.MustCompile(`(?m)^  (`+c.said+`)`).MatchString(stderr) {
				t.Errorf("exit %d, want 1 and %s; got\n%s%s", code, c.said, stdout, stderr)
			}
			if n := s.made("mutation") - before; n != 0 {
				t.Errorf("%d mutations were made all the same", n)
			}
		})
	}
	// What the plan has nothing to do with may change.
	if code, _, stderr := s.on(s.dir, "plan", "--out", file); code != exitDone {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	offering(map[string]any{"features": "New features."})()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the plan: %v %v", info.Mode(), err)
	}
	if code, stdout, stderr := s.on(file, "apply"); code != exitDone {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	s.empty("at the end", s.dir)
}

// instance is the id of one of the account's service instances.
func (s *stage) instance(i int) string {
	s.t.Helper()
	var out struct {
		ServiceInstances struct{ Nodes []struct{ ID string } }
	}
	s.ask("query { serviceInstances(first: 5) { nodes { id } } }", nil, &out)
	return out.ServiceInstances.Nodes[i].ID
}

// The service refuses the third change: what was done stays, what was not is said, and the next apply goes on.
func TestP2RefusedInTheMiddle(t *testing.T) {
	s := newDesk(t, deskApp)
	s.fault(map[string]any{"kind": "refuse", "operation": "appOfferingAutomationRuleCreate", "times": 1, "field": "condition", "message": "Condition cannot be \u202eread"})
	code, stdout, stderr := s.on(s.dir, "apply", "--auto-approve")
	if code != exitFailed || strings.Contains(stdout, "Apply complete") {
		t.Errorf("exit %d: %s", code, stdout)
	}
	golden(t, "testdata/deploy/refused.txt", strings.ReplaceAll(stderr, s.dir, "desk"))
	if got := s.rules(); got != "" {
		t.Errorf("the account has the rules %s", got)
	}
	s.is("after a refusal", s.plan(s.dir), map[string][]string{
		"create app.desk.automation_rule.one":                             {"action[\"note\"].value", "condition", "expression[\"done\"].value", "name", "position", "record", "trigger"},
		"create app.desk.automation_rule.two":                             {"action[\"note\"].value", "condition", "name", "position", "record", "trigger"},
		"create app.desk.automation_rule.three":                           {"action[\"note\"].value", "condition", "name", "position", "record", "trigger"},
		"create connection.provider.webhook_policy":                       {"algorithm", "disabled"},
		"create runbook.secrets.webhook[\"app_instance.secrets-update\"]": {"disabled", "event", "policy", "references", "uri"},
	})
	s.apply(s.dir)
	s.empty("after the next apply", s.dir)
	if got := s.rules(); got != "One Two Three" {
		t.Errorf("the account has the rules %s", got)
	}
	for what, want := range map[string]int{"appOfferingCreate(": 1, "uiExtensionCreate(": 1, "appOfferingAutomationRuleCreate(": 4} {
		if n := s.made(what); n != want {
			t.Errorf("%s was asked for %d times, want %d", what, n, want)
		}
	}
}

// Ctrl-C in the middle waits for the call in flight, says what was done and what was not, and the next apply goes on.
func TestP2InterruptedInTheMiddle(t *testing.T) {
	s := newDesk(t, deskApp)
	g := s.gate("appOfferingAutomationRuleCreate")
	p := s.applying(g.url)
	g.await(t)
	p.signal(os.Interrupt)
	p.await(`^Stopping once the call in flight is answered\.`)
	close(g.open)
	p.await(`^app\.desk\.automation_rule\.one: created`)
	p.await(`^Stopped\.$`)
	p.await(`^Done:$`)
	p.await(`✓ app\.desk\.automation_rule\.one: created$`)
	p.await(`^Not done:$`)
	p.await(`✗ app\.desk\.automation_rule\.two: to create$`)
	p.await(`^Run the command again: it goes on from here\.$`)
	if code := p.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
	if got := s.rules(); got != "One" {
		t.Errorf("the account has the rules %s", got)
	}
	s.apply(s.dir)
	s.empty("after the next apply", s.dir)
	if got := s.rules(); got != "One Two Three" {
		t.Errorf("the account has the rules %s", got)
	}
}

// Killed after any call that changes something, before it has the answer, apply goes on where it was and makes nothing
// twice.
func TestP2KilledAtEachCall(t *testing.T) {
	s := newDesk(t, deskApp)
	to, err := url.Parse(s.sim)
	if err != nil {
		t.Fatal(err)
	}
	// The account carries a mutation out, and whoever asked never hears of it.
	carriedOut, policies := make(chan struct{}), atomic.Int32{}
	forward := httputil.NewSingleHostReverseProxy(to)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // who asked is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("webhookPolicyCreate")) {
			policies.Add(1) // each one whose key was never heard of is replaced
		}
		if !bytes.Contains(body, []byte("mutation")) || policies.Load() == 2 {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r)
		carriedOut <- struct{}{}
		<-r.Context().Done()
	}))
	defer between.Close()
	calls := 0
	for ended := false; !ended; {
		p := s.applying(between.URL)
		go func() {
			for range p.lines {
			}
		}()
		exit := make(chan struct{})
		go func() { defer close(exit); _ = p.cmd.Wait() }() // its error is the exit code
		select {
		case <-carriedOut:
			if calls++; calls > 20 {
				t.Fatal("it does not come to an end")
			}
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-exit
		case <-exit:
			if code := p.cmd.ProcessState.ExitCode(); code != exitDone {
				t.Fatalf("exit code %d after %d calls", code, calls)
			}
			ended = true
		case <-time.After(patience):
			t.Fatal("it does not end")
		}
	}
	if calls < 6 { // an offering, an extension, three rules, a policy
		t.Errorf("only %d calls were cut off", calls)
	}
	s.empty("at the end", s.dir)
	if got := s.rules(); got != "One Two Three" {
		t.Errorf("the account has the rules %s", got)
	}
	var all struct {
		AppOfferings, UIExtensions, Webhooks struct{ Nodes []struct{ ID string } }
	}
	s.ask(`query { appOfferings(first: 10, filter: { reference: { values: ["desk"] } }) { nodes { id } }
  uiExtensions(first: 10, filter: { source: { values: ["Currant"] } }) { nodes { id } } webhooks(first: 10) { nodes { id } } }`, nil, &all)
	if a, u, w := len(all.AppOfferings.Nodes), len(all.UIExtensions.Nodes), len(all.Webhooks.Nodes); a != 1 || u != 1 || w != 1 {
		t.Errorf("there are %d offerings, %d extensions and %d webhooks", a, u, w)
	}
}

// Two commands do not change accounts over one data directory at once: the second is refused and told who is at it, or
// waits and finds all done.
func TestP4TwoAppliesAtOnce(t *testing.T) {
	s := newDesk(t, deskApp)
	g := s.gate("appOfferingCreate")
	first := s.applying(g.url)
	g.await(t)
	refused := s.applying(g.url)
	refused.await(fmt.Sprintf(`^Error: accounts are being changed by another command on .*: process %d on .*; wait for its end, or let --lock-timeout wait`, first.cmd.Process.Pid))
	if code := refused.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, refused.seen)
	}
	waiting := s.applying(g.url, "--lock-timeout", "20s")
	waiting.await(fmt.Sprintf(`^Waiting for another command that changes accounts: process %d on `, first.cmd.Process.Pid))
	close(g.open)
	first.await(`^Apply complete: 7 created`)
	if code := first.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, first.seen)
	}
	waiting.await(`^No changes\.`)
	if code := waiting.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, waiting.seen)
	}
	for what, want := range map[string]int{"appOfferingCreate(": 1, "uiExtensionCreate(": 1, "appOfferingAutomationRuleCreate(": 3, "webhookCreate(": 1, "webhookPolicyCreate(": 1} {
		if n := s.made(what); n != want {
			t.Errorf("%s was asked for %d times, want %d", what, n, want)
		}
	}
}

// Two machines that apply for the first time at once, each with a data directory of its own: one of them is refused
// before it leaves anything, and nothing is there twice.
func TestP4TwoMachinesAtOnce(t *testing.T) {
	s := newDesk(t, deskApp)
	other := *s
	other.data = filepath.Join(t.TempDir(), "other")
	g := s.gate("appOfferingCreate")
	both := []*process{s.applying(g.url), other.applying(g.url)}
	g.await(t)
	g.await(t)
	close(g.open)
	codes := map[int]int{}
	for _, p := range both {
		p.await(`^(Apply complete: 7 created|Error: app\.desk could not be created)`)
		code := p.exit()
		codes[code]++
		if code == exitDone && p == both[1] {
			s.data = other.data // the key of the policy is kept by who made it
		}
	}
	if codes[exitDone] != 1 || codes[exitFailed] != 1 {
		t.Errorf("exit codes %v\n%s\n%s", codes, both[0].seen, both[1].seen)
	}
	s.empty("after both", s.dir)
	for what, want := range map[string]int{"uiExtensionCreate(": 1, "appOfferingAutomationRuleCreate(": 3, "webhookCreate(": 1} {
		if n := s.made(what); n != want {
			t.Errorf("%s was asked for %d times, want %d", what, n, want)
		}
	}
}

// A plan for one account is not carried out on another.
func TestP3SavedPlanOfAnotherAccount(t *testing.T) {
	source := strings.Replace(deskApp, `account_id    = "provider"`, "account_id = var.account", 1) + `
variable "account" {
  type      = string
  sensitive = true
}
`
	s := newDesk(t, source)
	file := filepath.Join(t.TempDir(), "saved")
	if code, _, stderr := s.on(s.dir, "plan", "--out", file, "--var", "account=provider"); code != exitDone {
		t.Fatal(stderr)
	}
	code, _, stderr := s.on(file, "apply", "--var", "account=production")
	if code != exitFailed || !regexp.MustCompile(`(?s)The accounts are not those of the plan:\n  planned: provider .*\n  now:     production `).MatchString(stderr) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if n := s.made("mutation"); n != 0 {
		t.Errorf("%d mutations were made", n)
	}
	if code, _, stderr := s.on(file, "apply", "--var", "account=provider"); code != exitDone {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// What somebody else has changed is marked, and mended.
func TestDriftIsMarkedAndMended(t *testing.T) {
	s := newDesk(t, deskApp)
	s.apply(s.dir)
	app := s.draft("desk")
	s.change("appOfferingUpdate", "AppOfferingUpdateInput", map[string]any{"id": app.ID, "compliance": "By \u202ehand"})
	s.edit("main.hcl", `"A card"`, `"Another card"`)
	code, stdout, stderr := s.on(s.dir, "plan")
	for _, want := range []string{`~ card_description = "A card" -> "Another card"` + "\n", `~ compliance       = "By \u202ehand" -> "Data stays."  # changed outside Currant since the last apply` + "\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %s:\n%s%s", code, want, stdout, stderr)
		}
	}
	s.apply(s.dir)
	s.empty("after it was mended", s.dir)
}
