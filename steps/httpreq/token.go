package httpreq

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"currant/engine/outbound"
	"currant/steps"
)

// earlyExpiry is how long before its end a token is no longer used: a request needs a moment to arrive.
const earlyExpiry = 5 * time.Second

// tokens gets OAuth tokens by client credentials (RFC 6749 section 4.4) and keeps the last one. However many
// calls wait for a token, one request is under way; it belongs to none of them, so that one that gives up
// does not fail the others.
type tokens struct {
	url    *url.URL
	client *Client
	config clientcredentials.Config
	// ctx ends token requests when the connection is closed, and carries the guarded client.
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards what follows
	current *granted
	flight  *flight
	style   oauth2.AuthStyle // that worked; zero is not known yet
}

// granted is a token in use.
type granted struct {
	header  string // of Authorization
	expiry  time.Time
	secrets *secrets // of the connection, and the token
}

// flight is a token request under way.
type flight struct {
	done  chan struct{}
	token *granted
	err   error
}

func newTokens(c *Client, u *url.URL, id, secret string, scopes []string) *tokens {
	t := &tokens{url: u, client: c, config: clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: u.String(), Scopes: scopes}}
	guarded := c.out.HTTPWith(outbound.CallOptions{Timeout: c.limit(), MaxBody: 1 << 20})
	t.ctx, t.cancel = context.WithCancel(context.WithValue(context.Background(), oauth2.HTTPClient, guarded))
	return t
}

// get is a token that is valid, asked for if need be.
func (t *tokens) get(ctx context.Context) (*granted, error) {
	t.mu.Lock()
	if g := t.current; g != nil && (g.expiry.IsZero() || time.Until(g.expiry) > earlyExpiry) {
		t.mu.Unlock()
		return g, nil
	}
	f := t.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		t.flight = f
		go t.fetch(f, t.style)
	}
	t.mu.Unlock()

	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		kind, what := steps.TimeoutError, "no answer in time"
		if errors.Is(ctx.Err(), context.Canceled) {
			kind, what = steps.CancelledError, "cancelled"
		}
		return nil, steps.Errorf(kind, "token request to %s: %s", t.host(), what)
	}
}

// drop forgets a token that a server refused, if it is still the one in use.
func (t *tokens) drop(g *granted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == g {
		t.current = nil
	}
}

func (t *tokens) fetch(f *flight, style oauth2.AuthStyle) {
	token, style, err := t.request(style)
	if err == nil {
		f.token = &granted{header: token.Type() + " " + token.AccessToken, expiry: token.Expiry, secrets: t.client.secrets.with(token.AccessToken)}
	} else {
		f.err = t.failure(err)
	}
	t.mu.Lock()
	t.flight = nil
	if err == nil {
		t.current, t.style = f.token, style
	}
	t.mu.Unlock()
	close(f.done)
}

// request asks with the credentials in the header, as RFC 6749 section 2.3.1 has it, and where that is
// refused once more with them in the body, for servers that know only that.
func (t *tokens) request(style oauth2.AuthStyle) (*oauth2.Token, oauth2.AuthStyle, error) {
	ask := func(style oauth2.AuthStyle) (*oauth2.Token, oauth2.AuthStyle, error) {
		config := clientcredentials.Config{ClientID: t.config.ClientID, ClientSecret: t.config.ClientSecret,
			TokenURL: t.config.TokenURL, Scopes: t.config.Scopes, AuthStyle: style}
		token, err := config.Token(t.ctx)
		if err == nil && headerProblem("Authorization", token.Type()+" "+token.AccessToken) != "" {
			err = errors.New("oauth2: token with control characters")
		}
		return token, style, err
	}
	if style != oauth2.AuthStyleAutoDetect {
		return ask(style)
	}
	token, style, err := ask(oauth2.AuthStyleInHeader)
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode >= 400 && refused.Response.StatusCode < 500 &&
		refused.Response.StatusCode != http.StatusTooManyRequests {
		return ask(oauth2.AuthStyleInParams)
	}
	return token, style, err
}

func (t *tokens) host() string { return t.url.Host }

// failure says what went wrong by host, status and OAuth error code alone: what else an answer says may
// repeat what was sent.
func (t *tokens) failure(err error) error {
	fail := func(kind steps.ErrorKind, status int, format string, args ...any) error {
		message := fmt.Sprintf("token request to %s: ", t.host()) + fmt.Sprintf(format, args...)
		return &steps.Error{Kind: kind, Status: status, Message: redactor(t.client.secrets).Redact(message)}
	}
	if t.ctx.Err() != nil { // the runner opens the connection again for the next try
		return &steps.PutBack{After: time.Second, Reason: "the connection was closed during a token request"}
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		status := refused.Response.StatusCode
		answered := statusText(status)
		switch {
		case putsBack(status):
			return &steps.PutBack{After: outbound.RetryAfter(refused.Response.Header, time.Now()), Status: status,
				Reason: redactor(t.client.secrets).Redact("the token request to " + t.host() + " was answered " + answered)}
		case status >= 500:
			return fail(steps.HTTPError, status, "answered %s", answered)
		case errorCode(refused.ErrorCode):
			answered += ", " + refused.ErrorCode
		}
		return fail(steps.AuthError, status, "refused (%s); check token_url, client_id, client_secret and scopes", answered)
	}
	var sent *url.Error
	switch {
	case errors.As(err, &sent):
		err = outbound.Explain(err)
		return fail(steps.ErrorKind(outbound.Classify(err)), 0, "%s", err)
	case strings.HasPrefix(err.Error(), "oauth2: cannot fetch token"): // the body broke off; the library hides the cause
		return fail(steps.NetworkError, 0, "the answer was not complete")
	}
	return fail(steps.AuthError, 0, "the answer holds no usable access_token")
}

// errorCode says whether a text is an error code as RFC 6749 section 5.2 and its extensions have them.
func errorCode(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}
