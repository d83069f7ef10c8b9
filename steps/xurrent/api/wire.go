package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/machinebox/graphql"

	"currant/engine/outbound"
)

// wire is the transport below machinebox/graphql. What the library hides goes by an exchange in the context.
type wire struct {
	c    *Client
	host string
	base http.RoundTripper
}

// exchange is one request and what came back.
type exchange struct {
	request *Request
	body    []byte
	granted *granted

	status     int
	header     http.Header
	rate, cost Limit
	read       bool // the whole answer, which is answer
	answer     []byte
	data       json.RawMessage
}

type exchangeKey struct{}

func newWire(c *Client) *wire {
	w := &wire{c: c, base: c.out.HTTPWith(outbound.CallOptions{MaxBody: MaxAnswer}).Transport}
	if u, err := url.Parse(c.at.GraphQL); err == nil {
		w.host = u.Host
	}
	return w
}

// client is the one place where the library's client is made.
func (w *wire) client() *graphql.Client {
	return graphql.NewClient(w.c.at.GraphQL, graphql.WithHTTPClient(&http.Client{
		Transport:     w,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
}

// send makes the call. Its errors are *steps.Error, *steps.PutBack and those of the transport.
func (w *wire) send(ctx context.Context, x *exchange) error {
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	err := w.c.graphql.Run(ctx, graphql.NewRequest(""), &x.data)
	switch {
	case !x.read:
		return err // the transport's own; nothing was there to be decoded
	case err == nil && hasData(x.data) && bytes.HasSuffix(bytes.TrimSpace(x.answer), []byte("}")): // the library reads no further than it must
		x.answer = nil
		return nil
	}
	return w.c.unusable(x)
}

// RoundTrip writes the body that the library cannot (no empty variables, the operation's name), sends it and
// reads the answer. Every status but 200 is an error here, for the library does not look at it.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if req.Body != nil {
		req.Body.Close()
	}
	if !ok {
		return nil, errors.New("a call outside of an exchange")
	}
	out := req.Clone(req.Context())
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(x.body)), nil }
	out.Body, _ = out.GetBody()
	out.ContentLength = int64(len(x.body))
	out.Header = http.Header{
		"Content-Type":      {"application/json"},
		"Accept":            {"application/json"},
		"Authorization":     {x.granted.header},
		"X-Xurrent-Account": {w.c.config.AccountID},
		"User-Agent":        {w.c.config.Outbound.UserAgent},
	}
	resp, err := w.base.RoundTrip(out)
	if err != nil {
		return nil, &unanswered{err}
	}
	defer resp.Body.Close()
	x.status, x.header = resp.StatusCode, resp.Header
	x.rate, x.cost = limitsOf(resp.Header)
	body, err := readAnswer(resp)
	if resp.StatusCode != http.StatusOK {
		return nil, w.c.refused(x, body) // as much of the body as came
	}
	if err != nil {
		return nil, err
	}
	x.answer, x.read = body, true
	resp.Body = readCloser{bytes.NewReader(body)}
	return resp, nil
}

// readCloser keeps the reader's WriteTo, so that the library copies the answer at once.
type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// readAnswer reads a body, which the transport bounds.
func readAnswer(resp *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		b.Grow(int(min(n, 1<<20)) + bytes.MinRead) // announced, and believed up to 1 MiB
	}
	_, err := b.ReadFrom(resp.Body)
	return b.Bytes(), err
}

// unanswered is a call that failed before any answer.
type unanswered struct{ err error }

func (e *unanswered) Error() string { return e.err.Error() }
func (e *unanswered) Unwrap() error { return e.err }

// broken says whether a call failed because its connection did, before any answer.
func broken(err error) bool {
	var none *unanswered
	if !errors.As(err, &none) {
		return false
	}
	for _, cause := range []error{syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(none.err, cause) {
			return true
		}
	}
	return false
}

// outcome is what the pacer learns.
func (x *exchange) outcome(now time.Time) answered {
	a := answered{header: x.header, rate: x.rate, cost: x.cost}
	if x.status == http.StatusTooManyRequests {
		a.refusedFor = outbound.RetryAfter(x.header, now)
	}
	return a
}

func (x *exchange) requestID() string {
	return outbound.EscapeLog(x.header.Get("X-Request-Id"), 200)
}

func hasData(data json.RawMessage) bool {
	data = bytes.TrimSpace(data)
	return len(data) > 0 && data[0] == '{' && len(bytes.TrimSpace(data[1:len(data)-1])) > 0
}

// redact covers the secrets of the connection and of the request.
func (x *exchange) redact(text string) string {
	set := x.granted.secrets
	if len(x.request.Secrets) == 0 {
		return set.Redact(text)
	}
	all := outbound.NewSecrets(x.granted.all...)
	all.Add(x.request.Secrets...)
	return all.Redact(text)
}

// putsBack says whether a status asks to come back later.
func putsBack(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}
