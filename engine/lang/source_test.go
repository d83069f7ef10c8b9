package lang

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func baseNames(files []File) string {
	var out []string
	for _, f := range files {
		out = append(out, filepath.Base(f.Name))
	}
	return strings.Join(out, " ")
}

func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"b.hcl": "b = 1\n", "a.hcl": "", "x.test.hcl": "", "z.auto.vars.hcl": "", "c.auto.vars.hcl": "", "prod.vars.hcl": "", "sub/d.hcl": "", "dir.hcl/e": "",
		".hidden.hcl": "", "a.hcl~": "", ".a.hcl.swp": "", ".#a.hcl": "", "#a.hcl#": "", "4913": "", "a.hcl.bak": "", "notes.txt": "", "real/r": "r = 1\n",
	})
	if err := os.Symlink("b.hcl", filepath.Join(dir, "link.hcl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", filepath.Join(dir, ".#gone.hcl")); err != nil { // an Emacs lock
		t.Fatal(err)
	}
	src, diags := ReadDir(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := baseNames(src.Files); got != "a.hcl b.hcl link.hcl" {
		t.Error(got)
	}
	if got := baseNames(src.Tests); got != "x.test.hcl" {
		t.Error(got)
	}
	if got := baseNames(src.Vars); got != "c.auto.vars.hcl z.auto.vars.hcl" {
		t.Error(got)
	}
	if f := src.Files[1]; f.Name != filepath.Join(dir, "b.hcl") || string(f.Bytes) != "b = 1\n" || string(src.Bytes()[f.Name]) != "b = 1\n" {
		t.Errorf("%+v", f)
	}
}

func TestReadDirRefused(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"x.hcl": ""})
	for name, c := range map[string]struct {
		make func(dir string)
		want string
	}{
		"missing":    {func(dir string) { os.Remove(dir) }, "no directory"},
		"empty":      {func(string) {}, "no *.hcl file"},
		"only tests": {func(dir string) { write(t, dir, map[string]string{"a.test.hcl": ""}) }, "no *.hcl file"},
		"no dir": {func(dir string) {
			os.Remove(dir)
			write(t, filepath.Dir(dir), map[string]string{filepath.Base(dir): ""})
		}, "failed"},
		"large": {func(dir string) { write(t, dir, map[string]string{"a.hcl": strings.Repeat("\n", MaxFileBytes+1)}) }, "1 MiB"},
		"sparse": {func(dir string) {
			write(t, dir, map[string]string{"a.hcl": ""})
			os.Truncate(filepath.Join(dir, "a.hcl"), 1<<40)
		}, "1 MiB"},
		"large tree":  {func(dir string) { writeMany(t, dir, 11) }, "10 MiB"},
		"link out":    {func(dir string) { os.Symlink(filepath.Join(outside, "x.hcl"), filepath.Join(dir, "a.hcl")) }, "out of"},
		"broken link": {func(dir string) { os.Symlink("gone", filepath.Join(dir, "a.hcl")) }, "no such file"},
		"link circle": {func(dir string) { os.Symlink("a.hcl", filepath.Join(dir, "a.hcl")) }, "too many links"},
		"device":      {func(dir string) { os.Symlink("/dev/zero", filepath.Join(dir, "a.hcl")) }, "out of"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			c.make(dir)
			src, diags := ReadDir(dir)
			if !diags.HasErrors() || !strings.Contains(diags[0].Detail, c.want) || len(src.Files) > 0 {
				t.Errorf("%v", diags)
			}
		})
	}
	dir := t.TempDir()
	writeMany(t, dir, 10)
	if _, diags := ReadDir(dir); diags.HasErrors() {
		t.Errorf("10 MiB: %v", diags)
	}
}

func writeMany(t *testing.T, dir string, n int) {
	for i := range n {
		write(t, dir, map[string]string{fmt.Sprintf("f%02d.hcl", i): strings.Repeat("\n", MaxFileBytes)})
	}
}

func TestConfinePath(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"in/a.txt": "", "root/sub/b.txt": "", "root2/c.txt": ""})
	root := filepath.Join(dir, "root")
	for link, to := range map[string]string{"good": "sub/b.txt", "out": "../in/a.txt", "abs": filepath.Join(dir, "in"), "near": "../root2/c.txt"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for rel, ok := range map[string]bool{"sub/b.txt": true, "./sub//b.txt": true, "sub": true, "good": true, ".": true,
		"": false, "../in/a.txt": false, "sub/../sub/b.txt": false, "/etc/passwd": false, `\x`: false, `sub\..\b`: false, "out": false, "abs/a.txt": false, "near": false, "gone": false, "sub\x00": false} {
		got, err := ConfinePath(root, rel)
		if ok != (err == nil) || ok && !filepath.IsAbs(got) {
			t.Errorf("%q: %q, %v", rel, got, err)
		}
	}
	// A root that is itself reached by a link, as Kubernetes mounts it.
	if err := os.Symlink("root", filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if _, err := ConfinePath(filepath.Join(dir, "data"), "good"); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[string]bool{"a": true, "a-b_9": true, strings.Repeat("a", 63): true, "": false, "A": false, "9a": false, "_a": false, "-a": false, "a b": false, "ä": false, "a\n": false, strings.Repeat("a", 64): false} {
		if ValidName(s) != want {
			t.Errorf("%q", s)
		}
	}
	dir := t.TempDir()
	for base, want := range map[string]string{"Survey App": "survey-app", "my_app-2": "my_app-2", "Größe": "gr--e", "a.b": "a-b"} {
		path := filepath.Join(dir, base)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if got := NameOf(path); got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
	if err := os.Symlink("Survey App", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if got := NameOf(filepath.Join(dir, "link")); got != "survey-app" {
		t.Error(got)
	}
}

func utf16Bytes(s string, big, mark bool) []byte {
	if mark {
		s = "\ufeff" + s
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func utf32Bytes(s string, big, mark bool) []byte {
	if mark {
		s = "\ufeff" + s
	}
	var out []byte
	for _, r := range s {
		if big {
			out = append(out, 0, byte(r>>16), byte(r>>8), byte(r))
		} else {
			out = append(out, byte(r), byte(r>>8), byte(r>>16), 0)
		}
	}
	return out
}

// TestH5Encodings puts text of other encodings at the start, in the middle and at the end of a file.
func TestH5Encodings(t *testing.T) {
	bad := map[string][]byte{
		"latin-1": []byte("Gr\xfc\xdfe"), "windows-1252": []byte("\x93x\x94"), "windows-1251": []byte("\xcf\xf0\xe8"), "koi8-r": []byte("\xf0\xd2\xc9"), "shift-jis": []byte("\x93\xfa\x96{"),
		"euc-jp": []byte("\xc6\xfc\xcb\xdc"), "gbk": []byte("\xc4\xe3\xba\xc3"), "big5": []byte("\xa7A\xa6n"), "euc-kr": []byte("\xb0\xa1"), "mac-roman": []byte("\x8a\x9f"), "ebcdic": []byte("\xc8\x85\x93\x93\x96"),
		"utf-16le": utf16Bytes("ab", false, false), "utf-16be": utf16Bytes("ab", true, false), "utf-16le with mark": utf16Bytes("ab", false, true), "utf-16be with mark": utf16Bytes("ab", true, true),
		"utf-32le": utf32Bytes("ab", false, false), "utf-32be": utf32Bytes("ab", true, false), "utf-32le with mark": utf32Bytes("ab", false, true), "utf-32be with mark": utf32Bytes("ab", true, true),
		"overlong": []byte("\xc0\xaf"), "surrogate": []byte("\xed\xa0\x80"), "cesu-8": []byte("\xed\xa0\xbd\xed\xb8\x80"), "above the range": []byte("\xf4\x90\x80\x80"), "cut off": []byte("\xe2\x82"), "lone continuation": []byte("\x80"), "nul": {0}, "modified utf-8": []byte("\xc0\x80"),
	}
	if len(bad) < 25 {
		t.Fatal(len(bad))
	}
	for name, b := range bad {
		for where, src := range map[string][]byte{
			"start":  append(slices.Clone(b), "\na = 1\n"...),
			"middle": slices.Concat([]byte("a = 1\r\n# é\r\nb = \""), b, []byte("\"\n")),
			"end":    append([]byte("a = 1\n\nb = 2\n# "), b...),
		} {
			file, diags := ParseFile("a.hcl", src)
			if !diags.HasErrors() || !strings.Contains(diags[0].Summary, "Invalid character") {
				t.Errorf("%s at the %s: %v", name, where, diags)
				continue
			}
			if line := diags[0].Subject.Start.Line; line != map[string]int{"start": 1, "middle": 3, "end": 4}[where] {
				t.Errorf("%s at the %s: line %d", name, where, line)
			}
			if len(file.Body.(*hclsyntax.Body).Attributes) > 0 {
				t.Errorf("%s at the %s: half of the file is used", name, where)
			}
		}
	}
}

func TestH5Marks(t *testing.T) {
	for src, ok := range map[string]bool{"\ufeffa = 1\n": true, "a = \"é\"\r\nb = 2\r\n": true, "": true, "\ufeff": true, "a = 1": true,
		"\ufeff\ufeffa = 1\n": false, "a = \"\ufeff\"\n": false, "a = 1\n\ufeff": false, "a = 1\rb = 2\r": false} {
		if _, diags := ParseFile("a.hcl", []byte(src)); diags.HasErrors() == ok {
			t.Errorf("%q: %v", src, diags)
		}
	}
}

// TestH5Lines: a mark and CRLF leave positions right.
func TestH5Lines(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		for _, mark := range []string{"", "\ufeff"} {
			src := []byte(mark + strings.ReplaceAll("# 1\n/* 2\n3 */\na = <<X\n5\nX\nb = \"é\" + )\n", "\n", end))
			_, diags := ParseFile("a.hcl", src)
			if len(diags) == 0 {
				t.Fatal("no error")
			}
			r := diags[0].Subject
			if r.Start.Line != 7 || r.Start.Column != 11 || src[r.Start.Byte] != ')' {
				t.Errorf("%q %q: %v", end, mark, r)
			}
			var out bytes.Buffer
			_ = Render(&out, map[string][]byte{"a.hcl": src}, diags, RenderOptions{})
			if want := "   7: b = \"é\" + )\n                ^\n"; !strings.Contains(out.String(), want) {
				t.Errorf("%s", out.String())
			}
		}
	}
}

func TestParseExpression(t *testing.T) {
	at := hcl.Pos{Line: 5, Column: 7, Byte: 100}
	if _, diags := ParseExpression([]byte("a + b"), "x", at); diags.HasErrors() {
		t.Error(diags)
	}
	e, diags := ParseExpression([]byte(strings.Repeat("(", 101)), "x", at)
	if !diags.HasErrors() || e == nil || diags[0].Subject.Start != (hcl.Pos{Line: 5, Column: 107, Byte: 200}) {
		t.Errorf("%v", diags[0].Subject)
	}
	if e, diags := ParseExpression([]byte("1 +"), "x", at); !diags.HasErrors() || e == nil {
		t.Error(diags)
	}
	if _, diags := ParseTemplate([]byte("a ${b}\n%{if c}\"d%{endif}"), "x", at); diags.HasErrors() {
		t.Error(diags)
	}
	if _, diags := ParseTemplate([]byte(strings.Repeat("%{if a}", 101)), "x", at); !diags.HasErrors() || diags[0].Summary != "Nested too deeply" {
		t.Error(diags)
	}
}
