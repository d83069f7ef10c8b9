package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What init says is to be done next is done, word by word, for each template: "dev" in a terminal of its own.
func TestTemplatesRunAsInitSays(t *testing.T) {
	ends := map[string][]string{ // lines that dev shows
		"hello":    nil,
		"webhook":  {`receive finished`},
		"schedule": {`schedule: every 10s`},
		"triage":   {`triage finished`},
		"app":      {`onboarding finished`, `thank finished`},
	}
	for _, tpl := range templates {
		t.Run(tpl.name, func(t *testing.T) {
			lines, known := ends[tpl.name]
			if !known {
				t.Fatal("say what dev shows of the template's runs")
			}
			dir := filepath.Join(t.TempDir(), "mine")
			code, out, stderr := call("init", dir, "--template", tpl.name)
			if code != exitDone {
				t.Fatalf("%d\n%s%s", code, out, stderr)
			}
			_, next, ok := strings.Cut(out, "Next steps:\n  cd "+dir+"\n")
			if !ok {
				t.Fatalf("no next steps: %s", out)
			}
			address := freeAddress(t)
			t.Setenv("CURRANT_LISTEN", address)
			bin := t.TempDir()
			if err := os.Symlink(os.Args[0], filepath.Join(bin, "currant")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			var dev *process
			for command := range commandsIn(next) {
				if strings.HasPrefix(command, "currant dev") {
					dev = start(t, dir, strings.Fields(command)[1:]...)
					dev.await(`^Listening at http://` + regexp.QuoteMeta(address))
					continue
				}
				sh := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(command, "127.0.0.1:7780", address))
				sh.Dir = dir
				if said, err := sh.CombinedOutput(); err != nil || strings.Contains(string(said), `"error"`) {
					t.Errorf("%s: %v\n%s", command, err, said)
				}
			}
			for _, line := range lines {
				if dev == nil {
					t.Fatalf("nothing serves the template: %s", next)
				}
				if !seen(dev, line) {
					dev.await(line)
				}
			}
		})
	}
}

// seen says whether a line has been read already.
func seen(p *process, pattern string) bool {
	want := regexp.MustCompile(pattern)
	for _, line := range p.seen {
		if want.MatchString(line) {
			return true
		}
	}
	return false
}

// commandsIn are the commands in an indented text; a line that ends with \ goes on.
func commandsIn(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		command := ""
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "  ") {
				continue
			}
			command += strings.TrimSpace(line)
			if rest, more := strings.CutSuffix(command, `\`); more {
				command = rest
				continue
			}
			if !yield(command) {
				return
			}
			command = ""
		}
	}
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}
