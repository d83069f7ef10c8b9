package lang

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Body is a body whose structure fits its spec: every attribute and block is known, none is missing or
// doubled. Nothing is evaluated. A Body does not change after Bind and may be shared.
type Body struct {
	Spec   *Spec
	Attrs  []*Attr  // in source order
	Blocks []*Block // in source order
	// Steps are the `step` blocks of a body that holds steps, in source order, for the caller to bind.
	Steps []*hclsyntax.Block
	// Range is the header of the block, or the start of the file.
	Range hcl.Range

	attrs map[string]*Attr // nil where they are few
}

// Attr is one written attribute. Field is the spec's, or its Remain.
type Attr struct {
	Field            *Field
	Name             string
	Expr             hclsyntax.Expression
	Range, NameRange hcl.Range

	// typ is the type constraint of an attribute of FormType that is one.
	typ *TypeConstraint
}

// Block is one written block. A deferred one has no Body: Source is its text.
type Block struct {
	Spec        *BlockSpec
	Labels      []string
	LabelRanges []hcl.Range
	Body        *Body
	Source      *hclsyntax.Block
	Range       hcl.Range
}

// Label is the block's first label, or "".
func (b *Block) Label() string {
	if len(b.Labels) == 0 {
		return ""
	}
	return b.Labels[0]
}

// Attr is the written attribute of that name, or nil.
func (b *Body) Attr(name string) *Attr {
	if b.attrs != nil {
		return b.attrs[name]
	}
	for _, a := range b.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// BlocksOf are the written blocks of a type, in source order.
func (b *Body) BlocksOf(name string) []*Block {
	var out []*Block
	for _, bl := range b.Blocks {
		if bl.Spec.Name == name {
			out = append(out, bl)
		}
	}
	return out
}

// Block is the first written block of a type, or nil.
func (b *Body) Block(name string) *Block {
	for _, bl := range b.Blocks {
		if bl.Spec.Name == name {
			return bl
		}
	}
	return nil
}

// Bind checks the structure of a body against the spec and reports everything that does not fit. What fits
// is in the Body even then, so that a check can go on.
func (s *Spec) Bind(src *hclsyntax.Body, header hcl.Range) (*Body, hcl.Diagnostics) {
	b := &Body{Spec: s, Range: header}
	if len(src.Attributes) > 8 {
		b.attrs = make(map[string]*Attr, len(src.Attributes))
	}
	var diags hcl.Diagnostics
	for _, a := range sortedAttributes(src) {
		f := s.Field(a.Name)
		if f == nil {
			f = s.Remain
		}
		if f == nil {
			diags = append(diags, s.unknownAttribute(a))
			continue
		}
		attr := &Attr{Field: f, Name: a.Name, Expr: a.Expr, Range: a.SrcRange, NameRange: a.NameRange}
		b.Attrs = append(b.Attrs, attr)
		if b.attrs != nil {
			b.attrs[a.Name] = attr
		}
	}
	for _, bl := range src.Blocks {
		if s.HoldsSteps && bl.Type == "step" {
			b.Steps = append(b.Steps, bl)
			continue
		}
		spec := s.Block(bl.Type)
		if spec == nil {
			diags = append(diags, s.unknownBlock(bl))
			continue
		}
		if prev := b.Block(bl.Type); prev != nil && !spec.Multiple {
			diags = append(diags, diagAt(bl.DefRange(), "Duplicate block",
				fmt.Sprintf("Only one %q block is allowed here; the first is at %s.", bl.Type, place(prev.Range))))
			continue
		}
		bound, d := spec.bind(bl)
		diags = append(diags, d...)
		if bound != nil {
			b.Blocks = append(b.Blocks, bound)
		}
	}
	diags = append(diags, b.checkForms()...)
	return b, append(diags, s.missing(b)...)
}

func (spec *BlockSpec) bind(bl *hclsyntax.Block) (*Block, hcl.Diagnostics) {
	diags := checkLabels(spec, bl)
	if spec.Deferred && (len(bl.Labels) < required(spec) || len(bl.Labels) > len(spec.Spec.Labels)) {
		return nil, diags // whoever binds it counts on its labels
	}
	out := &Block{Spec: spec, Labels: bl.Labels, LabelRanges: bl.LabelRanges, Source: bl, Range: bl.DefRange()}
	if !spec.Deferred {
		body, d := spec.Spec.Bind(bl.Body, bl.DefRange())
		diags = append(diags, d...)
		out.Body = body
	}
	return out, diags
}

func required(spec *BlockSpec) (n int) {
	for _, l := range spec.Spec.Labels {
		if !l.Optional {
			n++
		}
	}
	return n
}

func checkLabels(spec *BlockSpec, bl *hclsyntax.Block) (diags hcl.Diagnostics) {
	labels := spec.Spec.Labels
	for i, l := range labels {
		if i >= len(bl.Labels) {
			if !l.Optional {
				diags = append(diags, diagAt(bl.DefRange(), "Missing label",
					fmt.Sprintf("A %q block needs a label: its %s.", bl.Type, l.Name)))
			}
			continue
		}
		if l.IsName && !ValidName(bl.Labels[i]) {
			diags = append(diags, InvalidName(bl.Labels[i], bl.LabelRanges[i]))
		}
	}
	if len(bl.Labels) > len(labels) {
		diags = append(diags, diagAt(bl.LabelRanges[len(labels)], "Extra label",
			fmt.Sprintf("A %q block takes %s.", bl.Type, count(len(labels), "label"))))
	}
	return diags
}

// InvalidName is the diagnostic for a label that is no name.
func InvalidName(name string, at hcl.Range) *hcl.Diagnostic {
	return diagAt(at, "Invalid name", fmt.Sprintf(
		"%q is no name: names start with a lower-case letter and have up to 63 lower-case letters, digits, \"-\" and \"_\".", name))
}

func (s *Spec) missing(b *Body) (diags hcl.Diagnostics) {
	for _, f := range s.Fields {
		if !f.Optional && b.Attr(f.Name) == nil {
			diags = append(diags, diagAt(b.Range, "Missing argument",
				fmt.Sprintf("The argument %q is required, but no definition was found. What it is for: %s", f.Name, f.Doc)))
		}
	}
	for _, bs := range s.Blocks {
		if !bs.Optional && b.Block(bs.Name) == nil {
			diags = append(diags, diagAt(b.Range, "Missing block",
				fmt.Sprintf("A block of type %q is required here. What it is for: %s", bs.Name, bs.Doc)))
		}
	}
	return diags
}

func (s *Spec) unknownAttribute(a *hclsyntax.Attribute) *hcl.Diagnostic {
	if s.Block(a.Name) != nil {
		return diagAt(a.NameRange, "Unsupported argument",
			fmt.Sprintf("%q is a block here: write %s { … } without an equals sign.", a.Name, a.Name))
	}
	return diagAt(a.NameRange, "Unsupported argument",
		fmt.Sprintf("An argument named %q is not expected here.%s", a.Name, DidYouMean(a.Name, s.fieldNames())))
}

func (s *Spec) unknownBlock(bl *hclsyntax.Block) *hcl.Diagnostic {
	if s.Field(bl.Type) != nil {
		return diagAt(bl.TypeRange, "Unsupported block type",
			fmt.Sprintf("%q is an argument here: write %s = { … } with an equals sign.", bl.Type, bl.Type))
	}
	if bl.Type == "step" {
		return diagAt(bl.TypeRange, "Unsupported block type",
			"Steps may not stand here: put them into one of this block's own blocks, or into the runbook.")
	}
	var names []string
	for _, b := range s.Blocks {
		names = append(names, b.Name)
	}
	if s.HoldsSteps {
		names = append(names, "step")
	}
	return diagAt(bl.TypeRange, "Unsupported block type",
		fmt.Sprintf("Blocks of type %q are not expected here.%s", bl.Type, DidYouMean(bl.Type, names)))
}

func (s *Spec) fieldNames() []string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	return names
}

// sortedAttributes are a body's attributes in source order: the parser keeps them in a map.
func sortedAttributes(b *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(x, y *hclsyntax.Attribute) int { return x.SrcRange.Start.Byte - y.SrcRange.Start.Byte })
	return out
}

// Error is an error diagnostic at a place.
func Error(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return diagAt(at, summary, fmt.Sprintf(format, args...))
}

func diagAt(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at.Ptr()}
}

func place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
