package ingress

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
)

// Fit converts data from outside to a declared type: defaults of optional attributes are filled in, keys
// that the type does not name are left out. What does not fit is a *Refusal with status 422 that names the
// place below root ("body.items[2].price: a number is required") and never a value. A null fits only an
// optional attribute, or `any`.
func Fit(v cty.Value, t cty.Type, defaults *typeexpr.Defaults, root string) (cty.Value, error) {
	plain, _ := v.UnmarkDeep() // an input may hold secrets; what is refused names none
	if p := misfit(plain, t, root); p != "" {
		return cty.NilVal, refuse(http.StatusUnprocessableEntity, "%s", p)
	}
	out, err := lang.ConvertTo(v, t, defaults)
	if err != nil {
		at := root
		if pe := (cty.PathError{}); errors.As(err, &pe) {
			at = pathText(root, pe.Path)
		}
		return cty.NilVal, refuse(http.StatusUnprocessableEntity, "%s: %s", shown(at), err.Error())
	}
	return out, nil
}

// misfit is the first thing in v that keeps it from being a t, or "". It looks before conversion does, for
// conversion takes a null anywhere and names only the object that lacks an attribute.
func misfit(v cty.Value, t cty.Type, at string) string {
	if t == cty.DynamicPseudoType {
		return ""
	}
	if v.IsNull() {
		return fmt.Sprintf("%s: %s is required, not null", shown(at), kindOf(t))
	}
	switch {
	case t.IsObjectType():
		return misfitObject(v, t, at)
	case t.IsMapType():
		if !v.Type().IsObjectType() && !v.Type().IsMapType() {
			return fmt.Sprintf("%s: %s is required", shown(at), kindOf(t))
		}
		for it := v.ElementIterator(); it.Next(); {
			k, el := it.Element()
			if p := misfit(el, t.ElementType(), at+step(k.AsString())); p != "" {
				return p
			}
		}
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		return misfitSequence(v, t, at)
	default:
		if _, err := convert.Convert(v, t); err != nil {
			return fmt.Sprintf("%s: %s is required", shown(at), kindOf(t))
		}
	}
	return ""
}

func misfitObject(v cty.Value, t cty.Type, at string) string {
	vt := v.Type()
	if !vt.IsObjectType() && !vt.IsMapType() {
		return fmt.Sprintf("%s: an object is required", shown(at))
	}
	types := t.AttributeTypes()
	names := make([]string, 0, len(types))
	for n := range types {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		var el cty.Value
		has := false
		if vt.IsObjectType() {
			if has = vt.HasAttribute(n); has {
				el = v.GetAttr(n)
			}
		} else if k := cty.StringVal(n); v.HasIndex(k).True() {
			has, el = true, v.Index(k)
		}
		optional := t.AttributeOptional(n)
		switch {
		case !has && optional, has && el.IsNull() && optional:
		case !has:
			return fmt.Sprintf("%s: %s is required, but there is none", shown(at+step(n)), kindOf(types[n]))
		default:
			if p := misfit(el, types[n], at+step(n)); p != "" {
				return p
			}
		}
	}
	return ""
}

func misfitSequence(v cty.Value, t cty.Type, at string) string {
	vt := v.Type()
	if !vt.IsTupleType() && !vt.IsListType() && !vt.IsSetType() {
		return fmt.Sprintf("%s: %s is required", shown(at), kindOf(t))
	}
	if t.IsTupleType() && v.LengthInt() != t.Length() {
		return fmt.Sprintf("%s: a list of %d elements is required; there are %d", shown(at), t.Length(), v.LengthInt())
	}
	i := 0
	for it := v.ElementIterator(); it.Next(); i++ {
		_, el := it.Element()
		want := cty.DynamicPseudoType
		if t.IsTupleType() {
			want = t.TupleElementType(i)
		} else {
			want = t.ElementType()
		}
		if p := misfit(el, want, fmt.Sprintf("%s[%d]", at, i)); p != "" {
			return p
		}
	}
	return ""
}

// kindOf is a type in words: "a number", "an object".
func kindOf(t cty.Type) string {
	switch {
	case t.IsObjectType():
		return "an object"
	case t.IsMapType():
		return "a map"
	case t.IsListType(), t.IsTupleType():
		return "a list"
	case t.IsSetType():
		return "a list of different values"
	case t == cty.Bool:
		return "true or false"
	case t == cty.String:
		return "a text"
	case t == cty.DynamicPseudoType:
		return "a value"
	}
	return "a " + t.FriendlyName()
}

func step(key string) string {
	if hclsyntax.ValidIdentifier(key) && len(key) <= 100 {
		return "." + key
	}
	return fmt.Sprintf("[%q]", cut(key, 100))
}

func pathText(root string, path cty.Path) string {
	var b strings.Builder
	b.WriteString(root)
	for _, s := range path {
		switch s := s.(type) {
		case cty.GetAttrStep:
			b.WriteString(step(s.Name))
		case cty.IndexStep:
			if s.Key.Type() == cty.String && s.Key.IsKnown() {
				b.WriteString(step(s.Key.AsString()))
			} else if s.Key.Type() == cty.Number && s.Key.IsKnown() {
				b.WriteString("[" + s.Key.AsBigFloat().Text('f', -1) + "]")
			}
		}
	}
	return b.String()
}
