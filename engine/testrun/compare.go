package testrun

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
)

// compare says whether what is expected holds of an actual value: an object may hold more attributes than are
// expected of it, a list has the same elements, and other values are equal once the expected one is converted to
// the actual one's type, unless the declared type is dynamic: there "3" is not 3. It also gives both for people: what was not asked for is left out of the actual one, and
// what is equal is the same in both, so that what a sensitive value was compared with does not show.
func compare(want, got cty.Value, declared cty.Type) (ok bool, wantShown, gotShown cty.Value) {
	wp, _ := want.Unmark()
	gp, _ := got.Unmark()
	secret := got.IsMarked() || want.IsMarked()
	switch wt, gt := wp.Type(), gp.Type(); {
	case wp.IsNull() || gp.IsNull() || !wp.IsKnown() || !gp.IsKnown():
		if ok = wp.IsNull() && gp.IsNull(); ok {
			return ok, got, got
		}
		return false, want, got
	case isNamed(wt) && isNamed(gt):
		ok, wantShown, gotShown = compareNamed(wp, gp, declared)
	case isListed(wt) && isListed(gt):
		ok, wantShown, gotShown = compareListed(wp, gp, declared)
	default:
		ok, wantShown, gotShown = same(wp, gp, declared), wp, gp
		if ok {
			wantShown = gp
		}
	}
	if secret && (ok || got.IsMarked()) {
		gotShown = lang.MarkSensitive(gotShown)
	}
	if ok {
		wantShown = gotShown
	} else if want.IsMarked() {
		wantShown = lang.MarkSensitive(wantShown)
	}
	return ok, wantShown, gotShown
}

func isNamed(t cty.Type) bool { return t.IsObjectType() || t.IsMapType() }

func isListed(t cty.Type) bool { return t.IsTupleType() || t.IsListType() || t.IsSetType() }

// same says whether two values without members are equal.
func same(want, got cty.Value, declared cty.Type) bool {
	if declared == cty.DynamicPseudoType && !want.Type().Equals(got.Type()) {
		return false
	}
	v, err := convert.Convert(want, got.Type())
	if err != nil || v.IsNull() != got.IsNull() {
		return false
	}
	v, _ = v.UnmarkDeep()
	got, _ = got.UnmarkDeep()
	return v.RawEquals(got)
}

func compareNamed(want, got cty.Value, declared cty.Type) (ok bool, wantShown, gotShown cty.Value) {
	has := got.AsValueMap()
	ok = true
	wantAttrs, gotAttrs := map[string]cty.Value{}, map[string]cty.Value{}
	for name, w := range want.AsValueMap() {
		g, there := has[name]
		if !there {
			plain, _ := w.Unmark()
			if plain.IsNull() {
				continue // what is not there is null
			}
			ok = false
			wantAttrs[name] = w
			continue
		}
		fits, ws, gs := compare(w, g, member(declared, name))
		ok = ok && fits
		wantAttrs[name], gotAttrs[name] = ws, gs
	}
	return ok, cty.ObjectVal(wantAttrs), cty.ObjectVal(gotAttrs)
}

func compareListed(want, got cty.Value, declared cty.Type) (ok bool, wantShown, gotShown cty.Value) {
	ws, gs := want.AsValueSlice(), got.AsValueSlice()
	ok = len(ws) == len(gs)
	for i := range min(len(ws), len(gs)) {
		var fits bool
		fits, ws[i], gs[i] = compare(ws[i], gs[i], element(declared))
		ok = ok && fits
	}
	return ok, cty.TupleVal(ws), cty.TupleVal(gs)
}

// member is the type that is declared for an attribute, or a value of a map.
func member(t cty.Type, name string) cty.Type {
	switch {
	case t.IsObjectType() && t.HasAttribute(name):
		return t.AttributeType(name)
	case t.IsMapType():
		return t.ElementType()
	}
	return cty.DynamicPseudoType
}

// element is the type that is declared for the elements of a list.
func element(t cty.Type) cty.Type {
	if t.IsListType() || t.IsSetType() {
		return t.ElementType()
	}
	return cty.DynamicPseudoType
}

// wholeLines is the length of a value that is shown whole beside another.
const wholeLines = 40

// difference shows how two values differ, line by line, each line indented.
func difference(want, got cty.Value) string {
	before, after := render(want), render(got)
	edits := udiff.Strings(before, after)
	context := 5
	if strings.Count(before, "\n") <= wholeLines {
		context = wholeLines
	}
	text, err := udiff.ToUnified("", "", before, edits, context)
	if err != nil {
		text = before + after // never: the edits are of these texts
	}
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "@@"):
			if b.Len() > 0 {
				b.WriteString("    …\n")
			}
		case line != "" && !strings.HasPrefix(line, "\\"):
			b.WriteString("  " + line[:1] + " " + line[1:] + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// render is a value as a blueprint would write it, one attribute or element per line.
func render(v cty.Value) string {
	var b strings.Builder
	writeValue(&b, v, "")
	return b.String() + "\n"
}

func writeValue(b *strings.Builder, v cty.Value, indent string) {
	if scalar, ok := scalarText(v); ok {
		b.WriteString(scalar)
		return
	}
	t := v.Type()
	inner := indent + "  "
	if isNamed(t) {
		vals := v.AsValueMap()
		b.WriteString("{\n")
		for _, name := range slices.Sorted(maps.Keys(vals)) {
			b.WriteString(inner + keyText(name) + " = ")
			writeValue(b, vals[name], inner)
			b.WriteString("\n")
		}
		b.WriteString(indent + "}")
		return
	}
	b.WriteString("[\n")
	for _, el := range v.AsValueSlice() {
		b.WriteString(inner)
		writeValue(b, el, inner)
		b.WriteString(",\n")
	}
	b.WriteString(indent + "]")
}

// scalarText is a value that has no members, or none to show.
func scalarText(v cty.Value) (string, bool) {
	t := v.Type()
	switch {
	case v.IsMarked():
		return "(sensitive value)", true
	case !v.IsKnown():
		return "(unknown)", true
	case v.IsNull():
		return "null", true
	case isNamed(t) && v.LengthInt() == 0:
		return "{}", true
	case isListed(t) && v.LengthInt() == 0:
		return "[]", true
	case isNamed(t) || isListed(t):
		return "", false
	case t == cty.String && strings.Contains(strings.TrimSuffix(v.AsString(), "\n"), "\n"):
		// By lines, so that a difference shows the line.
		return "<<EOT\n" + strings.TrimSuffix(v.AsString(), "\n") + "\nEOT", true
	}
	text, err := lang.ToJSON(v)
	if err != nil {
		return "(a value that cannot be shown)", true
	}
	return string(text), true
}

func keyText(name string) string {
	if hclsyntax.ValidIdentifier(name) {
		return name
	}
	return strconv.Quote(name)
}

// oneLine is a value on one line, cut where it is long.
func oneLine(v cty.Value) string {
	var b strings.Builder
	open := true // nothing stands before, or what holds the next
	for _, line := range strings.Split(strings.TrimSpace(render(v)), "\n") {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		closes := strings.HasPrefix(line, "}") || strings.HasPrefix(line, "]")
		switch {
		case b.Len() == 0:
		case open || closes:
			b.WriteString(" ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(line)
		open = strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[")
	}
	text := b.String()
	const most = 160
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + " …"
	}
	return text
}

// withoutNulls is an object without the attributes that are null.
func withoutNulls(v cty.Value) cty.Value {
	if v.IsMarked() || v.IsNull() || !v.Type().IsObjectType() {
		return v
	}
	attrs := v.AsValueMap()
	for name, a := range attrs {
		if plain, _ := a.Unmark(); plain.IsNull() || isListed(plain.Type()) && plain.IsKnown() && plain.LengthInt() == 0 {
			delete(attrs, name)
		}
	}
	return cty.ObjectVal(attrs)
}
