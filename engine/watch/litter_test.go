package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

var litterNames = []string{
	".main.hcl.swp", ".main.hcl.swo", ".main.hcl.swx", "main.hcl~", "4913", "5036", ".#main.hcl", "#main.hcl#",
	".git/index.lock", ".git/refs/heads/x", ".currant/journal.db", ".hidden", ".DS_Store", "main.hcl.tmp",
	"main.hcl___jb_tmp___", "main.hcl___jb_old___", "main.hcl.vsctmp", ".goutputstream-AB12CD", "~$plan.hcl",
	"main.hcl.crswap", "sedAb3xYz", ".main.hcl.kate-swp", "ui/.config.html.swp", "ui/config.html~", ".vscode/settings.json",
	"node.part", "..data_tmp",
}

func TestR4Relevant(t *testing.T) {
	t.Parallel()
	for _, name := range litterNames {
		if Relevant(name) {
			t.Errorf("%s is relevant", name)
		}
	}
	for _, name := range []string{
		".", "main.hcl", "ui/config.html", "a~b.hcl", "4913.hcl", "4914", "0", "#1.hcl", "sed.hcl", "sedation", "sediment1",
		"tmp.hcl", "tmp/x.md", "swp", "x.hcl.md", "année.hcl", "images/a b.png", "~",
	} {
		if want := name != "~"; Relevant(name) != want {
			t.Errorf("Relevant(%q) = %v", name, !want)
		}
	}
}

// TestR4Litter writes what editors leave behind; only the change after it may be
// reported.
func TestR4Litter(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := plain(t, base)
	before, err := Scan(dir)
	must(t, err)
	r := start(t, dir, Options{Ignore: func(rel string) bool { return rel == "store" }})
	for _, name := range append([]string{"store/runs.db"}, litterNames...) {
		write(t, filepath.Join(dir, name), name)
		if filepath.Base(name) == "index.lock" {
			must(t, os.Remove(filepath.Join(dir, name)))
		}
	}
	must(t, os.RemoveAll(filepath.Join(dir, "store", "runs.db")), os.Remove(filepath.Join(dir, "store")))
	if after, err := Scan(dir); err != nil || after != before {
		t.Errorf("litter changed the digest (%v)", err)
	}
	select {
	case <-r.reports:
		t.Fatal("litter was reported")
	case <-time.After(60 * time.Millisecond):
	}
	write(t, main(base), runbook(1))
	r.next("a change")
	r.none()
}

// TestR4Links wants links that leave the tree, dangle or lead in circles left
// out, and those inside followed.
func TestR4Links(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := plain(t, base)
	write(t, filepath.Join(base, "secret"), "outside")
	for link, target := range map[string]string{
		"out.hcl":  "../secret",
		"abs.hcl":  filepath.Join(base, "secret"),
		"etc":      "/etc",
		"up":       "..",
		"circle":   ".",
		"self.hcl": "self.hcl",
		"gone.hcl": "nowhere",
		"in.hcl":   "main.hcl",
		"web":      "ui",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	files, _, err := Read(dir)
	must(t, err)
	want := map[string]bool{"main.hcl": true, "in.hcl": true, "ui/config.html": true, "web/config.html": true}
	for name := range files {
		if !want[name] {
			t.Errorf("%s was read", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s was not read", name)
	}
	r := start(t, dir, Options{})
	write(t, filepath.Join(base, "secret"), "changed outside")
	write(t, main(base), runbook(1))
	r.next("a change inside")
	r.none()
}
