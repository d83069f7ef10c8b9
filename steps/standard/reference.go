package standard

import (
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// WriteReference prints the reference of all kinds, connection types, triggers and functions as Markdown,
// from the declarations that decode and check them.
func WriteReference(w io.Writer) error {
	p := &printer{}
	p.line("# Reference: steps, connections, triggers, functions")
	p.line("")
	p.line("This page is printed from the declarations that Currant decodes and checks blueprints with; a test fails when it is stale.")
	p.line("")
	p.line("## Every step")
	p.line("")
	p.body(steps.CommonSpec, nil)
	p.line("## Steps")
	for _, k := range Kinds(Deps{}) {
		p.heading(k.Name, k.Doc)
		p.examples(k.Examples)
		p.body(k.Spec(), steps.CommonSpec)
		p.output(k)
	}
	p.line("## Connections")
	for _, k := range Connections(Deps{}) {
		p.heading(k.Name, k.Doc)
		p.examples(k.Examples)
		p.body(k.Spec(), nil)
	}
	p.line("## Triggers")
	for _, k := range Triggers(Deps{}) {
		p.heading(k.Name, k.Doc)
		p.examples(k.Examples)
		p.body(k.Spec(), nil)
		p.trigger(k)
	}
	p.line("## Functions")
	p.line("")
	p.line("| function | what it gives | depends on |")
	p.line("|---|---|---|")
	for _, f := range lang.FunctionDocs() {
		p.line("| `%s` | %s | %s |", f.Signature, cell(f.Summary), dependsOn[f.Kind])
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// WriteTable prints the arguments and blocks of a spec as a table.
func WriteTable(w io.Writer, s *lang.Spec) error {
	p := &printer{}
	p.body(s, nil)
	_, err := io.WriteString(w, p.text.String())
	return err
}

var dependsOn = map[lang.FunctionKind]string{
	lang.PureFunction:      "its arguments",
	lang.FileFunction:      "files of the blueprint",
	lang.JournaledFunction: "the run; the same again after a restart",
}

type printer struct{ text strings.Builder }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *printer) heading(name, doc string) {
	p.line("")
	p.line("### %s", name)
	p.line("")
	p.line("%s", doc)
	p.line("")
}

func (p *printer) examples(examples []lang.Example) {
	for _, e := range examples {
		p.line("%s:", e.Title)
		p.line("")
		p.line("```hcl")
		p.line("%s", strings.TrimSpace(e.HCL))
		p.line("```")
		p.line("")
	}
}

// body prints a spec's arguments, without those that common has.
func (p *printer) body(s, common *lang.Spec) {
	rows := p.rows("", s, common)
	if len(rows) == 0 {
		return
	}
	p.line("| argument | type | |")
	p.line("|---|---|---|")
	for _, r := range rows {
		p.line("%s", r)
	}
	p.line("")
}

func (p *printer) rows(prefix string, s, common *lang.Spec) (rows []string) {
	for _, f := range s.Fields {
		if common != nil && common.Field(f.Name) != nil {
			continue
		}
		rows = append(rows, fmt.Sprintf("| `%s%s` | %s | %s |", prefix, f.Name, cell(typeText(f)), cell(f.Doc+notes(f))))
	}
	if f := s.Remain; f != nil {
		rows = append(rows, fmt.Sprintf("| *any name* | any | %s |", cell(f.Doc)))
	}
	for _, b := range s.Blocks {
		if common != nil && common.Block(b.Name) != nil {
			continue
		}
		name := prefix + b.Name
		for _, l := range b.Spec.Labels {
			name += fmt.Sprintf(" \"%s\"", strings.ToUpper(l.Name))
		}
		kind := "block"
		if b.Multiple {
			kind = "blocks"
		}
		if !b.Optional {
			kind += ", required"
		}
		rows = append(rows, fmt.Sprintf("| `%s { }` | %s | %s |", name, kind, cell(b.Doc)))
		rows = append(rows, p.rows(prefix+b.Name+".", b.Spec, nil)...)
	}
	return rows
}

func typeText(f *lang.Field) string {
	switch {
	case f.Form == lang.FormLazy:
		return "expression"
	case f.Form == lang.FormConnection:
		return "`connection.NAME`"
	case f.Form == lang.FormRunbook:
		return "`runbook.NAME`"
	case f.Form == lang.FormType:
		return "type constraint"
	case f.Duration:
		return "duration"
	case len(f.Enum) > 0 && f.Type.IsListType():
		return "list of `" + strings.Join(f.Enum, "`, `") + "`"
	case len(f.Enum) > 0:
		return "`" + strings.Join(f.Enum, "`, `") + "`"
	}
	return typeexpr.TypeString(f.Type)
}

func notes(f *lang.Field) string {
	var out []string
	if !f.Optional {
		out = append(out, "Required.")
	}
	if f.Default != cty.NilVal {
		text, err := lang.ToJSON(f.Default)
		if err == nil {
			out = append(out, fmt.Sprintf("Default `%s`.", text))
		}
	}
	if f.Secret {
		out = append(out, "Sensitive.")
	}
	if len(out) == 0 {
		return ""
	}
	return " " + strings.Join(out, " ")
}

func (p *printer) output(k *steps.Kind) {
	if k.Result() == nil {
		p.line("Output: depends on the step; see the language reference.")
		return
	}
	if len(k.Result().Fields) == 0 {
		p.line("No output.")
		return
	}
	p.line("| output | type | |")
	p.line("|---|---|---|")
	for _, f := range k.Result().Fields {
		p.line("| `%s` | %s | %s |", f.Name, cell(typeText(f)), cell(f.Doc))
	}
}

func (p *printer) trigger(k *ingress.Kind) {
	if k.Endpoint {
		p.line("Received at `POST {public URL}/inbound/{blueprint}/{runbook}`.")
	}
}

func cell(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "|", "\\|") }
