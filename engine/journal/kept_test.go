package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func keep(t testing.TB, s *Store, key, value string) {
	t.Helper()
	if err := s.Keep(ctx, key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func wantKept(t testing.TB, s *Store, key, want string) {
	t.Helper()
	got, changed, err := s.Kept(ctx, key)
	if err != nil || string(got) != want || (got == nil) != changed.IsZero() {
		t.Errorf("%s: %q at %v, %v; want %q", key, got, changed, err, want)
	}
}

func TestKept(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	wantKept(t, s, "a/b/token", "")
	for _, key := range []string{"a/b/token", "a/c/token", "a0", "a", "b/\xff"} {
		keep(t, s, key, "1 of "+key)
	}
	keep(t, s, "a/b/token", "2")
	if err := s.Keep(ctx, "a/c/token", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(ctx, "never", nil); err != nil {
		t.Error("deleting nothing:", err)
	}
	keys := func(s *Store, prefix string) []string {
		got, err := s.KeptKeys(ctx, prefix)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for prefix, want := range map[string][]string{"": {"a", "a/b/token", "a0", "b/\xff"}, "a/": {"a/b/token"}, "b/\xff": {"b/\xff"}, "\xff": nil, "z": nil} {
		if got := keys(s, prefix); !slices.Equal(got, want) {
			t.Errorf("%q: %q", prefix, got)
		}
	}
	if _, err := s.Prune(ctx, start.Add(1000*24*time.Hour), 1000); err != nil {
		t.Fatal(err)
	}
	// In a copy, and after a restart.
	other := dataDir(t)
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, filepath.Join(other, fileName)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, dir := range []string{dir, other} {
		mustVerify(t, dir)
		s := open(t, dir)
		wantKept(t, s, "a/b/token", "2")
		wantKept(t, s, "a/c/token", "")
		if got := keys(s, "a"); len(got) != 3 {
			t.Errorf("%q", got)
		}
	}
}

func TestKeyring(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	if got, err := s.Keyring(ctx); got != nil || err != nil {
		t.Error(got, err)
	}
	for i := range 2 {
		if err := s.PutKeyring(ctx, []byte(fmt.Sprint("ring", i))); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = open(t, dir)
	if got, err := s.Keyring(ctx); string(got) != "ring1" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

// What was kept under the same commits as runs is there after Keep has returned.
func TestD1KeptValuesFromManyCallers(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 20 {
				keep(t, s, fmt.Sprintf("k%d/%d", i, j), fmt.Sprint(i, j))
			}
		})
	}
	wg.Wait()
	s.Close()
	s = open(t, dir)
	for i := range 64 {
		for j := range 20 {
			wantKept(t, s, fmt.Sprintf("k%d/%d", i, j), fmt.Sprint(i, j))
		}
	}
}

func TestDamagedKeptRowsAreFound(t *testing.T) {
	for name, sql := range map[string]string{
		"value": `UPDATE kept SET value=x'00' WHERE key='a'`, "moved": `UPDATE kept SET key='c' WHERE key='a'`,
		"changed": `UPDATE kept SET changed=changed+1 WHERE key='a'`, "keyring": `UPDATE keyring SET data=x'00'`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := dataDir(t)
			s := open(t, dir)
			keep(t, s, "a", "1")
			keep(t, s, "b", "2")
			if err := s.PutKeyring(ctx, []byte("ring")); err != nil {
				t.Fatal(err)
			}
			mustVerify(t, dir) // the control
			if err := s.do(ctx, func(w *writer) error { return w.c.script(context.Background(), sql) }); err != nil {
				t.Fatal(err)
			}
			report, err := Verify(dir)
			if err != nil || len(report.Problems) != 1 || !errors.Is(report.Err(), ErrDamaged) {
				t.Errorf("%v %v", report.Problems, err)
			}
			wantKept(t, s, "b", "2")
			var read error
			if name == "keyring" {
				_, read = s.Keyring(ctx)
			} else {
				_, _, readA := s.Kept(ctx, "a")
				_, _, readC := s.Kept(ctx, "c")
				read = errors.Join(readA, readC)
			}
			if !errors.Is(read, ErrDamaged) {
				t.Errorf("read: %v", read)
			}
		})
	}
}

// A file of an earlier format is verified by what it has, and upgraded in place.
func TestVerifyAnEarlierFormat(t *testing.T) {
	scripts, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	for format := 1; format < len(scripts); format++ {
		dir := dataDir(t)
		s := openWith(t, dir, Options{migrations: scripts[:format]})
		accept(t, s, newRun("a"))
		s.Close()
		if report, err := Verify(dir); err != nil || report.Err() != nil || report.Format != format {
			t.Errorf("format %d: %+v %v", format, report, err)
		}
		s = open(t, dir)
		keep(t, s, "a", "1")
		if r, err := s.Run(ctx, "a"); err != nil || string(r.Event) != `{"id":"a"}` {
			t.Error(r, err)
		}
		s.Close()
		if report, err := Verify(dir); err != nil || report.Err() != nil || report.Format != len(scripts) || report.Rows["kept"] != 1 {
			t.Errorf("%+v %v", report, err)
		}
	}
}
