package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Options are what a blueprint is compiled with.
type Options struct {
	Steps     *steps.Registry
	Triggers  *ingress.Registry
	Resources []Resource
	Values    lang.Values
	// PublicURL is the address under which events arrive, for runbook.N.endpoint; "" gives paths only.
	PublicURL string
	// Version is the build's, for required_version; "" for a development build.
	Version string
	// Stored says that the blueprint is a version that was checked before, for a run that began with it: what
	// is known today of connections (ConnectionKind.Basis) is no reason to refuse it.
	Stored bool
	// Previous lets unchanged files and runbooks be taken over from the compilation before. It belongs to one
	// blueprint. Optional.
	Previous *Cache
}

// compiler is one compilation. While runbooks are checked, side by side, it does not change.
type compiler struct {
	o        Options
	src      *lang.Source
	bp       *Blueprint
	diags    hcl.Diagnostics
	body     *lang.Body
	base     *lang.Scope // path and functions
	env      environment
	loose    map[string]cty.Value // var and local by their types alone
	runbooks map[string]*lang.Block
	checked  map[string]*compiled
	used     *files
	previous *generation
}

func (c *compiler) report(d ...*hcl.Diagnostic) { c.diags = append(c.diags, d...) }

// Compile checks a blueprint. Everything that is wrong with it is reported; where that holds an error, the
// Blueprint is not to be run.
func Compile(src *lang.Source, o Options) (bp *Blueprint, diags hcl.Diagnostics) {
	c := &compiler{o: o, src: src, used: newFiles(src), previous: o.Previous.last(),
		bp:       &Blueprint{Dir: src.Dir, Connections: map[string]*Connection{}, Files: map[string][]byte{}, byName: map[string]*Runbook{}},
		runbooks: map[string]*lang.Block{}}
	defer func() {
		if p := recover(); p != nil {
			// A mistake of ours must not end the process; nor may the blueprint be run.
			bp, diags = c.bp, append(c.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Blueprint could not be checked",
				Detail: fmt.Sprintf("Checking the blueprint failed inside Currant (%s). Please report it as a bug, with the blueprint.", fault(p))})
		}
	}()
	next := &generation{files: map[string]parsed{}, runbooks: map[*hclsyntax.Block]*compiled{}}
	root := c.parse(next)
	c.bind(root)
	c.heading()
	c.names()
	c.connections()
	c.resources()
	c.checkRunbooks(next)
	c.appRules()
	c.forms()
	sortDiagnostics(c.diags)
	if !c.diags.HasErrors() {
		c.bp.Digest, c.bp.Bundle = bundle(c.src, c.used, c.bp.Variables)
	}
	o.Previous.keep(next)
	return c.bp, c.diags
}

// bind binds all files as one body. The runbooks' own bodies are bound where they are checked.
func (c *compiler) bind(root *hclsyntax.Body) {
	start := root.SrcRange
	start.End = start.Start
	body, diags := rootSpec(c.o.Resources).Bind(root, start)
	c.body = body
	c.report(diags...)
}

// parse reads all files as one body.
func (c *compiler) parse(next *generation) *hclsyntax.Body {
	root := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	for i, p := range parseAll(c.src.Files, c.previous) {
		f := c.src.Files[i]
		c.bp.Files[f.Name] = f.Bytes
		c.report(p.diags...)
		if len(p.diags) == 0 {
			next.files[f.Name] = p
		}
		body := p.file.Body.(*hclsyntax.Body)
		for name, a := range body.Attributes {
			key := name
			if _, taken := root.Attributes[name]; taken {
				key = fmt.Sprintf("%s\x00%d", name, i) // reported all the same: no attribute fits here
			}
			root.Attributes[key] = a
		}
		root.Blocks = append(root.Blocks, body.Blocks...)
		if i == 0 {
			root.SrcRange = body.SrcRange
		}
	}
	for _, f := range slices.Concat(c.src.Tests, c.src.Vars) {
		c.bp.Files[f.Name] = f.Bytes
	}
	return root
}

// heading reads the blueprint block.
func (c *compiler) heading() {
	c.bp.Name = lang.NameOf(c.src.Dir)
	if c.src.Name != "" {
		c.bp.Name = c.src.Name
	}
	b := c.body.Block("blueprint")
	if b == nil {
		return
	}
	if b.Label() != "" {
		c.bp.Name = b.Label()
	}
	var args blueprintArgs
	v, diags := b.Body.Eval(lang.NewScope(nil, nil).Static(nil))
	c.report(diags...)
	b.Spec.Spec.Decode(v, &args)
	c.bp.Description = args.Description
	if args.RequiredVersion != "" {
		c.requireVersion(args.RequiredVersion, b.Body.Attr("required_version").Expr.Range())
	}
}

func (c *compiler) requireVersion(constraint string, at hcl.Range) {
	want, err := version.NewConstraint(constraint)
	if err != nil {
		c.report(lang.Error(at, "Invalid version constraint", "%q is no version constraint; write one such as \">= 0.1\".", constraint))
		return
	}
	if c.o.Version == "" {
		c.report(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Version constraint not checked", Subject: at.Ptr(),
			Detail: "This is a development build of Currant; required_version is ignored."})
		return
	}
	have, err := version.NewVersion(c.o.Version)
	if err == nil && !want.Check(have) {
		c.report(lang.Error(at, "Unsupported version of Currant", "The blueprint asks for %s; this is Currant %s. Install a version that fits, or change required_version.", constraint, c.o.Version))
	}
}

// sortDiagnostics brings diagnostics into the order of files and lines. Those of no place come first, in
// their own order.
func sortDiagnostics(diags hcl.Diagnostics) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		switch {
		case a.Subject == nil && b.Subject == nil:
			return 0
		case a.Subject == nil:
			return -1
		case b.Subject == nil:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Subject.Filename, b.Subject.Filename), cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte))
	})
}
