package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// The body of the encoded form: the names of the two root types; the number of types; for each, in the order of
// their names, the name, the kind and the length of its record; then the records. Texts and lists begin with
// their length, numbers are unsigned varints. Nothing in it is trusted: a reader that runs out of bytes gives
// zero values and remembers that.

type writer struct{ b []byte }

func (w *writer) number(n int)  { w.b = binary.AppendUvarint(w.b, uint64(n)) }
func (w *writer) text(s string) { w.number(len(s)); w.b = append(w.b, s...) }

func (w *writer) fields(fields []*field) {
	w.number(len(fields))
	for _, f := range fields {
		w.text(f.name)
		w.text(f.doc)
		w.text(f.typ.String())
		def := ""
		if f.hasDefault {
			def = "=" + f.def
		}
		w.text(def)
		w.fields(f.args)
	}
}

func (w *writer) record(t *typ) {
	w.text(t.doc)
	w.fields(t.fields)
	w.number(len(t.values))
	for _, v := range t.values {
		w.text(v.name)
		w.text(v.doc)
	}
	w.number(len(t.possible))
	for _, name := range t.possible {
		w.text(name)
	}
}

// encode writes the whole form. The types are sorted by name in place.
func encode(query, mutation string, types []*typ) []byte {
	slices.SortFunc(types, func(a, b *typ) int { return strings.Compare(a.name, b.name) })
	var index, records writer
	index.text(query)
	index.text(mutation)
	index.number(len(types))
	for _, t := range types {
		start := len(records.b)
		records.record(t)
		index.text(t.name)
		index.number(int(t.kind))
		index.number(len(records.b) - start)
	}
	body := append(index.b, records.b...)
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(magic), sum[:], body)
}

type reader struct {
	s   string
	bad bool
}

func (r *reader) number() int {
	var n uint64
	for i := 0; i < len(r.s) && i < 5; i++ {
		c := r.s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.s = r.s[i+1:]
			return int(n)
		}
	}
	r.s, r.bad = "", true
	return 0
}

func (r *reader) text() string {
	n := r.number()
	if n > len(r.s) {
		r.s, r.bad = "", true
		return ""
	}
	out := r.s[:n]
	r.s = r.s[n:]
	return out
}

// count reads the length of a list whose elements take at least one byte each.
func (r *reader) count() int {
	n := r.number()
	if n > len(r.s) {
		r.s, r.bad = "", true
		return 0
	}
	return n
}

// fields reads fields, and their arguments, which have none of their own.
func (r *reader) fields(depth int) []*field {
	n := r.count()
	if n == 0 {
		return nil
	}
	if depth > 1 {
		r.s, r.bad = "", true
		return nil
	}
	list := make([]field, n)
	out := make([]*field, n)
	for i := range list {
		f := &list[i]
		f.name, f.doc = r.text(), r.text()
		f.typ = parseRef(r.text())
		f.def, f.hasDefault = strings.CutPrefix(r.text(), "=")
		f.args = r.fields(depth + 1)
		out[i] = f
		if r.bad {
			return nil
		}
	}
	return out
}

func (s *Schema) readIndex(body string) bool {
	r := &reader{s: body}
	s.query, s.mutation = r.text(), r.text()
	n := r.count()
	s.index = make(map[string]*entry, n)
	s.names = make([]string, n)
	entries, sizes := make([]entry, n), make([]int, n)
	for i := range entries {
		name, k := r.text(), r.number()
		sizes[i] = r.number()
		if k >= len(kindNames) || !isName(name) || r.bad {
			return false
		}
		entries[i].kind = kind(k)
		s.names[i] = name
		s.index[name] = &entries[i]
	}
	for i, size := range sizes {
		if size > len(r.s) {
			return false
		}
		entries[i].record, r.s = r.s[:size], r.s[size:]
	}
	return !r.bad && r.s == "" && s.kindOf(s.query) == objectKind && len(s.index) == n
}

// readType reads one record. A record that is no record, which the checksum makes impossible by accident, is a
// type without fields.
func readType(name string, k kind, record string) *typ {
	r := &reader{s: record}
	t := &typ{name: name, kind: k, doc: r.text(), fields: r.fields(0)}
	if n := r.count(); n > 0 {
		t.values = make([]value, n)
		for i := range t.values {
			t.values[i] = value{r.text(), r.text()}
		}
	}
	if n := r.count(); n > 0 {
		t.possible = make([]string, n)
		for i := range t.possible {
			t.possible[i] = r.text()
		}
	}
	if r.bad {
		return &typ{name: name, kind: k}
	}
	return t
}
