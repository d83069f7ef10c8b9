package httpreq

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"currant/engine/outbound"
)

// Client is an opened connection: safe for concurrent use, to be closed when done.
type Client struct {
	base    *url.URL // nil without a connection
	hidden  bool     // base_url itself is sensitive
	header  http.Header
	timeout time.Duration // 0 is the policy's
	secrets *secrets
	tokens  *tokens // nil without OAuth

	out    *outbound.Client
	policy outbound.Policy
}

func newClient(p outbound.Policy) *Client {
	if p.UserAgent == "" {
		p.UserAgent = userAgent
	}
	if p.Timeout <= 0 {
		p.Timeout = outbound.DefaultTimeout
	}
	return &Client{out: outbound.NewClient(p), policy: p}
}

// Close gives up token requests that are going on and closes idle sockets. Calls under way go on.
func (c *Client) Close() error {
	if c.tokens != nil {
		c.tokens.cancel()
	}
	c.out.Close()
	return nil
}

// limit is the longest time of a call whose step says nothing.
func (c *Client) limit() time.Duration {
	if c.timeout > 0 {
		return c.timeout
	}
	return c.policy.Timeout
}

// within bounds all that a call does, a token request and a second try included. A limit of the step itself
// is the context's.
func (c *Client) within(ctx context.Context) (context.Context, context.CancelFunc, time.Duration) {
	if d, ok := ctx.Deadline(); ok {
		return ctx, func() {}, time.Until(d) + time.Second
	}
	if c.tokens == nil {
		return ctx, func() {}, c.limit() // outbound sets it
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit())
	return ctx, cancel, c.limit()
}
