package testrun

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const branched = `
runbook "main" {
  trigger "manual" {}
  step "if" "both" {
    condition = trigger.input.a
    then {
      step "log" "yes" { message = "yes" }
    }
    else {
      step "log" "no" { message = "no" }
    }
  }
  step "if" "half" {
    condition = trigger.input.a
    then {
      step "log" "only" { message = "only" }
    }
  }
  step "switch" "which" {
    value = trigger.input.b
    case "x" {
      step "log" "x" { message = "x" }
    }
    case "y" {
      step "if" "inner" {
        condition = true
        then {
          step "log" "y" { message = "y" }
        }
      }
    }
  }
  step "try" "guard" {
    do {
      step "loop" "items" {
        items = trigger.input.items
        each {
          step "log" "item" { message = each.value }
        }
      }
    }
    catch {
      step "log" "caught" { message = error.message }
    }
  }
  step "section" "last" {
    when = trigger.input.a
    step "log" "end" { message = "end" }
  }
}`

// Coverage tells each step and each way through a step that no test has come to.
func TestCoverage(t *testing.T) {
	const all = `
test "a" {
  trigger { input = { a = true, b = "x", items = [1] } }
}
test "b" {
  trigger { input = { a = false, b = "y", items = [[]] } }
}
test "c" {
  trigger { input = { a = false, b = "z", items = [] } }
}`
	for _, c := range []struct {
		tests  string
		missed []string // line, step, branch; in brackets where it stands in another one
	}{
		{`test "a" {
  trigger { input = { a = true, b = "x", items = [1] } }
}`, []string{
			`9 both else`, `[10 no]`, `13 half else (not written)`, `24 which case`, `[25 inner]`, `[27 inner then]`, `[28 y]`, `[25 inner else (not written)]`,
			`19 which default (not written)`, `42 guard catch`, `[43 caught]`}},
		{`test "c" {
  trigger { input = { a = false, b = "z", items = [] } }
}`, []string{
			`6 both then`, `[7 yes]`, `15 half then`, `[16 only]`, `21 which case`, `[22 x]`, `24 which case`, `[25 inner]`, `[27 inner then]`, `[28 y]`, `[25 inner else (not written)]`,
			`37 items each`, `[38 item]`, `42 guard catch`, `[43 caught]`, `46 last`, `[48 end]`}},
		{all, []string{`25 inner else (not written)`}},
	} {
		f := read(t, branched, c.tests)
		failures, cov := f.run()
		delete(failures, "b") // its item is no text: that is what is caught
		if len(failures) > 0 {
			t.Error(failures)
		}
		var got []string
		for _, m := range cov.Missed {
			text := strings.TrimSpace(fmt.Sprintf("%d %s %s", m.Line, m.Step, strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(m.Branch, `"x"`), `"y"`))))
			if m.Within {
				text = "[" + text + "]"
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.missed) {
			t.Errorf("%s\n got %q\nwant %q", c.tests, got, c.missed)
		}
		if cov.Total != 27 || cov.Covered != cov.Total-len(cov.Missed) || cov.Percent >= 100 {
			t.Errorf("%d of %d, %v%%", cov.Covered, cov.Total, cov.Percent)
		}
	}
}
