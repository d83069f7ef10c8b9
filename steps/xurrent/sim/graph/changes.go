package graph

import (
	"encoding/json"
	"maps"
	"sync"
)

// changeQueue tells watchers of changes in order. Changes are added while the account is locked, which gives the
// order, and told when it no longer is; one goroutine at a time tells, so a watcher may itself change records.
type changeQueue struct {
	mu       sync.Mutex
	watchers []func(Change)
	pending  []Change
	telling  bool
}

func (q *changeQueue) watch(f func(Change)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.watchers = append(q.watchers, f)
}

func (q *changeQueue) watched() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.watchers) > 0
}

func (q *changeQueue) add(c Change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.watchers) > 0 {
		q.pending = append(q.pending, c)
	}
}

func (q *changeQueue) tell() {
	q.mu.Lock()
	if q.telling {
		q.mu.Unlock()
		return
	}
	q.telling = true
	for len(q.pending) > 0 {
		c, watchers := q.pending[0], q.watchers
		q.pending = q.pending[1:]
		q.mu.Unlock()
		for _, f := range watchers {
			f(c)
		}
		q.mu.Lock()
	}
	q.telling = false
	q.mu.Unlock()
}

// changed adds a change of r, which was before; nil means that it was created.
func (a *Account) changed(action string, r *record, before map[string]any, person string) {
	if !a.world.changes.watched() {
		return
	}
	c := Change{Account: a.id, Type: r.typ.name, ID: a.nodeID(r), Action: action, Before: before, Person: person, At: a.world.opts.Now()}
	if action != ActionDelete {
		c.After = a.asMap(r)
	}
	if n, ok := r.get(keyOwner).(ref); ok {
		if owner := a.at(uint32(n)); owner != nil {
			c.OwnerType, c.OwnerID = owner.typ.name, a.nodeID(owner)
		}
	}
	a.world.changes.add(c)
}

// before is a record as it was, kept for a change; nil when nobody watches.
func (a *Account) before(r *record) map[string]any {
	if !a.world.changes.watched() {
		return nil
	}
	return a.asMap(r)
}

// asMap is a record as Get shows it.
func (a *Account) asMap(r *record) map[string]any {
	out := map[string]any{"id": a.nodeID(r)}
	for _, s := range r.slots {
		out[s.key.String()] = a.shown(s.value)
	}
	return out
}

func (a *Account) shown(v any) any {
	switch v := v.(type) {
	case ref:
		if to := a.at(uint32(v)); to != nil {
			return map[string]any{"id": a.nodeID(to), "type": to.typ.name}
		}
		return nil
	case refs:
		all := []any{}
		for _, n := range v {
			if to := a.shown(ref(n)); to != nil {
				all = append(all, to)
			}
		}
		return all
	case accountRef:
		return map[string]any{"id": string(v), "type": "Account"}
	case map[string]any:
		out := maps.Clone(v)
		for k, e := range out {
			out[k] = a.shown(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = a.shown(e)
		}
		return out
	case json.RawMessage:
		var decoded any
		if json.Unmarshal(v, &decoded) != nil {
			return nil
		}
		return decoded
	}
	return v
}
