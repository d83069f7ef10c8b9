package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestR1ReadIsOfOneMoment reads while a whole set is exchanged for another: all
// files must be of the same set.
func TestR1ReadIsOfOneMoment(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "bp")
	const files = 25
	set := func(n int) {
		for i := range files {
			write(t, filepath.Join(dir, fmt.Sprintf("..v%d", n), fmt.Sprintf("%02d.hcl", i)), fmt.Sprint(n))
		}
	}
	set(0)
	must(t, os.Symlink("..v0", filepath.Join(dir, "..data")))
	for i := range files {
		must(t, os.Symlink(fmt.Sprintf("..data/%02d.hcl", i), filepath.Join(dir, fmt.Sprintf("%02d.hcl", i))))
	}
	for n := 1; n <= repeats(20, 200); n++ {
		set(n)
		exchanged := make(chan error, 1)
		go func() {
			data := filepath.Join(dir, "..data")
			exchanged <- errors.Join(os.Symlink(fmt.Sprintf("..v%d", n), data+"_tmp"), os.Rename(data+"_tmp", data))
		}()
		got, digest, err := Read(dir)
		must(t, err, <-exchanged)
		if len(got) != files || digest.IsZero() {
			t.Fatalf("%d files read", len(got))
		}
		for name, text := range got {
			if string(text) != string(got["00.hcl"]) {
				t.Fatalf("round %d: %s is of set %s, 00.hcl of %s", n, name, text, got["00.hcl"])
			}
		}
	}
}

// TestR1CaptureSeesWrites changes the tree between the parts of a capture, by
// way of the ignore function, which is called in each listing.
func TestR1CaptureSeesWrites(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(dir string) error{
		"content": func(dir string) error { return os.WriteFile(filepath.Join(dir, "main.hcl"), []byte("new"), 0o644) },
		"added":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "new.hcl"), nil, 0o644) },
		"removed": func(dir string) error { return os.Remove(filepath.Join(dir, "main.hcl")) },
		"root": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+"-old"), os.CopyFS(dir, os.DirFS(dir+"-old")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := plain(t, t.TempDir())
			calls := 0
			s := capture(dir, func(rel string) bool {
				if rel == "ui" {
					if calls++; calls == 1 {
						must(t, change(dir))
					}
				}
				return false
			}, true)
			if !s.torn {
				t.Error("the change was not noticed")
			}
			if s := steady(dir, nil, true); s.torn || s.err != nil {
				t.Errorf("afterwards: %v", s.err)
			}
		})
	}
}

func TestReadLimits(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", MaxFileBytes+1)
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // part of the error, empty for none
	}{
		{"large picture is left out", map[string]string{"big.png": big}, ""},
		{"large runbook", map[string]string{"big.hcl": big}, "at big.hcl: over the limit of 1048576 bytes"},
		{"large tree", func() map[string]string {
			m := make(map[string]string)
			for i := range 11 {
				m[fmt.Sprintf("%02d.png", i)] = big[1:]
			}
			return m
		}(), "at 10.png: over the limit of 10485760 bytes in all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.hcl"), "a")
			for name, text := range c.files {
				write(t, filepath.Join(dir, name), text)
			}
			if c.name == "large tree" {
				must(t, os.Remove(filepath.Join(dir, "a.hcl")))
			}
			files, digest, err := Read(dir)
			if digest.IsZero() {
				t.Error("no digest")
			}
			if c.want == "" {
				must(t, err)
				if len(files) != 1 {
					t.Errorf("%d files", len(files))
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrLimit) || files != nil {
				t.Errorf("got %v", err)
			}
			if d, err := Scan(dir); d != digest || err != nil {
				t.Errorf("Scan differs: %v", err)
			}
		})
	}
}

func TestReadTooManyDirectories(t *testing.T) {
	t.Parallel()
	deep := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(deep, strings.Repeat("d/", maxDepth)), 0o755))
	if _, _, err := Read(deep); !errors.Is(err, ErrLimit) {
		t.Errorf("deep: %v", err)
	}
	if !long {
		return // two thousand directories take seconds on a busy machine
	}
	wide := t.TempDir()
	for i := range MaxDirs {
		must(t, os.Mkdir(filepath.Join(wide, fmt.Sprint("d", i)), 0o755))
	}
	if _, _, err := Read(wide); !errors.Is(err, ErrLimit) {
		t.Errorf("wide: %v", err)
	}
}

func TestReadTrouble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, d, err := Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) || !d.IsZero() {
		t.Errorf("missing: %v", err)
	}
	if _, err := Scan(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	write(t, filepath.Join(dir, "file"), "x")
	if _, _, err := Read(filepath.Join(dir, "file")); err == nil {
		t.Error("a file was read as a directory")
	}
	// A pipe would block whoever opens it.
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe.hcl"), 0o600))
	files, _, err := Read(dir)
	must(t, err)
	if len(files) != 1 || string(files["file"]) != "x" {
		t.Errorf("read %v", files)
	}
	if os.Geteuid() == 0 {
		return // may read everything
	}
	must(t, os.Chmod(filepath.Join(dir, "file"), 0))
	if _, _, err := Read(dir); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "file cannot be read") {
		t.Errorf("unreadable: %v", err)
	}
}

// TestDigest wants it to depend on names and contents and on nothing else.
func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(files ...string) Digest {
		dir := t.TempDir()
		for i := 0; i < len(files); i += 2 {
			write(t, filepath.Join(dir, files[i]), files[i+1])
		}
		d, err := Scan(dir)
		must(t, err)
		return d
	}
	a := digest("a.hcl", "1", "b/c.hcl", "2")
	if b := digest("b/c.hcl", "2", "a.hcl", "1"); a != b {
		t.Error("equal content, other digest")
	}
	if len(a.String()) != 64 || a.IsZero() {
		t.Errorf("digest %s", a)
	}
	seen := map[Digest]int{a: -1}
	for i, d := range []Digest{
		digest("a.hcl", "1", "b/c.hcl", "3"),
		digest("a.hcl", "1", "b/d.hcl", "2"),
		digest("a.hcl", "1"),
		digest("a.hcl", "1b/c.hcl2"),
		digest("a.hcl", "", "b/c.hcl", "12"),
		digest("a.hcl", "12", "b/c.hcl", ""),
		digest(),
	} {
		if j, ok := seen[d]; ok {
			t.Errorf("digests %d and %d are equal", i, j)
		}
		seen[d] = i
	}
}

func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	for i := range 100 {
		write(b, filepath.Join(dir, fmt.Sprintf("d%d", i%10), fmt.Sprintf("%03d.hcl", i)), strings.Repeat("x", 4096))
	}
	if _, err := Scan(dir); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := capture(dir, nil, true); s.err != nil || s.torn {
			b.Fatal(s.err)
		}
	}
}
