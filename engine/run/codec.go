package run

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/lang"
)

// Sealer keeps secret values at rest (engine/vault).
type Sealer interface {
	Seal(plain, bind []byte) ([]byte, error)
	Unseal(sealed, bind []byte) ([]byte, error)
}

// Codec stores values. A value with sensitive parts is sealed whole, bound to its run and path, beside a
// masked form for people; others are plain JSON with their type.
type Codec struct {
	Sealer Sealer
	Run    string
}

type stored struct {
	Value  json.RawMessage `json:"value"`
	Type   json.RawMessage `json:"type,omitempty"`
	Sealed []byte          `json:"sealed,omitempty"`
}

type sealed struct {
	Value json.RawMessage   `json:"value"` // with its type
	Paths []json.RawMessage `json:"paths"` // what is marked
}

// value encodes a value; nil for none and for an empty object, which Read gives back as such.
func (c *Codec) value(path string, v cty.Value) (json.RawMessage, error) {
	if v == cty.NilVal {
		return nil, nil
	}
	return c.Write(path, v)
}

// Write encodes a value under a path. Unknown parts become null: nothing unknown reaches a run.
func (c *Codec) Write(path string, v cty.Value) (json.RawMessage, error) {
	if !v.IsWhollyKnown() {
		v = known(v)
	}
	if !lang.IsSensitive(v) {
		return typed(v)
	}
	if c.Sealer == nil {
		return nil, errors.New("run: a sensitive value cannot be stored without a key")
	}
	plain, marks := v.UnmarkDeepWithPaths()
	inner := sealed{}
	var err error
	if inner.Value, err = typed(plain); err != nil {
		return nil, err
	}
	for _, m := range marks {
		p, err := encodePath(m.Path)
		if err != nil {
			return nil, err
		}
		inner.Paths = append(inner.Paths, p)
	}
	text, err := json.Marshal(inner)
	if err != nil {
		return nil, err
	}
	out := stored{}
	if out.Sealed, err = c.Sealer.Seal(text, c.bind(path)); err != nil {
		return nil, err
	}
	if out.Value, err = Show(v); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// typed is an unmarked value beside its type. It is what cty's own encoder gives, which takes a hundred
// times as long for a number.
func typed(v cty.Value) (json.RawMessage, error) {
	t := v.Type()
	if t == cty.DynamicPseudoType {
		return json.RawMessage("null"), nil
	}
	value, err := lang.ToJSON(v)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 2*len(value)+64)
	out = append(append(append(out, `{"value":`...), value...), `,"type":`...)
	if out, err = appendType(out, t); err != nil {
		return nil, err
	}
	return append(out, '}'), nil
}

func untyped(s stored) (cty.Value, error) {
	if s.Type == nil {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	t, err := ctyjson.UnmarshalType(s.Type)
	if err != nil {
		return cty.NilVal, err
	}
	return ctyjson.Unmarshal(s.Value, t)
}

func (c *Codec) bind(path string) []byte { return []byte(c.Run + "\x00" + path) }

// Read decodes what Write wrote.
func (c *Codec) Read(path string, b json.RawMessage) (cty.Value, error) {
	if len(b) == 0 {
		return cty.NilVal, nil
	}
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return cty.NilVal, fmt.Errorf("value of %s: %w", path, err)
	}
	if s.Sealed == nil {
		return untyped(s)
	}
	if c.Sealer == nil {
		return cty.NilVal, errors.New("run: a sealed value cannot be read without its key")
	}
	text, err := c.Sealer.Unseal(s.Sealed, c.bind(path))
	if err != nil {
		return cty.NilVal, fmt.Errorf("value of %s: %w", path, err)
	}
	var inner sealed
	if err := json.Unmarshal(text, &inner); err != nil {
		return cty.NilVal, err
	}
	var plain stored
	if err := json.Unmarshal(inner.Value, &plain); err != nil {
		return cty.NilVal, err
	}
	v, err := untyped(plain)
	if err != nil {
		return cty.NilVal, err
	}
	var marks []cty.PathValueMarks
	for _, p := range inner.Paths {
		path, err := decodePath(p)
		if err != nil {
			return cty.NilVal, err
		}
		marks = append(marks, cty.PathValueMarks{Path: path, Marks: cty.NewValueMarks(lang.Sensitive)})
	}
	return v.MarkWithPaths(marks), nil
}

// Show is a value as plain JSON for people, its sensitive parts masked.
func Show(v cty.Value) (json.RawMessage, error) { return lang.ToJSON(known(v)) }

// Shown is the part of a stored value that people may see.
func Shown(b json.RawMessage) json.RawMessage {
	var s stored
	if len(b) == 0 || json.Unmarshal(b, &s) != nil {
		return nil
	}
	return s.Value
}

func known(v cty.Value) cty.Value {
	if v.IsWhollyKnown() {
		return v
	}
	plain, marks := v.UnmarkDeepWithPaths()
	plain, _ = cty.Transform(plain, func(_ cty.Path, x cty.Value) (cty.Value, error) {
		if !x.IsKnown() {
			return cty.NullVal(x.Type()), nil
		}
		return x, nil
	})
	return plain.MarkWithPaths(marks)
}

func encodePath(p cty.Path) (json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, step := range p {
		var item any
		switch s := step.(type) {
		case cty.GetAttrStep:
			item = map[string]string{"attr": s.Name}
		case cty.IndexStep:
			key, err := ctyjson.Marshal(s.Key, cty.DynamicPseudoType)
			if err != nil {
				return nil, err
			}
			item = map[string]json.RawMessage{"index": key}
		}
		b, err := json.Marshal(item)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return json.Marshal(out)
}

func decodePath(b json.RawMessage) (cty.Path, error) {
	var items []struct {
		Attr  string          `json:"attr"`
		Index json.RawMessage `json:"index"`
	}
	if err := json.Unmarshal(b, &items); err != nil {
		return nil, err
	}
	var p cty.Path
	for _, it := range items {
		if it.Index == nil {
			p = p.GetAttr(it.Attr)
			continue
		}
		key, err := ctyjson.Unmarshal(it.Index, cty.DynamicPseudoType)
		if err != nil {
			return nil, err
		}
		p = p.Index(key)
	}
	return p, nil
}
