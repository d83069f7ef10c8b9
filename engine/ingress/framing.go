package ingress

import (
	"bytes"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// conn is a connection whose requests are framed strictly. The HTTP library is lenient where two readers of
// the same bytes could disagree on where a request ends (a proxy before us, say), so the headers are looked
// at as they pass: a length together with chunks, two lengths, a line that ends without CR or is folded, and
// any coding but chunked end the connection, with 400. What the library refuses itself is left to it.
type conn struct {
	net.Conn
	owner *limiter
	heard atomic.Bool // a byte has come

	// Guarded by owner.mu.
	unused bool
	since  time.Time

	// Used by the one goroutine that reads.
	f    framing
	rest []byte // read, but behind the end of the headers
	err  error
}

func (c *conn) Close() error {
	c.owner.forget(c)
	return c.Conn.Close()
}

// Read never gives bytes from before and behind the end of a request's headers, or of its body, at once.
func (c *conn) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := 0, error(nil)
	if len(c.rest) > 0 {
		n = copy(p, c.rest)
		c.rest = c.rest[n:]
	} else if n, err = c.Conn.Read(p); n > 0 && !c.heard.Load() {
		c.heard.Store(true)
	}
	used, bad := c.f.scan(p[:n])
	if bad != nil {
		c.err, c.rest = bad, nil
		return 0, bad
	}
	if used < n {
		c.rest = append(append(make([]byte, 0, n-used+len(c.rest)), p[used:n]...), c.rest...)
		return used, nil
	}
	return n, err
}

// framing follows where requests begin and end in a stream of bytes.
type framing struct {
	state  framingState
	body   int64  // bytes of the body that are still to come
	line   []byte // the current header line, at most maxFramingLine
	long   bool   // the line is longer
	lines  int    // complete lines of this request's headers
	old    bool   // HTTP/1.0
	length int64  // Content-Length, or -1
	chunks bool
}

type framingState int

const (
	inHeaders framingState = iota
	inBody
	// opaque: chunks. Nothing behind them is looked at, so the connection ends with this request.
	opaque
)

// maxFramingLine is how much of a line is looked at: more than any framing header needs.
const maxFramingLine = 512

// framingTail is how much of a long line's end is kept: more than "HTTP/1.0\r\n".
const framingTail = 16

var errFraming = errors.New("malformed framing")

// scan takes bytes up to the end of the headers, or of the body, and says how many those are.
func (f *framing) scan(p []byte) (int, error) {
	switch f.state {
	case opaque:
		return len(p), nil
	case inBody:
		n := min(int64(len(p)), f.body)
		if f.body -= n; f.body == 0 {
			f.begin()
		}
		return int(n), nil
	}
	if f.lines == 0 && len(f.line) == 0 {
		f.begin()
	}
	used := 0
	for used < len(p) {
		i := bytes.IndexByte(p[used:], '\n')
		if i < 0 {
			f.keep(p[used:])
			return len(p), nil
		}
		f.keep(p[used : used+i+1])
		used += i + 1
		done, err := f.endLine()
		if err != nil {
			return 0, err
		}
		if done {
			return used, nil
		}
	}
	return used, nil
}

func (f *framing) begin() { *f = framing{line: f.line[:0], length: -1} }

// keep adds to the line. Of a long one the first bytes and the last are kept: its name, and how it ends.
func (f *framing) keep(p []byte) {
	if len(f.line)+len(p) <= maxFramingLine {
		f.line = append(f.line, p...)
		return
	}
	f.long = true
	const head = maxFramingLine - framingTail
	if n := head - len(f.line); n > 0 {
		f.line, p = append(f.line, p[:n]...), p[n:]
	}
	var tail [2 * framingTail]byte
	n := copy(tail[:framingTail], f.line[max(head, len(f.line)-framingTail):])
	n += copy(tail[n:], p[max(0, len(p)-framingTail):])
	f.line = append(f.line[:head], tail[max(0, n-framingTail):n]...)
}

// endLine looks at a complete line. It is done at the end of the headers.
func (f *framing) endLine() (done bool, err error) {
	line, ok := bytes.CutSuffix(f.line, []byte("\r\n"))
	if !ok || bytes.IndexByte(line, '\r') >= 0 {
		return false, errFraming
	}
	long := f.long
	f.line, f.long = f.line[:0], false
	f.lines++
	switch {
	case f.lines == 1:
		if len(line) == 0 {
			return false, errFraming
		}
		f.old = bytes.HasSuffix(line, []byte("HTTP/1.0"))
		return false, nil
	case len(line) == 0:
		return true, f.endHeaders()
	case line[0] == ' ' || line[0] == '\t':
		return false, errFraming
	}
	return false, f.header(line, long)
}

func (f *framing) header(line []byte, long bool) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		if f.length >= 0 || long || len(value) == 0 || len(value) > 18 || len(bytes.Trim(value, "0123456789")) > 0 {
			return errFraming
		}
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return errFraming
		}
		f.length = n
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		if f.chunks || long || !bytes.EqualFold(value, []byte("chunked")) {
			return errFraming
		}
		f.chunks = true
	}
	return nil
}

func (f *framing) endHeaders() error {
	switch {
	case f.chunks && (f.length >= 0 || f.old):
		return errFraming
	case f.chunks:
		f.state = opaque
	case f.length > 0:
		f.state, f.body = inBody, f.length
	default:
		f.begin()
	}
	return nil
}
