package compile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/compile"
)

// Cycles are found at once, however long they are, and name their members.
func TestH6Rings(t *testing.T) {
	const n = 1000
	ring := func(line func(i, next int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i, (i+1)%n))
		}
		return b.String()
	}
	chain := func(line func(i, next int) string, last string) string {
		return ring(func(i, next int) string {
			if next == 0 {
				return last
			}
			return line(i, next)
		})
	}
	local := func(i, next int) string { return fmt.Sprintf("  l%d = local.l%d\n", i, next) }
	runbook := func(i, next int) string {
		return fmt.Sprintf("runbook \"r%d\" {\n  trigger \"manual\" {}\n  step \"call\" \"c\" { runbook = runbook.r%d }\n}\n", i, next)
	}
	cases := []struct{ name, text, want, member string }{
		{"locals", "locals {\n" + ring(local) + "}\n", "Cycle in local values", "local.l777"},
		{"runbooks", ring(runbook), "Runbooks call each other in a circle", "r777"},
		{"chain of locals", "locals {\n" + chain(local, "  l999 = 1\n") + "}\n", "", ""},
		{"chain of runbooks", chain(runbook, "runbook \"r999\" {\n  trigger \"manual\" {}\n  step \"log\" \"l\" { message = \"x\" }\n}\n"), "", ""},
		{"one local of 1000", "locals {\n  all = [" + ring(func(i, _ int) string { return fmt.Sprintf("local.x%d,", i) }) + "]\n" +
			ring(func(i, _ int) string { return fmt.Sprintf("  x%d = %d\n", i, i) }) + "}\n", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src, o := source(t, c.text), options(t)
			start := time.Now()
			_, diags := compile.Compile(src, o)
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %s; the promise is 1 s", took)
			}
			errs := onlyErrors(diags)
			if c.want == "" {
				if len(errs) > 0 {
					t.Fatal(errs[0])
				}
				return
			}
			if len(errs) != 1 || errs[0].Summary != c.want || !strings.Contains(errs[0].Detail, c.member) || errs[0].Subject == nil {
				t.Fatalf("%d errors: %.300s", len(errs), errs.Error())
			}
		})
	}
}

func onlyErrors(diags hcl.Diagnostics) (errs hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			errs = append(errs, d)
		}
	}
	return errs
}
