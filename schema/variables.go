package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// sender writes values as the variables of a request: by the types of the schema, secrets in clear. Nulls are
// left out at every depth (LANGUAGE 5), but not where they say something: in lists that may hold them, such as
// the values of a filter (PLATFORM 3.13), and inside JSON.
type sender struct {
	s *Schema
	b []byte
}

// value writes v; an error holds no part of it.
func (w *sender) value(v cty.Value, r *ref) error {
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		return fmt.Errorf("a value of type %s is not known yet", r)
	case v.IsNull():
		w.b = append(w.b, "null"...)
		return nil
	case r.name == "JSON":
		return w.any(v)
	case r.elem != nil:
		return w.list(v, r)
	}
	if t := w.s.lookup(r.name); t != nil && t.kind == inputKind {
		return w.object(v, t, nil)
	}
	leafType := leafOf(r.name).inputType()
	out, err := lang.Convert(v, leafType)
	if err != nil {
		return fmt.Errorf("%s is needed, not %s", w.s.needs(r), typeName(v.Type()))
	}
	return w.any(out)
}

func (w *sender) list(v cty.Value, r *ref) error {
	if !isList(v.Type()) {
		w.b = append(w.b, '[')
		if err := w.value(v, r.elem); err != nil {
			return err
		}
		w.b = append(w.b, ']')
		return nil
	}
	open := len(w.b)
	w.b = append(w.b, '[')
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if plain, _ := e.Unmark(); r.elem.nonNull && plain.IsKnown() && plain.IsNull() {
			continue
		}
		w.comma(open)
		if err := w.value(e, r.elem); err != nil {
			return err
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// object writes an input object; the keys in clear are written as null.
func (w *sender) object(v cty.Value, t *typ, clear []string) error {
	if !isMap(v.Type()) {
		return fmt.Errorf("%s is needed, not %s", w.s.needs(&ref{name: t.name}), typeName(v.Type()))
	}
	open := len(w.b)
	w.b = append(w.b, '{')
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		name := k.AsString()
		plain, _ := e.Unmark()
		if slices.Contains(clear, name) || plain.IsKnown() && plain.IsNull() {
			continue
		}
		f := t.field(name)
		if f == nil {
			return fmt.Errorf("%s has no key %s", t.name, shown(name))
		}
		w.key(open, name)
		if err := w.value(e, f.typ); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range clear {
		w.key(open, name)
		w.b = append(w.b, "null"...)
	}
	w.b = append(w.b, '}')
	return nil
}

func (w *sender) comma(open int) {
	if len(w.b) > open+1 {
		w.b = append(w.b, ',')
	}
}

func (w *sender) key(open int, name string) {
	w.comma(open)
	w.text(name)
	w.b = append(w.b, ':')
}

func (w *sender) text(s string) {
	quoted, _ := json.Marshal(s) // a string always can be
	w.b = append(w.b, quoted...)
}

// any writes a value without regard to a type.
func (w *sender) any(v cty.Value) error {
	plain, _ := lang.UnmarkDeep(v)
	if !plain.IsWhollyKnown() {
		return fmt.Errorf("a part of a value is not known yet")
	}
	if n, ok := smallInt(plain); ok {
		w.b = strconv.AppendInt(w.b, n, 10)
		return nil
	}
	out, err := lang.ToJSON(plain)
	if err != nil {
		return err
	}
	w.b = append(w.b, out...)
	return nil
}

func smallInt(v cty.Value) (int64, bool) {
	if v.Type() != cty.Number || v.IsNull() {
		return 0, false
	}
	n, acc := v.AsBigFloat().Int64()
	return n, acc == big.Exact
}

// blank says whether a top-level key of a filter is dropped before sending: null or empty (PLATFORM 3.13). An
// object with keys is not empty, nor is false.
func blank(v cty.Value) bool {
	v, _ = v.Unmark()
	if !v.IsKnown() {
		return false
	}
	if v.IsNull() {
		return true
	}
	t := v.Type()
	if t == cty.String {
		return v.AsString() == ""
	}
	return (isMap(t) || isList(t)) && v.LengthInt() == 0
}
