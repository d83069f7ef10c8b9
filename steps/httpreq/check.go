package httpreq

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// check looks at a step before anything runs. What is unknown yet is checked again by the call.
func check(c *steps.Check) hcl.Diagnostics {
	diags := steps.ExactlyOne(c.Body, "url", "path")
	diags = append(diags, checkBodies(c)...)
	diags = append(diags, checkURL(c.Body, c.Args, "url")...)
	if v, ok := steps.Known(c.Args, "path"); ok && v.Type() == cty.String {
		if why := checkPath(v.AsString()); why != "" {
			diags = append(diags, invalid(c.Body, "path", why))
		}
	}
	diags = append(diags, checkPairs(c, "query")...)
	diags = append(diags, checkPairs(c, "form")...)
	diags = append(diags, checkHeaders(c.Body, c.Args)...)
	diags = append(diags, checkExpect(c)...)
	for i, b := range c.Body.BlocksOf("part") {
		diags = append(diags, steps.ExactlyOne(b.Body, "value", "file_path", "content")...)
		diags = append(diags, checkPart(c, i, b)...)
	}
	return diags
}

func checkBodies(c *steps.Check) hcl.Diagnostics {
	diags := steps.AtMostOne(c.Body, "json", "body", "form")
	parts := c.Body.BlocksOf("part")
	if len(parts) == 0 {
		return diags
	}
	for _, name := range []string{"json", "body", "form"} {
		if a := c.Body.Attr(name); a != nil {
			return append(diags, lang.Error(a.NameRange, "Conflicting arguments",
				"%q may not stand beside \"part\" blocks: a request has one body.", name))
		}
	}
	return diags
}

// checkURL reports an argument that is known and no address that we call.
func checkURL(b *lang.Body, args cty.Value, name string) hcl.Diagnostics {
	v, ok := steps.Known(args, name)
	if !ok || v.Type() != cty.String {
		return nil
	}
	if _, err := outbound.CheckURL(v.AsString()); err != nil {
		return hcl.Diagnostics{invalid(b, name, err.Error())}
	}
	return nil
}

// checkPath is what is wrong with a path below base_url, or "".
func checkPath(path string) string {
	lower := strings.ToLower(path)
	if strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		return "a path is the part after the connection's base_url; write url for a whole address"
	}
	plain, _, _ := strings.Cut(path, "?")
	plain, _, _ = strings.Cut(plain, "#")
	// Servers may resolve these, and a value inside the path must not lead out of base_url.
	plain = strings.ReplaceAll(strings.ToLower(plain), "%2e", ".")
	plain = strings.ReplaceAll(strings.ReplaceAll(plain, "%2f", "/"), "%5c", "/")
	for segment := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return `a path may not hold the parts "." and ".."`
		}
	}
	return ""
}

func checkPairs(c *steps.Check, name string) hcl.Diagnostics {
	v := steps.Arg(c.Args, name)
	if v == cty.NilVal {
		return nil
	}
	if _, err := pairsOf(v); err != nil {
		return hcl.Diagnostics{invalid(c.Body, name, err.Error())}
	}
	return nil
}

func checkHeaders(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	v := steps.Arg(args, "headers")
	if v == cty.NilVal {
		return nil
	}
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		if el.IsKnown() && el.IsNull() {
			continue
		}
		name, value := k.AsString(), ""
		if el.IsKnown() && el.Type() == cty.String {
			value = el.AsString()
		}
		if why := headerProblem(name, value); why != "" {
			diags = append(diags, invalid(b, "headers", why))
		}
		if lower := strings.ToLower(name); seen[lower] {
			diags = append(diags, invalid(b, "headers", fmt.Sprintf("%q is there twice; upper and lower case are the same in a header's name", name)))
		} else {
			seen[lower] = true
		}
	}
	if b.Spec.Block("part") != nil && len(b.BlocksOf("part")) > 0 && seen["content-type"] {
		diags = append(diags, invalid(b, "headers", whyMultipart))
	}
	return diags
}

func checkExpect(c *steps.Check) hcl.Diagnostics {
	v, ok := steps.Known(c.Args, "expect")
	if !ok || !v.CanIterateElements() {
		return nil
	}
	if v.LengthInt() == 0 {
		return hcl.Diagnostics{invalid(c.Body, "expect", "it is empty, so that every answer would be an error; list statuses, or leave it out for 200 to 299")}
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		if el.IsNull() || el.Type() != cty.Number {
			return hcl.Diagnostics{invalid(c.Body, "expect", "a status is a number")}
		}
		n := el.AsBigFloat()
		if i, _ := n.Int64(); !n.IsInt() || !isStatus(int(i)) {
			return hcl.Diagnostics{invalid(c.Body, "expect", n.Text('g', 10)+" is no HTTP status: they are whole numbers from 100 to 599")}
		}
	}
	return nil
}

func isStatus(n int) bool { return n >= 100 && n <= 599 }

func checkPart(c *steps.Check, i int, b *lang.Block) hcl.Diagnostics {
	parts, _ := steps.Arg(c.Args, "part").Unmark()
	if !parts.IsKnown() || parts.IsNull() || !parts.Type().IsTupleType() || i >= parts.LengthInt() {
		return nil
	}
	args := parts.Index(cty.NumberIntVal(int64(i)))
	v, ok := steps.Known(args, "content_type")
	if !ok || v.Type() != cty.String {
		return nil
	}
	if why := headerProblem("Content-Type", v.AsString()); why != "" {
		return hcl.Diagnostics{invalid(b.Body, "content_type", why)}
	}
	return nil
}

// invalid is the diagnostic of a wrong value; why is a clause without a full stop.
func invalid(b *lang.Body, name, why string) *hcl.Diagnostic {
	return lang.Error(steps.At(b, name), fmt.Sprintf("Invalid value for %q", name), "%s.", strings.ToUpper(why[:1])+why[1:])
}
