package runtest_test

import (
	"fmt"
	"testing"

	"currant/engine/run"
	"currant/engine/run/runtest"
	"currant/steps"
)

// TestD6Interrupted kills the host while a call is in flight, for each effect and each `interrupted`.
func TestD6Interrupted(t *testing.T) {
	const finished, held, failed = `finished {"r":1}`, "held", `failed interrupted at "a": `
	for _, tt := range []struct{ effect, how, want string }{
		{"read", "auto", finished}, {"idempotent", "auto", finished}, {"write", "auto", held},
		{"read", "hold", held}, {"idempotent", "hold", held}, {"write", "hold", held},
		{"read", "fail", failed}, {"idempotent", "fail", failed}, {"write", "fail", failed},
		{"read", "repeat", finished}, {"idempotent", "repeat", finished}, {"write", "repeat", finished},
	} {
		t.Run(tt.effect+"/"+tt.how, func(t *testing.T) {
			s := interrupted(t, fmt.Sprintf(`
  step "probe" "a" {
    value       = 1
    effect      = %q
    interrupted = %q
  }
  output "r" { value = step.a.value }`, tt.effect, tt.how))
			sc := runtest.Scenario{Want: tt.want}
			got := finish(t, s)
			if len(got.String()) < len(sc.Want) || got.String()[:len(sc.Want)] != sc.Want {
				t.Errorf("got %s, want %s", got, sc.Want)
			}
			calls := 1
			if tt.want == finished {
				calls = 2
			}
			if n := s.World.Count("a"); n != calls {
				t.Errorf("%d calls, want %d", n, calls)
			}
		})
	}
}

// interrupted is a run whose host dies right after its first call was made. Nothing that was durable is lost.
func interrupted(t *testing.T, body string) *runtest.Sim {
	t.Helper()
	sc := runtest.Scenario{HCL: body}
	base := start(t, sc)
	for op := 1; op < 50; op++ {
		s := restart(t, sc, base)
		s.Crashes = []runtest.Crash{{Op: op, After: true}}
		if _, _, err := s.Life(); err != nil {
			t.Fatal(err)
		}
		if len(s.World.Calls()) == 1 {
			return s
		}
	}
	t.Fatal("no call was made")
	return nil
}

func TestD6HeldThenDecided(t *testing.T) {
	body := `
  step "try" "t" {
    do {
      step "probe" "a" {
        value  = 1
        effect = "write"
      }
      step "probe" "b" { value = step.a == null ? "skipped" : step.a.value }
    }
    catch {
      step "compute" "c" { kind = error.kind }
    }
  }
  output "b" { value = step.b == null ? "" : step.b.value }
  output "c" { value = step.c == null ? "" : step.c.kind }`
	for do, want := range map[string]string{
		"repeat": `finished {"b":"1","c":""}`,
		"skip":   `finished {"b":"skipped","c":""}`,
		"fail":   `finished {"b":"","c":"interrupted"}`,
	} {
		t.Run(do, func(t *testing.T) {
			s := interrupted(t, body)
			for range 3 { // it stays held over restarts
				if got := finish(t, s); got.Status != "held" {
					t.Fatalf("got %s", got)
				}
			}
			s.Send(run.Decision{Do: do})
			if got := finish(t, s); got.String() != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestD6InterruptedBesideAFailure: a write that was in flight in a branch whose sibling had failed holds
// nobody up: its branch is being stopped.
func TestD6InterruptedBesideAFailure(t *testing.T) {
	sc := runtest.Scenario{HCL: `
  step "parallel" "p" {
    branch "w" {
      step "probe" "w" { effect = "write" }
    }
    branch "f" {
      step "probe" "f" {}
    }
  }`, Answers: runtest.Answers{
		"w": func(runtest.Call) runtest.Answer { return runtest.Answer{Block: true} },
		"f": func(runtest.Call) runtest.Answer { return runtest.Answer{Err: steps.Errorf(steps.AuthError, "no")} },
	}}
	base := start(t, sc)
	finish(t, base)
	ended := false
	for op := 1; op <= base.Ops(); op++ {
		s := restart(t, sc, base)
		s.Crashes = []runtest.Crash{{Op: op, After: true}}
		got := finish(t, s)
		if n := s.World.Count("w"); n > 1 {
			t.Errorf("crash after %d: the write was made %d times", op, n)
		}
		if s.World.Count("f") == 1 && s.World.Count("w") == 1 && got.Kind == "auth" {
			ended = true
		}
	}
	if !ended {
		t.Error("no crash ended in the branch's own error")
	}
}

// TestD6CancelHeld: a held run can be cancelled.
func TestD6CancelHeld(t *testing.T) {
	s := interrupted(t, `step "probe" "a" { effect = "write" }`)
	if got := finish(t, s); got.Status != "held" {
		t.Fatalf("got %s", got)
	}
	s.Send(run.Cancelled{Reason: "enough"})
	if got := finish(t, s); got.String() != `cancelled cancelled at "": enough` {
		t.Errorf("got %s", got)
	}
}
