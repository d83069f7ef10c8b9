package main

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"currant/engine/lang"
)

// published are the flags "disabled" of the published versions of the desk, the oldest first.
func (s *stage) published() (disabled []bool) {
	s.t.Helper()
	var out struct {
		AppOfferings struct{ Nodes []struct{ Disabled bool } }
	}
	s.ask(`query { appOfferings(first: 10, filter: { published: true, reference: { values: ["desk"] } }) { nodes { disabled } } }`, nil, &out)
	for _, n := range out.AppOfferings.Nodes {
		disabled = append(disabled, n.Disabled)
	}
	return disabled
}

// The last things of a blueprint are removed on another machine, where nothing is known of earlier applies: what is
// on the account tells.
func TestP3LastThingsAreFoundWithoutMemory(t *testing.T) {
	s := newDesk(t, deskApp)
	s.apply(s.dir)
	writeFile(t, filepath.Join(s.dir, "main.hcl"), providerAccount)
	s.data = filepath.Join(t.TempDir(), "another machine")
	s.is("without memory", s.plan(s.dir), map[string][]string{
		`disable app["Desk"]`: {"disabled"},
		`disable runbook.secrets.webhook["app_instance.secrets-update"]`: {"disabled"},
	})
	s.apply(s.dir)
	s.empty("after apply", s.dir)
}

// An account for which the blueprint has nothing, and that its connection may not ask for apps, holds nothing up; one
// that cannot be reached does, for what is left there is not known.
func TestAccountThatMayNotBeAsked(t *testing.T) {
	other := strings.NewReplacer(`"xurrent" "provider"`, `"xurrent" "other"`, `"provider"`, `"production"`).Replace(providerAccount)
	s := newDesk(t, strings.Replace(deskApp, "\napp \"desk\" {", "\napp \"desk\" {\n  connection = connection.provider", 1)+other)
	s.edit("main.hcl", `trigger "secrets_changed" {}`, `trigger "secrets_changed" { connection = connection.provider }`)
	s.apply(s.dir)
	s.fault(map[string]any{"kind": "403", "operation": "ownApps", "account": "production"})
	code, stdout, stderr := s.on(s.dir, "plan")
	if code != exitDone || !regexp.MustCompile(`Account production .*: the blueprint has nothing for it, and whether something is left there of an earlier one is not known: .*403`).MatchString(stdout) {
		t.Errorf("refused: exit %d\n%s%s", code, stdout, stderr)
	}
	s.fault(map[string]any{"kind": "500", "operation": "ownApps", "account": "production"})
	if code, stdout, stderr = s.on(s.dir, "plan"); code != exitFailed || !strings.Contains(stderr, `connection "other"`) {
		t.Errorf("failed: exit %d\n%s%s", code, stdout, stderr)
	}
	s.fault(map[string]any{"kind": "403", "operation": "ownApps", "account": "provider"})
	if code, stdout, stderr = s.on(s.dir, "plan"); code != exitFailed || !strings.Contains(stderr, `connection "provider"`) {
		t.Errorf("the one that matters: exit %d\n%s%s", code, stdout, stderr)
	}
	s.empty("at the end", s.dir)
}

// An app that is gone from the blueprint is disabled for customers only once that is published: apply --publish does it,
// and without it the plan and the end say what is left.
func TestPublishDisablesTheApp(t *testing.T) {
	for _, publish := range []bool{true, false} {
		s := newDesk(t, deskApp)
		args := []string{"apply", "--auto-approve", "--publish"}
		if code, stdout, stderr := s.on(s.dir, args...); code != exitDone || !slices.Equal(s.published(), []bool{false}) {
			t.Fatalf("exit %d\n%s%s%v", code, stdout, stderr, s.published())
		}
		writeFile(t, filepath.Join(s.dir, "main.hcl"), providerAccount)
		if note := s.plan(s.dir)[`app["Desk"]`].Note; !strings.Contains(note, "customers keep its published version until") {
			t.Errorf("the note is %q", note)
		}
		want, said := []bool{false, true}, "desk (disabled) is published."
		if !publish {
			args, want, said = args[:2], want[:1], `app["Desk"] is disabled in its draft only`
		}
		code, stdout, stderr := s.on(s.dir, args...)
		if code != exitDone || !strings.Contains(stdout, said) || strings.Contains(stdout, "To be published then: desk (disabled).") != publish {
			t.Errorf("exit %d, want %s\n%s%s", code, said, stdout, stderr)
		}
		if got := s.published(); !slices.Equal(got, want) {
			t.Errorf("published versions are disabled: %v, want %v", got, want)
		}
		// Nothing is left to be done, or published again.
		before := s.made("mutation")
		if code, stdout, stderr := s.on(s.dir, args...); code != exitDone || s.made("mutation") != before {
			t.Errorf("again: exit %d\n%s%s", code, stdout, stderr)
		}
	}
}

// What is pulled and is no valid blueprint stays, and is said to be so, with the line.
func TestPullOfWhatNeedsEditing(t *testing.T) {
	s := newDesk(t, deskApp)
	s.apply(s.dir)
	app := s.draft("desk")
	s.change("appOfferingAutomationRuleUpdate", "AppOfferingAutomationRuleUpdateInput", map[string]any{"id": app.AutomationRules.Nodes[0].ID, "actions": []map[string]any{{"name": "note", "value": "add note '{{nobody}}'"}}})
	out := filepath.Join(t.TempDir(), "pulled")
	code, stdout, stderr := call("pull", "app", "desk", s.dir, "--out", out, "--sim="+s.sim, "--data-dir", s.data)
	if code != exitFailed || !regexp.MustCompile(`(?s)Undefined expression.*main\.hcl line \d+.*is no valid blueprint yet: edit it`).MatchString(stderr) || strings.Contains(stdout, "Next:") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, _ := call("fmt", "--check", out); code != exitDone {
		t.Errorf("the files are not there: exit %d", code)
	}
}

// Whoever waits for a plan, apply or disable reads that the account asks for it, and how long.
func TestCommandsTellThatTheyWait(t *testing.T) {
	s := newDesk(t, deskApp)
	for _, c := range []struct{ command, operation string }{
		{"plan", "ownApps"},
		{"apply", "webhooks(first"},
		{"disable", "webhookUpdate"},
	} {
		s.fault(map[string]any{"kind": "429", "operation": c.operation, "retry_after": 1})
		args := []string{c.command, s.dir, "--sim=" + s.sim, "--data-dir", s.data}
		if c.command != "plan" {
			args = append(args, "--auto-approve")
		}
		if c.command != "disable" {
			args = append(args, "--public-url", "http://127.0.0.1:1")
		}
		if code, stdout, stderr := call(args...); code != exitDone || !strings.Contains(stderr, "waiting 1s: the account asks for it") {
			t.Errorf("%s: exit %d\n%s%s", c.command, code, stdout, stderr)
		}
	}
}

// damagedApplied are values in which what was applied can be read no more, until it is replaced.
type damagedApplied struct {
	lang.Kept
	replaced int
}

func (d *damagedApplied) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/applied/") {
		return nil, lang.ErrKeptDamaged
	}
	return d.Kept.Get(ctx, key)
}

func (d *damagedApplied) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if strings.Contains(key, "/applied/") {
		return lang.ErrKeptDamaged
	}
	return d.Kept.Update(ctx, key, change)
}

func (d *damagedApplied) ReplaceKept(ctx context.Context, key string, value []byte) error {
	d.replaced++
	return lang.ReplaceKept(ctx, d.Kept, key, value)
}

// What is remembered of applies is a hint: where it is damaged, a plan is made all the same, and apply replaces it.
func TestDamagedHintsHoldNothingUp(t *testing.T) {
	s := newDesk(t, deskApp)
	s.apply(s.dir)
	s.edit("main.hcl", `"A card"`, `"Another card"`)
	term := &terminal{lookup: func(string) (string, bool) { return "", false }}
	o := &sourceOptions{simFlag: s.sim, dataDir: s.data}
	if err := o.openSimulation(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := o.withKept(t.Context(), term, true, func(kept lang.Kept) error {
		l, err := loadAt(term, s.dir, o, false, "http://127.0.0.1:1")
		if err != nil || l.err() != nil {
			return errors.Join(err, l.err())
		}
		damaged := &damagedApplied{Kept: kept}
		d, err := newDeployment(t.Context(), l.Blueprint, deployOptions{publicURL: "http://127.0.0.1:1", kept: damaged})
		if err != nil {
			return err
		}
		defer d.Close()
		p, err := d.plan(t.Context())
		if err != nil {
			return err
		}
		if sum := p.tally(); sum.changes() != 1 || sum.Update != 1 {
			t.Errorf("the plan has %+v", sum)
		}
		err = p.apply(t.Context(), func(doing) {})
		if damaged.replaced == 0 {
			t.Error("nothing was replaced")
		}
		return err
	})
	if err = errors.Join(err, o.endSimulation()); err != nil {
		t.Fatal(err)
	}
	s.empty("at the end", s.dir)
}
