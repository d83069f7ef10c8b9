package compile_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
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

// A kind whose check fails inside ends neither the process nor the other checks.
func TestH1FaultInAKind(t *testing.T) {
	o := options(t)
	broken := *o.Steps.Kind("log")
	broken.Check = func(*steps.Check) hcl.Diagnostics { panic("s3cret") }
	kinds := []*steps.Kind{&broken, o.Steps.Kind("compute")}
	var err error
	if o.Steps, err = steps.NewRegistry(kinds, nil); err != nil {
		t.Fatal(err)
	}
	resource := o.Resources[0]
	resource.Check = func(*lang.Body, cty.Value, fs.FS) hcl.Diagnostics { panic("s3cret") }
	text := "runbook \"a\" {\n  trigger \"manual\" {}\n  step \"log\" \"l\" { message = \"x\" }\n}\n" +
		"runbook \"b\" {\n  trigger \"manual\" {}\n  step \"compute\" \"l\" { x = nope }\n}\n"
	_, diags := compile.Compile(source(t, text), o)
	if got := strings.Join(texts(diags), "\n"); len(diags) != 2 || !strings.Contains(got, "failed inside Currant") || !strings.Contains(got, "nope") || strings.Contains(got, "s3cret") {
		t.Error(diags)
	}
	o.Resources = []compile.Resource{resource}
	if _, diags = compile.Compile(source(t, resource.Name+" \"a\" {}\n"), o); !strings.Contains(diags.Error(), "failed inside Currant") {
		t.Error(diags)
	}
}
