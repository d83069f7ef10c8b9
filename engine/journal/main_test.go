package journal

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// The test binary is also the other process of the tests about crashes and locks.
const childEnv = "CURRANT_JOURNAL_CHILD"

// CURRANT_LONG=1 tries all points where a short run tries a sample.
var long = os.Getenv("CURRANT_LONG") == "1"

func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		if err := child(role, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func child(role, dir string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	switch role {
	case "hold": // until standard input ends
		fmt.Println("open")
		_, err := bufio.NewReader(os.Stdin).ReadByte()
		_ = err // the end of input is what it waits for
		return s.Close()
	case "write": // until killed
		return writeForever(s)
	}
	return fmt.Errorf("unknown role %s", role)
}

// dataDir is a private directory that does not exist yet.
func dataDir(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "data")
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	return openWith(t, dir, Options{})
}

func openWith(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var start = time.Date(2026, 3, 29, 1, 59, 59, 123456789, time.UTC)

func newRun(id string) Run {
	return Run{
		ID: id, Blueprint: "crm", Runbook: "sync", Context: "REQ-" + id, Group: "g", Delivery: "d-" + id,
		AcceptedAt: start, Retention: time.Hour, Event: []byte(`{"id":"` + id + `"}`),
	}
}

func accept(t testing.TB, s *Store, r Run) Run {
	t.Helper()
	got, fresh, err := s.Accept(context.Background(), r)
	if err != nil || !fresh {
		t.Fatalf("accept %s: fresh=%v, error %v", r.ID, fresh, err)
	}
	return got
}

func commit(t testing.TB, s *Store, w Write) {
	t.Helper()
	if err := s.Commit(context.Background(), w); err != nil {
		t.Fatal(err)
	}
}

func finish(t testing.TB, s *Store, id string) {
	t.Helper()
	commit(t, s, Write{Run: id, End: &End{Status: Finished, At: start.Add(time.Minute), Outcome: []byte("out"), History: []byte("history of " + id)}})
}

func mustVerify(t testing.TB, dir string) {
	t.Helper()
	r, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
}

// tempDir is dataDir for property tests, removed after each case.
func tempDir(t interface {
	Fatal(...any)
	Cleanup(func())
}) string {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

// diff compares bytes as a whole; cmp alone looks at each of them.
func diff(want, got any) string { return cmp.Diff(want, got, cmp.Comparer(bytes.Equal)) }
