package engine

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
)

// Load is how busy an engine is.
type Load struct {
	Active  int // runs that are being executed
	Queued  int // runs that wait for a worker or for their concurrency group
	Known   int // runs that have not ended
	Workers int
}

// Busy tells how busy the engine is at this moment.
func (e *Engine) Busy() Load {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Load{Active: e.active, Queued: e.queued, Known: len(e.entries), Workers: e.o.Workers}
}

// Opened is a connection of a blueprint in force, or one that a run has opened for itself.
type Opened struct {
	Blueprint  string // "" of a run's own
	Name, Kind string
	// Known are its arguments as far as they were known when it was checked, with their marks; NilVal of a run's own.
	Known cty.Value
	// Value is what its type opened, nil where no step has used it yet.
	Value any
}

// Opened are the connections of the blueprints in force, by name, and then those that runs have opened.
func (e *Engine) Opened() []Opened {
	var out []Opened
	for _, bp := range e.Blueprints() {
		for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
			conn := bp.Connections[name]
			value, _ := e.connections.known(conn)
			out = append(out, Opened{Blueprint: bp.Name, Name: name, Kind: conn.Kind.Name, Known: conn.Known(), Value: value})
		}
	}
	return append(out, e.connections.ofRuns()...)
}

// ofRuns are the open connections that no blueprint in force has: runs opened them for themselves.
func (cs *connections) ofRuns() []Opened {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	used := map[string]bool{}
	for _, key := range cs.keys {
		used[key] = true
	}
	var out []Opened
	for _, key := range slices.Sorted(maps.Keys(cs.byArgs)) {
		if !used[key] {
			kind, rest, _ := strings.Cut(key, "\x00")
			name, _, _ := strings.Cut(rest, "\x00")
			out = append(out, Opened{Name: name, Kind: kind, Known: cty.NilVal, Value: cs.byArgs[key]})
		}
	}
	return out
}

// ReadTrigger reads what a run began with as JSON for people, secrets masked.
func ReadTrigger(ctx context.Context, s Reading, id string) (json.RawMessage, error) {
	r, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	return run.Shown(r.Event), nil
}
