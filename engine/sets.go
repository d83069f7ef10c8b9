package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
)

// sets are the blueprints in force, and the older versions that runs still need.
type sets struct {
	inForce atomic.Pointer[map[string]*compile.Blueprint] // by name; replaced whole
	mu      sync.Mutex                                    // guards versions, and swaps of inForce
	// versions are loaded blueprints by digest.
	versions map[string]*compile.Blueprint
}

// maxVersions is how many loaded versions are kept in memory besides those in force; others are loaded
// again when a run needs them.
const maxVersions = 32

func (s *sets) init() {
	s.versions = map[string]*compile.Blueprint{}
	s.inForce.Store(&map[string]*compile.Blueprint{})
}

// Load puts a checked blueprint in force under its name. Its text is stored first, for the runs that will
// begin with it. Runs going on keep the version that they began with.
func (e *Engine) Load(ctx context.Context, bp *compile.Blueprint) error {
	if err := e.store.PutVersion(ctx, bp.Digest, bp.Name, bp.Bundle); err != nil {
		return fmt.Errorf("store the blueprint %s: %w", bp.Name, err)
	}
	for _, rb := range bp.Runbooks {
		rb.Trigger.Owner = rb
	}
	s := &e.sets
	s.mu.Lock()
	next := maps.Clone(*s.inForce.Load())
	next[bp.Name] = bp
	s.keep(bp, next)
	s.inForce.Store(&next)
	s.mu.Unlock()
	e.connections.trim(next)
	return e.declareSchedules(ctx, bp)
}

func (s *sets) keep(bp *compile.Blueprint, inForce map[string]*compile.Blueprint) {
	s.versions[bp.Digest] = bp
	for digest, old := range s.versions {
		if len(s.versions) <= maxVersions {
			break
		}
		if inForce[old.Name] != old && old != bp {
			delete(s.versions, digest)
		}
	}
}

// Blueprints are those in force, by name.
func (e *Engine) Blueprints() []*compile.Blueprint {
	m := *e.sets.inForce.Load()
	var out []*compile.Blueprint
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[name])
	}
	return out
}

// Route finds the trigger for an address, in the set in force.
func (e *Engine) Route(blueprint, runbook string) (*ingress.Trigger, bool) {
	bp := (*e.sets.inForce.Load())[blueprint]
	if bp == nil {
		return nil, false
	}
	rb := bp.Runbook(runbook)
	if rb == nil {
		return nil, false
	}
	return rb.Trigger, true
}

// version is a blueprint by digest: loaded, or compiled again from the text in the store.
func (e *Engine) version(ctx context.Context, digest string) (*compile.Blueprint, error) {
	s := &e.sets
	s.mu.Lock()
	bp := s.versions[digest]
	s.mu.Unlock()
	if bp != nil {
		return bp, nil
	}
	text, err := e.store.Version(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("the blueprint version %.12s that the run began with: %w", digest, err)
	}
	src, values, err := compile.Unbundle(text, e.values())
	if err != nil {
		return nil, err
	}
	o := e.o.Compile
	o.Values = values
	o.Values.Secrets, o.Stored = s.secrets(src.Dir), true
	bp, diags := compile.Compile(src, o)
	if diags.HasErrors() {
		return nil, fmt.Errorf("the blueprint version %.12s that the run began with no longer compiles: %s", digest, firstError(diags))
	}
	bp.Digest = digest
	for _, rb := range bp.Runbooks {
		rb.Trigger.Owner = rb
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(bp, *s.inForce.Load())
	return bp, nil
}

// secrets are the sensitive values that the blueprint of a directory has now: a version of it from the store
// keeps none, and its *.auto.vars.hcl files are not a part of it.
func (s *sets) secrets(dir string) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, bp := range *s.inForce.Load() {
		if bp.Dir != dir {
			continue
		}
		for _, v := range bp.Variables {
			if v.Sensitive && v.Value.IsWhollyKnown() {
				out[v.Name] = v.Value
			}
		}
	}
	return out
}

func firstError(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			if d.Subject != nil {
				return fmt.Sprintf("%s:%d: %s: %s", d.Subject.Filename, d.Subject.Start.Line, d.Summary, d.Detail)
			}
			return d.Summary + ": " + d.Detail
		}
	}
	return ""
}
