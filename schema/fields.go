package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Limits of the text of fields.
const (
	maxFieldsBytes  = 64 << 10
	maxFieldsDepth  = 20
	maxFieldsTokens = 20_000
)

// selector builds a selection from the text of fields. What is sent is written anew from what was understood.
type selector struct {
	*problems
	s      *Schema
	text   string // with braces around it
	user   int    // how long what the user wrote is, in bytes
	before int    // how many bytes of text stand before it
	bytes  []int  // the offset of each character, unless the text is ASCII: the parser counts characters
}

// byFields is the selection of a type that a text asks for.
func (s *Schema) byFields(p *problems, on, text string) *Selection {
	b := &selector{problems: p, s: s}
	set := b.parse(text)
	if set == nil {
		return nil
	}
	return b.build(on, set, 1)
}

func (b *selector) fault(offset int, summary, format string, args ...any) {
	b.at("fields", nil, offset, summary, fmt.Sprintf(format, args...))
}

func (b *selector) parse(text string) ast.SelectionSet {
	if len(text) > maxFieldsBytes {
		b.fault(0, "The selection is too long", "It has %d bytes; at most %d are allowed.", len(text), maxFieldsBytes)
		return nil
	}
	if !utf8.ValidString(text) {
		b.fault(0, "The selection is no text", "It is not valid UTF-8.")
		return nil
	}
	b.text, b.user = text, len(text)
	if !hasBrace(text) {
		b.text, b.before = "{"+text+"\n}", 1
	}
	if utf8.RuneCountInString(b.text) < len(b.text) {
		for i := range b.text {
			b.bytes = append(b.bytes, i)
		}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "fields", Input: b.text}, maxFieldsTokens)
	if err != nil {
		b.syntax(err)
		return nil
	}
	if len(doc.Operations) != 1 || len(doc.Fragments) > 0 {
		b.fault(0, "Not a selection", "Write the fields that are wanted, such as: id name team { name }.")
		return nil
	}
	op := doc.Operations[0]
	if op.Operation != ast.Query || op.Name != "" || len(op.VariableDefinitions) > 0 || len(op.Directives) > 0 || len(op.SelectionSet) == 0 {
		b.fault(0, "Not a selection", "Write the fields that are wanted, such as: id name team { name }.")
		return nil
	}
	return op.SelectionSet
}

// hasBrace says whether the first thing in a text that counts is an opening brace.
func hasBrace(text string) bool {
	for {
		text = strings.TrimLeft(text, " \t\r\n,\ufeff")
		if !strings.HasPrefix(text, "#") {
			return strings.HasPrefix(text, "{")
		}
		_, text, _ = strings.Cut(text, "\n")
	}
}

func (b *selector) syntax(err error) {
	offset, message := 0, "the text cannot be read"
	var ge *gqlerror.Error
	if errors.As(err, &ge) {
		message = cleanDoc(ge.Message)
		if len(ge.Locations) > 0 {
			offset = b.lineOffset(ge.Locations[0].Line, ge.Locations[0].Column)
		}
	}
	if len(message) > 200 {
		message = strings.ToValidUTF8(message[:200], "") + "…"
	}
	b.fault(offset, "The selection cannot be read", "%s.", message)
}

// lineOffset is the offset of a line and a column, both from 1, in what the user wrote.
func (b *selector) lineOffset(line, column int) int {
	at := 0
	for range line - 1 {
		i := strings.IndexByte(b.text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(b.text[at:])
		at += size
	}
	return b.clamp(at)
}

func (b *selector) clamp(at int) int {
	return max(0, min(at-b.before, b.user))
}

// offset is the place of a part in what the user wrote, in bytes.
func (b *selector) offset(p *ast.Position) int {
	switch {
	case p == nil:
		return 0
	case b.bytes == nil:
		return b.clamp(p.Start)
	case p.Start >= len(b.bytes):
		return b.clamp(len(b.text))
	}
	return b.clamp(b.bytes[max(p.Start, 0)])
}

func (b *selector) build(on string, set ast.SelectionSet, depth int) *Selection {
	sel := newSelection(b.s, on)
	b.set(sel, on, nil, set, depth)
	b.finishConnection(sel)
	return sel.finish()
}

// set adds the fields of a set to sel; cond are the types of the fragments around it.
func (b *selector) set(sel *Selection, on string, cond []string, set ast.SelectionSet, depth int) {
	if depth > maxFieldsDepth {
		if len(set) > 0 {
			b.fault(b.offset(set[0].GetPosition()), "The selection is nested too deeply", "At most %d selections can be inside each other.", maxFieldsDepth)
		}
		return
	}
	done := map[*ast.Field]bool{}
	for _, item := range set {
		if b.enough() {
			return
		}
		switch item := item.(type) {
		case *ast.Field:
			if !done[item] {
				b.field(sel, on, cond, b.merge(item, set, done), depth)
			}
		case *ast.InlineFragment:
			b.fragment(sel, on, cond, item, depth)
		case *ast.FragmentSpread:
			b.fault(b.offset(item.Position), "Named fragments cannot be used", "Write the fields in place of ...%s.", shownPart(item.Name))
		}
	}
}

// merge joins the selections of a field that is asked for more than once in a set, as GraphQL does.
func (b *selector) merge(f *ast.Field, set ast.SelectionSet, done map[*ast.Field]bool) *ast.Field {
	if len(f.SelectionSet) == 0 {
		return f
	}
	out := *f
	for _, item := range set {
		if g, ok := item.(*ast.Field); ok && g != f && g.Alias == f.Alias && g.Name == f.Name && len(g.SelectionSet) > 0 && sameArgs(f.Arguments, g.Arguments) {
			out.SelectionSet = slices.Concat(out.SelectionSet, g.SelectionSet)
			done[g] = true
		}
	}
	return &out
}

func sameArgs(a, b ast.ArgumentList) bool {
	return slices.EqualFunc(a, b, func(x, y *ast.Argument) bool {
		return x.Name == y.Name && x.Value != nil && y.Value != nil && x.Value.String() == y.Value.String()
	})
}

func (b *selector) fragment(sel *Selection, on string, cond []string, f *ast.InlineFragment, depth int) {
	at := b.offset(f.Position)
	if len(f.Directives) > 0 {
		b.fault(at, "Directives cannot be used", "Leave @%s out; what is asked for is decided before the query is sent.", shownPart(f.Directives[0].Name))
		return
	}
	if f.TypeCondition == "" || f.TypeCondition == on {
		b.set(sel, on, cond, f.SelectionSet, depth+1)
		return
	}
	if !b.s.isComposite(f.TypeCondition) {
		b.fault(at, "There is no such type", "No object is called %s.%s", shown(f.TypeCondition), unknown(f.TypeCondition, b.s.possible(on)))
		return
	}
	if !b.s.overlap(on, f.TypeCondition) {
		b.fault(at, "The fragment never applies", "%s is never %s.%s", on, f.TypeCondition, unknown(f.TypeCondition, b.s.possible(on)))
		return
	}
	if cond = b.narrow(on, cond, f.TypeCondition); len(cond) > 0 {
		b.set(sel, f.TypeCondition, cond, f.SelectionSet, depth+1)
	}
}

// narrow gives the conditions of a fragment on a type inside the conditions around it. An object type that is
// always of the fragment's type needs none.
func (b *selector) narrow(on string, cond []string, to string) []string {
	if len(cond) == 0 {
		return []string{to}
	}
	var out []string
	for _, c := range cond {
		for _, name := range b.s.possible(c) {
			if slices.Contains(b.s.possible(to), name) && slices.Contains(b.s.possible(on), name) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}
