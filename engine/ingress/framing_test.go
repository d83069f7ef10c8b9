package ingress

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	rawHead  = "POST /inbound/shop/orders HTTP/1.1\r\nHost: x\r\n"
	rawChunk = rawHead + "Transfer-Encoding: chunked\r\n"
)

// malformed are requests that must end with a 4xx or a closed connection, and no event. What comes behind
// the first answer (a second request that was smuggled in) must be no event either.
var malformed = []string{
	// A length together with chunks, in either order and dress.
	rawHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "content-length:2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "Content-Length: 0\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "Content-Length: 6\r\n\r\n0\r\n\r\n" + rawGood,
	// Codings that are not plain chunked.
	rawHead + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
	rawHead + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: \"chunked\"\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: chunked;q=1\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding:\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: \x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer\x00-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	"POST /inbound/shop/orders HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	"POST /inbound/shop/orders?" + strings.Repeat("a", 2000) + " HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	// Lengths.
	rawHead + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
	rawHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
	rawHead + "Content-Length: 2, 2\r\n\r\n{}",
	rawHead + "Content-Length: +2\r\n\r\n{}",
	rawHead + "Content-Length: -2\r\n\r\n{}",
	rawHead + "Content-Length: 0x2\r\n\r\n{}",
	rawHead + "Content-Length: 2 \x00\r\n\r\n{}",
	rawHead + "Content-Length: 2e0\r\n\r\n{}",
	rawHead + "Content-Length: 2.0\r\n\r\n{}",
	rawHead + "Content-Length: \r\n\r\n{}",
	rawHead + "Content-Length : 2\r\n\r\n{}",
	rawHead + "Content-Length: 99999999999999999999999999\r\n\r\n{}",
	rawHead + "Content-Length: 9223372036854775808\r\n\r\n{}",
	rawHead + "Content-Length: " + strings.Repeat("0", 600) + "2\r\n\r\n{}",
	rawHead + "Content-Length: 1000000000000\r\n\r\n{}",
	rawHead + "Content-Length: 300000\r\n\r\n{}",
	// Chunks.
	rawChunk + "\r\nz\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n-2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n0x2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n2\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n2\r\n{}\n0\r\n\r\n",
	rawChunk + "\r\n2\r\n{}0\r\n\r\n",
	rawChunk + "\r\n2\r\n{} \r\n0\r\n\r\n",
	rawChunk + "\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n2;" + strings.Repeat("x", 10000) + "\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
	rawChunk + "\r\n" + strings.Repeat("1;"+strings.Repeat("x", 100)+"\r\n \r\n", 3000) + "0\r\n\r\n",
	rawChunk + "\r\n2\r\n{}\r\n",
	// Lines.
	strings.ReplaceAll(rawGood, "\r\n", "\n"),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\n", 1),
	strings.Replace(rawGood, "\r\n\r\n", "\r\n\n", 1),
	strings.Replace(rawGood, "\r\n\r\n", "\n\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\rX: y\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\n folded\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\n\tfolded\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", " Host: x\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nno colon\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\n: no name\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA B: c\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA: \x00\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA: \x1b[31m\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA\x00: b\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA\xc3\xa9: b\r\n", 1),
	"\r\n" + rawGood,
	"\x00" + rawGood,
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // TLS on a plain port
	// Hosts.
	strings.Replace(rawGood, "Host: x\r\n", "", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nHost: y\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: a b\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x/../y\r\n", 1),
	// Request lines.
	strings.Replace(rawGood, "POST", "", 1),
	strings.Replace(rawGood, "POST", "PO ST", 1),
	strings.Replace(rawGood, "POST", "P\x00ST", 1),
	strings.Replace(rawGood, "POST", "post", 1),
	strings.Replace(rawGood, "POST", "GET", 1),
	strings.Replace(rawGood, "POST", "TRACE", 1),
	strings.Replace(rawGood, "POST", "CONNECT", 1),
	strings.Replace(rawGood, "POST", "OPTIONS", 1),
	strings.Replace(rawGood, "POST /inbound/shop/orders", "OPTIONS *", 1),
	strings.Replace(rawGood, "HTTP/1.1", "HTTP/9.9", 1),
	strings.Replace(rawGood, "HTTP/1.1", "HTTP/1.1 ", 1),
	strings.Replace(rawGood, "HTTP/1.1", "HTTP/1.1\t", 1),
	strings.Replace(rawGood, "HTTP/1.1", "http/1.1", 1),
	strings.Replace(rawGood, " HTTP/1.1", "", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "inbound/shop/orders", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders/\x00", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders/%", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders/%zz", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders a", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/../shop/orders", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "//inbound/shop/orders", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders?a=%gg", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/inbound/shop/orders?a;b", 1),
	strings.Replace(rawGood, "/inbound/shop/orders", "/"+strings.Repeat("a", 70000), 1),
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
	// Sizes and types.
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA: "+strings.Repeat("a", 70000)+"\r\n", 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\n"+strings.Repeat("A: a\r\n", 20000), 1),
	strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nExpect: 200-ok\r\n", 1),
	strings.Replace(rawGood, "application/json", "application/json, text/plain", 1),
	strings.Replace(rawGood, "application/json", "multipart/form-data", 1),
	strings.Replace(rawGood, "{}", "{", 1),
}

func TestW2MalformedRequests(t *testing.T) {
	if len(malformed) < 100 {
		t.Errorf("only %d requests", len(malformed))
	}
	d := newDoor(t, trigger(t, openEndpoint))
	d.Limits.Request = 2 * time.Second
	d.Limits.Header = time.Second
	addr, _ := listen(t, d)
	for _, raw := range malformed {
		c := dial(t, addr)
		// The sender's end is closed, so that what is cut off is not waited for.
		_, _ = io.WriteString(c, raw)
		_ = c.(*net.TCPConn).CloseWrite()
		// A reset is a closed connection too.
		b, _ := io.ReadAll(c)
		_ = c.Close()
		for _, line := range strings.Split(string(b), "\r\n") {
			if strings.HasPrefix(line, "HTTP/1.") && !strings.HasPrefix(line[8:], " 4") && !strings.HasPrefix(line[8:], " 505") {
				t.Errorf("%.120q was answered %q", raw, line)
			}
		}
		if strings.Contains(string(b), "Server:") {
			t.Errorf("%.120q: the answer names the server", raw)
		}
		if evs := d.taken(); len(evs) != 0 {
			t.Errorf("%.120q was accepted", raw)
		}
	}
	for name, raw := range map[string]string{
		"length":           rawGood,
		"chunks":           rawChunk + "\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\nX-Trailer: y\r\n\r\n",
		"HTTP/1.0":         "POST /inbound/shop/orders HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
		"absolute":         strings.Replace(rawGood, "POST /", "POST http://x/", 1),
		"long headers":     strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nA: "+strings.Repeat("a", 50000)+"\r\n", 1),
		"expect":           strings.Replace(rawGood, "Host: x\r\n", "Host: x\r\nConnection: close\r\n", 1),
		"long line":        strings.Replace(rawChunk, "orders", "orders?"+strings.Repeat("a", 2000), 1) + "\r\n2\r\n{}\r\n0\r\n\r\n",
		"case of a coding": strings.Replace(rawChunk, "chunked", "Chunked", 1) + "\r\n2\r\n{}\r\n0\r\n\r\n",
	} {
		if code, _ := exchange(t, dial(t, addr), raw); code != 200 || len(d.taken()) != 1 {
			t.Errorf("the control %s was answered %d", name, code)
		}
	}
}

// Requests on one connection, sent in pieces of any size, are each seen whole; what is behind a chunked one
// is never read.
func TestW2Pipelines(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	addr, _ := listen(t, d)
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	raw := rawGood + strings.Replace(rawGood, "2\r\n\r\n{}", "0\r\n\r\n", 1) + rawGood + rawChunk + "\r\n2\r\n[]\r\n0\r\n\r\n" + rawGood
	for range 30 {
		c := dial(t, addr)
		for rest := raw; rest != ""; {
			n := min(1+rnd.IntN(120), len(rest))
			if _, err := io.WriteString(c, rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		b, _ := io.ReadAll(c)
		_ = c.Close()
		if n := len(d.taken()); n != 3 || strings.Count(string(b), "HTTP/1.1 200") != 3 || strings.Count(string(b), "HTTP/1.1 400") != 1 {
			t.Fatalf("seed %d: %d events\n%s", seed, n, b)
		}
	}
}

func TestFramingIsTheSameInAnyPieces(t *testing.T) {
	all := append([]string{rawGood + rawGood, rawChunk + "\r\n0\r\n\r\n"}, malformed...)
	for _, raw := range all {
		if len(raw) > 5000 {
			continue
		}
		want := follow(raw, len(raw))
		for _, size := range []int{1, 2, 3, 7, 64} {
			if got := follow(raw, size); got != want {
				t.Errorf("%.100q in pieces of %d: %s, want %s", raw, size, got, want)
			}
		}
	}
}

// follow says where a framing puts the ends of headers and bodies.
func follow(raw string, size int) string {
	var f framing
	var out strings.Builder
	for at := 0; at < len(raw); {
		end := min(at+size, len(raw))
		n, err := f.scan([]byte(raw[at:end]))
		if err != nil {
			return out.String() + "bad"
		}
		at += n
		if f.state != inHeaders || f.lines == 0 && len(f.line) == 0 {
			if s := fmt.Sprintf("%d:%d:%d ", at, f.state, f.body); f.state != opaque && (f.state != inBody || !strings.Contains(out.String(), fmt.Sprintf(":%d:", inBody))) {
				out.WriteString(s)
			}
		}
	}
	return out.String()
}

// The ends are found alike however the bytes come in.
func FuzzFraming(f *testing.F) {
	for _, raw := range malformed {
		f.Add(raw, uint8(3))
	}
	f.Fuzz(func(t *testing.T, raw string, size uint8) {
		if len(raw) > 5000 {
			return
		}
		if got, want := follow(raw, int(size)+1), follow(raw, max(1, len(raw))); got != want {
			t.Errorf("in pieces of %d: %s, want %s", int(size)+1, got, want)
		}
	})
}
