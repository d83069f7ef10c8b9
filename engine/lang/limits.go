package lang

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
)

// The limits of a blueprint's text. They are checked on the bytes, before the parser sees them: the parser
// is recursive and a Go stack that overflows ends the process, its scanner takes quadratic time over
// comments that are not closed, and it joins the pieces of a template in quadratic time.
const (
	// MaxFileBytes is the size of one file.
	MaxFileBytes = 1 << 20
	// MaxTreeBytes is the size of all files of a blueprint.
	MaxTreeBytes = 10 << 20
	// MaxNesting bounds brackets, blocks, templates, operators, conditionals and calls inside each other.
	// A chain such as a + b + c nests too: it is (a + b) + c.
	MaxNesting = 100
	// MaxHeredocLines is the number of lines of one heredoc.
	MaxHeredocLines = 10_000
	// MaxDigits is the number of digits of a number.
	MaxDigits = 40
	// MaxExponent is the absolute value of a number's exponent.
	MaxExponent = 308
)

const (
	// A literal text is cut into pieces at each line, $ and %, and joining n of them costs n*n.
	maxTemplatePieces = 20_000
	maxJoined         = 512 << 20
	// After a mistake the parser may take blocks that follow each other for nested ones.
	maxBlocks = 20_000
	maxTokens = 600_000
	// Each of these makes a diagnostic of its own.
	maxInvalid = 100
)

var (
	bom8    = []byte{0xEF, 0xBB, 0xBF}
	bom16le = []byte{0xFF, 0xFE}
	bom16be = []byte{0xFE, 0xFF}
)

// CheckText says whether text is UTF-8 without NUL, and with a byte order mark at most at its start.
func CheckText(name string, src []byte) hcl.Diagnostics {
	fault := func(at, size int, summary, detail string) hcl.Diagnostics {
		return hcl.Diagnostics{diagAt(rangeIn(name, src, hcl.InitialPos, at, at+size), summary, detail)}
	}
	const resave = " Save the file as UTF-8."
	switch {
	case bytes.HasPrefix(src, bom16le), bytes.HasPrefix(src, bom16be):
		return fault(0, 1, "Invalid character encoding", "The file is not UTF-8; it begins with the mark of UTF-16 or UTF-32."+resave)
	case len(src) >= 4 && bytes.Equal(src[:4], []byte{0, 0, 0xFE, 0xFF}):
		return fault(0, 1, "Invalid character encoding", "The file is not UTF-8; it begins with the mark of UTF-32."+resave)
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return fault(i, 1, "Invalid character", "There is a NUL byte here. A file that holds NUL bytes is binary, or UTF-16 or UTF-32."+resave)
	}
	if !utf8.Valid(src) {
		i := invalidUTF8(src)
		return fault(i, 1, "Invalid character encoding", fmt.Sprintf("The byte 0x%02X here is not valid UTF-8.%s", src[i], resave))
	}
	if i := bytes.LastIndex(src, bom8); i > 0 {
		return fault(i, len(bom8), "Invalid character", "A byte order mark (U+FEFF) may stand only at the start of a file. Delete it here.")
	}
	return nil
}

func invalidUTF8(src []byte) int {
	i := 0
	for i < len(src) {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return 0
}

// rangeIn is the range of bytes start to end of src, whose first byte stands at origin. Columns are counted
// in grapheme clusters, as the parser does.
func rangeIn(name string, src []byte, origin hcl.Pos, start, end int) hcl.Range {
	end = min(max(end, start), len(src))
	start = min(start, end)
	from := advance(origin, src[:start])
	return hcl.Range{Filename: name, Start: from, End: advance(from, src[start:end])}
}

// advance is the position after b, which begins at pos.
func advance(pos hcl.Pos, b []byte) hcl.Pos {
	if bytes.HasPrefix(b, bom8) && pos.Byte == 0 {
		pos.Byte += len(bom8)
		b = b[len(bom8):]
	}
	if n := bytes.Count(b, []byte{'\n'}); n > 0 {
		last := bytes.LastIndexByte(b, '\n') + 1
		pos = hcl.Pos{Line: pos.Line + n, Column: 1, Byte: pos.Byte + last}
		b = b[last:]
	}
	pos.Byte += len(b)
	for len(b) > 0 {
		n, _, err := textseg.ScanGraphemeClusters(b, true)
		if err != nil || n == 0 {
			break
		}
		pos.Column++
		b = b[n:]
	}
	return pos
}

// checkNumber says what is wrong with a number's text, or "". It is the same for literals and for JSON.
func checkNumber(text []byte) string {
	digits, exponent, inExponent := 0, 0, false
	for _, c := range text {
		switch {
		case c == 'e' || c == 'E':
			inExponent, exponent = true, 0
		case c < '0' || c > '9':
		case !inExponent:
			digits++
		case exponent <= MaxExponent:
			exponent = exponent*10 + int(c-'0')
		}
	}
	switch {
	case digits > MaxDigits:
		return fmt.Sprintf("A number may have at most %d digits; this one has %d.", MaxDigits, digits)
	case exponent > MaxExponent:
		return fmt.Sprintf("The exponent of a number may be at most %d.", MaxExponent)
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isIdentStart(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

func isIdentRune(r rune, inside bool) bool {
	if unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Other_ID_Start) {
		return true
	}
	return inside && unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)
}
