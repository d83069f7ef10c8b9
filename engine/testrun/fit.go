package testrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
)

// misfit is why a value could never be what it stands for, and where in it.
type misfit struct {
	path cty.Path
	text string
}

func (m *misfit) Error() string {
	if len(m.path) == 0 {
		return m.text
	}
	return strings.TrimPrefix(lang.PathText(m.path), ".") + ": " + m.text
}

// fit makes a value of a type of what was written for it: attributes that are left out, at any depth, are null.
// Another name than those of the type, or a value that cannot be converted, is a *misfit. Parts may be unknown.
func fit(v cty.Value, t cty.Type) (cty.Value, error) { return fitAt(v, t, nil) }

func fitAt(marked cty.Value, t cty.Type, at cty.Path) (cty.Value, error) {
	v, marks := marked.Unmark()
	switch {
	case t == cty.DynamicPseudoType:
		return marked, nil
	case !v.IsKnown():
		if vt := v.Type(); t.IsPrimitiveType() && vt != cty.DynamicPseudoType && convert.GetConversionUnsafe(vt, t) == nil && !vt.Equals(t) {
			return cty.NilVal, wrongType(v, t, at)
		}
		return cty.UnknownVal(t).WithMarks(marks), nil
	case v.IsNull():
		return cty.NullVal(t).WithMarks(marks), nil
	}
	var out cty.Value
	var err error
	switch {
	case t.IsObjectType():
		out, err = fitObject(v, t, at)
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		out, err = fitElements(v, t, at)
	case t.IsMapType():
		out, err = fitMap(v, t, at)
	default:
		if out, err = convert.Convert(v, t); err != nil {
			return cty.NilVal, wrongType(v, t, at)
		}
	}
	if err != nil {
		return cty.NilVal, err
	}
	return out.WithMarks(marks), nil
}

func wrongType(v cty.Value, t cty.Type, at cty.Path) *misfit {
	return &misfit{path: at.Copy(), text: fmt.Sprintf("%s is needed, not %s", typeexpr.TypeString(t), v.Type().FriendlyName())}
}

func fitObject(v cty.Value, t cty.Type, at cty.Path) (cty.Value, error) {
	if vt := v.Type(); !vt.IsObjectType() && !vt.IsMapType() {
		return cty.NilVal, &misfit{path: at.Copy(), text: "an object is needed, not " + v.Type().FriendlyName()}
	}
	given, types := v.AsValueMap(), t.AttributeTypes()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := types[name]; ok {
			continue
		}
		names := slices.Sorted(maps.Keys(types))
		hint := lang.DidYouMean(name, names)
		if hint == "" {
			hint = " " + has(names)
		}
		return cty.NilVal, &misfit{path: at.GetAttr(name), text: "there is no such attribute." + hint}
	}
	attrs := make(map[string]cty.Value, len(types))
	for name, at2 := range types {
		attrs[name] = cty.NullVal(at2)
		if g, ok := given[name]; ok {
			var err error
			if attrs[name], err = fitAt(g, at2, at.GetAttr(name)); err != nil {
				return cty.NilVal, err
			}
		}
	}
	return cty.ObjectVal(attrs), nil
}

// has says which names there are, the first of them at least.
func has(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "There are none."
	}
	text, more := "", ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return "There are " + text + more + "."
}

func fitElements(v cty.Value, t cty.Type, at cty.Path) (cty.Value, error) {
	if vt := v.Type(); !vt.IsTupleType() && !vt.IsListType() && !vt.IsSetType() {
		return cty.NilVal, &misfit{path: at.Copy(), text: "a list is needed, not " + vt.FriendlyName()}
	}
	vals := v.AsValueSlice()
	for i, el := range vals {
		et := cty.DynamicPseudoType
		switch {
		case !t.IsTupleType():
			et = t.ElementType()
		case i < t.Length():
			et = t.TupleElementType(i)
		}
		var err error
		if vals[i], err = fitAt(el, et, at.Index(cty.NumberIntVal(int64(i)))); err != nil {
			return cty.NilVal, err
		}
	}
	tuple := cty.TupleVal(vals)
	switch {
	case t.IsTupleType():
		if len(vals) != t.Length() {
			return cty.NilVal, &misfit{path: at.Copy(), text: fmt.Sprintf("%d elements are needed, not %d", t.Length(), len(vals))}
		}
		return tuple, nil
	case t.HasDynamicTypes():
		return lang.AsList(tuple), nil // each element of its own type
	}
	return lang.Convert(tuple, t)
}

func fitMap(v cty.Value, t cty.Type, at cty.Path) (cty.Value, error) {
	if vt := v.Type(); !vt.IsObjectType() && !vt.IsMapType() {
		return cty.NilVal, &misfit{path: at.Copy(), text: "a map is needed, not " + vt.FriendlyName()}
	}
	vals := v.AsValueMap()
	for key, el := range vals {
		fitted, err := fitAt(el, t.ElementType(), at.Index(cty.StringVal(key)))
		if err != nil {
			return cty.NilVal, err
		}
		vals[key] = fitted
	}
	switch {
	case len(vals) == 0:
		return cty.MapValEmpty(t.ElementType()), nil
	case t.HasDynamicTypes():
		return cty.ObjectVal(vals), nil
	}
	return cty.MapVal(vals), nil
}

// marked is a value that is sensitive where an unknown of its kind is.
func marked(v, like cty.Value) cty.Value {
	switch {
	case like == cty.NilVal || !like.ContainsMarked():
		return v
	case like.IsMarked():
		return lang.MarkSensitive(v)
	case !v.IsKnown() || v.IsMarked() || v.IsNull() || !v.Type().IsObjectType() || !like.IsKnown() || !like.Type().IsObjectType():
		return v
	}
	attrs := v.AsValueMap()
	for name := range attrs {
		if like.Type().HasAttribute(name) {
			attrs[name] = marked(attrs[name], like.GetAttr(name))
		}
	}
	if len(attrs) == 0 {
		return v
	}
	return cty.ObjectVal(attrs)
}

// placeOf is where in an expression a part of its value is written, as near as can be told.
func placeOf(e hclsyntax.Expression, path cty.Path) hcl.Range {
	for i, step := range path {
		var next hclsyntax.Expression
		switch x := lang.Plain(e).(type) {
		case *hclsyntax.ObjectConsExpr:
			for _, item := range x.Items {
				k, d := item.KeyExpr.Value(nil)
				if d.HasErrors() || k.IsMarked() || !k.IsKnown() || k.IsNull() || k.Type() != cty.String || k.AsString() != nameOf(step) {
					continue
				}
				next = item.ValueExpr
				if i == len(path)-1 {
					return hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
				}
			}
		case *hclsyntax.TupleConsExpr:
			if index, ok := step.(cty.IndexStep); ok && index.Key.Type() == cty.Number {
				if n, _ := index.Key.AsBigFloat().Int64(); n >= 0 && n < int64(len(x.Exprs)) {
					next = x.Exprs[n]
				}
			}
		}
		if next == nil {
			break
		}
		e = next
	}
	return e.Range()
}

func nameOf(step cty.PathStep) string {
	switch s := step.(type) {
	case cty.GetAttrStep:
		return s.Name
	case cty.IndexStep:
		if s.Key.Type() == cty.String {
			return s.Key.AsString()
		}
	}
	return ""
}
