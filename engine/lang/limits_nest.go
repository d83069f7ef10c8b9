package lang

import (
	"bytes"
	"fmt"
)

// push opens a frame at i.
func (s *scanner) push(kind byte, i int) {
	s.frames = append(s.frames, frame{kind: kind, at: i})
	switch kind {
	case inBrace, inBracket, inParen, inInterp:
		s.deepen(i)
	}
	if len(s.frames) > 6*MaxNesting {
		s.tooDeep(i)
	}
}

func (s *scanner) deepen(i int) {
	if s.depth++; s.depth > MaxNesting {
		s.tooDeep(i)
	}
}

// brace opens a block's body, an object or a for expression.
func (s *scanner) brace(i int, prev byte) {
	if prev == tokIdent || prev == tokQuote {
		// Where an expression has a mistake the parser may read this as a block.
		if s.blocks++; s.blocks > maxBlocks {
			s.refuse(i, 1, "Too many blocks", fmt.Sprintf("A file may have at most %d blocks. Split the blueprint into several files.", maxBlocks))
		}
	}
	f := s.top()
	if f.kind != inBody || f.equals {
		s.push(inBrace, i)
		return
	}
	s.flush(f)
	s.push(inBody, i)
	if s.blockDepth++; s.blockDepth > MaxNesting {
		s.tooDeep(i)
	}
}

// close closes the frame on top, which must be one that c closes: the parser's recovery from brackets that
// do not match could otherwise nest more deeply than what was counted here.
func (s *scanner) close(c byte, i int) {
	f := s.top()
	ok := false
	switch c {
	case ')':
		ok = f.kind == inParen
	case ']':
		ok = f.kind == inBracket
	case '}':
		ok = f.kind == inBrace || f.kind == inInterp || f.kind == inControl || f.kind == inBody && len(s.frames) > 1
	}
	if !ok {
		s.mismatch(i)
		return
	}
	height := s.pop()
	switch f.kind {
	case inBody:
		s.blockDepth--
	case inControl:
		// What it holds was counted; the directive itself is no operand.
		s.top().highest = max(s.top().highest, height)
	case inInterp:
		t := s.top()
		t.highest = max(t.highest, height+1)
		s.limit(t, i)
	default:
		if f.postfix {
			p := s.top()
			p.height = max(p.height, height) + 1
			s.limit(p, i)
			return
		}
		s.operandOf(s.top(), height+1, i)
	}
}

// pop removes the frame on top and returns the height of what was in it. The frame's fields stay readable
// until the next push.
func (s *scanner) pop() int {
	f := s.top()
	s.flush(f)
	switch f.kind {
	case inBrace, inBracket, inParen, inInterp:
		s.depth--
	}
	s.depth -= f.control
	s.frames = s.frames[:len(s.frames)-1]
	return f.highest + f.controls
}

func (s *scanner) mismatch(i int) {
	f := s.top()
	got := string(s.src[i])
	if got == "~" {
		got = "~}"
	}
	want := map[byte]string{inBrace: "}", inBody: "}", inBracket: "]", inParen: ")", inInterp: "}", inControl: "}"}[f.kind]
	detail := fmt.Sprintf("There is no opening bracket for this %q.", got)
	if f.at > 0 || len(s.frames) > 1 {
		open := rangeIn(s.name, s.src, s.origin, f.at, f.at)
		detail = fmt.Sprintf("This %q does not close the bracket that was opened last, at line %d, column %d; a %q is expected before it.",
			got, open.Start.Line, open.Start.Column, want)
	}
	s.refuse(i, len(got), "Brackets do not match", detail)
}

func (s *scanner) atom(f *frame, i int) {
	if f.dot {
		f.dot = false
		return
	}
	s.operandOf(f, 0, i)
}

// operandOf records an operand of the given height in the expression that f is reading.
func (s *scanner) operandOf(f *frame, height, i int) {
	f.dot = false
	if f.operand && !f.operator {
		s.flush(f) // two operands side by side: another expression
	}
	height += f.unary
	s.depth -= f.unary
	f.unary = 0
	if f.operator {
		f.height = max(f.height, height) + 1
	} else {
		f.height = height
	}
	f.operator, f.operand = false, true
	s.limit(f, i)
}

func (s *scanner) operator(int) {
	f := s.top()
	f.operator, f.dot = true, false
}

func (s *scanner) unary(i int) {
	f := s.top()
	f.dot = false
	f.unary++
	s.deepen(i)
}

// flush ends the expression that f is reading.
func (s *scanner) flush(f *frame) {
	f.highest = max(f.highest, f.conds+max(f.height, f.branch))
	s.depth -= f.unary + f.conds
	f.height, f.branch, f.unary, f.conds = 0, 0, 0, 0
	f.operator, f.operand, f.dot = false, false, false
}

func (s *scanner) limit(f *frame, i int) {
	if f.conds+max(f.height, f.branch) > MaxNesting || f.highest+f.controls > MaxNesting {
		s.tooDeep(i)
	}
}

// directive counts the if and for directives that are open in the template around a %{ sequence.
func (s *scanner) directive(word string, i int) {
	t := &s.frames[len(s.frames)-2]
	switch word {
	case "if", "for":
		t.control++
		t.controls = max(t.controls, t.control)
		s.deepen(i)
		s.limit(t, i)
	case "endif", "endfor":
		if t.control > 0 {
			t.control--
			s.depth--
		}
	}
}

// quoted reads one token of a quoted text.
func (s *scanner) quoted() {
	i, c := s.pos, s.src[s.pos]
	switch c {
	case '"':
		s.tokens++
		s.pos++
		height := s.pop()
		s.operandOf(s.top(), height, i)
		s.prev = tokQuote
	case '\n', '\r':
		for s.pos < len(s.src) && (s.src[s.pos] == '\n' || s.src[s.pos] == '\r') {
			s.pos++
		}
		s.tokens++
		s.bad(i, 1)
	case '$', '%':
		s.dollar(c)
	default:
		for s.pos < len(s.src) {
			c := s.src[s.pos]
			if c == '"' || c == '$' || c == '%' || c == '\n' || c == '\r' {
				break
			}
			if c == '\\' {
				if s.pos+1 >= len(s.src) {
					s.pos++
					s.piece(i, true)
					return
				}
				if n := s.src[s.pos+1]; n == '\n' || n == '\r' {
					if s.pos == i {
						s.pos++
						s.tokens++
						s.bad(i, 1)
						return
					}
					break
				}
				s.pos++
			}
			s.pos++
		}
		s.piece(i, true)
	}
}

// dollar reads a $ or % in literal text: a sequence, its escape, or the character itself.
func (s *scanner) dollar(c byte) {
	i, rest := s.pos, s.src[s.pos:]
	switch {
	case len(rest) == 1:
		s.pos++
		s.piece(i, true)
	case rest[1] == '{':
		s.pos += 2
		if len(rest) > 2 && rest[2] == '~' {
			s.pos++
		}
		s.piece(i, false)
		s.top().lineStart = false
		s.push(c, i)
		s.prev = tokOther
	case len(rest) > 2 && rest[1] == c && rest[2] == '{':
		s.pos += 3
		if len(rest) > 3 && rest[3] == '~' {
			s.pos++
		}
		s.top().lineStart = false
		s.piece(i, true)
	default:
		s.pos++
		s.top().lineStart = false
		s.piece(i, true)
	}
}

// text reads one token of a heredoc or of a bare template.
func (s *scanner) text() {
	f := s.top()
	i := s.pos
	if c := s.src[i]; c == '$' || c == '%' {
		s.dollar(c)
		return
	}
	n := bytes.IndexAny(s.src[i:], "$%\n\r")
	if n < 0 {
		s.pos = len(s.src)
		s.piece(i, true)
		return
	}
	end := i + n
	if s.src[end] == '\r' {
		if end+1 < len(s.src) && s.src[end+1] == '\n' {
			end++
		} else {
			s.refuse(end, 1, "Invalid line ending", "There is a carriage return without a line feed here. Lines end with a line feed, or with both.")
			return
		}
	}
	if s.src[end] != '\n' {
		f.lineStart = false
		s.pos = end
		s.piece(i, true)
		return
	}
	s.pos = end + 1
	if f.kind == inHeredoc && f.lineStart && bytes.Equal(bytes.TrimSpace(s.src[i:s.pos]), f.marker) {
		s.tokens += 2
		height := s.pop()
		s.operandOf(s.top(), height, i)
		s.newline()
		return
	}
	f.lineStart = true
	s.piece(i, true)
	if f.lines++; f.lines > MaxHeredocLines {
		s.refuse(f.at, 1, "Heredoc too long", fmt.Sprintf("A heredoc may have at most %d lines.%s", MaxHeredocLines, ownFile))
	}
}

// piece counts a token of a template that began at byte from. The parser joins literal texts that follow
// each other one by one, copying what it has each time.
func (s *scanner) piece(from int, literal bool) {
	s.tokens++
	f := s.top()
	f.pieces++
	if !literal {
		f.run = 0
	} else {
		s.literals++
		if f.run > 0 {
			s.joined += f.run + s.pos - from
		}
		f.run += s.pos - from
	}
	switch {
	case f.pieces > maxTemplatePieces:
		s.refuse(f.at, 1, "Text too long", fmt.Sprintf("A text may consist of at most %d lines, $ and %% signs and template sequences.%s", maxTemplatePieces, ownFile))
	case s.joined > maxJoined:
		s.refuse(f.at, 1, "Text too long", "The texts of this file have too many long lines."+ownFile)
	}
}

const ownFile = " Put a long text into a file of its own and read it with file()."
