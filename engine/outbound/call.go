package outbound

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// CallOptions are the choices of one call. A zero field takes the policy's value.
type CallOptions struct {
	Redirects int           // how many to follow: 0, none; at most MaxRedirects
	Timeout   time.Duration // of the whole call, redirects and body included
	MaxBody   int64         // bytes, after decompression
}

func (c *Client) options(o CallOptions) CallOptions {
	if o.Timeout <= 0 {
		o.Timeout = c.policy.Timeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = c.policy.MaxBody
	}
	o.Redirects = min(max(o.Redirects, 0), MaxRedirects)
	return o
}

// Response is an answer of any status, read to its end.
type Response struct {
	Status   int
	Header   http.Header
	Body     []byte        // decompressed, at most MaxBody bytes
	URL      *url.URL      // where the answer came from, after redirects
	Duration time.Duration // from the call to the last byte
}

// Stream is an answer whose body is still to be read. The time limit of the
// call covers the reading too. Close the body.
type Stream struct {
	Status int
	Header http.Header
	URL    *url.URL

	// Body is decompressed. Reading over the limit fails with a *[TooLarge];
	// the other errors are those of [Client.Do].
	Body io.ReadCloser
}

// Do makes a call and reads the answer. A status is never an error. The caller's
// request is not changed and its body is closed.
//
// The errors, all fit to be shown: *[Refused] and *[BadURL] (nothing was sent),
// *[TooLarge], *[RedirectError], and *[Error] for the rest. [Classify] gives
// the step's error kind.
func (c *Client) Do(ctx context.Context, req *http.Request, o CallOptions) (*Response, error) {
	start := time.Now()
	s, err := c.open(ctx, req, c.options(o))
	if err != nil {
		return nil, err
	}
	defer s.Body.Close()
	body, err := readAll(s.Body, s.length)
	if err != nil {
		return nil, err
	}
	return &Response{Status: s.Status, Header: s.Header, Body: body, URL: s.URL, Duration: time.Since(start)}, nil
}

// Open is [Client.Do] without reading the body.
func (c *Client) Open(ctx context.Context, req *http.Request, o CallOptions) (*Stream, error) {
	s, err := c.open(ctx, req, c.options(o))
	if err != nil {
		return nil, err
	}
	return &s.Stream, nil
}

type stream struct {
	Stream
	length int64 // of the body as announced and within the limit; -1 where unknown
}

func (c *Client) open(parent context.Context, req *http.Request, o CallOptions) (*stream, error) {
	ctx, cancel := context.WithTimeout(parent, o.Timeout)
	cur := req.Clone(ctx)
	if cur.Header == nil {
		cur.Header = http.Header{}
	}
	if _, ok := cur.Header["User-Agent"]; !ok {
		cur.Header["User-Agent"] = []string{c.policy.UserAgent}
	}
	// A limit of the caller is not ours to name.
	within := seconds(o.Timeout)
	if d, ok := parent.Deadline(); ok && time.Until(d) < o.Timeout {
		within = ""
	}

	resp, t, err := c.follow(cur, o.Redirects)
	if err == nil {
		err = limitBody(resp, t.hostPort(), o.MaxBody, true)
	}
	if err != nil {
		cancel()
		return nil, explain(err, t.hostPort(), within)
	}
	return &stream{
		Stream: Stream{
			Status: resp.StatusCode,
			Header: resp.Header,
			URL:    resp.Request.URL,
			Body:   &callBody{resp.Body, cancel, t.hostPort(), within},
		},
		length: resp.ContentLength,
	}, nil
}

// callBody ends the call's context with the body and explains its errors.
type callBody struct {
	rc     io.ReadCloser
	cancel context.CancelFunc
	host   string
	within string
}

func (b *callBody) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	if err != nil && err != io.EOF {
		err = explain(err, b.host, b.within)
	}
	return n, err
}

func (b *callBody) Close() error {
	err := b.rc.Close()
	b.cancel()
	return err
}

const (
	firstChunk = 4 << 10
	lastChunk  = 1 << 20
)

// readAll reads in chunks and joins them at the end: a large body costs twice
// its size at most, where a buffer that doubles would cost four times. length
// is what the server announced, believed up to one chunk.
func readAll(r io.Reader, length int64) ([]byte, error) {
	size := firstChunk
	if length > 0 {
		size = int(min(length, lastChunk)) + 1 // the 1 is room to see the end
	}
	var full [][]byte
	cur := make([]byte, 0, size)
	for {
		n, err := r.Read(cur[len(cur):cap(cur)])
		cur = cur[:len(cur)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(cur) == cap(cur) {
			full = append(full, cur)
			cur = make([]byte, 0, min(2*cap(cur), lastChunk))
		}
	}
	if full == nil {
		return cur, nil
	}
	return slices.Concat(append(full, cur)...), nil
}
