package outbound

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// limitBody caps the answer's body. net/http has already taken off the gzip
// that it asked for, so the cap counts what the caller gets. With decode it also
// takes off gzip that the request asked for by a header of its own. On an error
// the body is closed.
func limitBody(resp *http.Response, host string, limit int64, decode bool) error {
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil
	}
	large := &TooLarge{Host: host, What: "body", Limit: limit, Status: resp.StatusCode}
	if resp.ContentLength > limit && resp.Request.Method != http.MethodHead {
		resp.Body.Close()
		return large
	}
	body := &cappedBody{r: resp.Body, c: resp.Body, left: limit, large: large}
	if decode && resp.Request.Method != http.MethodHead && strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		body.r = &gunzip{src: resp.Body}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
		resp.Uncompressed = true
	}
	resp.Body = body
	return nil
}

// cappedBody fails with large as soon as there is one byte over the limit.
type cappedBody struct {
	r     io.Reader
	c     io.Closer
	left  int64
	large *TooLarge
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.left < 0 {
		return 0, b.large
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, b.large
	}
	return n, err
}

func (b *cappedBody) Close() error { return b.c.Close() }

// gunzip reads the gzip header at the first read, as an empty body has none.
type gunzip struct {
	src io.Reader
	z   *gzip.Reader
	err error
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil && g.err == nil {
		g.z, g.err = gzip.NewReader(g.src)
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.z.Read(p)
}
