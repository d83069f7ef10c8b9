package blueprints

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"currant/steps/xurrent/api"
)

// forty is a blueprint of forty objects.
func forty() string {
	var b strings.Builder
	for i := range 4 {
		fmt.Fprintf(&b, "app \"app%d\" {\n name = \"App %d\"\n service_instance = \"Integrations\"\n description = \"![](images/form.png)\"\n scope { actions = [\"request:Read\"] }\n"+
			" ui_extension {\n name = \"Form %d\"\n html = \"<input id='a%d'>\"\n }\n", i, i, i, i)
		for j := range 6 {
			fmt.Fprintf(&b, " automation_rule \"r%d\" {\n name = \"Rule %d\"\n record = \"request\"\n trigger = \"on create\"\n condition = \"true\"\n action \"a\" { value = \"add note 'x'\" }\n }\n", j, j)
		}
		b.WriteString("}\n")
	}
	for i := range 4 {
		fmt.Fprintf(&b, "ui_extension \"x%d\" {\n name = \"X %d\"\n category = \"person\"\n html = \"%d\"\n}\n", i, i, i)
		fmt.Fprintf(&b, "automation_rule \"t%d\" {\n name = \"T %d\"\n record = \"request\"\n trigger = \"on create\"\n condition = \"true\"\n}\n", i, i)
	}
	return b.String()
}

// counted are the records of an account, by type.
func (a *account) counted() string {
	var out []string
	for _, typ := range []string{"AppOffering", "UiExtension", "AutomationRule", "AppOfferingAutomationRule", "AppOfferingScope"} {
		out = append(out, fmt.Sprintf("%s %d", typ, len(a.records.All(typ))))
	}
	return strings.Join(out, ", ")
}

const fortyRecords = "AppOffering 4, UiExtension 8, AutomationRule 4, AppOfferingAutomationRule 24, AppOfferingScope 4"

// killed says whether the n-th request of an apply is to be killed in this test: all of them in the long form.
func killed(n int) bool { return os.Getenv("CURRANT_LONG") != "" || n%9 == 1 || n < 6 }

func TestP2ResumableAfterAKillAtAnyCall(t *testing.T) {
	whole := prepared(t)
	whole.apply(whole.target(forty()))
	calls := len(whole.asked()) - 1
	if got := whole.counted(); got != fortyRecords {
		t.Fatalf("made %s", got)
	}
	t.Logf("%d requests to make 40 objects", calls)
	for _, made := range []bool{false, true} { // whether the killed request had its effect
		a := prepared(t)
		for n := 1; n <= calls; n++ {
			if !killed(n) {
				continue
			}
			a.records, _ = a.at.Sim.Account(fmt.Sprintf("kill-%t-%d", made, n))
			a.client = a.clientOf(fmt.Sprintf("kill-%t-%d", made, n))
			src := strings.ReplaceAll(forty(), "app \"app", fmt.Sprintf("app \"k%tn%d-", made, n)) // references are unique in all accounts
			target := a.target(src)
			p := a.plan(target)
			a.asked()
			cut := func(at int, _ api.Request) error {
				if at >= n {
					return errCut
				}
				return nil
			}
			if made {
				a.after = cut
			} else {
				a.before = cut
			}
			err := p.Apply(context.Background(), a, nil)
			a.before, a.after = nil, nil
			var failed *Failure
			if !errors.Is(err, errCut) || !errors.As(err, &failed) {
				t.Fatalf("call %d: %v", n, err)
			}
			if p := a.plan(target); told(p) == "" && n < calls-2 {
				t.Errorf("call %d: the plan after the kill is empty", n)
			}
			a.apply(target)
			a.empty(target)
			for i := range 4 {
				if a.draft(fmt.Sprintf("k%tn%d-%d", made, n, i))["uiExtensionVersion"] == nil {
					t.Errorf("call %d, made %t: an app does not show its form", n, made)
				}
			}
			if got := a.counted(); got != fortyRecords {
				t.Errorf("call %d, made %t: the account has %s", n, made, got)
			}
		}
	}
}

func (a *account) clientOf(account string) *api.Client {
	c := a.config()
	c.AccountID = account
	return a.opened(c)
}
