package lang

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// ParseFile checks the bytes of a file and parses them. A file is used whole or not at all: with errors the
// file that is returned has an empty body. It never panics and never returns nil.
func ParseFile(name string, src []byte) (file *hcl.File, diags hcl.Diagnostics) {
	start := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	empty := &hcl.File{Body: &hclsyntax.Body{SrcRange: start, EndRange: start}, Bytes: src}
	diags = guard(name, src, hcl.InitialPos, false, func(cuts []int) (d hcl.Diagnostics) {
		if body := parseParts(name, src, cuts); body != nil {
			file = &hcl.File{Body: body, Bytes: src}
			return nil
		}
		file, d = hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		return d
	})
	if diags.HasErrors() {
		return empty, diags
	}
	return file, diags
}

// ParseExpression parses an expression that came as text, within the same limits as a file. With errors
// the expression is an unknown value.
func ParseExpression(src []byte, name string, start hcl.Pos) (e hclsyntax.Expression, diags hcl.Diagnostics) {
	diags = guard(name, src, start, false, func([]int) (d hcl.Diagnostics) {
		e, d = hclsyntax.ParseExpression(src, name, start)
		return d
	})
	if e == nil || diags.HasErrors() {
		e = unknownExpr(name, src, start)
	}
	return e, diags
}

// ParseTemplate parses a bare template, as a file given to templatefile is one, within the same limits as a
// file. With errors the expression is an unknown value.
func ParseTemplate(src []byte, name string, start hcl.Pos) (e hclsyntax.Expression, diags hcl.Diagnostics) {
	diags = guard(name, src, start, true, func([]int) (d hcl.Diagnostics) {
		e, d = hclsyntax.ParseTemplate(src, name, start)
		return d
	})
	if e == nil || diags.HasErrors() {
		e = unknownExpr(name, src, start)
	}
	return e, diags
}

func unknownExpr(name string, src []byte, start hcl.Pos) hclsyntax.Expression {
	r := hcl.Range{Filename: name, Start: start, End: start}
	r.End.Byte += len(src)
	return &hclsyntax.ExprSyntaxError{Placeholder: cty.DynamicVal, SrcRange: r}
}

// guard checks text and then parses it. A panic of the parser is a diagnostic; it is the last resort, for
// an overflow of the stack cannot be recovered from.
func guard(name string, src []byte, start hcl.Pos, template bool, parse func(cuts []int) hcl.Diagnostics) (diags hcl.Diagnostics) {
	whole := hcl.Range{Filename: name, Start: start, End: start}
	if len(src) > MaxFileBytes {
		return hcl.Diagnostics{diagAt(whole, "File too large",
			fmt.Sprintf("The text has %d bytes; at most %d (1 MiB) are allowed. Split it.", len(src), MaxFileBytes))}
	}
	if diags := CheckText(name, src); diags.HasErrors() {
		return diags
	}
	cuts, d := checkLimits(name, src, start, template)
	if d != nil {
		return hcl.Diagnostics{d}
	}
	defer func() {
		if p := recover(); p != nil {
			diags = hcl.Diagnostics{diagAt(whole, "Cannot parse this file", fmt.Sprintf("The parser failed: %v. Please report this with the file.", p))}
		}
	}()
	return parse(cuts)
}

// parseParts parses a large file in parts, which ends between top-level items, side by side: the parser
// holds all tokens of what it is given, and a thousand small lists of them cost a third of a large one. It
// returns nil if the file is small or has any mistake; the whole is then parsed at once, for the diagnostics
// of a file must not depend on how it was cut.
func parseParts(name string, src []byte, cuts []int) *hclsyntax.Body {
	if len(cuts) < 2 {
		return nil
	}
	parts := make([]*hclsyntax.Body, len(cuts))
	starts := make([]hcl.Pos, len(cuts))
	pos, line := 0, 1
	for i, cut := range cuts {
		starts[i] = hcl.Pos{Line: line, Column: 1, Byte: pos}
		for _, c := range src[pos:cut] {
			if c == '\n' {
				line++
			}
		}
		pos = cut
	}
	var next atomic.Int64
	var failed atomic.Bool
	work := func() {
		defer func() {
			if recover() != nil {
				failed.Store(true)
			}
		}()
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= len(parts) {
				return
			}
			f, diags := hclsyntax.ParseConfig(src[starts[i].Byte:cuts[i]], name, starts[i])
			if len(diags) > 0 {
				failed.Store(true)
				return
			}
			parts[i] = f.Body.(*hclsyntax.Body)
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if failed.Load() {
		return nil
	}
	return joinParts(parts)
}

// joinParts is the body that the parts make up, or nil if an attribute stands in two of them.
func joinParts(parts []*hclsyntax.Body) *hclsyntax.Body {
	last := parts[len(parts)-1]
	whole := &hclsyntax.Body{
		Attributes: hclsyntax.Attributes{},
		SrcRange:   hcl.RangeBetween(parts[0].SrcRange, last.SrcRange),
		EndRange:   last.EndRange,
	}
	n := 0
	for _, p := range parts {
		n += len(p.Blocks)
	}
	whole.Blocks = make(hclsyntax.Blocks, 0, n)
	for _, p := range parts {
		for name, a := range p.Attributes {
			if whole.Attributes[name] != nil {
				return nil
			}
			whole.Attributes[name] = a
		}
		whole.Blocks = append(whole.Blocks, p.Blocks...)
	}
	return whole
}
