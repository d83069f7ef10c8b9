package lang

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// File is one file as read: its name as shown to users (the directory as given, joined with the base name)
// and its bytes.
type File struct {
	Name  string
	Bytes []byte
}

// Source is a blueprint's directory as read. Each list is in the order of names.
type Source struct {
	// Dir is the directory as given.
	Dir string
	// Files are the blueprint itself: *.hcl, tests and values aside.
	Files []File
	// Tests are *.test.hcl.
	Tests []File
	// Vars are *.auto.vars.hcl. Other *.vars.hcl files are read only when named.
	Vars []File
	// Name is the blueprint's name where it does not follow from Dir, and Pinned are files that functions
	// read, by path: both of a blueprint that a run began with.
	Name   string
	Pinned map[string][]byte
}

// Bytes are all files by name, for diagnostics.
func (s *Source) Bytes() map[string][]byte {
	out := map[string][]byte{}
	for _, files := range [][]File{s.Files, s.Tests, s.Vars} {
		for _, f := range files {
			out[f.Name] = f.Bytes
		}
	}
	return out
}

// ReadDir reads the files of a blueprint: all *.hcl directly in dir. Hidden files, what editors leave and
// sub-directories are not read; a link that leaves dir is an error. On any error nothing is half-read: the
// Source then has no files.
func ReadDir(dir string) (*Source, hcl.Diagnostics) {
	src := &Source{Dir: dir}
	fault := func(summary, format string, args ...any) (*Source, hcl.Diagnostics) {
		return &Source{Dir: dir}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...)}}
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault("No such directory", "There is no directory %q. Give the directory of a blueprint, or make one with \"currant init\".", dir)
	case err != nil:
		return fault("Cannot read the directory", "Reading %q failed: %s.", dir, reason(err))
	}
	total := int64(0)
	for _, e := range entries {
		if !isBlueprintFile(e.Name()) || e.IsDir() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		path, err := ConfinePath(dir, e.Name())
		if err != nil {
			return fault("Cannot read a file", "The file %q cannot be used: %s.", name, err)
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			continue
		}
		b, err := readFile(path, name, &total)
		if err != nil {
			return fault("Cannot read a file", "%s.", err)
		}
		f := File{Name: name, Bytes: b}
		switch {
		case strings.HasSuffix(e.Name(), ".test.hcl"):
			src.Tests = append(src.Tests, f)
		case strings.HasSuffix(e.Name(), ".auto.vars.hcl"):
			src.Vars = append(src.Vars, f)
		default:
			src.Files = append(src.Files, f)
		}
	}
	if len(src.Files) == 0 {
		return fault("No blueprint", "There is no *.hcl file in %q. Give the directory of a blueprint, or make one with \"currant init\".", dir)
	}
	return src, nil
}

// ReadFile reads one file that was named by the user, such as a file of variable values.
func ReadFile(path string) (File, hcl.Diagnostics) {
	total := int64(0)
	b, err := readFile(path, path, &total)
	if err != nil {
		return File{Name: path}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read a file", Detail: err.Error() + "."}}
	}
	return File{Name: path, Bytes: b}, nil
}

// readFile reads a regular file within the limits of size, which are asked before and enforced while
// reading. Total is what was read so far.
func readFile(path, name string, total *int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading %q failed: %s", name, reason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file", name)
	}
	tooLarge := func(n int64) error {
		if n > MaxFileBytes {
			return fmt.Errorf("%q has %d bytes; a file may have at most %d (1 MiB). Split it", name, n, MaxFileBytes)
		}
		if *total+n > MaxTreeBytes {
			return fmt.Errorf("the files up to %q have %d bytes; all files of a blueprint may have at most %d (10 MiB)", name, *total+n, MaxTreeBytes)
		}
		return nil
	}
	if err := tooLarge(info.Size()); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %q failed: %s", name, reason(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q failed: %s", name, reason(err))
	}
	if err := tooLarge(int64(len(b))); err != nil {
		return nil, err
	}
	*total += int64(len(b))
	return b, nil
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// isBlueprintFile says whether a directory entry is read: *.hcl, without hidden files, without what editors
// leave (.x.swp, x~, .#x, #x#), and without *.vars.hcl files that are not automatic.
func isBlueprintFile(name string) bool {
	if !strings.HasSuffix(name, ".hcl") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasPrefix(name, "~") {
		return false
	}
	return !strings.HasSuffix(name, ".vars.hcl") || strings.HasSuffix(name, ".auto.vars.hcl")
}

// ConfinePath is the path of rel inside root, links resolved. Rel is a relative path with slashes; one that
// leaves root, by itself or through a link, is an error.
func ConfinePath(root, rel string) (string, error) {
	switch {
	case rel == "":
		return "", errors.New("the path is empty")
	case strings.ContainsRune(rel, 0):
		return "", errors.New("the path holds a NUL byte")
	case filepath.IsAbs(rel) || strings.HasPrefix(rel, "/") || strings.HasPrefix(rel, `\`):
		return "", errors.New("an absolute path is not allowed; write it relative to the blueprint's directory")
	case slices.Contains(strings.FieldsFunc(rel, func(r rune) bool { return r == '/' || r == '\\' }), ".."):
		return "", errors.New(`".." is not allowed in a path; files must lie in the blueprint's directory`)
	}
	base, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", errors.New(reason(err))
	}
	if base, err = filepath.Abs(base); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(filepath.Join(base, filepath.FromSlash(rel)))
	if err != nil {
		return "", errors.New(reason(err))
	}
	if path != base && !strings.HasPrefix(path, strings.TrimSuffix(base, string(filepath.Separator))+string(filepath.Separator)) {
		return "", errors.New("it is a link that leads out of the blueprint's directory")
	}
	return path, nil
}

// ParseFile checks the bytes of a file and parses them. A file is used whole or not at all: with errors the
// file that is returned has an empty body. It never panics and never returns nil.
func ParseFile(name string, src []byte) (file *hcl.File, diags hcl.Diagnostics) {
	file = &hcl.File{Body: &hclsyntax.Body{SrcRange: hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos},
		EndRange: hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}}, Bytes: src}
	empty := file
	diags = guard(name, src, hcl.InitialPos, false, func() (d hcl.Diagnostics) {
		file, d = hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		return d
	})
	if diags.HasErrors() {
		return empty, diags
	}
	return file, diags
}

// ParseExpression parses an expression that came as text, within the same limits as a file. With errors
// the expression is an unknown value.
func ParseExpression(src []byte, name string, start hcl.Pos) (e hclsyntax.Expression, diags hcl.Diagnostics) {
	diags = guard(name, src, start, false, func() (d hcl.Diagnostics) {
		e, d = hclsyntax.ParseExpression(src, name, start)
		return d
	})
	if e == nil || diags.HasErrors() {
		e = unknownExpr(name, src, start)
	}
	return e, diags
}

// ParseTemplate parses a bare template, as a file given to templatefile is one, within the same limits as a
// file. With errors the expression is an unknown value.
func ParseTemplate(src []byte, name string, start hcl.Pos) (e hclsyntax.Expression, diags hcl.Diagnostics) {
	diags = guard(name, src, start, true, func() (d hcl.Diagnostics) {
		e, d = hclsyntax.ParseTemplate(src, name, start)
		return d
	})
	if e == nil || diags.HasErrors() {
		e = unknownExpr(name, src, start)
	}
	return e, diags
}

func unknownExpr(name string, src []byte, start hcl.Pos) hclsyntax.Expression {
	r := hcl.Range{Filename: name, Start: start, End: start}
	r.End.Byte += len(src)
	return &hclsyntax.ExprSyntaxError{Placeholder: cty.DynamicVal, SrcRange: r}
}

// guard checks text and then parses it. A panic of the parser is a diagnostic; it is the last resort, for
// an overflow of the stack cannot be recovered from.
func guard(name string, src []byte, start hcl.Pos, template bool, parse func() hcl.Diagnostics) (diags hcl.Diagnostics) {
	whole := hcl.Range{Filename: name, Start: start, End: start}
	if len(src) > MaxFileBytes {
		return hcl.Diagnostics{diagAt(whole, "File too large",
			fmt.Sprintf("The text has %d bytes; at most %d (1 MiB) are allowed. Split it.", len(src), MaxFileBytes))}
	}
	if diags := CheckText(name, src); diags.HasErrors() {
		return diags
	}
	if d := checkLimits(name, src, start, template); d != nil {
		return hcl.Diagnostics{d}
	}
	defer func() {
		if p := recover(); p != nil {
			diags = hcl.Diagnostics{diagAt(whole, "Cannot parse this file", fmt.Sprintf("The parser failed: %v. Please report this with the file.", p))}
		}
	}()
	return parse()
}

// ValidName says whether s may name a thing: [a-z][a-z0-9_-]{0,62}.
func ValidName(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '_' && c != '-' && (c < 'a' || c > 'z') && !isDigit(c) {
			return false
		}
	}
	return true
}

// NameOf is the name of a blueprint that does not name itself: the base name of the resolved directory,
// lower-cased, other characters replaced by "-". It may still not be a valid name ("2024").
func NameOf(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	name := []rune(strings.ToLower(filepath.Base(dir)))
	for i, r := range name {
		if r != '_' && r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			name[i] = '-'
		}
	}
	return string(name)
}
