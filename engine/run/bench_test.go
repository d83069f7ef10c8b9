package run_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
	"currant/engine/run/runtest"
)

// sink is a host that encodes what is journaled and keeps nothing.
type sink struct {
	codec   *run.Codec
	bytes   int
	puts    int
	deletes int
	most    int // puts in one batch
	live    map[string]bool
}

func (s *sink) Now() time.Time { return runtest.Epoch }

func (s *sink) Commit(b run.Batch) error {
	for _, p := range b.Delete {
		prefix, wild := strings.CutSuffix(p, "*")
		for path := range s.live {
			if path == p || wild && strings.HasPrefix(path, prefix) {
				delete(s.live, path)
			}
		}
	}
	for _, e := range b.Put {
		data, err := s.codec.Encode(e.Path, e.Record)
		if err != nil {
			return err
		}
		s.bytes += len(data)
		if s.live != nil {
			s.live[e.Path] = true
		}
	}
	s.puts += len(b.Put)
	s.deletes += len(b.Delete)
	s.most = max(s.most, len(b.Put)+len(b.Delete))
	return nil
}

func (s *sink) Call(run.Call)                           {}
func (s *sink) Cancel(string)                           {}
func (s *sink) Next(time.Time, bool) (run.Event, error) { return nil, nil }
func newSink() *sink                                    { return &sink{codec: &run.Codec{Run: "r"}} }
func info() run.Info                                    { return run.Info{ID: "r", Runbook: "main", StartedAt: runtest.Epoch} }
func input() cty.Value                                  { return cty.ObjectVal(map[string]cty.Value{"input": cty.EmptyObjectVal}) }

// BenchmarkStep is the cost of one pure step in a sequence: its arguments evaluated, its record encoded. It
// reports the cost per step, of a run of 100.
func BenchmarkStep(b *testing.B) {
	var body strings.Builder
	body.WriteString("step \"compute\" \"s0\" { n = 1 }\n")
	for i := 1; i < 100; i++ {
		body.WriteString(strings.NewReplacer("N", itoa(i), "P", itoa(i-1)).Replace("step \"compute\" \"sN\" {\n n = step.sP.n + 1\n t = \"x${step.sP.n}\"\n}\n"))
	}
	rb := runtest.Compile(b, runtest.NewWorld(nil), body.String(), "")
	b.ReportAllocs()
	for b.Loop() {
		if r, err := run.Drive(newSink(), run.New(rb, info(), input())); err != nil || r.Err != nil {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/step")
}

func itoa(n int) string { return cty.NumberIntVal(int64(n)).AsBigFloat().Text('f', 0) }

const loop = `
  step "loop" "l" {
    items = range(100000)
    each "x" {
      step "compute" "c" { v = x.value + 1 }
    }
  }
  output "n" { value = step.l.count }`

// BenchmarkLoop is a loop of 100,000 iterations of one pure step.
func BenchmarkLoop(b *testing.B) {
	rb := runtest.Compile(b, runtest.NewWorld(nil), loop, "")
	b.ReportAllocs()
	for b.Loop() {
		if r, err := run.Drive(newSink(), run.New(rb, info(), input())); err != nil || r.Err != nil {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/iteration")
}

// TestLoopIsBounded: a loop of 100,000 iterations keeps neither records nor memory that grow with it.
func TestLoopIsBounded(t *testing.T) {
	rb := runtest.Compile(t, runtest.NewWorld(nil), loop, "")
	s := newSink()
	s.live = map[string]bool{}
	most, m := 0, run.New(rb, info(), input())
	heap := func() uint64 {
		runtime.GC()
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		return ms.HeapAlloc
	}
	var early uint64
	for n := 0; ; n++ {
		more := m.Advance(s.Now())
		batch, _, _ := m.Take()
		if err := s.Commit(batch); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(s.live))
		if n == 10 {
			early = heap()
		}
		if !more {
			break
		}
	}
	if late := heap(); late > early+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	if m.End() == nil || m.End().Err != nil {
		t.Fatalf("ended as %+v", m.End())
	}
	if most > 10 || s.most > 20 {
		t.Errorf("%d records at once, %d changes in a batch", most, s.most)
	}
}
