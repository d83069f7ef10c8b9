package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/lang"
)

// content is a blueprint's content as it is kept for the runs that began with it.
type content struct {
	Name string      `json:"name"`
	Dir  string      `json:"dir"`
	HCL  []lang.File `json:"hcl"`
	// Files are the other files that were read when it was loaded, by path.
	Files map[string][]byte `json:"files,omitempty"`
	// Variables are the values of those that are not sensitive. Secrets are not kept: a run goes on with
	// those of the present settings, so that a rotated one works.
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// bundle is the content of a blueprint as text, and its digest. Equal content has equal text.
func bundle(src *lang.Source, used *files, vars []lang.Variable) (string, []byte) {
	c := content{Name: lang.NameOf(src.Dir), Dir: src.Dir, HCL: src.Files, Files: used.freeze(), Variables: map[string]json.RawMessage{}}
	if src.Name != "" {
		c.Name = src.Name
	}
	for _, v := range vars {
		if v.Sensitive || !v.Value.IsWhollyKnown() {
			continue
		}
		if b, err := ctyjson.Marshal(v.Value, cty.DynamicPseudoType); err == nil {
			c.Variables[v.Name] = b
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), text
}

// Unbundle makes a blueprint's sources again from the text of a Bundle, and the values that its variables
// had; from gives those that the text does not keep.
func Unbundle(text []byte, from lang.Values) (*lang.Source, lang.Values, error) {
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, from, fmt.Errorf("stored blueprint: %w", err)
	}
	from.Pinned = map[string]cty.Value{}
	for name, raw := range c.Variables {
		v, err := ctyjson.Unmarshal(raw, cty.DynamicPseudoType)
		if err != nil {
			return nil, from, fmt.Errorf("stored blueprint: variable %s: %w", name, err)
		}
		from.Pinned[name] = v
	}
	return &lang.Source{Dir: c.Dir, Name: c.Name, Files: c.HCL, Pinned: c.Files}, from, nil
}

// files reads the files that functions name, below the blueprint's directory. What is read while the
// blueprint is loaded stays as it was for all its runs.
type files struct {
	dir string
	// snapshot, where it is not nil, is what is read instead of the disk while the blueprint is loaded.
	snapshot map[string][]byte
	mu       sync.Mutex // guards seen and frozen
	// seen holds contents by path.
	seen   map[string][]byte
	frozen bool
}

func newFiles(src *lang.Source) *files {
	f := &files{dir: src.Dir, snapshot: src.Snapshot, seen: map[string][]byte{}}
	maps.Copy(f.seen, src.Pinned)
	return f
}

// ReadFile is part of lang.Files.
func (f *files) ReadFile(rel string) ([]byte, error) {
	key := filepath.ToSlash(filepath.Clean(rel))
	f.mu.Lock()
	b, ok := f.seen[key]
	f.mu.Unlock()
	if ok {
		return b, nil
	}
	if b, ok := f.snapshot[key]; ok {
		f.keep(key, b)
		return b, nil
	}
	path, err := lang.ConfinePath(f.dir, rel)
	if err != nil {
		return nil, err
	}
	file, diags := lang.ReadFile(path)
	if diags.HasErrors() {
		return nil, errors.New(diags[0].Detail)
	}
	f.keep(key, file.Bytes)
	return file.Bytes, nil
}

func (f *files) keep(key string, b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.frozen {
		f.seen[key] = b
	}
}

// Glob is part of lang.Files. What a pattern matched while the blueprint was loaded stays as it was too.
func (f *files) Glob(pattern string) ([]string, error) {
	key := "glob:" + pattern
	f.mu.Lock()
	kept, ok := f.seen[key]
	f.mu.Unlock()
	var names []string
	if ok {
		return names, json.Unmarshal(kept, &names)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	names, err = doublestar.Glob(root.FS(), pattern, doublestar.WithFilesOnly())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	slices.Sort(names)
	b, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	f.keep(key, b)
	return names, nil
}

func (f *files) freeze() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen, f.snapshot = true, nil
	return maps.Clone(f.seen)
}

func (c *compiler) functionOptions() lang.FunctionOptions {
	return lang.FunctionOptions{Files: c.used,
		ParseTemplate: func(name string, text []byte) (hclsyntax.Expression, hcl.Diagnostics) {
			return lang.ParseTemplate(text, name, hcl.InitialPos)
		},
		DecodeJSON: func(b []byte) (cty.Value, error) { return lang.ParseJSON(b, lang.DataLimits{}) }}
}
