package blueprints

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/net/html"

	"currant/engine/lang"
)

// htmlForm is what a UI extension's html tells of what people enter in it.
type htmlForm struct {
	nameless []nameless
	ids      map[string]formID
	groups   map[string]bool // names of radio buttons, and whether they are secret
	doubles  []formID        // ids that an element before has
	faults   []htmlFault
}

// nameless is an input, select or textarea without an id, under which its value would be kept (PLATFORM 7.8).
type nameless struct {
	tag  string
	line int
}

type formID struct {
	id            string
	line, before  int // before: where the element is that has the id already
	field, secret bool
}

// htmlFault is something of which a parser knows better than a browser says.
type htmlFault struct {
	line int
	what string
}

// maxFaults is how many faults of a kind are told of one form: one often brings others.
const maxFaults = 5

func checkForm(b *lang.Body, text string) (diags hcl.Diagnostics) {
	f := readForm(text)
	for _, x := range f.nameless {
		diags = append(diags, invalid(b, "html", "The <%s> in line %d of the form has no id. What a customer enters is kept under the element's id, by which a config step asks for it.", x.tag, x.line))
	}
	for _, d := range f.doubles {
		if d.field {
			diags = append(diags, invalid(b, "html", "The elements in lines %d and %d of the form both have the id %q; an id names one element.", d.before, d.line, d.id))
			continue
		}
		diags = append(diags, warning(at(b, "html"), "Duplicate id", "The elements in lines %d and %d of the form both have the id %q.", d.before, d.line, d.id))
	}
	for _, x := range f.faults {
		diags = append(diags, warning(at(b, "html"), "Malformed HTML", "Line %d of the form: %s.", x.line, x.what))
	}
	return diags
}

// appInputs are the elements of an app's form by id, radio buttons by the name of their group too, and whether each
// is a secret; nil where the form is not known.
func appInputs(args cty.Value) map[string]bool {
	s, ok := text(attr(args, "ui_extension"), "html")
	if !ok {
		return nil
	}
	f := readForm(s)
	inputs := f.groups
	for id, x := range f.ids {
		inputs[id] = x.secret
	}
	return inputs
}

// openElements are those whose end is still to come, with how many there are of each tag.
type openElements struct {
	list  []openElement
	count map[string]int
}

type openElement struct {
	tag  string
	line int
}

// readForm goes through the html as a browser's tokenizer does; it never fails. Templates are left to the script
// that fills them.
func readForm(text string) htmlForm {
	f := htmlForm{ids: map[string]formID{}, groups: map[string]bool{}}
	open := openElements{count: map[string]int{}}
	z := html.NewTokenizer(strings.NewReader(text))
	for line := 1; ; {
		kind := z.Next()
		here := line
		line += bytes.Count(z.Raw(), []byte("\n"))
		switch kind {
		case html.ErrorToken:
			for len(open.list) > 0 {
				f.unclosed(open.pop())
			}
			return f
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if open.count["template"] == 0 {
				f.element(t, here)
			}
			if kind == html.StartTagToken && !voidElements[t.Data] {
				open.list = append(open.list, openElement{t.Data, here})
				open.count[t.Data]++
			}
		case html.EndTagToken:
			f.end(&open, z.Token().Data, here)
		}
	}
}

func (o *openElements) pop() openElement {
	last := o.list[len(o.list)-1]
	o.list = o.list[:len(o.list)-1]
	o.count[last.tag]--
	return last
}

// element keeps what a start tag tells.
func (f *htmlForm) element(t html.Token, line int) {
	id, typ, name := attribute(t, "id"), strings.TrimSpace(attribute(t, "type")), attribute(t, "name")
	secret := slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "data-secret" })
	x := formID{id: strings.TrimSpace(id), line: line, field: isFormField(t.Data, typ, name), secret: secret}
	if x.field && x.id == "" && len(f.nameless) < maxFaults {
		f.nameless = append(f.nameless, nameless{t.Data, line})
	}
	if x.field && name != "" && strings.EqualFold(typ, "radio") {
		f.groups[name] = f.groups[name] || secret
	}
	if x.id == "" {
		return
	}
	if before, double := f.ids[x.id]; double {
		x.before, x.field = before.line, x.field || before.field
		if len(f.doubles) < maxFaults {
			f.doubles = append(f.doubles, x)
		}
		return
	}
	f.ids[x.id] = x
}

// attribute is the value of an attribute, "" where there is none; the first one counts.
func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// isFormField says whether an element holds what a person enters, or a script keeps.
func isFormField(tag, typ, name string) bool {
	switch tag {
	case "select", "textarea":
		return true
	case "input":
		switch strings.ToLower(typ) {
		case "submit", "button", "reset", "image":
			return false
		case "hidden":
			return name != ""
		}
		return true
	}
	return false
}

// end closes the element that an end tag names, with those inside it.
func (f *htmlForm) end(open *openElements, tag string, line int) {
	if open.count[tag] == 0 {
		if !voidElements[tag] && !endsByItself[tag] {
			f.fault(line, "</"+tag+"> ends no element")
		}
		return
	}
	for last := open.pop(); last.tag != tag; last = open.pop() {
		f.unclosed(last)
	}
}

func (f *htmlForm) unclosed(e openElement) {
	if !endsByItself[e.tag] {
		f.fault(e.line, "<"+e.tag+"> is not closed")
	}
}

func (f *htmlForm) fault(line int, what string) {
	if len(f.faults) < maxFaults {
		f.faults = append(f.faults, htmlFault{line, what})
	}
}

// Of the HTML standard: elements without an end tag, and those whose end tag may be left out.
var (
	voidElements = set("area base br col embed hr img input link meta param source track wbr")
	endsByItself = set("html head body p li dt dd rt rp optgroup option colgroup caption thead tbody tfoot tr td th")
)

func set(names string) map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(names) {
		out[n] = true
	}
	return out
}

// formFault is the first thing for which a form is refused, or "".
func formFault(text string) string {
	f := readForm(text)
	if len(f.nameless) > 0 {
		return fmt.Sprintf("the <%s> in line %d has no id", f.nameless[0].tag, f.nameless[0].line)
	}
	for _, d := range f.doubles {
		if d.field {
			return fmt.Sprintf("the elements in lines %d and %d have the same id", d.before, d.line)
		}
	}
	return ""
}
