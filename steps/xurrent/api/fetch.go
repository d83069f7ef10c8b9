package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"currant/engine/outbound"
	"currant/steps"
)

// Fetch reads a file from a web address, without token or account, and follows redirects. The size is in
// bytes, and negative where the server does not tell it. An answer of limit bytes or more fails with a
// *[outbound.TooLarge] at once or while it is read; the other errors are those of [Client.Do]. No message
// holds more of the address than its host. Close the content.
func (c *Client) Fetch(ctx context.Context, address string, limit int64) (content io.ReadCloser, size int64, err error) {
	u, err := outbound.CheckURL(address)
	if err != nil {
		return nil, 0, steps.Errorf(steps.InputError, "%s", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, steps.Errorf(steps.InputError, "the address cannot be called")
	}
	s, err := c.out.Open(ctx, req, outbound.CallOptions{Redirects: outbound.MaxRedirects, Timeout: c.config.timeout(), MaxBody: limit - 1})
	var large *outbound.TooLarge
	switch {
	case errors.As(err, &large) && large.Status != 0 && large.Status != http.StatusOK:
		return nil, 0, c.unfetched(u.Host, large.Status, nil)
	case large != nil:
		return nil, 0, large
	case err != nil:
		return nil, 0, c.shown(err)
	case s.Status != http.StatusOK:
		s.Body.Close()
		return nil, 0, c.unfetched(s.URL.Host, s.Status, s.Header)
	}
	size, err = strconv.ParseInt(s.Header.Get("Content-Length"), 10, 64)
	if err != nil {
		size = -1
	}
	return s.Body, size, nil
}

func (c *Client) unfetched(host string, status int, h http.Header) error {
	what := fmt.Sprintf("GET from %s: answered %s", host, statusText(status))
	if putsBack(status) {
		return &steps.PutBack{After: outbound.RetryAfter(h, c.now()), Reason: what, Status: status}
	}
	return &steps.Error{Kind: steps.HTTPError, Status: status, Message: what}
}
