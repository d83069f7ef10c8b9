package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// way is one way in which programs write. setup returns the path to watch, and
// change makes the content of round n.
type way struct {
	name   string
	setup  func(t *testing.T, base string) string
	change func(t *testing.T, base string, n int)
}

func plain(t *testing.T, base string) string {
	dir := filepath.Join(base, "bp")
	blueprint(t, dir)
	return dir
}

func main(base string) string { return filepath.Join(base, "bp", "main.hcl") }

// relink points name elsewhere at once, as ln -sfn and the kubelet do.
func relink(t *testing.T, target, name string) {
	t.Helper()
	must(t, os.Symlink(target, name+"_tmp"), os.Rename(name+"_tmp", name))
}

func configMap(t *testing.T, base string, n int) {
	dir := filepath.Join(base, "bp")
	must(t, os.MkdirAll(dir, 0o755))
	at := fmt.Sprintf("..2026_%d", n)
	write(t, filepath.Join(dir, at, "main.hcl"), runbook(n))
	write(t, filepath.Join(dir, at, "ui", "config.html"), runbook(n))
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	relink(t, at, filepath.Join(dir, "..data"))
	if old == "" {
		relink(t, "..data/main.hcl", filepath.Join(dir, "main.hcl"))
		relink(t, "..data/ui", filepath.Join(dir, "ui"))
		return
	}
	// Not the one that is watched: the exchange alone must be noticed.
	must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..2026_%d", n-2))))
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func gitSetup(t *testing.T, base string) string {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	dir := plain(t, base)
	git(t, base, "init", "-q", "-b", "zero")
	git(t, base, "add", "bp")
	git(t, base, "commit", "-qm", "zero")
	git(t, base, "checkout", "-qb", "one")
	write(t, main(base), runbook(1))
	write(t, filepath.Join(dir, "ui", "config.html"), "<p>one</p>")
	write(t, filepath.Join(dir, "more", "one.hcl"), "# one")
	git(t, base, "add", "bp")
	git(t, base, "commit", "-qm", "one")
	git(t, base, "checkout", "-q", "zero")
	return dir
}

var ways = []way{
	{"in place", plain, func(t *testing.T, base string, n int) {
		f, err := os.OpenFile(main(base), os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteAt([]byte(runbook(n)), 0)
		must(t, err, f.Close())
	}},
	{"truncate and write in parts", plain, func(t *testing.T, base string, n int) {
		f, err := os.Create(main(base))
		must(t, err)
		for _, part := range strings.SplitAfter(runbook(n), "\n") {
			_, err = f.WriteString(part)
			must(t, err)
		}
		must(t, f.Sync(), f.Close())
	}},
	{"vim", plain, func(t *testing.T, base string, n int) {
		name := main(base)
		dir := filepath.Dir(name)
		write(t, filepath.Join(dir, ".main.hcl.swp"), fmt.Sprint(n))
		write(t, filepath.Join(dir, "4913"), "")
		must(t, os.Remove(filepath.Join(dir, "4913")), os.Rename(name, name+"~"))
		write(t, name, runbook(n))
		must(t, os.Remove(name+"~"), os.Remove(filepath.Join(dir, ".main.hcl.swp")))
	}},
	{"VS Code, atomic save", plain, func(t *testing.T, base string, n int) {
		write(t, main(base)+".vsctmp", runbook(n))
		must(t, os.Rename(main(base)+".vsctmp", main(base)))
	}},
	{"JetBrains, safe write", plain, func(t *testing.T, base string, n int) {
		name := main(base)
		write(t, name+"___jb_tmp___", runbook(n))
		must(t, os.Rename(name, name+"___jb_old___"), os.Rename(name+"___jb_tmp___", name), os.Remove(name+"___jb_old___"))
	}},
	{"ConfigMap", func(t *testing.T, base string) string {
		configMap(t, base, 0)
		return filepath.Join(base, "bp")
	}, configMap},
	{"directory exchanged by rename", plain, func(t *testing.T, base string, n int) {
		dir, next, old := filepath.Join(base, "bp"), filepath.Join(base, "next"), filepath.Join(base, "old")
		blueprint(t, next)
		// Below, so that a watch left at the old directory would show.
		write(t, filepath.Join(next, "ui", "config.html"), runbook(n))
		must(t, os.Rename(dir, old), os.Rename(next, dir), os.RemoveAll(old))
	}},
	{"directory is a link, pointed elsewhere", func(t *testing.T, base string) string {
		blueprint(t, filepath.Join(base, "v0"))
		relink(t, "v0", filepath.Join(base, "bp"))
		return filepath.Join(base, "bp")
	}, func(t *testing.T, base string, n int) {
		v := fmt.Sprintf("v%d", n)
		write(t, filepath.Join(base, v, "main.hcl"), runbook(n))
		relink(t, v, filepath.Join(base, "bp"))
		must(t, os.RemoveAll(filepath.Join(base, fmt.Sprintf("v%d", n-2))))
	}},
	{"link further up, pointed elsewhere", func(t *testing.T, base string) string {
		blueprint(t, filepath.Join(base, "releases", "0", "bp"))
		relink(t, filepath.Join(base, "releases", "0"), filepath.Join(base, "current"))
		return filepath.Join(base, "current", "bp")
	}, func(t *testing.T, base string, n int) {
		v := filepath.Join(base, "releases", fmt.Sprint(n))
		write(t, filepath.Join(v, "bp", "main.hcl"), runbook(n))
		relink(t, v, filepath.Join(base, "current"))
	}},
	{"git checkout", gitSetup, func(t *testing.T, base string, n int) {
		git(t, base, "checkout", "-q", []string{"zero", "one"}[n%2])
	}},
	{"touch, then write", plain, func(t *testing.T, base string, n int) {
		now := time.Now()
		must(t, os.Chtimes(main(base), now, now))
		write(t, filepath.Join(base, "bp", "ui", "config.html"), runbook(n))
	}},
	{"file deleted and created", plain, func(t *testing.T, base string, n int) {
		must(t, os.Remove(main(base)))
		write(t, main(base), runbook(n))
	}},
	{"directory deleted and created", plain, func(t *testing.T, base string, n int) {
		must(t, os.RemoveAll(filepath.Join(base, "bp")))
		blueprint(t, filepath.Join(base, "bp"))
		write(t, main(base), runbook(n))
	}},
	{"new directories below", plain, func(t *testing.T, base string, n int) {
		write(t, filepath.Join(base, "bp", fmt.Sprintf("d%d", n), "deep", "er", "x.md"), runbook(n))
	}},
	{"directory below exchanged, then written", plain, func(t *testing.T, base string, n int) {
		ui, next := filepath.Join(base, "bp", "ui"), filepath.Join(base, "next")
		if n%2 == 1 {
			write(t, filepath.Join(next, "config.html"), runbook(n))
			must(t, os.Rename(ui, filepath.Join(base, "old")), os.Rename(next, ui), os.RemoveAll(filepath.Join(base, "old")))
			return
		}
		write(t, filepath.Join(ui, "config.html"), runbook(n))
	}},
}

// TestR2WaysOfWriting writes in each way again and again. Each content must be
// reported within 2 s, once, and whole: a report that is not of the final
// content of its round fails it.
func TestR2WaysOfWriting(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			r := start(t, w.setup(t, base), Options{})
			var all, worst time.Duration
			rounds := repeats(10, 50)
			for n := 1; n <= rounds; n++ {
				w.change(t, base, n)
				took := r.next(fmt.Sprintf("round %d", n))
				all, worst = all+took, max(worst, took)
			}
			r.none()
			t.Logf("seen after %v on average, %v at worst", (all / time.Duration(rounds)).Round(time.Millisecond), worst.Round(time.Millisecond))
		})
	}
}

// TestR2SlowTruncateAndWrite leaves the file empty for longer than the wait for
// quiet: until the watcher has looked at it several times.
func TestR2SlowTruncateAndWrite(t *testing.T) {
	t.Parallel()
	dir := plain(t, t.TempDir())
	r := start(t, dir, Options{Debounce: 40 * time.Millisecond}) // so 400 ms for the writer
	for n := 1; n <= 3; n++ {
		f, err := os.Create(filepath.Join(dir, "main.hcl"))
		must(t, err)
		select {
		case <-r.reports:
			t.Fatal("the empty file was reported")
		case <-time.After(150 * time.Millisecond):
		}
		_, err = f.WriteString(runbook(n))
		must(t, err, f.Close())
		r.next("written")
	}
	// A file that stays empty is content too.
	must(t, os.Truncate(filepath.Join(dir, "main.hcl"), 0))
	r.next("emptied")
	r.none()
}

// TestR2SameContent writes what is there already, in several ways, and then a
// change: only that is reported.
func TestR2SameContent(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := plain(t, base)
	r := start(t, dir, Options{})
	same := runbook(0)
	for range 5 {
		write(t, main(base), same)
		now := time.Now()
		must(t, os.Chtimes(main(base), now, now), os.Chmod(main(base), 0o600))
		write(t, main(base)+".tmp", same)
		must(t, os.Rename(main(base)+".tmp", main(base)))
		select {
		case <-r.reports:
			t.Fatal("reported without a change")
		case <-time.After(60 * time.Millisecond):
		}
	}
	write(t, main(base), runbook(1))
	r.next("changed")
	r.none()
}

// TestR2DirectoryGone wants the loss reported as the zero digest, and the return.
func TestR2DirectoryGone(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := plain(t, base)
	r := start(t, dir, Options{Debounce: 10 * time.Millisecond})
	must(t, os.RemoveAll(dir))
	if d := r.await("gone"); !d.IsZero() {
		t.Fatalf("reported %.8s for a missing directory", d)
	}
	write(t, main(base), runbook(1))
	r.next("back")
	r.none()
}

// TestR2ExchangeFurtherUp renames a directory above, which no watch notices.
func TestR2ExchangeFurtherUp(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "app", "conf", "bp")
	blueprint(t, dir)
	r := start(t, dir, Options{})
	write(t, filepath.Join(dir, "main.hcl"), runbook(1))
	r.next("before")
	write(t, filepath.Join(base, "new", "conf", "bp", "main.hcl"), runbook(2))
	must(t, os.Rename(filepath.Join(base, "app"), filepath.Join(base, "old")),
		os.Rename(filepath.Join(base, "new"), filepath.Join(base, "app")))
	r.next("exchanged")
	write(t, filepath.Join(dir, "main.hcl"), runbook(3))
	if took := r.next("written after"); took > identity/2 {
		t.Errorf("seen after %v: the new directory is not watched", took)
	}
	r.none()
}

// TestR2ConstantEvents writes all the time: content is reported all the same.
func TestR2ConstantEvents(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := plain(t, base)
	r := start(t, dir, Options{})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				now := time.Now()
				_ = os.Chtimes(filepath.Join(dir, "ui", "config.html"), now, now)
			}
		}
	}()
	write(t, main(base), runbook(1))
	r.await("under constant events")
	close(stop)
	<-done
	r.none()
}
