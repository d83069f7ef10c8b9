package engine

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/watch"
)

// Reload says what came of reading a blueprint's directory.
type Reload struct {
	Dir string
	// Blueprint is what is in force for the directory now: the new one, or, where Diags has errors, the last
	// good one (nil if there has been none).
	Blueprint *compile.Blueprint
	Diags     hcl.Diagnostics
	// Files are the sources that were read, for excerpts.
	Files map[string][]byte
	// Swapped says that a new version is in force. Without it and without errors nothing has changed.
	Swapped bool
	// Added, Changed and Removed are names of runbooks.
	Added, Changed, Removed []string
	Took                    time.Duration
}

// Source is one blueprint directory that is kept in force.
type Source struct {
	Dir     string
	Options compile.Options
	// Told is told of each reading. It must not block for long.
	Told func(Reload)

	mu      sync.Mutex // one reading at a time; guards what follows
	current *compile.Blueprint
	digest  watch.Digest
	texts   map[string]string // of the runbooks in force
}

// LoadDir reads, checks and puts in force a blueprint directory. What was in force stays where the new text
// has errors (promise R1). Identical text is no reload.
func (e *Engine) LoadDir(ctx context.Context, s *Source) Reload {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := time.Now()
	if s.Options.Previous == nil {
		s.Options.Previous = &compile.Cache{}
	}
	r := Reload{Dir: s.Dir, Blueprint: s.current}
	src, diags := s.read(e.o.Dir, e.log)
	r.Files = src.Bytes()
	if diags.HasErrors() {
		r.Diags = diags
		return s.tell(r, start)
	}
	bp, diags := compile.Compile(src, s.Options)
	r.Diags = diags
	if diags.HasErrors() {
		return s.tell(r, start)
	}
	if s.current != nil && s.current.Digest == bp.Digest {
		return s.tell(r, start)
	}
	if d := e.nameTaken(s, bp); d != nil {
		r.Diags = append(r.Diags, d)
		return s.tell(r, start)
	}
	if err := e.Load(ctx, bp); err != nil {
		r.Diags = append(r.Diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Blueprint not put in force", Detail: err.Error() + "."})
		return s.tell(r, start)
	}
	if s.current != nil && s.current.Name != bp.Name {
		e.unload(s.current.Name)
	}
	texts := runbookTexts(bp)
	r.Added, r.Changed, r.Removed = compare(s.texts, texts)
	s.current, s.texts = bp, texts
	r.Blueprint, r.Swapped = bp, true
	return s.tell(r, start)
}

func (s *Source) tell(r Reload, start time.Time) Reload {
	r.Took = time.Since(start)
	if s.Told != nil {
		s.Told(r)
	}
	return r
}

// nameTaken refuses a blueprint whose name another directory's has.
func (e *Engine) nameTaken(s *Source, bp *compile.Blueprint) *hcl.Diagnostic {
	other := (*e.sets.inForce.Load())[bp.Name]
	if other == nil || other == s.current || sameDir(other.Dir, s.Dir) {
		return nil
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Two blueprints of one name",
		Detail: "The blueprint of " + s.Dir + " has the name " + bp.Name + ", as the one of " + other.Dir + ". Give one of them another name: blueprint \"NAME\" { }."}
}

func sameDir(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// unload takes a blueprint out of force. Its runs go on.
func (e *Engine) unload(name string) {
	s := &e.sets
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(*s.inForce.Load())
	delete(next, name)
	s.inForce.Store(&next)
}

// Watch keeps a directory in force until ctx ends: each settled change of its content is read.
func (e *Engine) Watch(ctx context.Context, s *Source) error {
	s.mu.Lock()
	w := s.watcher(e.o.Dir, e.log)
	s.mu.Unlock()
	return w.Run(ctx, func(watch.Digest) { e.LoadDir(ctx, s) })
}

// watcher watches for what differs from the last reading. The caller holds mu.
func (s *Source) watcher(data string, log *slog.Logger) *watch.Watcher {
	return watch.New(s.Dir, watch.Options{Log: log, Known: s.digest, Ignore: func(rel string) bool { return inData(s.Dir, rel, data) }})
}

// read reads the directory's files, all from one moment. The caller holds mu.
func (s *Source) read(data string, log *slog.Logger) (*lang.Source, hcl.Diagnostics) {
	files, digest, err := s.watcher(data, log).Read()
	s.digest = digest
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lang.ReadDir(s.Dir) // it has the words for what is missing
	case err != nil:
		return &lang.Source{Dir: s.Dir}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Blueprint not read", Detail: err.Error() + "."}}
	}
	return lang.FromFiles(s.Dir, files)
}

// inData says whether a path below a blueprint's directory belongs to the data directory.
func inData(dir, rel, data string) bool {
	inside, err := filepath.Rel(dir, data)
	if err != nil || strings.HasPrefix(inside, "..") {
		return false
	}
	inside = filepath.ToSlash(inside)
	return rel == inside || strings.HasPrefix(rel, inside+"/")
}

// runbookTexts are the sources of a blueprint's runbooks, to tell which have changed.
func runbookTexts(bp *compile.Blueprint) map[string]string {
	out := map[string]string{}
	for _, rb := range bp.Runbooks {
		text := bp.Files[rb.Range.Filename]
		if from, to := rb.Body.Start.Byte, rb.Body.End.Byte; from <= to && to <= len(text) {
			out[rb.Name] = string(text[from:to])
		}
	}
	return out
}

func compare(old, now map[string]string) (added, changed, removed []string) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		before, known := old[name]
		switch {
		case !known:
			added = append(added, name)
		case before != now[name]:
			changed = append(changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, kept := now[name]; !kept {
			removed = append(removed, name)
		}
	}
	return added, changed, removed
}
