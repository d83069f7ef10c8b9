package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guidePage = "examples/README.md"

// guidePart is a fence of the guide, with the last line of text before it.
type guidePart struct {
	line         int
	info, before string
	text         string
}

func guideParts(t *testing.T) (parts []guidePart) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, guidePage))
	if err != nil {
		t.Fatal(err)
	}
	var current *guidePart
	before := ""
	for i, line := range strings.Split(string(page), "\n") {
		switch info, fence := strings.CutPrefix(line, "```"); {
		case fence && current == nil:
			current = &guidePart{line: i + 1, info: info, before: before}
		case fence:
			parts = append(parts, *current)
			current, before = nil, ""
		case current != nil:
			current.text += line + "\n"
		case strings.TrimSpace(line) != "":
			before = line
		}
	}
	return parts
}

var (
	writeTo  = regexp.MustCompile("rite this to `([^`]+)`")
	longTerm = regexp.MustCompile(`^currant (dev|sim)\b`) // what has a terminal of its own, until the next
)

// TestGuide does what the guide says: its commands, one after the other, and the files that it lets write; what it
// shows is what they say.
func TestGuide(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(bin, "currant")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	runner, account := freeAddress(t), freeAddress(t)
	t.Setenv("CURRANT_LISTEN", runner)
	t.Setenv("CURRANT_CONSOLE", "off")
	here := strings.NewReplacer("127.0.0.1:7780", runner, "127.0.0.1:7790", account)

	var other *process
	said, ran := "", 0
	for _, p := range guideParts(t) {
		where := fmt.Sprintf("%s:%d", guidePage, p.line)
		switch p.info {
		case "sh build", "sh later":
		case "hcl":
			m := writeTo.FindStringSubmatch(p.before)
			if m == nil {
				t.Fatalf("%s: no file is named before the fence: %q", where, p.before)
			}
			writeFile(t, filepath.Join(dir, m[1]), p.text)
			if other != nil {
				other.await(`is in force, added`)
			}
		case "sh":
			said = ""
			for command := range strings.Lines(p.text) {
				command = strings.TrimSpace(command)
				ran++
				switch to, isCD := strings.CutPrefix(command, "cd "); {
				case isCD:
					dir = filepath.Join(dir, to)
				case longTerm.MatchString(command):
					other.end()
					args := strings.Fields(command)[1:]
					if args[0] == "sim" {
						args = append(args, "--listen", account)
					}
					other = start(t, dir, args...)
					other.await(`Listening at|^Ctrl-C ends it`)
				default:
					sh := exec.CommandContext(t.Context(), "sh", "-ec", here.Replace(command))
					sh.Dir = dir
					out, err := sh.CombinedOutput()
					if err != nil {
						t.Fatalf("%s: %s: %v\n%s", where, command, err, out)
					}
					said += string(out)
				}
			}
		case "text":
			if !shown(p.text).MatchString(said + "\n") {
				t.Errorf("%s: it says\n%s\nand not\n%s", where, said, p.text)
			}
		default:
			t.Errorf("%s: a fence of kind %q", where, p.info)
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands were run", ran)
	}
	other.end()
}

// shown is an answer in the guide as a pattern: … stands for anything in its line, and alone for any lines.
func shown(text string) *regexp.Regexp {
	pattern := "^"
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "…" {
			pattern += `(?:.*\n)*?`
			continue
		}
		pattern += `\s*` + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\s*\n`
	}
	return regexp.MustCompile(pattern + `\s*$`)
}

// end ends a process as Ctrl-C does.
func (p *process) end() {
	if p == nil {
		return
	}
	p.t.Helper()
	p.signal(os.Interrupt)
	if code := p.exit(); code != exitDone {
		p.t.Errorf("%v ends with %d:\n%s", p.cmd.Args, code, strings.Join(p.seen, "\n"))
	}
}
