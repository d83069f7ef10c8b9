package lang

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// A scanner walks over HCL text once, without recursion, and enforces the limits on nesting, heredocs and
// numbers. It follows the modes of the parser's own scanner exactly (a test compares the two token by
// token) and knows just enough of the grammar to tell how high the syntax tree would be.
type scanner struct {
	name   string
	src    []byte
	origin hcl.Pos
	pos    int
	frames []frame
	// depth is what is open around the current place, blocks aside.
	depth      int
	blockDepth int
	tokens     int
	literals   int // of tokens
	blocks     int
	joined     int // bytes that the parser will copy to join texts
	invalid    int
	cut        int // the last of cuts
	cuts       []int
	prev       byte // the kind of the previous token, see the tok constants
	diag       *hcl.Diagnostic
}

// Kinds of frames: what has been opened.
const (
	inBody    = 'b' // the file, or a block's body
	inBrace   = '{' // an object, or a for expression
	inBracket = '['
	inParen   = '('
	inInterp  = '$'
	inControl = '%'
	inQuote   = '"'
	inHeredoc = 'H'
	inText    = 'T' // a bare template
)

// partSize is the least size of a part in which a file is parsed, in bytes.
const partSize = 1 << 10

const (
	tokOther byte = iota
	tokIdent
	tokQuote
	tokNewline
)

// A frame is one open bracket, template or body. Heights are of the syntax tree below it.
type frame struct {
	kind byte
	at   int // where it was opened
	// The expression being read: its height so far, the greatest height in an earlier branch of a
	// conditional, and what is waiting for an operand.
	height, branch int
	unary, conds   int
	operator       bool // a binary operator waits for its right side
	operand        bool // an operand has been read
	postfix        bool // the frame is a call or an index: it extends the operand before it
	dot            bool
	equals         bool // in a body: the line has an =
	highest        int  // of the finished expressions
	// Templates only.
	marker        []byte
	lineStart     bool
	lines, pieces int
	run           int // bytes of literal text since the last sequence
	control       int // open if and for directives
	controls      int // the most that were open at once
	keyword       bool
}

// checkLimits checks the text of a file (or of an expression, which lexes alike), or of a bare template. A
// file that is not small can be cut after the returned bytes: between two top-level items, and at its end.
func checkLimits(name string, src []byte, origin hcl.Pos, template bool) (cuts []int, d *hcl.Diagnostic) {
	s := &scanner{name: name, src: src, origin: origin, frames: make([]frame, 0, 32)}
	s.run(template)
	return append(s.cuts, len(src)), s.diag
}

func (s *scanner) run(template bool) {
	root := frame{kind: inBody}
	if template {
		root.kind = inText
	}
	s.frames = append(s.frames, root)
	if bytes.HasPrefix(s.src, bom8) {
		s.pos = len(bom8)
	}
	for s.pos < len(s.src) && s.diag == nil {
		switch s.top().kind {
		case inQuote:
			s.quoted()
		case inHeredoc, inText:
			s.text()
		default:
			s.code()
		}
		if s.tokens > maxTokens && s.diag == nil {
			s.refuse(s.pos, 1, "File too large", fmt.Sprintf("A file may have at most %d tokens. Split the blueprint into several files.", maxTokens))
		}
	}
}

func (s *scanner) top() *frame { return &s.frames[len(s.frames)-1] }

func (s *scanner) refuse(at, size int, summary, detail string) {
	if s.diag == nil {
		s.diag = diagAt(rangeIn(s.name, s.src, s.origin, at, at+size), summary, detail)
	}
}

func (s *scanner) tooDeep(at int) {
	s.refuse(at, 1, "Nested too deeply", fmt.Sprintf("Brackets, blocks, templates, operators, conditionals and calls may be nested at most %d deep. "+
		"Split the expression with the help of locals, or move blocks apart.", MaxNesting))
}

// code reads one token outside of literal text.
func (s *scanner) code() {
	i, c := s.pos, s.src[s.pos]
	next := byte(0)
	if i+1 < len(s.src) {
		next = s.src[i+1]
	}
	switch {
	case c == ' ' || c == '\t':
		s.pos++
		return
	case isIdentStart(c) || c >= utf8.RuneSelf:
		s.ident()
		return
	case isDigit(c):
		s.number()
		return
	}
	s.tokens++
	prev := s.prev
	s.prev = tokOther
	s.pos++
	switch c {
	case '\n':
		s.newline()
	case '\r':
		if next != '\n' {
			s.refuse(i, 1, "Invalid line ending", "There is a carriage return without a line feed here. Lines end with a line feed, or with both.")
			return
		}
		s.pos++
		s.newline()
	case '#':
		s.lineComment(i)
	case '/':
		switch next {
		case '/':
			s.lineComment(i)
		case '*':
			n := bytes.Index(s.src[i+2:], []byte("*/"))
			if n < 0 {
				s.refuse(i, 2, "Unclosed comment", `This comment is not closed: there is no "*/" before the end of the file.`)
				return
			}
			s.pos = i + 2 + n + 2
			s.prev = prev
		default:
			s.operator(i)
		}
	case '"':
		s.push(inQuote, i)
	case '<':
		if next == '<' && s.heredoc(i) {
			return
		}
		if next == '=' {
			s.pos++
		}
		s.operator(i)
	case '{':
		s.brace(i, prev)
	case '[', '(':
		f := s.top()
		postfix := f.operand && !f.operator && (c == '[' || prev == tokIdent)
		s.push(c, i)
		s.top().postfix = postfix
	case '}', ']', ')':
		s.close(c, i)
	case '~':
		if next == '}' {
			if k := s.top().kind; k == inInterp || k == inControl {
				s.pos++
				s.close('}', i)
				return
			}
			s.mismatch(i)
		}
	case '.':
		if next == '.' && i+2 < len(s.src) && s.src[i+2] == '.' {
			s.pos += 2
			s.flush(s.top())
			return
		}
		s.top().dot = true
		s.prev = prev
	case ',', ';':
		s.flush(s.top())
	case '=':
		switch next {
		case '=':
			s.pos++
			s.operator(i)
		case '>':
			s.pos++
			s.flush(s.top())
		default:
			s.flush(s.top())
			s.top().equals = true
		}
	case '!':
		if next == '=' {
			s.pos++
			s.operator(i)
		} else {
			s.unary(i)
		}
	case '-':
		if f := s.top(); f.operand && !f.operator {
			s.operator(i)
		} else {
			s.unary(i)
		}
	case '>', '&', '|':
		if next == '=' && c == '>' || next == c && c != '>' {
			s.pos++
		}
		s.operator(i)
	case '*':
		if f := s.top(); f.dot {
			f.dot = false
			f.height++
			s.limit(f, i)
			return
		}
		s.operator(i)
	case '+', '%':
		s.operator(i)
	case '?':
		f := s.top()
		f.branch = max(f.branch, f.height)
		f.conds++
		f.height, f.operand, f.operator = 0, false, false
		s.deepen(i)
		s.limit(f, i)
	case ':':
		f := s.top()
		switch {
		case next == ':':
			s.refuse(i, 2, "Unknown function", `Functions have no namespaces here: "::" has no meaning.`)
		case f.conds > 0:
			f.branch = max(f.branch, f.height)
			f.height, f.operand, f.operator = 0, false, false
		default:
			s.flush(f)
		}
	case '^', '`', '\'':
	default:
		s.bad(i, 1)
	}
}

func (s *scanner) bad(at, size int) {
	s.invalid++
	if s.invalid > maxInvalid {
		s.refuse(at, size, "Not a blueprint", "There are many characters here that the language does not use. Is this an HCL file?")
	}
}

func (s *scanner) lineComment(from int) {
	n := bytes.IndexByte(s.src[from:], '\n')
	if n < 0 {
		s.pos = len(s.src)
		return
	}
	s.pos = from + n + 1
	s.newline()
}

func (s *scanner) newline() {
	s.prev = tokNewline
	f := s.top()
	if f.kind != inBody {
		return
	}
	f.equals = false
	if len(s.frames) == 1 && s.pos-s.cut >= partSize && s.pos < len(s.src) {
		s.cut = s.pos
		s.cuts = append(s.cuts, s.cut)
	}
}

func (s *scanner) ident() {
	i := s.pos
	s.tokens++
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if isIdentStart(c) || s.pos > i && (isDigit(c) || c == '-') {
			s.pos++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRune(s.src[s.pos:])
		if !isIdentRune(r, s.pos > i) {
			if s.pos == i {
				s.pos += n
				s.prev = tokOther
				s.bad(i, n)
				return
			}
			break
		}
		s.pos += n
	}
	s.prev = tokIdent
	f := s.top()
	if f.kind == inControl && !f.keyword {
		f.keyword = true
		s.directive(string(s.src[i:s.pos]), i)
		return
	}
	s.atom(f, i)
}

func (s *scanner) number() {
	i := s.pos
	s.tokens++
	s.prev = tokOther
	end := i + 1
scan:
	for j := end; j < len(s.src); {
		switch c := s.src[j]; {
		case isDigit(c):
			j++
			end = j
		case c == '.':
			j++
		case c == 'e' || c == 'E':
			k := j + 1
			if k < len(s.src) && (s.src[k] == '+' || s.src[k] == '-') {
				k++
			}
			if k >= len(s.src) || !isDigit(s.src[k]) {
				break scan
			}
			j = k + 1
			end = j
		default:
			break scan
		}
	}
	s.pos = end
	if why := checkNumber(s.src[i:end]); why != "" {
		s.refuse(i, end-i, "Invalid number", why)
		return
	}
	s.atom(s.top(), i)
}

// heredoc begins a heredoc at i if there is one.
func (s *scanner) heredoc(i int) bool {
	j := i + 2
	if j < len(s.src) && s.src[j] == '-' {
		j++
	}
	from := j
	for j < len(s.src) && (isIdentStart(s.src[j]) || j > from && (isDigit(s.src[j]) || s.src[j] == '-')) {
		j++
	}
	if j < len(s.src) && s.src[j] >= utf8.RuneSelf {
		s.refuse(i, j-i, "Invalid heredoc", "The marker of a heredoc is made of ASCII letters, digits, _ and -.")
		return true
	}
	marker := s.src[from:j]
	if j < len(s.src) && s.src[j] == '\r' {
		j++
	}
	if len(marker) == 0 || j >= len(s.src) || s.src[j] != '\n' {
		return false
	}
	s.push(inHeredoc, i)
	f := s.top()
	f.marker, f.lineStart = marker, true
	s.pos = j + 1
	return true
}
