package runtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"currant/engine/run"
	"currant/engine/run/runtest"
	"currant/steps"
)

// builder writes a random runbook. Its probes' answers depend on nothing but the step and the attempt, so
// that the outcome is the same whatever is restored, repeated or reordered.
type builder struct {
	t       *rapid.T
	n       int
	b       strings.Builder
	answers runtest.Answers
	steady  bool // no failures: inside branches, which one is told first would matter
}

func (g *builder) name(kind string) string {
	g.n++
	return fmt.Sprintf("%s%d", kind, g.n)
}

func (g *builder) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(g.t, what)
}

// sequence writes one to three steps.
func (g *builder) sequence(depth int) {
	for range rapid.IntRange(1, 3).Draw(g.t, "steps") {
		g.step(depth)
	}
}

func (g *builder) step(depth int) {
	kinds := []string{"probe", "probe", "compute", "wait", "log"}
	if depth > 0 {
		kinds = append(kinds, "if", "loop", "section", "try", "parallel", "repeat", "spread", "feed")
	}
	switch k := g.pick("kind", kinds...); k {
	case "probe":
		g.probe()
	case "compute":
		fmt.Fprintf(&g.b, "step \"compute\" %q { v = uuid() }\n", g.name("c"))
	case "wait":
		fmt.Fprintf(&g.b, "step \"wait\" %q { duration = %q }\n", g.name("w"), g.pick("time", "0s", "1m", "90m"))
	case "log":
		n := g.name("l")
		fmt.Fprintf(&g.b, "step \"log\" %q { message = %q }\n", n, n)
	case "if":
		fmt.Fprintf(&g.b, "step \"if\" %q {\ncondition = %s\n", g.name("i"), g.pick("cond", "true", "false"))
		g.block("then", depth)
		g.block("else", depth)
		g.b.WriteString("}\n")
	case "section":
		fmt.Fprintf(&g.b, "step \"section\" %q {\n", g.name("s"))
		if g.pick("retry", "no", "yes") == "yes" {
			g.b.WriteString("retry {\n attempts = 2\n on = [\"auth\"]\n}\n")
		}
		g.sequence(depth - 1)
		g.b.WriteString("}\n")
	case "loop", "spread":
		fmt.Fprintf(&g.b, "step \"loop\" %q {\nitems = [1, 2, 3]\neach \"x%d\" {\n", g.name("l"), g.n)
		steady := g.steady
		if k == "spread" {
			g.steady = true
			g.b.WriteString("parallel = 2\n")
		}
		g.sequence(depth - 1)
		g.steady = steady
		g.b.WriteString("}\n}\n")
	case "feed":
		fmt.Fprintf(&g.b, "step \"feed\" %q {\nitems = [1, 2, 3, 4, 5]\neach \"x%d\" {\nparallel = %s\n", g.name("f"), g.n, g.pick("parallel", "1", "3"))
		steady := g.steady
		g.steady = true
		g.sequence(depth - 1)
		g.steady = steady
		g.b.WriteString("}\n}\n")
	case "repeat":
		fmt.Fprintf(&g.b, "step \"repeat\" %q {\nuntil = true\n", g.name("r"))
		g.block("do", depth)
		g.b.WriteString("}\n")
	case "parallel":
		fmt.Fprintf(&g.b, "step \"parallel\" %q {\n", g.name("p"))
		steady := g.steady
		g.steady = true
		g.block(`branch "a"`, depth)
		g.block(`branch "b"`, depth)
		g.steady = steady
		g.b.WriteString("}\n")
	case "try":
		fmt.Fprintf(&g.b, "step \"try\" %q {\n", g.name("t"))
		if g.pick("retry", "no", "yes") == "yes" {
			g.b.WriteString("retry {\n attempts = 2\n on = [\"auth\"]\n}\n")
		}
		g.block("do", depth)
		if g.pick("catch", "no", "yes") == "yes" {
			g.block("catch", depth)
		}
		if g.pick("finally", "no", "yes") == "yes" {
			g.block("finally", depth)
		}
		g.b.WriteString("}\n")
	}
}

func (g *builder) block(head string, depth int) {
	g.b.WriteString(head + " {\n")
	g.sequence(depth - 1)
	g.b.WriteString("}\n")
}

func (g *builder) probe() {
	name := g.name("p")
	fmt.Fprintf(&g.b, "step \"probe\" %q {\nvalue = %q\neffect = %q\n", name, name, g.pick("effect", "read", "idempotent", "write"))
	what := g.pick("answer", "ok", "ok", "ok", "put-back", "park", "fails once", "fails")
	if g.steady && what == "fails" {
		what = "ok"
	}
	if what == "fails once" {
		g.b.WriteString("retry {\n on = [\"auth\"]\n delay = \"3s\"\n}\n")
	}
	g.b.WriteString("}\n")
	g.answers[name] = func(c runtest.Call) runtest.Answer {
		switch {
		case what == "put-back" && c.Nth == 1:
			return runtest.Answer{Err: &steps.PutBack{After: 60e9, Reason: "busy"}}
		case what == "park" && c.Cursor == "":
			return runtest.Answer{Err: &steps.Park{Until: c.Now.Add(60e9), Cursor: []byte("x")}}
		case what == "fails", what == "fails once" && c.Attempt == 1:
			return runtest.Answer{Err: steps.Errorf(steps.AuthError, "no %s", name)}
		}
		return runtest.Answer{}
	}
}

// TestD6RandomRunbooks compares runs of random runbooks that crash at random operations with one that does
// not.
func TestD6RandomRunbooks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &builder{t: rt, answers: runtest.Answers{}}
		g.sequence(3)
		sc := runtest.Scenario{HCL: g.b.String() + "output \"end\" { value = \"end\" }", Answers: g.answers}
		base := start(t, sc)
		base.Stay = true
		want, err := base.Run()
		if err != nil || len(base.Violations) > 0 {
			rt.Fatalf("%v %q\n%s", err, base.Violations, sc.HCL)
		}
		lines := slices.Sorted(slices.Values(base.Lines()))
		for range 6 {
			s := restart(t, sc, base)
			for op := 0; op < base.Ops(); {
				op += rapid.IntRange(1, base.Ops()+1).Draw(rt, "op")
				s.Crashes = append(s.Crashes, runtest.Crash{Op: op, After: rapid.Bool().Draw(rt, "after"), Lose: runtest.Loss(rapid.IntRange(0, 2).Draw(rt, "lose"))})
			}
			s.Order = func(n int) int { return (s.Ops() * 7) % n }
			judge(rt, sc, s, want, lines)
		}
	})
}

func judge(rt *rapid.T, sc runtest.Scenario, s *runtest.Sim, want runtest.Outcome, lines []string) {
	crashes := slices.Clone(s.Crashes)
	got, err := s.Run()
	exact := true
	for n := 0; err == nil && got.Status == "held" && n < 50; n++ {
		do := "repeat"
		for _, path := range s.Held() {
			if called(s.World, path, "write") > 0 {
				exact = false // whoever decides cannot know, and a repeated write would be a second one
			}
		}
		s.Send(run.Decision{Do: do})
		got, err = s.Run()
	}
	switch {
	case err != nil:
		rt.Fatalf("crashes %+v: %v\n%s", crashes, err, sc.HCL)
	case len(s.Violations) > 0:
		rt.Fatalf("crashes %+v: %q\n%s", crashes, s.Violations, sc.HCL)
	case got != want:
		rt.Fatalf("crashes %+v:\n got %s\nwant %s\n%s", crashes, got, want, sc.HCL)
	case exact && !slices.Equal(slices.Sorted(slices.Values(s.Lines())), lines):
		rt.Fatalf("crashes %+v:\n got log %q\nwant log %q\n%s", crashes, s.Lines(), lines, sc.HCL)
	}
}
