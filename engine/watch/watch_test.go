package watch

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The tests wait most of the time: more of them at once than there are
	// processors, unless the caller said how many.
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("6") // a number is always taken
	}
	goleak.VerifyTestMain(m)
}

// seenWithin is how soon a change must be reported.
const seenWithin = 2 * time.Second

// long asks for the full number of repeats.
var long = os.Getenv("CURRANT_LONG") != ""

func repeats(short, full int) int {
	if long {
		return full
	}
	return short
}

// running is a watcher at work.
type running struct {
	t       *testing.T
	dir     string
	reports chan Digest
	stop    func() // waits until Run has returned
}

func start(t *testing.T, dir string, o Options) *running {
	t.Helper()
	if o.Known.IsZero() {
		o.Known, _ = Scan(dir)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, dir: dir, reports: make(chan Digest, 1000)}
	done := make(chan error, 1)
	go func() { done <- New(dir, o).Run(ctx, func(d Digest) { r.reports <- d }) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

// next awaits one report, which must be of the directory's present content.
func (r *running) next(what string) time.Duration {
	r.t.Helper()
	began := time.Now()
	want, err := Scan(r.dir)
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	if got := r.await(what); got != want {
		r.t.Fatalf("%s: reported %.8s, the content is %.8s", what, got, want)
	}
	return time.Since(began)
}

func (r *running) await(what string) Digest {
	r.t.Helper()
	select {
	case d := <-r.reports:
		return d
	case <-time.After(seenWithin):
		r.t.Fatalf("%s: not seen within %v", what, seenWithin)
		panic("unreachable")
	}
}

// none checks after stop that nothing was reported twice.
func (r *running) none() {
	r.t.Helper()
	r.stop()
	select {
	case d := <-r.reports:
		r.t.Fatalf("one report too many: %.8s", d)
	default:
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644))
}

// runbook is a text that differs for each n, in size only now and then.
func runbook(n int) string {
	return fmt.Sprintf("runbook \"hello\" {\n  # %06d\n}\n", n)
}

// blueprint makes a directory with two files, one of them below.
func blueprint(t testing.TB, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "main.hcl"), runbook(0))
	write(t, filepath.Join(dir, "ui", "config.html"), "<p>0</p>")
}
