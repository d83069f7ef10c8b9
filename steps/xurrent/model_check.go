package xurrent

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
)

// Checks of steps against the account's data model.

// modelFor is what is known of the account of a step that is checked, or nil.
func (d Deps) modelFor(c *steps.Check) *schema.Schema {
	if c.Stored {
		return nil
	}
	return d.modelOf(c.Connection)
}

// selectionOf is what a step reads, as far as it is known and may be quoted.
func selectionOf(c *steps.Check) (fields string, fieldsUnknown bool, include []string, includeUnknown bool) {
	if c.Body.Attr("fields") != nil {
		v, ok := quotable(c.Args, "fields")
		if fieldsUnknown = !ok && !isNull(c.Args, "fields"); ok {
			fields = v.AsString()
		}
	}
	if c.Body.Attr("include") != nil {
		v, ok := quotable(c.Args, "include")
		if includeUnknown = !ok && !isNull(c.Args, "include"); ok {
			for it := v.ElementIterator(); it.Next(); {
				if _, el := it.Element(); !el.IsNull() {
					include = append(include, el.AsString())
				}
			}
		}
	}
	return fields, fieldsUnknown, include, includeUnknown
}

func isNull(args cty.Value, name string) bool {
	v := steps.Arg(args, name)
	return v != cty.NilVal && v.IsKnown() && v.IsNull()
}

// placed are problems as diagnostics, each at the place in the blueprint that it is about.
func placed(c *steps.Check, problems []schema.Problem) (diags hcl.Diagnostics) {
	for _, p := range problems {
		at := c.Body.Range
		if a := c.Body.Attr(p.Argument); a != nil {
			at = placeOf(a.Expr, p)
		}
		diags = append(diags, lang.Error(at, p.Summary, "%s", p.Detail))
	}
	return diags
}

// placeOf follows a problem's path into an expression as far as that is written out.
func placeOf(e hclsyntax.Expression, p schema.Problem) hcl.Range {
	if p.Offset >= 0 {
		return textPlace(e, p.Offset)
	}
	at := e.Range()
	for i, part := range p.Path {
		last := i == len(p.Path)-1
		switch x := lang.Plain(e).(type) {
		case *hclsyntax.ObjectConsExpr:
			item := itemOf(x, part)
			if item == nil {
				return at
			}
			e, at = item.ValueExpr, item.ValueExpr.Range()
			if last {
				at = hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
			}
		case *hclsyntax.TupleConsExpr:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(x.Exprs) {
				return at
			}
			e, at = x.Exprs[n], x.Exprs[n].Range()
		default:
			return at
		}
	}
	return at
}

func itemOf(x *hclsyntax.ObjectConsExpr, key string) *hclsyntax.ObjectConsItem {
	for i, item := range x.Items {
		if v, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && v.AsString() == key {
			return &x.Items[i]
		}
	}
	return nil
}

// textPlace is the place of a byte of a text that is written out: the parts of a template are pieces of the
// source where they hold no escapes.
func textPlace(e hclsyntax.Expression, offset int) hcl.Range {
	t, ok := lang.Plain(e).(*hclsyntax.TemplateExpr)
	if !ok {
		return e.Range()
	}
	for _, part := range t.Parts {
		lit, ok := lang.Plain(part).(*hclsyntax.LiteralValueExpr)
		if !ok || lit.Val.Type() != cty.String {
			return e.Range()
		}
		text, r := lit.Val.AsString(), lit.SrcRange
		if offset >= len(text) {
			offset -= len(text)
			continue
		}
		indent := 0
		if len(text) != r.End.Byte-r.Start.Byte {
			if indent = indentOf(text, r); indent < 0 {
				return r
			}
		}
		start := r.Start
		before := text[:offset]
		start.Byte += indent * indented(before+text[offset:][:1])
		if lines := strings.Count(before, "\n"); lines > 0 {
			start.Line += lines
			start.Column = 1 + indent
			before = before[strings.LastIndexByte(before, '\n')+1:]
		}
		start.Column += len([]rune(before))
		start.Byte += offset
		end := start
		word := wordAt(text[offset:])
		end.Column, end.Byte = end.Column+len(word), end.Byte+len(word)
		return hcl.Range{Filename: r.Filename, Start: start, End: end}
	}
	return e.Range()
}

// indentOf is how many bytes a heredoc of the form <<- has taken from the beginning of each line of a text, or -1
// where the text is shorter than its source for another reason.
func indentOf(text string, r hcl.Range) int {
	taken, lines := r.End.Byte-r.Start.Byte-len(text), indented(text)
	if r.Start.Line == r.End.Line || taken < 0 || lines == 0 || taken%lines != 0 || strings.Contains(text, "${") || strings.Contains(text, "%{") {
		return -1
	}
	return taken / lines
}

// indented is how many lines of a text, after its first, a heredoc has taken the indentation from: those that are not
// blank. The source of the first line begins behind its indentation.
func indented(text string) (n int) {
	_, rest, _ := strings.Cut(text, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

// wordAt is the name at the beginning of a text, or its first character.
func wordAt(s string) string {
	n := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if n < 0 {
		return s
	}
	return s[:max(n, min(1, len(s)))]
}

func sensitiveArg(args cty.Value, name string) bool {
	v := steps.Arg(args, name)
	return v != cty.NilVal && v.ContainsMarked()
}

// maxProblems is how many problems an error of a run tells.
const maxProblems = 3

// inputError is what is wrong with a step's arguments when it runs, or nil. Of a selection that is sensitive it
// does not say what: its names are parts of the secret, which nothing would take out of the message.
func inputError(args cty.Value, problems []schema.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	var texts []string
	for i, p := range problems {
		if i == maxProblems {
			texts = append(texts, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		where := p.Argument
		if selects := where == "fields" || where == "include" || where == "clear"; selects && sensitiveArg(args, where) {
			texts = append(texts, where+": "+p.Summary+". It is sensitive, so more is not shown.")
			continue
		}
		for _, part := range p.Path {
			where += "." + part
		}
		texts = append(texts, where+": "+p.Detail)
	}
	return steps.Errorf(steps.InputError, "%s", strings.Join(texts, " "))
}
