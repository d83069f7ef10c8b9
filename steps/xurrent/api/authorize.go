package api

import (
	"context"
	"net/http"
	"net/url"
)

// Authorize adds the token and the account to a request that goes to a host of the connection, where GraphQL
// or REST is, and leaves others as they are: a result's address mostly belongs to somebody else's storage. The
// errors are those of a token request.
func (c *Client) Authorize(ctx context.Context, req *http.Request) error {
	if !sameOrigin(req.URL, c.at.GraphQL) && !sameOrigin(req.URL, c.at.REST) {
		return nil
	}
	g, err := c.authorization(ctx)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", g.header)
	req.Header.Set("X-Xurrent-Account", c.config.AccountID)
	return nil
}

func sameOrigin(u *url.URL, address string) bool {
	own, err := url.Parse(address)
	return err == nil && own.Host != "" && u.Scheme == own.Scheme && u.Host == own.Host
}
