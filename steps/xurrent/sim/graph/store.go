package graph

import (
	"encoding/base64"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Account is one account's records. Its methods may be called at the same time.
type Account struct {
	id       string
	world    *World
	seedOnce sync.Once
	// base is what the numbers of this account's records start after, so that no two accounts share a node id.
	base uint64

	mu      sync.RWMutex
	records []*record           // by number, from 1; nil once deleted
	byType  map[string][]uint32 // in order of number
	deleted int
	// inactive counts records of a type that are archived or in the trash.
	inactive map[string]int
	// own are fields of the account itself that were put.
	own map[string]any
	// sourceKeys finds records by type, source and sourceID.
	sourceKeys map[string]uint32
	// version changes with every change, for the results that cache keeps.
	version uint64
	cache   resultCache
}

// record is one record. Its slots are few, so they are searched one by one.
type record struct {
	typ    *typeInfo
	number uint32
	slots  []slot
}

type slot struct {
	key   slotKey
	value any
}

// Values of slots, beside string, bool, int64, float64, json.RawMessage (JSON), map[string]any (value objects) and
// []any (lists).
type (
	ref        uint32   // a relation to one record
	refs       []uint32 // a relation to many, in order of number
	accountRef string   // an account
)

func newAccount(w *World, id string) *Account {
	h := fnv.New32a()
	h.Write([]byte(id))
	return &Account{id: id, world: w, base: uint64(h.Sum32()%900_000+1) * 10_000_000,
		byType: map[string][]uint32{}, inactive: map[string]int{}, sourceKeys: map[string]uint32{}}
}

// Number is the number that a node id stands for: what REST and webhooks call id. It is 0 for what is no node id.
func Number(nodeID string) int64 {
	_, n, ok := splitNodeID(nodeID)
	if !ok {
		return 0
	}
	return int64(n)
}

const nodePrefix = "4me.xurrent.com/"

func splitNodeID(id string) (typ string, n uint64, ok bool) {
	if len(id) > 200 {
		return "", 0, false
	}
	text, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return "", 0, false
	}
	rest, ok := strings.CutPrefix(string(text), nodePrefix)
	if !ok {
		return "", 0, false
	}
	typ, number, ok := strings.Cut(rest, "/")
	n, err = strconv.ParseUint(number, 10, 63)
	return typ, n, ok && err == nil
}

func (a *Account) nodeID(r *record) string { return string(a.appendNodeID(nil, r)) }

func (a *Account) appendNodeID(b []byte, r *record) []byte {
	var text [128]byte
	t := append(text[:0], nodePrefix...)
	t = append(t, r.typ.name...)
	t = append(t, '/')
	t = strconv.AppendUint(t, a.base+uint64(r.number), 10)
	return base64.RawURLEncoding.AppendEncode(b, t)
}

// lookup finds a record by node id, nil when this account has none.
func (a *Account) lookup(id string) *record {
	typ, n, ok := splitNodeID(id)
	if !ok || n <= a.base || n-a.base > uint64(len(a.records)) {
		return nil
	}
	if r := a.records[n-a.base-1]; r != nil && r.typ.name == typ {
		return r
	}
	return nil
}

func (a *Account) at(n uint32) *record { return a.records[n-1] }

func (r *record) get(k slotKey) any {
	for i := range r.slots {
		if r.slots[i].key == k {
			return r.slots[i].value
		}
	}
	return nil
}

// set keeps a value; nil removes it. Relations go through Account.link.
func (r *record) set(k slotKey, v any) {
	for i := range r.slots {
		if r.slots[i].key == k {
			if v == nil {
				r.slots = slices.Delete(r.slots, i, i+1)
			} else {
				r.slots[i].value = v
			}
			return
		}
	}
	if v != nil {
		r.slots = append(r.slots, slot{k, v})
	}
}

func (r *record) text(k slotKey) string {
	s, _ := r.get(k).(string)
	return s
}

// add makes an empty record.
func (a *Account) add(t *typeInfo, size int) *record {
	r := &record{typ: t, number: uint32(len(a.records) + 1), slots: make([]slot, 0, size)}
	a.records = append(a.records, r)
	a.byType[t.name] = append(a.byType[t.name], r.number)
	a.version++
	return r
}

// remove deletes a record. Relations to it end.
func (a *Account) remove(r *record) {
	for _, s := range slices.Clone(r.slots) {
		if f := r.typ.fields[s.key.String()]; f != nil && (f.kind == recordField || f.kind == recordsField) {
			a.relate(r, f, nil)
		}
	}
	if !active(r) {
		a.inactive[r.typ.name]--
	}
	a.unindexSource(r)
	if r.typ.name == "AppOffering" && r.get(keyDraft) == nil {
		a.world.references.put("", r.text(keyReference), a.id)
	}
	list := a.byType[r.typ.name]
	if i, ok := slices.BinarySearch(list, r.number); ok {
		a.byType[r.typ.name] = slices.Delete(list, i, i+1)
	}
	a.records[r.number-1] = nil
	a.deleted++
	a.version++
}

// setLifeCycle archives a record, moves it to the trash, or makes it active.
func (a *Account) setLifeCycle(r *record, state string) {
	was := active(r)
	r.set(keyLifeCycleState, state)
	switch is := active(r); {
	case was && !is:
		a.inactive[r.typ.name]++
	case !was && is:
		a.inactive[r.typ.name]--
	}
}

func active(r *record) bool {
	s := r.text(keyLifeCycleState)
	return s == "" || s == "active"
}

func (a *Account) indexSource(r *record) {
	if k := sourceKey(r.typ, r.text(keySource), r.text(keySourceID)); k != "" {
		a.sourceKeys[k] = r.number
	}
}

func (a *Account) unindexSource(r *record) {
	if k := sourceKey(r.typ, r.text(keySource), r.text(keySourceID)); k != "" && a.sourceKeys[k] == r.number {
		delete(a.sourceKeys, k)
	}
}

func sourceKey(t *typeInfo, source, id string) string {
	if id == "" {
		return ""
	}
	return t.name + "\x00" + source + "\x00" + id
}

// timestamp is the form in which times are kept and shown; it sorts as text.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// touch sets updatedAt, which is always later than it was: a change can be found by its time, even within a second.
func (a *Account) touch(r *record, now string) {
	a.version++
	if r.typ.fields["updatedAt"] == nil {
		return
	}
	if old := r.text(keyUpdatedAt); now <= old {
		if t, err := time.Parse(time.RFC3339, old); err == nil {
			now = timestamp(t.Add(time.Second))
		}
	}
	r.set(keyUpdatedAt, now)
}
