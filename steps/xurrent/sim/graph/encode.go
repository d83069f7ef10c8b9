package graph

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
)

// dynamic is an object whose fields are worked out when they are asked for: the roots, connections, payloads, the
// schema itself. A message is an error of the field.
type dynamic interface {
	definition() *ast.Definition
	resolve(x *executor, g *group) (value any, message string)
}

// object writes the selected fields of an object. ok is false when the object must be null instead, because a field
// that cannot be null is.
func (x *executor) object(b []byte, src any, declared *ast.Definition, s *selection) (out []byte, ok bool) {
	start := len(b)
	if x.stop(len(b)) {
		return b, false
	}
	b = append(b, '{')
	switch src := src.(type) {
	case *record:
		b, ok = x.record(b, src, declared, s)
	case accountRef:
		b, ok = x.fields(b, accountObject{src, x.m.types["Account"].def}, s)
	case map[string]any:
		b, ok = x.fields(b, valueObject{declared, src}, s)
	case dynamic:
		b, ok = x.fields(b, src, s)
	}
	if !ok {
		return b[:start], false
	}
	return append(b, '}'), true
}

// stop says whether the answer has become too big, or nobody waits for it.
func (x *executor) stop(size int) bool {
	switch {
	case x.fatal != "":
	case size > maxBytes:
		x.fatal = "Query is too complex: the answer is too big"
	case x.nodes > maxNodes:
		x.fatal = fmt.Sprintf("Query is too complex: it returns more than %d records", maxNodes)
	case x.nodes%64 == 0 && x.ctx.Err() != nil:
		x.fatal = "The request was cancelled"
	}
	return x.fatal != ""
}

// scan counts records that are looked at; false when there were too many, or nobody waits any more.
func (x *executor) scan(n int) bool {
	x.scanned += n
	if x.scanned > maxScan && x.fatal == "" {
		x.fatal = "Query is too complex: it searches too many records"
	}
	return x.fatal == "" && (n == 1 || !x.stop(0))
}

func (x *executor) fields(b []byte, src dynamic, s *selection) ([]byte, bool) {
	def := src.definition()
	for i, g := range x.collect(s, def) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, g.key...)
		if g.def == typenameField {
			b = appendString(b, def.Name)
			continue
		}
		x.path = append(x.path, g.alias)
		v, message := src.resolve(x, g)
		if message != "" {
			x.fail(g.field.Position, "%s", message)
		}
		var ok bool
		if w, isWritten := v.(written); isWritten {
			b, ok = append(b, w.json...), w.ok
		} else {
			b, ok = x.value(b, g, v, g.def.Type)
		}
		x.path = x.path[:len(x.path)-1]
		if !ok {
			return b, false
		}
	}
	return b, true
}

// written is a value that its resolver has encoded already, while it held the account's lock.
type written struct {
	json []byte
	ok   bool
}

// record writes a record's fields. What it is declared as matters for WebhookPolicyCreateResponse only.
func (x *executor) record(b []byte, r *record, declared *ast.Definition, s *selection) ([]byte, bool) {
	x.nodes++
	def := r.typ.def
	if declared.Kind == ast.Object {
		def = declared
	}
	for i, g := range x.collect(s, def) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, g.key...)
		if g.sub == nil {
			b = x.leafOf(b, r, g, def)
			continue
		}
		x.path = append(x.path, g.alias)
		v, message := x.relation(r, g)
		if message != "" {
			x.fail(g.field.Position, "%s", message)
		}
		b, _ = x.value(b, g, v, g.def.Type) // relations of records may all be null
		x.path = x.path[:len(x.path)-1]
	}
	return b, x.fatal == ""
}

func (x *executor) leafOf(b []byte, r *record, g *group, def *ast.Definition) []byte {
	switch {
	case g.def == typenameField:
		return appendString(b, def.Name)
	case g.info.key == keyID:
		b = append(b, '"')
		return append(x.a.appendNodeID(b, r), '"')
	}
	v := r.get(g.info.key)
	if v == nil {
		switch {
		case g.info.key == keyExpiringURL:
			return x.expiringURL(b, r)
		case g.def.Type.Elem != nil:
			return append(b, "[]"...)
		case g.named.Name == "Boolean":
			return append(b, "false"...)
		case g.info.key == keyLifeCycleState:
			return append(b, `"active"`...)
		}
	}
	return appendValue(b, v)
}

// expiringURL writes an attachment's short-lived address, null where its file is not there.
func (x *executor) expiringURL(b []byte, r *record) []byte {
	if x.hooks.ExpiringURL != nil {
		if address := x.hooks.ExpiringURL(r.text(keyKey)); address != "" {
			return appendString(b, address)
		}
	}
	return append(b, "null"...)
}

// relation gives what a composite field of a record leads to.
func (x *executor) relation(r *record, g *group) (any, string) {
	f := g.info
	v := r.get(f.key)
	switch f.kind {
	case accountField:
		if f.key == keyAccount {
			return accountRef(x.a.id), ""
		}
		return v, ""
	case recordField:
		n, ok := v.(ref)
		if !ok {
			return nil, ""
		}
		to := x.a.at(uint32(n))
		if to == nil || !x.allowed(to.typ, "Read") {
			return nil, ""
		}
		return to, ""
	case recordsField:
		if !x.allowed(f.target, "Read") {
			return nil, ""
		}
		numbers, _ := v.(refs)
		if x.m.types[g.named.Name].kind == connectionType {
			return x.page(listing{typ: f.target, numbers: numbers, dangling: true}, g)
		}
		return x.a.related(r, f), ""
	case valueField:
		if v == nil && f.def.Type.Elem != nil {
			return []any{}, ""
		}
	}
	return v, ""
}

// value writes a field's value of any kind; ok is false when it is null and the type says that it cannot be.
func (x *executor) value(b []byte, g *group, v any, t *ast.Type) (out []byte, ok bool) {
	start := len(b)
	switch list := v.(type) {
	case nil:
		return append(b, "null"...), !t.NonNull
	case []*record:
		return x.list(b, g, t, len(list), func(i int) any { return orNil(list[i]) })
	case []any:
		if t.Elem == nil { // a JSON value
			break
		}
		return x.list(b, g, t, len(list), func(i int) any { return list[i] })
	}
	if g.sub == nil {
		return appendValue(b, v), true
	}
	b, ok = x.object(b, v, g.named, g.sub)
	if !ok {
		return append(b[:start], "null"...), !t.NonNull
	}
	return b, true
}

func orNil(r *record) any {
	if r == nil {
		return nil
	}
	return r
}

func (x *executor) list(b []byte, g *group, t *ast.Type, n int, at func(int) any) ([]byte, bool) {
	start := len(b)
	b = append(b, '[')
	elem := t.Elem
	if elem == nil {
		elem = t
	}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		x.path = append(x.path, i)
		var ok bool
		b, ok = x.value(b, g, at(i), elem)
		x.path = x.path[:len(x.path)-1]
		if !ok {
			return append(b[:start], "null"...), !t.NonNull
		}
	}
	return append(b, ']'), true
}

// appendValue writes a scalar, a list of them, or JSON.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case json.RawMessage:
		return append(b, v...)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// appendString writes a JSON string; nearly all need no escape.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, _ := json.Marshal(s)
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
