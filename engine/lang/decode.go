package lang

import (
	"reflect"
	"time"

	"github.com/zclconf/go-cty/cty"
)

func (f *Field) isValue() bool {
	return f.Form == FormValue || f.Form == FormStatic || f.Form == FormLiteral
}

func (f *Field) absent() cty.Value {
	if f.Default != cty.NilVal {
		return f.Default
	}
	return cty.NullVal(f.Type)
}

// whole says that only whole numbers fit: every number of ours that is bounded from below is a count.
func (f *Field) whole() bool { return f.Min != "" }

func (bs *BlockSpec) onlySteps() bool {
	return bs.Spec.HoldsSteps && len(bs.Spec.Fields) == 0 && len(bs.Spec.Labels) == 0
}

// Decode fills dst, a pointer to the struct that the spec was read from, with the value of an evaluated
// body. It returns the texts that were marked sensitive: in Go types the mark is gone, so whoever sends
// them on must keep them out of logs and errors. Fields of type cty.Value keep their marks.
func (s *Spec) Decode(v cty.Value, dst any) (secrets []string) {
	d := decoder{}
	d.object(s, v, reflect.ValueOf(dst).Elem())
	return d.secrets
}

type decoder struct{ secrets []string }

func (d *decoder) object(s *Spec, v cty.Value, dst reflect.Value) {
	v = d.unmark(v)
	if v.IsNull() || !v.IsKnown() {
		return
	}
	t := v.Type()
	for _, f := range s.Fields {
		if f.isValue() && t.HasAttribute(f.Name) {
			d.set(dst.FieldByIndex(f.index), v.GetAttr(f.Name))
		}
	}
	if f := s.Remain; f != nil && t.HasAttribute(f.Name) {
		d.set(dst.FieldByIndex(f.index), v.GetAttr(f.Name))
	}
	for _, l := range s.Labels {
		if t.HasAttribute(l.Name) {
			d.set(dst.FieldByIndex(l.index), v.GetAttr(l.Name))
		}
	}
	for _, bs := range s.Blocks {
		if t.HasAttribute(bs.Name) {
			d.block(bs, v.GetAttr(bs.Name), dst.FieldByIndex(bs.index))
		}
	}
}

func (d *decoder) block(bs *BlockSpec, v cty.Value, dst reflect.Value) {
	v = d.unmark(v)
	if v.IsNull() || !v.IsKnown() {
		return
	}
	switch dst.Kind() {
	case reflect.Slice:
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			item := reflect.New(dst.Type().Elem()).Elem()
			d.object(bs.Spec, el, item)
			dst.Set(reflect.Append(dst, item))
		}
	case reflect.Pointer:
		p := reflect.New(dst.Type().Elem())
		d.object(bs.Spec, v, p.Elem())
		dst.Set(p)
	default:
		d.object(bs.Spec, v, dst)
	}
}

// set puts a value into a Go field. Null and unknown leave the zero value.
func (d *decoder) set(dst reflect.Value, v cty.Value) {
	if dst.Type() == valueType {
		dst.Set(reflect.ValueOf(v))
		return
	}
	v = d.unmark(v)
	if !v.IsKnown() || v.IsNull() {
		return
	}
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		d.set(p.Elem(), v)
		dst.Set(p)
		return
	}
	switch {
	case dst.Type() == durationType:
		// Checked by Attr.fits.
		dur, _ := ParseDuration(v.AsString())
		dst.SetInt(int64(dur))
	case dst.Kind() == reflect.String:
		dst.SetString(v.AsString())
	case dst.Kind() == reflect.Bool:
		dst.SetBool(v.True())
	case dst.Kind() == reflect.Int, dst.Kind() == reflect.Int64:
		n, _ := v.AsBigFloat().Int64()
		dst.SetInt(n)
	case dst.Kind() == reflect.Float64:
		n, _ := v.AsBigFloat().Float64()
		dst.SetFloat(n)
	case dst.Kind() == reflect.Slice:
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			item := reflect.New(dst.Type().Elem()).Elem()
			d.set(item, el)
			dst.Set(reflect.Append(dst, item))
		}
	case dst.Kind() == reflect.Map:
		m := reflect.MakeMap(dst.Type())
		for it := v.ElementIterator(); it.Next(); {
			k, el := it.Element()
			item := reflect.New(dst.Type().Elem()).Elem()
			d.set(item, el)
			m.SetMapIndex(reflect.ValueOf(k.AsString()), item)
		}
		dst.Set(m)
	}
}

// unmark takes a value's mark off and remembers the texts that it covered.
func (d *decoder) unmark(v cty.Value) cty.Value {
	if v.IsMarked() {
		d.secrets = append(d.secrets, Texts(v)...)
		v, _ = v.Unmark()
	}
	return v
}

// ToValue is the language's value of a Go struct that a spec was read from: the result of a step.
func (s *Spec) ToValue(src any) cty.Value {
	rv := reflect.ValueOf(src)
	attrs := make(map[string]cty.Value, len(s.Fields))
	for _, f := range s.Fields {
		v := toValue(rv.FieldByIndex(f.index), f.Type)
		if f.Secret {
			v = MarkSensitive(v)
		}
		attrs[f.Name] = v
	}
	return cty.ObjectVal(attrs)
}

func toValue(rv reflect.Value, t cty.Type) cty.Value {
	switch x := rv.Interface().(type) {
	case cty.Value:
		if x == cty.NilVal {
			return cty.NullVal(t)
		}
		return x
	case time.Time:
		return cty.StringVal(x.UTC().Format(time.RFC3339))
	}
	switch rv.Kind() {
	case reflect.String:
		return cty.StringVal(rv.String())
	case reflect.Bool:
		return cty.BoolVal(rv.Bool())
	case reflect.Int, reflect.Int64:
		return cty.NumberIntVal(rv.Int())
	case reflect.Float64:
		return cty.NumberFloatVal(rv.Float())
	case reflect.Pointer:
		if rv.IsNil() {
			return cty.NullVal(t)
		}
		return toValue(rv.Elem(), t)
	case reflect.Slice:
		if !t.IsListType() {
			return cty.NullVal(t)
		}
		if rv.Len() == 0 {
			return cty.ListValEmpty(t.ElementType())
		}
		vals := make([]cty.Value, rv.Len())
		for i := range vals {
			vals[i] = toValue(rv.Index(i), t.ElementType())
		}
		if t.ElementType() == cty.DynamicPseudoType {
			return cty.TupleVal(vals) // each of its own type
		}
		return cty.ListVal(vals)
	case reflect.Map:
		if !t.IsMapType() {
			return cty.NullVal(t)
		}
		if rv.Len() == 0 {
			return cty.MapValEmpty(t.ElementType())
		}
		vals := make(map[string]cty.Value, rv.Len())
		for it := rv.MapRange(); it.Next(); {
			vals[it.Key().String()] = toValue(it.Value(), t.ElementType())
		}
		if t.ElementType() == cty.DynamicPseudoType {
			return cty.ObjectVal(vals)
		}
		return cty.MapVal(vals)
	case reflect.Struct:
		return specOf(rv.Type()).ToValue(rv.Interface())
	}
	return cty.NullVal(t)
}
