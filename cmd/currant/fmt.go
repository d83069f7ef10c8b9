package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"currant/engine/lang"
)

type fmtOptions struct {
	path  string
	check bool
	diff  bool
}

func newFmt(t *terminal) *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt [DIR|FILE|-]",
		Short: "Rewrite blueprint files in the canonical form",
		Long: `Rewrites all *.hcl files of a directory, tests and values too, in the canonical form, and prints the names
of those that changed. A file is replaced whole or not at all. A file that does not parse is reported and
left as it is. With "-", standard input is formatted to standard output.

With --check nothing is written, and the exit code is 1 if a file would change.`,
		Example: `  currant fmt
  currant fmt --check --diff ./survey
  currant fmt - < main.hcl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.path = dirOf(args)
			return runFmt(t, &o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing; exit with 1 if a file is not in the canonical form")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "print what changes")
	return cmd
}

func runFmt(t *terminal, o *fmtOptions) error {
	if o.path == "-" {
		return formatInput(t, o)
	}
	names, err := formattable(o.path)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return invalidf("there is no *.hcl file in %q", o.path)
	}
	changed, broken := 0, hcl.Diagnostics{}
	files := map[string][]byte{}
	for _, name := range names {
		file, diags := lang.ReadFile(name)
		files[name] = file.Bytes
		if diags.HasErrors() {
			broken = append(broken, diags...)
			continue
		}
		out, diags := format(name, file.Bytes)
		if diags.HasErrors() {
			broken = append(broken, diags...)
			continue
		}
		if bytes.Equal(out, file.Bytes) {
			continue
		}
		changed++
		t.out.printf("%s\n", name)
		if o.diff {
			t.out.printf("%s", diff.Diff(name, file.Bytes, name+" (formatted)", out))
		}
		if o.check {
			continue
		}
		if err := replaceFile(name, out); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	if len(broken) > 0 {
		return &invalidError{files: files, diags: broken}
	}
	if o.check && changed > 0 {
		return &silentError{exitFailed}
	}
	return nil
}

func formatInput(t *terminal, o *fmtOptions) error {
	src, err := io.ReadAll(io.LimitReader(t.in, lang.MaxFileBytes+1))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	out, diags := format("<stdin>", src)
	if diags.HasErrors() {
		return &invalidError{files: map[string][]byte{"<stdin>": src}, diags: diags}
	}
	switch {
	case o.diff:
		t.out.printf("%s", diff.Diff("<stdin>", src, "<stdin> (formatted)", out))
	case !o.check:
		t.out.printf("%s", out)
	}
	if o.check && !bytes.Equal(src, out) {
		return &silentError{exitFailed}
	}
	return nil
}

// formattable are the files that fmt is for: all *.hcl of a directory but hidden ones and what editors leave.
func formattable(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &invalidError{err: err}
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && strings.HasSuffix(name, ".hcl") && !strings.ContainsAny(name[:1], ".#~") {
			out = append(out, filepath.Join(path, name))
		}
	}
	return out, nil
}

var bom = []byte("\ufeff")

// format is a file's canonical form. A byte order mark is kept.
func format(name string, src []byte) ([]byte, hcl.Diagnostics) {
	if _, diags := lang.ParseFile(name, src); diags.HasErrors() {
		return nil, diags
	}
	text, marked := bytes.CutPrefix(src, bom)
	out := text
	for range 3 { // the library's result is not always its own canonical form
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if n := len(out); n > 0 && out[n-1] != '\n' {
		out = append(out, '\n')
	}
	if _, diags := lang.ParseFile(name, out); diags.HasErrors() {
		return src, nil // what the library made of it is no better
	}
	if marked {
		out = append(bytes.Clone(bom), out...)
	}
	return out, nil
}

// replaceFile writes a file whole or not at all: beside it first, then in its place. A link stays one.
func replaceFile(name string, data []byte) (err error) {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// A hidden name, so that a watching runner does not read it.
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
