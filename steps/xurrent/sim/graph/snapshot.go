package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxHiddenNames bounds the names of fields in a snapshot that no type has: each takes a place among slotKeys for good.
const maxHiddenNames = 1000

// savedAccount is an account in a snapshot.
type savedAccount struct {
	ID      string         `json:"id"`
	Records []*savedRecord `json:"records"`       // by number; null once deleted
	Own     any            `json:"own,omitempty"` // fields of the account itself, in the form of savedValue
}

// savedRecord is a record in a snapshot; its slots are names and values in turn, in the form of savedValue.
type savedRecord struct {
	Type  string `json:"type"`
	Slots []any  `json:"slots"`
}

// Snapshot gives all accounts with all records as JSON, for [World.Restore]. What changes meanwhile is in it or not.
func (w *World) Snapshot() (json.RawMessage, error) {
	out := []savedAccount{}
	for _, a := range w.all() {
		out = append(out, a.save())
	}
	return json.Marshal(out)
}

// Version is a number that grows with every change of any account.
func (w *World) Version() uint64 {
	sum := uint64(0)
	for _, a := range w.all() {
		a.mu.RLock()
		sum += a.version
		a.mu.RUnlock()
	}
	return sum
}

// all are the accounts in the order of their ids.
func (w *World) all() []*Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]*Account, 0, len(w.accounts))
	for _, id := range sortedKeys(w.accounts) {
		out = append(out, w.accounts[id])
	}
	return out
}

func (a *Account) save() savedAccount {
	a.seedOnce.Do(a.seed) // another goroutine may be about to ask for the account for the first time
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := savedAccount{ID: a.id, Records: make([]*savedRecord, len(a.records))}
	for i, r := range a.records {
		if r == nil {
			continue
		}
		to := &savedRecord{Type: r.typ.name, Slots: make([]any, 0, 2*len(r.slots))}
		for _, s := range r.slots {
			if v := savedValue(s.value); v != nil {
				to.Slots = append(to.Slots, s.key.String(), v)
			}
		}
		out.Records[i] = to
	}
	if a.own != nil {
		out.Own = savedValue(a.own)
	}
	return out
}

// Restore fills a world that has no accounts with those of a snapshot, and gives their ids; they are not seeded again. It fails,
// and leaves the world as it is, for what is no snapshot that this program could have made.
func (w *World) Restore(snapshot json.RawMessage) (ids []string, err error) {
	d := json.NewDecoder(bytes.NewReader(snapshot))
	d.UseNumber()
	var all []savedAccount
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	hidden, accounts := map[string]bool{}, map[string]*Account{}
	for _, from := range all {
		if from.ID == "" || accounts[from.ID] != nil {
			return nil, fmt.Errorf("the account %q has no id of its own", from.ID)
		}
		a := newAccount(w, from.ID)
		if err := a.restore(from, hidden); err != nil {
			return nil, fmt.Errorf("account %s: %w", from.ID, err)
		}
		accounts[from.ID] = a
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.accounts) > 0 {
		return nil, errors.New("there are accounts already")
	}
	for id, a := range accounts {
		w.accounts[id] = a
		for _, n := range a.byType["AppOffering"] {
			if r := a.at(n); r.get(keyDraft) == nil {
				w.references.put(r.text(keyReference), "", id)
			}
		}
	}
	return sortedKeys(accounts), nil
}

// restore fills a new account.
func (a *Account) restore(from savedAccount, hidden map[string]bool) error {
	a.seedOnce.Do(func() {})
	a.version = 1 // the cache's own is 0
	a.records = make([]*record, len(from.Records))
	for i, saved := range from.Records {
		if saved == nil {
			a.deleted++
			continue
		}
		t := a.world.model.types[saved.Type]
		if t == nil || t.kind != recordType || t.storage != t || t.def.Kind != ast.Object {
			return fmt.Errorf("record %d is of the unknown type %q", i+1, saved.Type)
		}
		r := &record{typ: t, number: uint32(i + 1), slots: make([]slot, 0, len(saved.Slots)/2)}
		if err := r.restore(saved.Slots, len(from.Records), hidden); err != nil {
			return fmt.Errorf("record %d, %s: %w", i+1, saved.Type, err)
		}
		a.records[i] = r
		a.byType[t.name] = append(a.byType[t.name], r.number)
		if !active(r) {
			a.inactive[t.name]++
		}
		a.indexSource(r)
	}
	own, err := restoredValue(from.Own, len(from.Records))
	if err != nil {
		return err
	}
	var is bool
	if a.own, is = own.(map[string]any); own != nil && !is {
		return errors.New("its own fields are no object")
	}
	return nil
}

// restore fills a new record of an account with so many records. The error names a field that is not as it should be.
func (r *record) restore(slots []any, records int, hidden map[string]bool) error {
	if len(slots)%2 != 0 {
		return errors.New("a field has no value")
	}
	for i := 0; i < len(slots); i += 2 {
		name, _ := slots[i].(string)
		f := r.typ.fields[name]
		if f == nil {
			if hidden[name] = true; name == "" || len(hidden) > maxHiddenNames {
				return fmt.Errorf("the field %q is unknown", name)
			}
		}
		key := keyOf(name)
		value, err := restoredValue(slots[i+1], records)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case value == nil || r.get(key) != nil:
			return fmt.Errorf("%s has no value, or two", name)
		case f != nil && !f.holds(value):
			return fmt.Errorf("%s has a value of another kind", name)
		}
		r.slots = append(r.slots, slot{key, value})
	}
	return nil
}

// holds says whether a value is of the kind that the field keeps.
func (f *fieldInfo) holds(v any) bool {
	switch v.(type) {
	case ref:
		return f.kind == recordField
	case refs:
		return f.kind == recordsField
	case accountRef:
		return f.kind == accountField
	}
	return f.kind == scalarField || f.kind == valueField || f.kind == otherField
}

// Relocate writes another beginning into the addresses that records hold, wherever the first stands. Watchers learn nothing, and
// for Version it is no change.
func (w *World) Relocate(from, to string) {
	for _, a := range w.all() {
		a.mu.Lock()
		for _, r := range a.records {
			if r == nil {
				continue
			}
			for i := range r.slots {
				r.slots[i].value = relocated(r.slots[i].value, from, to)
			}
		}
		for name, v := range a.own {
			a.own[name] = relocated(v, from, to)
		}
		a.cache.Lock()
		a.cache.lists = map[string][]uint32{}
		a.cache.Unlock()
		a.mu.Unlock()
	}
}

// relocated is a value with the addresses in it relocated; values that others may hold are left as they are.
func relocated(v any, from, to string) any {
	switch v := v.(type) {
	case string:
		return replaceAddress(v, from, to)
	case json.RawMessage:
		return json.RawMessage(replaceAddress(string(v), from, to))
	case map[string]any:
		out := maps.Clone(v)
		for name, e := range out {
			out[name] = relocated(e, from, to)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, e := range out {
			out[i] = relocated(e, from, to)
		}
		return out
	}
	return v
}
