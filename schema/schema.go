package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
)

// A Schema is the data model of one account. It does not change once it is made and may be used by many
// goroutines at once.
type Schema struct {
	encoded         string
	digest          string
	query, mutation string // the names of the root types; mutation may be empty
	index           map[string]*entry
	names           []string // of all types, sorted
}

// entry is a type that may not have been looked at yet.
type entry struct {
	kind   kind
	record string
	loaded atomic.Pointer[typ]
}

// The encoded form is magic, the SHA-256 of the rest, and the rest: see format.go.
const magic = "currant schema 1\n"

// Encode gives the indexed form, to be cached and given to Decode.
func (s *Schema) Encode() []byte { return []byte(s.encoded) }

// Digest names the content: two schemas with the same digest are the same.
func (s *Schema) Digest() string { return s.digest }

var errDamaged = errors.New("the stored schema is damaged or was written by another version; it must be fetched again")

// Decode loads what Encode gave. It reads the index only; each type is read when it is first needed. A form
// that was cut, changed or written by another version is an error.
func Decode(b []byte) (*Schema, error) {
	if len(b) < len(magic)+sha256.Size || string(b[:len(magic)]) != magic {
		return nil, errDamaged
	}
	sum, body := b[len(magic):len(magic)+sha256.Size], b[len(magic)+sha256.Size:]
	if sha256.Sum256(body) != [sha256.Size]byte(sum) {
		return nil, errDamaged
	}
	s := &Schema{encoded: string(b), digest: hex.EncodeToString(sum)}
	if !s.readIndex(s.encoded[len(b)-len(body):]) {
		return nil, errDamaged
	}
	return s, nil
}

// lookup is the type of a name, or nil.
func (s *Schema) lookup(name string) *typ {
	e := s.index[name]
	if e == nil {
		return nil
	}
	if t := e.loaded.Load(); t != nil {
		return t
	}
	t := readType(name, e.kind, e.record)
	if !e.loaded.CompareAndSwap(nil, t) {
		t = e.loaded.Load()
	}
	return t
}

// kindOf is the kind of a type without reading it. What the schema does not define counts as a scalar
// (PLATFORM 3.11).
func (s *Schema) kindOf(name string) kind {
	if e := s.index[name]; e != nil {
		return e.kind
	}
	return scalarKind
}

// isComposite says whether a field of this type needs a selection of its own.
func (s *Schema) isComposite(name string) bool {
	k := s.kindOf(name)
	return k == objectKind || k == interfaceKind || k == unionKind
}

// root is a field of the query or mutation type, or nil.
func (s *Schema) root(typeName, field string) *field {
	if t := s.lookup(typeName); t != nil {
		return t.field(field)
	}
	return nil
}

// connection gives the type and the `nodes` field of a connection type (PLATFORM 3.8), or nil, nil.
func (s *Schema) connection(name string) (*typ, *field) {
	if s.kindOf(name) != objectKind {
		return nil, nil
	}
	t := s.lookup(name)
	if t == nil {
		return nil, nil
	}
	f := t.field("nodes")
	if f == nil || f.typ.lists() != 1 || !s.isComposite(f.typ.base()) {
		return nil, nil
	}
	return t, f
}
