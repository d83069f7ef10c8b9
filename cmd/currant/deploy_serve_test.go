package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"currant/engine/compile"
	"currant/steps"
)

// A runner on a simulated account deploys the whole blueprint there, by the same code as apply: a plan is empty then,
// also after an edit.
func TestServeSimDeploys(t *testing.T) {
	s := newDesk(t, deskApp)
	p := start(t, s.dir, "serve", ".", "--sim="+s.sim, "--listen", "127.0.0.1:0", "--data-dir", s.data)
	url := p.await(`msg=ready.*public_url=(http://[0-9.:]+)`)[1]
	p.await(`msg="deployed to the simulated account" blueprint=desk what="app offering" name=Desk action=created address=app\.desk$`)
	p.await(`what="UI extension" name="Desk settings" action=created address=app\.desk\.ui_extension$`)
	p.await(`what="automation rule" name=Three action=created`)
	p.await(`what=webhook name="Currant: desk/secrets app_instance\.secrets-update" action=created`)
	verified(t, s.sim, "1")
	plan := func() {
		t.Helper()
		code, stdout, stderr := call("plan", s.dir, "--sim="+s.sim, "--data-dir", s.data, "--public-url", url, "--detailed-exitcode")
		if code != exitDone {
			t.Errorf("plan: exit %d\n%s%s", code, stdout, stderr)
		}
	}
	plan()
	s.edit("main.hcl", "'One.'", "'Eins.'")
	p.await(`what="automation rule" name=One action=updated`)
	plan()
	s.edit("main.hcl", `service_instance = "Customer Portal Production"`, `service_instance = "Nowhere"`)
	p.await(`level=ERROR msg="not all is deployed to the simulated account.*Nowhere.* file=main\.hcl line=10$`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// A runner with --apply makes what is missing on a real account, and leaves to a person what is to go.
func TestP3ServeApply(t *testing.T) {
	s, flags := realDesk(t)
	text, err := os.ReadFile(filepath.Join(s.dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	source := string(text)
	p := start(t, s.dir, flags...)
	p.await(`msg="deployed to the account" blueprint=desk what="app offering" name=Desk action=created address=app\.desk$`)
	p.await(`what="automation rule" name=Three action=created`)
	// A rule that is gone is for a person to delete.
	from, to := strings.Index(source, `  automation_rule "two"`), strings.Index(source, `  automation_rule "three"`)
	writeFile(t, filepath.Join(s.dir, "main.hcl"), source[:from]+source[to:])
	p.await(`msg="blueprint in force"`)
	p.signal(syscall.SIGHUP)
	p.await(`level=ERROR msg="not all is deployed to the account; SIGHUP tries again" blueprint=desk error="1 to delete, 0 to disable: .*run \\"currant apply\\""`)
	if got := s.rules(); got != "One Two Three" {
		t.Errorf("the account has the rules %s", got)
	}
	// The runner that owns the data directory keeps what apply finds out.
	q := start(t, s.dir, "apply", ".", "--auto-approve", "--data-dir", s.data, "--allow-network", "127.0.0.1", "--public-url", "http://hooks.invalid")
	q.await(`^app\.desk\.automation_rule\["Two"\]: deleted`)
	if code := q.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, q.seen)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
	if got := s.rules(); got != "One Three" {
		t.Errorf("the account has the rules %s", got)
	}
}

// realDesk is a desk whose connection names the addresses of the account, as to a real one, and the flags of a runner
// that deploys to it.
func realDesk(t *testing.T) (s *stage, flags []string) {
	t.Helper()
	s = newDesk(t, "")
	real := strings.Replace(providerAccount, "account_id ", fmt.Sprintf("graphql_endpoint = %q\n  oauth2_endpoint = %q\n  account_id ", s.sim+"/graphql", s.sim+"/oauth/token"), 1)
	writeFile(t, filepath.Join(s.dir, "main.hcl"), strings.Replace(deskApp, providerAccount, real, 1))
	return s, []string{"serve", ".", "--apply", "--listen", "127.0.0.1:0", "--data-dir", s.data, "--allow-network", "127.0.0.1", "--public-url", "http://hooks.invalid"}
}

// A runner with --apply goes on by itself where the account asked for patience, or could not be reached; not where it
// has refused something.
func TestP2ServeApplyTriesAgain(t *testing.T) {
	s, flags := realDesk(t)
	s.fault(map[string]any{"kind": "503", "operation": "ownApps", "retry_after": 1})
	s.fault(map[string]any{"kind": "500", "operation": "ownApps"})
	s.fault(map[string]any{"kind": "429", "operation": "webhooks(first", "retry_after": 2})
	s.fault(map[string]any{"kind": "refuse", "operation": "appOfferingCreate", "message": "not now"})
	p := start(t, s.dir, flags...)
	p.await(`level=INFO msg="deploying goes on later: the account asks for it" blueprint=desk wait=1s`)
	p.await(`level=WARN msg="not all is deployed to the account yet; it is tried again" blueprint=desk error="connection .*500.*" in=1s`)
	p.await(`level=INFO msg="deploying goes on later: the account asks for it" blueprint=desk wait=2s`)
	p.await(`level=ERROR msg="not all is deployed to the account; SIGHUP tries again" .*not now`)
	p.signal(syscall.SIGHUP)
	p.await(`msg="deployed to the account" blueprint=desk what="app offering" name=Desk action=created address=app\.desk$`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// A runner with --apply that does not have the key of the policy in use does not replace it: another runner has it. A plan
// says so.
func TestP3ServeApplyLeavesThePolicyOfAnotherStore(t *testing.T) {
	s, flags := realDesk(t)
	options := []string{"--data-dir", s.data, "--allow-network", "127.0.0.1", "--public-url", "http://hooks.invalid"}
	if code, stdout, stderr := call(append([]string{"apply", s.dir, "--auto-approve"}, options...)...); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	other := filepath.Join(t.TempDir(), "other")
	options[1] = other
	code, stdout, stderr := call(append([]string{"plan", s.dir}, options...)...)
	if code != exitDone || !regexp.MustCompile(`(?s)\+ create connection\.provider\.webhook_policy\n +# .*a runner that has it will refuse`).MatchString(stdout) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	before := s.made("mutation")
	for i, f := range flags {
		if f == s.data {
			flags[i] = other
		}
	}
	p := start(t, s.dir, flags...)
	p.await(`level=ERROR msg="not all is deployed to the account; SIGHUP tries again" blueprint=desk error="connection\.provider\.webhook_policy: .*this is only done after a person was asked; run \\"currant apply\\""`)
	if n := s.made("mutation") - before; n != 0 {
		t.Errorf("%d mutations were made", n)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// Pauses grow to five minutes, and an account's own is kept.
func TestPausesOfServeApply(t *testing.T) {
	broken := fmt.Errorf("reading: %w", steps.Errorf(steps.NetworkError, "connection refused"))
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 1 << 40: 5 * time.Minute} {
		if got := pauseAfter(broken, tries); got != want {
			t.Errorf("after %d tries: %s, want %s", tries, got, want)
		}
	}
	for _, c := range []struct {
		err  error
		want time.Duration
	}{
		{&steps.PutBack{After: time.Hour}, time.Hour},
		{&steps.Error{Kind: steps.HTTPError, Status: 502}, time.Second},
		{&steps.Error{Kind: steps.HTTPError, Status: 404}, 0},
		{steps.Errorf(steps.MutationError, "refused"), 0},
		{fmt.Errorf("2 to delete"), 0},
	} {
		if got := pauseAfter(c.err, 1); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}

// What is put off is due after its pause, at once in another version, and never once its blueprint is in force no more.
func TestPutOffDeploymentsAreDueOnce(t *testing.T) {
	e := newEnabler(&server{o: &serveOptions{}})
	desk, edited := &compile.Blueprint{Name: "desk", Digest: "1"}, &compile.Blueprint{Name: "desk", Digest: "2"}
	failed := deployed{real: true, err: &steps.PutBack{After: time.Hour}}
	if again := e.settle(desk, failed); again != time.Hour || e.due(desk) || !e.due(edited) {
		t.Errorf("after a failure: again in %s, due %v, another version %v", again, e.due(desk), e.due(edited))
	}
	e.later["desk"] = postponed{version: "1", tries: 1, at: time.Now()}
	if next, _ := e.next(); next == nil || !e.due(desk) {
		t.Error("what is due is not done")
	}
	e.forget([]*compile.Blueprint{desk})
	if len(e.later) != 1 {
		t.Error("a blueprint in force is forgotten")
	}
	e.forget(nil)
	if next, _ := e.next(); next != nil {
		t.Error("a blueprint that is gone is still waited for")
	}
	if again := e.settle(desk, deployed{real: true}); again != 0 || e.due(desk) || e.due(edited) {
		t.Errorf("after success: again in %s, due %v, another version %v", again, e.due(desk), e.due(edited))
	}
}

// A runner that others cannot reach does not tell an account of itself.
func TestServeApplyNeedsAPublicURL(t *testing.T) {
	s := newDesk(t, deskApp)
	p := start(t, s.dir, "serve", ".", "--apply", "--listen", "127.0.0.1:0", "--data-dir", s.data)
	p.await(`level=ERROR msg="not all is deployed to the account.*error="accounts cannot send events to http://127\.0\.0\.1:[0-9]+: .*--public-url"`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// A webhook that the account refuses is shown with its runbook.
func TestWebhookIsRefused(t *testing.T) {
	s := newDesk(t, deskApp)
	s.fault(map[string]any{"kind": "refuse", "operation": "webhookCreate", "times": 1, "message": "Uri is not reachable"})
	code, _, stderr := s.on(s.dir, "apply", "--auto-approve")
	if code != exitFailed || !regexp.MustCompile(`(?s)Error: runbook\.secrets\.webhook\["app_instance\.secrets-update"\] could not be created.*in runbook "secrets".*Uri is not reachable.*✓ connection\.provider\.webhook_policy: created\nNot done:\n`).MatchString(stderr) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	s.apply(s.dir)
	s.empty("after the next apply", s.dir)
}

// A saved plan does not hold sensitive values; with others than those that were planned it is not carried out.
func TestP1SensitiveValueIsAnother(t *testing.T) {
	s := newDesk(t, strings.Replace(deskApp, "'One.'", "'${var.key}'", 1)+`
variable "key" {
  type      = string
  sensitive = true
}
`)
	file := filepath.Join(t.TempDir(), "saved")
	if code, _, stderr := s.on(s.dir, "plan", "--out", file, "--var", "key=first-key"); code != exitDone {
		t.Fatal(stderr)
	}
	code, _, stderr := s.on(file, "apply", "--var", "key=second-key")
	if code != exitFailed || !strings.Contains(stderr, "something that the plan does not show: a sensitive value") || s.made("mutation") > 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := s.on(file, "apply", "--var", "key=first-key"); code != exitDone {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// Two connections to one account: what one of them deploys is not gone for the other.
func TestTwoConnectionsToOneAccount(t *testing.T) {
	rule := func(name, connection string) string {
		return fmt.Sprintf("automation_rule %q {\n  connection = connection.%s\n  name = %q\n  record = \"request\"\n  trigger = \"on note added\"\n  condition = \"true\"\n  action \"note\" { value = \"add note 'x'\" }\n}\n", name, connection, name)
	}
	source := providerAccount + strings.Replace(providerAccount, `"xurrent" "provider"`, `"xurrent" "second"`, 1) + rule("one", "provider")
	s := newDesk(t, source+rule("two", "second"))
	s.apply(s.dir)
	s.empty("after apply", s.dir)
	writeFile(t, filepath.Join(s.dir, "main.hcl"), source)
	s.is("without the second", s.plan(s.dir), map[string][]string{`disable automation_rule["two"]`: {"disabled"}})
	s.apply(s.dir)
	s.empty("after that", s.dir)
}
