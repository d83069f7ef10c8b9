//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
)

// cpu is the CPU time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benched is an engine for a benchmark, which logs nothing.
func benched(b *testing.B, text string, run bool) (*engine.Engine, *compile.Blueprint) {
	b.Helper()
	w := &world{t: b, probes: newProbes()}
	o := w.compileOptions(w.values)
	e, err := engine.New(engine.Options{Dir: filepath.Join(b.TempDir(), "data"), Compile: o, MaxQueued: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	bp := w.compile(text)
	if err := e.Load(b.Context(), bp); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if run {
		go func() { done <- e.Run(ctx) }()
		<-e.Recovered()
	} else {
		done <- nil
	}
	b.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, e.Close()); err != nil {
			b.Error(err)
		}
	})
	return e, bp
}

// callers does b.N things from some goroutines.
func callers(b *testing.B, n int, do func() error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// report tells what a unit of work cost in CPU, and how many were done in a second.
func report(b *testing.B, begun time.Time, used time.Duration, units int, unit string) {
	b.Helper()
	b.ReportMetric(float64(units)/time.Since(begun).Seconds(), unit+"s/s")
	b.ReportMetric(float64(used.Microseconds())/float64(units), "cpu-µs/"+unit)
}

const threeSteps = `runbook "three" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "compute" "a" { n = trigger.input.n + 1 }
  step "compute" "b" { n = step.a.n * 2 }
  step "log" "c" { message = "n is ${step.b.n}" }
  output "n" { value = step.b.n }
}`

// Runs of three trivial steps, from their start to their end, both on disk.
func BenchmarkRun3Steps(b *testing.B) {
	e, bp := benched(b, threeSteps, true)
	rb := bp.Runbook("three")
	v, err := engine.Input(rb, object("n", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	begun, used := time.Now(), cpu(b)
	callers(b, 256, func() error {
		id, _, err := e.Start(b.Context(), rb, engine.Start{Value: v})
		if err != nil {
			return err
		}
		return e.Wait(b.Context(), id)
	})
	report(b, begun, cpu(b)-used, b.N, "run")
}

// The same where each step is a call outside, with its intent and its result journaled.
func BenchmarkRun3Calls(b *testing.B) {
	e, bp := benched(b, `runbook "three" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "probe" "a" { value = trigger.input.n + 1 }
  step "probe" "b" { value = step.a.value * 2 }
  step "probe" "c" { value = "n is ${step.b.value}" }
  output "n" { value = step.b.value }
}`, true)
	rb := bp.Runbook("three")
	v, err := engine.Input(rb, object("n", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	begun, used := time.Now(), cpu(b)
	callers(b, 256, func() error {
		id, _, err := e.Start(b.Context(), rb, engine.Start{Value: v})
		if err != nil {
			return err
		}
		return e.Wait(b.Context(), id)
	})
	report(b, begun, cpu(b)-used, b.N, "run")
}

// The floor of BenchmarkRun3Steps: two records of a run's size, one after the other, group-committed to a
// file by plain Go.
func BenchmarkFloorTwoRecords(b *testing.B) {
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	l := &groupLog{f: f, queue: make(chan record, 1024)}
	done := make(chan struct{})
	go func() { defer close(done); l.loop() }()
	defer func() { close(l.queue); <-done }()
	event, end := make([]byte, 400), make([]byte, 1200)
	b.ReportAllocs()
	b.ResetTimer()
	begun, used := time.Now(), cpu(b)
	callers(b, 256, func() error { return errors.Join(l.put(event), l.put(end)) })
	report(b, begun, cpu(b)-used, b.N, "run")
}

// groupLog appends records to a file; those that come while one sync is under way share the next.
type groupLog struct {
	f     *os.File
	queue chan record
}

type record struct {
	data []byte
	done chan error
}

func (l *groupLog) put(data []byte) error {
	done := make(chan error, 1)
	l.queue <- record{data, done}
	return <-done
}

func (l *groupLog) loop() {
	for first := range l.queue {
		batch, buf := []record{first}, append([]byte(nil), first.data...)
	more:
		for len(batch) < 512 {
			select {
			case r := <-l.queue:
				batch, buf = append(batch, r), append(buf, r.data...)
			default:
				break more
			}
		}
		_, err := l.f.Write(buf)
		err = errors.Join(err, l.f.Sync())
		for _, r := range batch {
			r.done <- err
		}
	}
}

// Accept and commit, 64 at once; nothing is executed.
func BenchmarkAccept64(b *testing.B) {
	e, bp := benched(b, threeSteps, false)
	rb := bp.Runbook("three")
	v, err := engine.Input(rb, object("n", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	begun, used := time.Now(), cpu(b)
	callers(b, 64, func() error {
		_, _, err := e.Start(b.Context(), rb, engine.Start{Value: v})
		return err
	})
	report(b, begun, cpu(b)-used, b.N, "event")
}

// One step of a long sequence: evaluated, journaled; those of kind probe are calls outside.
func BenchmarkStep(b *testing.B) {
	for _, kind := range []string{"compute", "probe"} {
		b.Run(kind, func(b *testing.B) {
			const steps = 500
			var text strings.Builder
			text.WriteString("runbook \"long\" {\n  trigger \"manual\" {}\n  step \"compute\" \"s0\" { value = 0 }\n")
			for i := 1; i < steps; i++ {
				fmt.Fprintf(&text, "  step %q \"s%d\" { value = step.s%d.value + 1 }\n", kind, i, i-1)
			}
			text.WriteString("}\n")
			e, bp := benched(b, text.String(), true)
			rb := bp.Runbook("long")
			v, err := engine.Input(rb, cty.NilVal)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			begun, used := time.Now(), cpu(b)
			runs := (b.N + steps - 1) / steps
			for range runs {
				id, _, err := e.Start(b.Context(), rb, engine.Start{Value: v})
				if err != nil {
					b.Fatal(err)
				}
				if err := e.Wait(b.Context(), id); err != nil {
					b.Fatal(err)
				}
			}
			report(b, begun, cpu(b)-used, runs*steps, "step")
		})
	}
}
