package console

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// place is a part of a text, in bytes.
type place struct{ start, end int }

// hider finds what of a file is not shown (promise X3). It goes by tokens, for a file may be broken anywhere: where
// it is in doubt, it hides.
type hider struct {
	text   []byte
	tokens hclsyntax.Tokens
	names  []string     // of arguments that are secret
	plain  map[int]bool // of variables' defaults, by where they begin: they are no secrets
	test   bool         // a *.test.hcl
	broken bool
	places []place
	last   int // the token at the end of the last place
}

// bracket is one that is open: the block that it opens, if it does, and whether all in it is hidden.
type bracket struct {
	block string
	hide  bool
}

// hiddenPlaces are the secrets that a file holds, in their order. names are the arguments that are secret.
func hiddenPlaces(name string, text []byte, tokens hclsyntax.Tokens, names []string) []place {
	h := &hider{text: text, tokens: tokens, names: names, plain: map[int]bool{}, test: strings.HasSuffix(name, ".test.hcl")}
	f, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	h.broken = diags.HasErrors()
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		for _, b := range body.Blocks {
			if value := b.Body.Attributes["default"]; b.Type == "variable" && value != nil {
				h.plain[value.NameRange.Start.Byte] = isFalse(b.Body.Attributes["sensitive"])
			}
		}
	}
	end := h.readable()
	h.walk(end)
	h.lines(end)
	return h.places
}

func isFalse(a *hclsyntax.Attribute) bool {
	if a == nil {
		return true
	}
	v, diags := a.Expr.Value(nil)
	return !diags.HasErrors() && v.RawEquals(cty.False)
}

// readable is where the line begins that opens a string which does not end: from there on, tokens mean nothing.
func (h *hider) readable() int {
	var opened []int
	for _, t := range h.tokens {
		switch t.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			opened = append(opened, t.Range.Start.Byte)
		case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			opened = opened[:max(len(opened)-1, 0)]
		case hclsyntax.TokenQuotedNewline, hclsyntax.TokenEOF:
			if len(opened) > 0 {
				return bytes.LastIndexByte(h.text[:opened[0]], '\n') + 1
			}
		}
	}
	return len(h.text)
}

// walk hides values by the names before them, up to a byte.
func (h *hider) walk(end int) {
	open := []bracket{{}}
	hide, named := false, false // what is read now is hidden; the last name was shown
	for i, t := range h.tokens {
		if t.Range.Start.Byte >= end {
			return
		}
		top := open[len(open)-1]
		switch t.Type {
		case hclsyntax.TokenEqual, hclsyntax.TokenColon:
			hide = hide || h.broken && len(open) == 1 || h.secret(i, top.block) // outside of all blocks stand but remains
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			hide = hide || t.Type == hclsyntax.TokenOParen && i > 0 && string(h.tokens[i-1].Bytes) == "sensitive"
			open = append(open, bracket{h.header(i), hide})
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			open = open[:max(len(open)-1, 1)]
		case hclsyntax.TokenIdent:
			if i == 0 || h.tokens[i-1].Type != hclsyntax.TokenDot {
				next := h.at(i + 1)
				named = slices.Contains(roots, string(t.Bytes)) || !h.broken && next == hclsyntax.TokenOParen || next == hclsyntax.TokenEqual && h.begins(i)
			}
			if hide && !named {
				h.hide(i)
			}
		case hclsyntax.TokenComment, hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit:
			// In a broken file a text may end far behind where it was meant to, and a comment begin before.
			trails := t.Type == hclsyntax.TokenComment && i > 0 && h.at(i-1) != hclsyntax.TokenNewline && h.at(i-1) != hclsyntax.TokenComment
			if hide || h.broken && (trails || t.Type == hclsyntax.TokenStringLit) {
				h.hide(i)
			} else {
				h.said(t.Range.Start.Byte, t.Range.End.Byte)
			}
		case hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenNumberLit, hclsyntax.TokenInvalid,
			hclsyntax.TokenBadUTF8, hclsyntax.TokenApostrophe, hclsyntax.TokenBacktick:
			if hide {
				h.hide(i)
			}
		}
		ends := t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComma || t.Type == hclsyntax.TokenComment && t.Bytes[len(t.Bytes)-1] == '\n'
		if ends && h.begins(i+1) {
			hide = open[len(open)-1].hide
		}
	}
}

// roots begin names that tell nothing of a secret.
var roots = []string{"var", "local", "path", "trigger", "step", "each", "run", "connection", "app", "headers", "state", "true", "false", "null", "for", "in", "if"}

// at is the type of a token; that of the end behind all.
func (h *hider) at(i int) hclsyntax.TokenType {
	if i < 0 || i >= len(h.tokens) {
		return hclsyntax.TokenEOF
	}
	return h.tokens[i].Type
}

// begins says whether another argument or block, or the end of this one, stands at a token.
func (h *hider) begins(i int) bool {
	switch h.at(i) {
	case hclsyntax.TokenIdent:
		next := h.at(i + 1)
		return next == hclsyntax.TokenEqual || next == hclsyntax.TokenColon || next == hclsyntax.TokenOBrace || next == hclsyntax.TokenOQuote || next == hclsyntax.TokenIdent
	case hclsyntax.TokenOQuote:
		next := h.at(i + 3)
		return h.at(i+2) == hclsyntax.TokenCQuote && (next == hclsyntax.TokenEqual || next == hclsyntax.TokenColon)
	}
	return h.at(i) == hclsyntax.TokenCBrace
}

// header is the type of the block that a bracket opens; "" where it opens none.
func (h *hider) header(i int) (block string) {
	for i--; i >= 0; i-- {
		switch h.tokens[i].Type {
		case hclsyntax.TokenIdent:
			block = string(h.tokens[i].Bytes)
		case hclsyntax.TokenOQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenCQuote:
		default:
			return block
		}
	}
	return block
}

// secret says whether the value behind an equals sign or colon is one.
func (h *hider) secret(i int, block string) bool {
	if h.at(i-1) == hclsyntax.TokenCQuote {
		i--
	}
	if h.at(i-1) != hclsyntax.TokenIdent && h.at(i-1) != hclsyntax.TokenQuotedLit {
		return h.broken // there is no name to tell
	}
	name := h.tokens[i-1]
	switch text := string(name.Bytes); {
	case h.test && (h.broken || text == "variables"):
		return true
	case h.broken && block == "variable":
		return !slices.Contains([]string{"type", "description", "env", "sensitive"}, text)
	case text == "default":
		plain, variable := h.plain[name.Range.Start.Byte]
		return h.broken || variable && !plain
	case text == "value" && slices.Contains(plainBlocks, block):
		return false
	default:
		return h.isSecret(text)
	}
}

// plainBlocks have a value that is no secret, unlike `auth`.
var plainBlocks = []string{"output", "expression", "action"}

var secretName = regexp.MustCompile(`(password|passphrase|secret|token|key|authorization|credential|cookie)s?\W*$`)

// isSecret says whether an argument of the name is one.
func (h *hider) isSecret(name string) bool {
	return slices.Contains(h.names, name) || secretName.MatchString(strings.ToLower(name))
}

// hide hides a token, with what stands between it and the one before if that is hidden too.
func (h *hider) hide(i int) {
	at := h.tokens[i].Range
	if n := len(h.places); n > 0 && h.last == i-1 {
		h.places[n-1].end = at.End.Byte
	} else {
		h.places = append(h.places, place{at.Start.Byte, at.End.Byte})
	}
	h.last = i
}

var given = regexp.MustCompile(`([\w-]+)"?[ \t]*[=:][ \t]*([^\s=])`)

// said hides what a comment or text gives as a secret, line by line: blueprints are commented out.
func (h *hider) said(start, end int) {
	for line := range bytes.Lines(h.text[start:end]) {
		for _, m := range given.FindAllSubmatchIndex(line, -1) {
			if name := string(line[m[2]:m[3]]); h.isSecret(name) || name == "default" && h.broken {
				h.places = append(h.places, place{start + m[4], start + len(bytes.TrimRight(line, "\r\n"))})
				h.last = -1
				break
			}
		}
		start += len(line)
	}
}

// shownLine is what is shown of a line where tokens mean nothing: a name, or a whole block header or bracket.
var shownLine = regexp.MustCompile(`^([ \t]*[A-Za-z_][\w-]*[ \t]+=[ \t]+|[ \t]*[a-z_]+([ \t]+"[\w. -]*")*[ \t]*\{[ \t\r]*\n?$|[ \t\r\n\]})]*$)`)

// lines hides the values on the lines from a byte on.
func (h *hider) lines(at int) {
	for line := range bytes.Lines(h.text[at:]) {
		start := at + len(shownLine.Find(line))
		at += len(line)
		if rest := h.text[start:at]; len(bytes.TrimSpace(rest)) > 0 {
			h.places = append(h.places, place{start, start + len(bytes.TrimRight(rest, "\r\n"))})
		}
	}
}
