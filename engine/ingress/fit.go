package ingress

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Fit converts data from outside to a declared type: defaults of optional attributes are filled in, keys
// that the type does not name are left out. What does not fit is a *Refusal with status 422 that names the
// place below root ("body.items[2].price: a number is required") and never a value. A null fits only an
// optional attribute, or `any`.
func Fit(v cty.Value, t cty.Type, defaults *typeexpr.Defaults, root string) (cty.Value, error) {
	plain := v
	if v.ContainsMarked() {
		plain, _ = v.UnmarkDeep() // an input may hold secrets; what is refused names none
	}
	return fit(v, plain, t, defaults, root)
}

// fit is Fit of a v of which plain is the same without marks.
func fit(v, plain cty.Value, t cty.Type, defaults *typeexpr.Defaults, root string) (cty.Value, error) {
	if p := misfit(plain, t, &place{key: root}); p != "" {
		return cty.NilVal, refuse(http.StatusUnprocessableEntity, "%s", p)
	}
	if defaults != nil {
		v = defaults.Apply(v)
	}
	// Not go-cty's own conversion, which takes quadratic time over elements of many types.
	out, err := lang.Convert(v, t)
	if err != nil {
		at := &place{key: root}
		if pe := (cty.PathError{}); errors.As(err, &pe) {
			at = at.below(pe.Path)
		}
		return cty.NilVal, refuse(http.StatusUnprocessableEntity, "%s: %s", at, shown(err.Error()))
	}
	return out, nil
}

// misfit is the first thing in v that keeps it from being a t, or "". It looks before conversion does, for
// conversion takes a null anywhere and names only the object that lacks an attribute.
func misfit(v cty.Value, t cty.Type, at *place) string {
	if t == cty.DynamicPseudoType {
		return ""
	}
	if v.IsNull() {
		return fmt.Sprintf("%s: %s is required, not null", at, kindOf(t))
	}
	switch {
	case t.IsPrimitiveType():
		if v.Type() == t {
			return ""
		}
		if _, err := lang.Convert(v, t); err != nil {
			return fmt.Sprintf("%s: %s is required", at, kindOf(t))
		}
	case t.IsObjectType():
		return misfitObject(v, t, at)
	case t.IsMapType():
		if !v.Type().IsObjectType() && !v.Type().IsMapType() {
			return fmt.Sprintf("%s: %s is required", at, kindOf(t))
		}
		for it := v.ElementIterator(); it.Next(); {
			k, el := it.Element()
			if p := misfit(el, t.ElementType(), &place{parent: at, key: k.AsString()}); p != "" {
				return p
			}
		}
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		return misfitSequence(v, t, at)
	}
	return ""
}

func misfitObject(v cty.Value, t cty.Type, at *place) string {
	vt := v.Type()
	if !vt.IsObjectType() && !vt.IsMapType() {
		return fmt.Sprintf("%s: an object is required", at)
	}
	types := t.AttributeTypes()
	for n := range types {
		if misfitAttribute(v, t, n, at) != "" {
			// There is one. Which is named does not depend on the order of a map.
			for _, n := range slices.Sorted(maps.Keys(types)) {
				if p := misfitAttribute(v, t, n, at); p != "" {
					return p
				}
			}
		}
	}
	return ""
}

func misfitAttribute(v cty.Value, t cty.Type, n string, at *place) string {
	var el cty.Value
	has := false
	if vt := v.Type(); vt.IsObjectType() {
		if has = vt.HasAttribute(n); has {
			el = v.GetAttr(n)
		}
	} else if k := cty.StringVal(n); v.HasIndex(k).True() {
		has, el = true, v.Index(k)
	}
	optional := t.AttributeOptional(n)
	here := &place{parent: at, key: n}
	switch {
	case !has && optional, has && optional && el.IsNull():
		return ""
	case !has:
		return fmt.Sprintf("%s: %s is required, but there is none", here, kindOf(t.AttributeType(n)))
	}
	return misfit(el, t.AttributeType(n), here)
}

func misfitSequence(v cty.Value, t cty.Type, at *place) string {
	vt := v.Type()
	if !vt.IsTupleType() && !vt.IsListType() && !vt.IsSetType() {
		return fmt.Sprintf("%s: %s is required", at, kindOf(t))
	}
	if t.IsTupleType() && v.LengthInt() != t.Length() {
		return fmt.Sprintf("%s: a list of %d elements is required; there are %d", at, t.Length(), v.LengthInt())
	}
	here := &place{parent: at, indexed: true}
	for it := v.ElementIterator(); it.Next(); here.index++ {
		_, el := it.Element()
		var want cty.Type
		if t.IsTupleType() {
			want = t.TupleElementType(here.index)
		} else {
			want = t.ElementType()
		}
		if p := misfit(el, want, here); p != "" {
			return p
		}
	}
	return ""
}

// place is where in a value something is: a list, from the inside out, that becomes text only when it is
// wanted.
type place struct {
	parent  *place
	key     string
	index   int
	indexed bool
}

func (p *place) String() string {
	var steps []string
	for ; p != nil; p = p.parent {
		switch {
		case p.indexed:
			steps = append(steps, fmt.Sprintf("[%d]", p.index))
		case p.parent == nil:
			steps = append(steps, p.key)
		default:
			steps = append(steps, step(p.key))
		}
	}
	slices.Reverse(steps)
	return shown(strings.Join(steps, ""))
}

func (p *place) below(path cty.Path) *place {
	for _, s := range path {
		switch s := s.(type) {
		case cty.GetAttrStep:
			p = &place{parent: p, key: s.Name}
		case cty.IndexStep:
			key, _ := s.Key.Unmark()
			switch {
			case !key.IsKnown() || key.IsNull():
			case key.Type() == cty.String:
				p = &place{parent: p, key: key.AsString()}
			case key.Type() == cty.Number:
				n, _ := key.AsBigFloat().Int64()
				p = &place{parent: p, index: int(n), indexed: true}
			}
		}
	}
	return p
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
