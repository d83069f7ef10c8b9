package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	maxValues    = 10
	maxValueText = 200
)

// valuesOf says what the names in a diagnostic's expression stand for. A marked value is never shown.
func valuesOf(d *hcl.Diagnostic) []SnippetValue {
	out := []SnippetValue{}
	if d.Expression == nil || d.EvalContext == nil {
		return out
	}
	for _, t := range variablesOf(d.Expression) {
		name := showText(traversalName(t))
		if slices.ContainsFunc(out, func(v SnippetValue) bool { return v.Traversal == name }) {
			continue
		}
		if s := statementOf(t, d.EvalContext); s != "" {
			out = append(out, SnippetValue{Traversal: name, Statement: s})
		}
	}
	slices.SortStableFunc(out, func(a, b SnippetValue) int { return strings.Compare(a.Traversal, b.Traversal) })
	return out[:min(len(out), maxValues)]
}

func variablesOf(e hcl.Expression) (vars []hcl.Traversal) {
	defer func() {
		if recover() != nil {
			vars = nil // a diagnostic must be shown in any case
		}
	}()
	if he, ok := e.(hclsyntax.Expression); ok {
		return References(he)
	}
	return e.Variables()
}

// statementOf is what a traversal stands for, or "" where it has no value: the library panics on some
// marked values (hashicorp/hcl issue 737), and a diagnostic must be shown in any case.
func statementOf(t hcl.Traversal, ctx *hcl.EvalContext) (s string) {
	defer func() {
		if recover() != nil {
			s = ""
		}
	}()
	v, diags := t.TraverseAbs(ctx)
	if diags.HasErrors() {
		return ""
	}
	return showText(statement(v))
}

func statement(v cty.Value) string {
	t := v.Type()
	switch {
	case v == cty.NilVal:
		return ""
	case v.IsMarked():
		return "is (sensitive value)"
	case !v.IsKnown():
		if t == cty.DynamicPseudoType {
			return "is known only when it runs"
		}
		return "is " + article(t.FriendlyName()) + ", known only when it runs"
	case v.IsNull():
		return "is null"
	case t == cty.Bool:
		return fmt.Sprintf("is %t", v.True())
	case t == cty.Number:
		text, err := numberText(v.AsBigFloat())
		if err != nil {
			return "is infinite"
		}
		return "is " + text
	case t == cty.String:
		text := []rune(v.AsString())
		if len(text) > maxValueText {
			return fmt.Sprintf("is a text of %d characters that begins with %s", len(text), strconv.Quote(string(text[:maxValueText])))
		}
		return "is " + strconv.Quote(string(text))
	case t.IsObjectType():
		return "is object with " + number(len(t.AttributeTypes()), "attribute")
	case t.IsTupleType() || t.IsListType() || t.IsSetType() || t.IsMapType():
		return "is " + t.FriendlyName() + " with " + number(v.LengthInt(), "element")
	}
	return "is " + article(t.FriendlyName())
}

func number(n int, noun string) string {
	if n == 0 {
		return "no " + noun + "s"
	}
	return fmt.Sprintf("%d %s", n, plural(n, noun))
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// traversalName is a traversal as written: local.x["y"][0].
func traversalName(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(step.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			b.WriteByte('[')
			switch k := step.Key; {
			case k.IsMarked() || !k.IsKnown() || k.IsNull():
				b.WriteString("…")
			case k.Type() == cty.String:
				b.WriteString(strconv.Quote(k.AsString()))
			case k.Type() == cty.Number:
				text, _ := numberText(k.AsBigFloat())
				b.WriteString(text)
			}
			b.WriteByte(']')
		}
	}
	return b.String()
}

// A blockFinder finds the block around a place. Each file is parsed once, when it is asked for.
type blockFinder struct {
	files  map[string][]byte
	bodies map[string]*hclsyntax.Body
}

// around is the header of the innermost block with labels around a byte, else of the innermost block, else
// "".
func (f *blockFinder) around(name string, at int) string {
	body, ok := f.bodies[name]
	if !ok {
		if f.bodies == nil {
			f.bodies = map[string]*hclsyntax.Body{}
		}
		body = understood(name, f.files[name])
		f.bodies[name] = body
	}
	if body == nil && 0 < at && at <= len(f.files[name]) {
		// What comes before the place that was refused is within the limits.
		at--
		body = understood(name, f.files[name][:at+1])
	}
	var found *hclsyntax.Block
	for body != nil {
		i := slices.IndexFunc(body.Blocks, func(b *hclsyntax.Block) bool {
			r := hcl.RangeBetween(b.TypeRange, b.CloseBraceRange)
			return r.Start.Byte <= at && at < max(r.End.Byte, r.Start.Byte+1)
		})
		if i < 0 {
			break
		}
		b := body.Blocks[i]
		if len(b.Labels) > 0 || found == nil || len(found.Labels) == 0 {
			found = b
		}
		body = b.Body
	}
	if found == nil {
		return ""
	}
	header := found.Type
	for _, l := range found.Labels {
		header += " " + strconv.Quote(l)
	}
	if r := []rune(header); len(r) > maxValueText {
		header = string(r[:maxValueText]) + "…"
	}
	return showText(header)
}

// understood is the body of a file as far as the parser understood it, mistakes or not; nil if the file is
// refused before the parser sees it.
func understood(name string, src []byte) (body *hclsyntax.Body) {
	guard(name, src, hcl.InitialPos, false, func([]int) hcl.Diagnostics {
		file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		body, _ = file.Body.(*hclsyntax.Body)
		return diags
	})
	return body
}
