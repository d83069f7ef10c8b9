package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// call runs one command line in this process.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	t := &terminal{in: strings.NewReader(""), out: stream{Writer: &out}, err: stream{Writer: &err}, lookup: func(string) (string, bool) { return "", false }}
	code = execute(args, t)
	return code, out.String(), err.String()
}

// Every command says what it does, and shows it by an example.
func TestHelpOfEveryCommand(t *testing.T) {
	root := newRoot(&terminal{})
	seen := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		seen++
		if c.Long == "" || c.Example == "" || c.Short == "" {
			t.Errorf("%s has no long help, no summary or no example", c.CommandPath())
		}
		if !strings.Contains(c.Example, "currant") {
			t.Errorf("%s: the example shows no call of it: %s", c.CommandPath(), c.Example)
		}
		code, out, stderr := call(append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if code != exitDone || !strings.Contains(out, "Examples:") || stderr != "" {
			t.Errorf("%s --help: %d\n%s%s", c.CommandPath(), code, out, stderr)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(root)
	if seen < 20 {
		t.Errorf("only %d commands were seen", seen)
	}
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		args []string
		code int
		said string
	}{
		{"help", []string{"help", "run"}, exitDone, ""},
		{"no such command", []string{"vlidate"}, exitWrong, `Did you mean "validate"?`},
		{"no such subcommand", []string{"runs", "lst"}, exitWrong, `Did you mean "list"?`},
		{"no such flag", []string{"validate", "--jsn"}, exitWrong, "unknown flag: --jsn"},
		{"too many arguments", []string{"version", "x"}, exitWrong, "currant version --help"},
		{"missing argument", []string{"runs", "show"}, exitWrong, "accepts 1 arg"},
		{"no directory", []string{"validate", dir + "/missing"}, exitWrong, "no directory"},
		{"empty directory", []string{"validate", dir}, exitWrong, "no *.hcl file"},
		{"no store", []string{"runs", "list", "--data-dir", dir + "/missing"}, exitFailed, ""},
		{"bad status", []string{"runs", "list", "--status", "faild"}, exitWrong, `Did you mean "failed"?`},
		{"bad time", []string{"runs", "list", "--since", "yesterday"}, exitWrong, "a duration ago"},
		{"bad limit", []string{"runs", "list", "--limit", "0"}, exitWrong, "at least 1"},
		{"bad variable", []string{"validate", dir, "--var", "x"}, exitWrong, "NAME=VALUE"},
		{"bad network", []string{"run", "x", dir, "--allow-network", "10.0.0.0.0/8"}, exitWrong, "--allow-network"},
		{"bad format", []string{"graph", dir, "--format", "svgg"}, exitWrong, `Did you mean "svg"?`},
		{"bad template", []string{"init", dir + "/new", "--template", "webhok"}, exitWrong, `Did you mean "webhook"?`},
		{"bad decision", []string{"runs", "resume", "x", "--do", "repaet"}, exitWrong, `Did you mean "repeat"?`},
		{"bad log format", []string{"serve", dir, "--log-format", "xml"}, exitWrong, "text or json"},
		{"sim", []string{"validate", dir, "--sim=here"}, exitWrong, "write the address"},
		{"no settings file", []string{"version", "--config", dir + "/missing.hcl"}, exitWrong, "missing.hcl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, stderr := call(c.args...)
			if code != c.code || !strings.Contains(stderr, c.said) {
				t.Errorf("exit code %d, want %d and %q; got:\n%s%s", code, c.code, c.said, out, stderr)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"plain ✓ text": "plain ✓ text", "a\nb": `a\nb`, "\x1b[2J": `\u001b[2J`, "a\u202eb": `a\u202eb`, "\U000e0001": `\U000e0001`, "\xff": "\ufffd",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := plainLines("a\n\tb\x07"); got != "a\n\tb\\u0007" {
		t.Errorf("%q", got)
	}
}
