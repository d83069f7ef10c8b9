package blueprints

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// inline is how many characters a text may have that stands in main.hcl; a longer one has its own file.
const inline = 160

// byteOrderMark at the start of a file is not part of what the function file gives.
const byteOrderMark = "\ufeff"

// text is a text as an expression: short ones as they are, others as file("…") with the file beside.
func (x *extraction) text(what, s, file string) (hclwrite.Tokens, error) {
	if err := fits(what, s); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(s) <= inline && !strings.ContainsAny(s, "\r\n") {
		if tokens, ok := literal(s); ok {
			return tokens, nil
		}
	}
	return x.textFile(file, s), nil
}

// textFile keeps a text in a file, byte for byte.
func (x *extraction) textFile(file, s string) hclwrite.Tokens {
	if strings.HasPrefix(s, byteOrderMark) {
		s = byteOrderMark + s
	}
	file = x.paths.name(file, func(n int) string { return numbered(file, n) })
	x.files[file] = []byte(s)
	return call("file", file)
}

// jsonFile keeps a value in a file of JSON.
func (x *extraction) jsonFile(what string, v any, file string) (hclwrite.Tokens, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, steps.Errorf(steps.InputError, "%s cannot be written as JSON", what)
	}
	if _, err := lang.ParseJSON(b.Bytes(), lang.DataLimits{}); err != nil {
		return nil, steps.Errorf(steps.InputError, "%s cannot be read back by a blueprint: %s", what, err)
	}
	if err := fits(what, b.String()); err != nil {
		return nil, err
	}
	return hclwrite.TokensForFunctionCall("jsondecode", x.textFile(file, b.String())), nil
}

// fits refuses a text that no blueprint can hold.
func fits(what, s string) error {
	switch {
	case strings.ContainsRune(s, 0):
		return steps.Errorf(steps.InputError, "%s holds a NUL character, which the text of a blueprint cannot", what)
	case !utf8.ValidString(s):
		return steps.Errorf(steps.InputError, "%s is not valid UTF-8, as the text of a blueprint must be", what)
	case len(s) > lang.MaxFileBytes-len(byteOrderMark):
		return steps.Errorf(steps.InputError, "%s has %d bytes, and a file of a blueprint at most %d (1 MiB)", what, len(s), lang.MaxFileBytes)
	}
	return nil
}

// literal is a text in quotes, and whether it reads back as itself.
func literal(s string) (hclwrite.Tokens, bool) {
	want := cty.StringVal(s)
	tokens := hclwrite.TokensForValue(want)
	e, diags := lang.ParseExpression(tokens.Bytes(), "literal", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, false
	}
	got, diags := e.Value(nil)
	return tokens, !diags.HasErrors() && got.RawEquals(want)
}

func call(function, argument string) hclwrite.Tokens {
	return hclwrite.TokensForFunctionCall(function, hclwrite.TokensForValue(cty.StringVal(argument)))
}

// comment writes a line for people. What it quotes is cut to one line.
func comment(b *hclwrite.Body, s string) {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	b.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte("# " + s + "\n")}})
}

// formatted is a file in the form in which the command fmt leaves it.
func formatted(f *hclwrite.File) []byte {
	out := f.Bytes()
	for range 3 { // the library's result is not always its own canonical form
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	return append(bytes.TrimRight(out, "\n"), '\n')
}
