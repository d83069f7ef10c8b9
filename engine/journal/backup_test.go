package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackup(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	accept(t, s, newRun("a"))
	commit(t, s, Write{Run: "a", Put: []Record{{"p", make([]byte, 100<<10)}}})
	other := dataDir(t) + " of 'quotes'"
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(other, fileName)
	for range 2 { // the second replaces the first
		if err := s.Backup(ctx, copied); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Backup(ctx, filepath.Join(dir, fileName)); err == nil || !strings.Contains(err.Error(), "itself") {
		t.Error(err)
	}
	if err := s.Backup(ctx, filepath.Join(dir, "none", "x")); err == nil {
		t.Error("no error")
	}
	accept(t, s, newRun("later"))
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
	mustVerify(t, other)
	restored := open(t, other)
	accept(t, restored, newRun("b"))
	if _, err := restored.Records(ctx, "a"); err != nil {
		t.Error(err)
	}
	if r, err := restored.Run(ctx, "b"); err != nil || r.Seq != 2 {
		t.Error(r, err)
	}
}

func TestReaderBeside(t *testing.T) {
	dir := dataDir(t)
	if _, err := OpenReader(dir); err == nil {
		t.Error("reading nothing")
	}
	s := open(t, dir)
	accept(t, s, newRun("a"))
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	accept(t, s, newRun("b"))
	if runs, err := r.List(ctx, Filter{}); err != nil || len(runs) != 2 {
		t.Error(runs, err)
	}
	mustVerify(t, dir)
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.List(done, Filter{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := s.Accept(done, newRun("c")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if runs, err := r.List(ctx, Filter{}); err != nil || len(runs) != 2 {
		t.Error("after the server stopped:", runs, err)
	}
}

func TestStatus(t *testing.T) {
	for s, want := range map[Status]bool{Queued: false, Running: false, Waiting: false, Held: false, Finished: true, Failed: true, Cancelled: true, "odd": false} {
		if s.Ended() != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}
