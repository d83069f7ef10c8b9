package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// MaxPage is the largest page: first and last may not be above it.
const MaxPage = 100

// listing is what a connection lists: records of one type, in order of number.
type listing struct {
	typ     *typeInfo
	numbers []uint32
	root    bool // has view, filter and order
	// dangling says that numbers may be of records that were deleted.
	dangling bool
}

// page is one page of a connection.
type page struct {
	def           *ast.Definition
	records       []*record
	cursor        func(*record) string
	before, after bool
	total         func() int
}

// page reads the page that a field's arguments ask for. The order is that of creation unless another is asked for; then
// a page costs what is on it, however many records there are.
func (x *executor) page(l listing, g *group) (any, string) {
	first, last, message := pageSize(g.args)
	if message != "" {
		return nil, message
	}
	p := &page{def: g.named, cursor: func(r *record) string { return encodeCursor([]any{r.number}) }}
	keep, message := x.keeper(l, g)
	if message != "" {
		return nil, message
	}
	order, message := x.order(l, g)
	if message != "" {
		return nil, message
	}
	switch {
	case order != nil:
		l.numbers, keep = x.chosen(l, g, keep, order), nil
		p.cursor = func(r *record) string { return encodeCursor(order.values(x.a, r)) }
		n := len(l.numbers)
		p.total = func() int { return n }
	case keep == nil:
		n := len(l.numbers)
		p.total = func() int { return n }
	case selects(x, g, "totalCount"):
		l.numbers, keep = x.chosen(l, g, keep, nil), nil
		n := len(l.numbers)
		p.total = func() int { return n }
	}
	from, to := 0, len(l.numbers)
	if c := asText(g.args["after"]); c != "" {
		at, ok := x.position(l, order, c, true)
		if !ok {
			return nil, fmt.Sprintf("Invalid cursor for argument after: %s", shown(c))
		}
		from = at
	}
	if c := asText(g.args["before"]); c != "" {
		at, ok := x.position(l, order, c, false)
		if !ok {
			return nil, fmt.Sprintf("Invalid cursor for argument before: %s", shown(c))
		}
		to = max(at, from)
	}
	x.fill(p, l, keep, from, to, first, last)
	return p, ""
}

// fill takes the records of the page and looks whether there are more on either side.
func (x *executor) fill(p *page, l listing, keep func(*record) bool, from, to, first, last int) {
	pick := func(i int) *record {
		if !x.scan(1) {
			return nil
		}
		r := x.a.at(l.numbers[i])
		if r == nil || keep != nil && !keep(r) {
			return nil
		}
		return r
	}
	if last > 0 && first == 0 {
		i := to - 1
		for ; i >= from && len(p.records) < last; i-- {
			if r := pick(i); r != nil {
				p.records = append(p.records, r)
			}
		}
		slices.Reverse(p.records)
		from = i + 1
	} else {
		i := from
		for ; i < to && len(p.records) < first; i++ {
			if r := pick(i); r != nil {
				p.records = append(p.records, r)
			}
		}
		to = i
		if last > 0 && len(p.records) > last {
			p.records = p.records[len(p.records)-last:]
			p.before = true
		}
	}
	for i := from - 1; i >= 0 && !p.before; i-- {
		p.before = pick(i) != nil
	}
	for i := to; i < len(l.numbers) && !p.after; i++ {
		p.after = pick(i) != nil
	}
}

// pageSize reads first and last; a connection for which neither is given has a page of MaxPage.
func pageSize(args map[string]any) (first, last int, message string) {
	for name, to := range map[string]*int{"first": &first, "last": &last} {
		v, given := args[name]
		if !given || v == nil {
			continue
		}
		n, _ := v.(int64)
		if n < 1 || n > MaxPage {
			return 0, 0, fmt.Sprintf("Argument '%s' must be between 1 and %d, not %d", name, MaxPage, n)
		}
		*to = int(n)
	}
	if first == 0 && last == 0 {
		first = MaxPage
	}
	return first, last, ""
}

// keeper gives the test that the records of a connection must pass, nil when all do.
func (x *executor) keeper(l listing, g *group) (func(*record) bool, string) {
	if !l.root {
		if l.dangling {
			return x.notDangling(l), ""
		}
		return nil, ""
	}
	view := x.view(l.typ, asText(g.args["view"]))
	filter, _ := g.args["filter"].(map[string]any)
	tests, message := x.filter(l.typ, filter)
	if message != "" {
		return nil, message
	}
	if view != nil {
		tests = append(tests, view)
	}
	if len(tests) == 0 {
		return nil, ""
	}
	return func(r *record) bool {
		for _, t := range tests {
			if !t(r) {
				return false
			}
		}
		return true
	}, ""
}

// notDangling is a test only where it is needed.
func (x *executor) notDangling(l listing) func(*record) bool {
	if x.a.deleted == 0 {
		return nil
	}
	return func(*record) bool { return true }
}

func selects(x *executor, g *group, field string) bool {
	return slices.ContainsFunc(x.collect(g.sub, g.named), func(c *group) bool { return c.field.Name == field })
}

// position finds where in the listing a cursor is: the first record after it, or the first not before it.
func (x *executor) position(l listing, o *ordering, cursor string, after bool) (int, bool) {
	key, ok := decodeCursor(cursor)
	if !ok || o == nil && len(key) != 1 || o != nil && len(key) != len(o.terms)+1 {
		return 0, false
	}
	at, _ := slices.BinarySearchFunc(l.numbers, key, func(n uint32, key []any) int {
		var c int
		if o != nil {
			c = o.compareKey(x.a, x.a.at(n), key)
		} else if c = -1; uint64(n) == key[0] {
			c = 0
		} else if uint64(n) > key[0].(uint64) {
			c = 1
		}
		if c == 0 && after {
			return -1
		}
		return c
	})
	return at, true
}

// encodeCursor makes a cursor of the number of a record and the values it is ordered by, so that it stays where it is
// while records come, change and go.
func encodeCursor(key []any) string {
	b, err := json.Marshal(key)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string) ([]any, bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) > 64<<10 {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var key []any
	if d.Decode(&key) != nil || len(key) == 0 {
		return nil, false
	}
	n, ok := number(key[0])
	if !ok || n < 0 {
		return nil, false
	}
	key[0] = uint64(n)
	return key, true
}

func (p *page) definition() *ast.Definition { return p.def }

func (p *page) resolve(x *executor, g *group) (any, string) {
	switch g.field.Name {
	case "nodes":
		if p.records == nil {
			return []any{}, ""
		}
		return p.records, ""
	case "edges":
		edges := make([]any, len(p.records))
		for i, r := range p.records {
			edges[i] = edge{g.named, r, p.cursor(r)}
		}
		return edges, ""
	case "pageInfo":
		info := map[string]any{"hasNextPage": p.after, "hasPreviousPage": p.before}
		if n := len(p.records); n > 0 {
			info["startCursor"], info["endCursor"] = p.cursor(p.records[0]), p.cursor(p.records[n-1])
		}
		return info, ""
	default: // totalCount
		return int64(p.total()), ""
	}
}

type edge struct {
	def    *ast.Definition
	record *record
	cursor string
}

func (e edge) definition() *ast.Definition { return e.def }

func (e edge) resolve(_ *executor, g *group) (any, string) {
	if g.field.Name == "cursor" {
		return e.cursor, ""
	}
	return e.record, ""
}
