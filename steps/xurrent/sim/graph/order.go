package graph

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// ordering is the order of a connection: fields, and then the order of creation.
type ordering struct{ terms []orderTerm }

type orderTerm struct {
	path *fieldPath
	desc bool
}

// order reads the argument order; nil is the order of creation. The rules of a record are in the order of
// their positions.
func (x *executor) order(l listing, g *group) (*ordering, string) {
	list, _ := g.args["order"].([]any)
	o := &ordering{}
	for _, e := range list {
		e, _ := e.(map[string]any)
		field := asText(e["field"])
		path := x.m.fieldPath(l.typ, field)
		if path != nil && len(path.steps) == 1 && path.steps[0].key == keyID {
			path = nil // what follows is that order anyway
		}
		o.terms = append(o.terms, orderTerm{path, e["direction"] == "desc"})
	}
	switch {
	case len(o.terms) > 0:
		return o, ""
	case !l.root && (l.typ.name == offeringRule || l.typ.name == accountRule):
		o.terms = []orderTerm{{path: x.m.fieldPath(l.typ, "position")}}
		return o, ""
	}
	return nil, ""
}

// values is a record's place in the order: its number, and its values.
func (o *ordering) values(a *Account, r *record) []any {
	key := make([]any, 1, len(o.terms)+1)
	key[0] = uint64(r.number)
	for _, t := range o.terms {
		key = append(key, t.path.one(a, r))
	}
	return key
}

func (o *ordering) compareKey(a *Account, r *record, key []any) int {
	return o.compare(o.values(a, r), key)
}

func (o *ordering) compare(k, l []any) int {
	for i, t := range o.terms {
		c := compareScalars(k[i+1], l[i+1])
		if t.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(k[0].(uint64), l[0].(uint64))
}

// compareScalars compares numbers as numbers and all else as text; nothing comes after everything.
func compareScalars(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	if f, ok := number(a); ok {
		if g, ok := number(b); ok {
			return cmp.Compare(f, g)
		}
	}
	return strings.Compare(plain(a), plain(b))
}

// resultCache keeps the latest lists that filters and orders have chosen, until anything changes.
type resultCache struct {
	sync.Mutex
	version uint64
	lists   map[string][]uint32
}

const maxCached = 16

// chosen gives the whole list that a filter and an order choose.
func (x *executor) chosen(l listing, g *group, keep test, o *ordering) []uint32 {
	if !l.root {
		return x.choose(l, keep, o)
	}
	filter, _ := json.Marshal([]any{l.typ.name, g.args["view"], g.args["filter"], g.args["order"], x.meNumber()})
	key := string(filter)
	c := &x.a.cache
	c.Lock()
	if c.version != x.a.version || len(c.lists) >= maxCached {
		c.version, c.lists = x.a.version, map[string][]uint32{}
	}
	list, ok := c.lists[key]
	c.Unlock()
	if ok {
		return list
	}
	list = x.choose(l, keep, o)
	c.Lock()
	if c.version == x.a.version {
		c.lists[key] = list
	}
	c.Unlock()
	return list
}

func (x *executor) meNumber() uint32 {
	if x.me == nil {
		return 0
	}
	return x.me.number
}

func (x *executor) choose(l listing, keep test, o *ordering) []uint32 {
	list := make([]uint32, 0, len(l.numbers))
	if !x.scan(len(l.numbers)) {
		return list
	}
	for _, n := range l.numbers {
		if r := x.a.at(n); r != nil && (keep == nil || keep(r)) {
			list = append(list, n)
		}
	}
	if o == nil || !x.scan(4*len(list)) {
		return list
	}
	keys := make(map[uint32][]any, len(list))
	for _, n := range list {
		keys[n] = o.values(x.a, x.a.at(n))
	}
	slices.SortFunc(list, func(a, b uint32) int { return o.compare(keys[a], keys[b]) })
	return list
}
