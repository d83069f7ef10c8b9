package lang

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
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
	// Snapshot, where it is not nil, is the directory's content: functions read from it and not from disk.
	Snapshot map[string][]byte
}

// SettingsFile holds the settings of a runner, and is no part of a blueprint in whose directory it lies.
const SettingsFile = "runner.hcl"

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
		src.add(e.Name(), File{Name: name, Bytes: b})
	}
	return src, src.empty()
}

// FromFiles is ReadDir over the contents of a directory that were read at one moment: by path relative to
// dir, with slashes. Functions read from them too.
func FromFiles(dir string, files map[string][]byte) (*Source, hcl.Diagnostics) {
	src := &Source{Dir: dir, Snapshot: files}
	for _, rel := range slices.Sorted(maps.Keys(files)) {
		if !strings.Contains(rel, "/") && isBlueprintFile(rel) {
			src.add(rel, File{Name: filepath.Join(dir, rel), Bytes: files[rel]})
		}
	}
	return src, src.empty()
}

func (s *Source) add(base string, f File) {
	switch {
	case strings.HasSuffix(base, ".test.hcl"):
		s.Tests = append(s.Tests, f)
	case strings.HasSuffix(base, ".auto.vars.hcl"):
		s.Vars = append(s.Vars, f)
	default:
		s.Files = append(s.Files, f)
	}
}

func (s *Source) empty() hcl.Diagnostics {
	if len(s.Files) > 0 {
		return nil
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No blueprint",
		Detail: fmt.Sprintf("There is no *.hcl file in %q. Give the directory of a blueprint, or make one with \"currant init\".", s.Dir)}}
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
	if name == SettingsFile {
		return false
	}
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
