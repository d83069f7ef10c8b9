package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

const (
	// earlyExpiry is how long before its end a token is no longer used (PLATFORM 2.4).
	earlyExpiry = 5 * time.Second
	// maxExpiry is the longest life of a token that is believed; it is documented to be an hour.
	maxExpiry = 30 * 24 * time.Hour
)

// granted is a token in use.
type granted struct {
	header  string // of Authorization
	all     []string
	secrets *outbound.Secrets // of all
}

// tokens gets access tokens by client credentials and keeps the last one. However many calls wait, one request
// is under way; it belongs to none of them, so that one that gives up does not fail the others.
type tokens struct {
	c      *Client
	url    *url.URL
	ctx    context.Context // ends with the client
	cancel context.CancelFunc

	mu      sync.Mutex // guards what follows
	current *granted
	until   time.Time // when current is no longer used
	flight  *flight
}

// flight is a token request under way.
type flight struct {
	done  chan struct{}
	token *granted
	err   error
}

func newTokens(c *Client) *tokens {
	t := &tokens{c: c}
	t.url, _ = outbound.CheckURL(c.at.Token) // Endpoints has checked it
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// get is a token that is valid, asked for if need be.
func (t *tokens) get(ctx context.Context) (*granted, error) {
	t.mu.Lock()
	if t.current != nil && t.until.After(t.c.now()) {
		defer t.mu.Unlock()
		return t.current, nil
	}
	f := t.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		t.flight = f
		go t.fetch(f)
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
		return nil, steps.Errorf(kind, "token request to %s: %s", t.url.Host, what)
	}
}

// drop forgets a token that the service refused, if it is still the one in use.
func (t *tokens) drop(g *granted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == g {
		t.current = nil
	}
}

func (t *tokens) fetch(f *flight) {
	token, life, err := t.request()
	if err == nil {
		f.token = t.c.grant(token)
	}
	f.err = err
	t.mu.Lock()
	t.flight = nil
	if life -= earlyExpiry; err == nil && life > 0 {
		t.current, t.until = f.token, t.c.now().Add(life)
	}
	t.mu.Unlock()
	close(f.done)
}

// tokenAnswer is what is read of an answer; nothing else of it is ever shown (PLATFORM 2.3).
type tokenAnswer struct {
	AccessToken      string          `json:"access_token"`
	TokenType        *string         `json:"token_type"`
	ExpiresIn        json.RawMessage `json:"expires_in"`
	Error            string          `json:"error"`
	ErrorDescription string          `json:"error_description"`
}

// request asks for a token (PLATFORM 2.2): no account, no redirect.
func (t *tokens) request() (token string, life time.Duration, err error) {
	config := &t.c.config
	form := "client_id=" + url.QueryEscape(config.ClientID) + "&client_secret=" + url.QueryEscape(config.ClientSecret) +
		"&grant_type=client_credentials"
	req, err := http.NewRequestWithContext(t.ctx, http.MethodPost, t.url.String(), strings.NewReader(form))
	if err != nil {
		return "", 0, steps.Errorf(steps.InputError, "oauth2_endpoint: it cannot be called")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := t.c.out.Do(t.ctx, req, outbound.CallOptions{Timeout: tokenTimeout, MaxBody: maxShortAnswer})
	switch {
	case err != nil && t.ctx.Err() != nil: // the runner opens the connection again for the next try
		return "", 0, &steps.PutBack{After: time.Second, Reason: "the connection was closed during a token request"}
	case err != nil:
		return "", 0, steps.Errorf(steps.ErrorKind(outbound.Classify(err)), "token request: %s", t.redact(err.Error()))
	case resp.Status != http.StatusOK:
		return "", 0, t.refusal(resp)
	}
	var a tokenAnswer
	unusable := func(what string) (string, time.Duration, error) {
		return "", 0, steps.Errorf(steps.DecodeError, "Unable to authenticate to %s, %s", t.url.Host, what)
	}
	switch err := json.Unmarshal(resp.Body, &a); {
	case err != nil:
		return unusable("the answer is no JSON object with an access_token")
	case a.TokenType != nil && !strings.EqualFold(*a.TokenType, "bearer"):
		return unusable("unsupported token_type: '" + outbound.EscapeLog(t.redact(*a.TokenType), 40) + "'")
	case strings.TrimSpace(a.AccessToken) == "":
		return unusable("no access_token found")
	case strings.ContainsFunc(a.AccessToken, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return unusable("the access_token holds control characters")
	}
	return a.AccessToken, lifeOf(a.ExpiresIn), nil
}

// lifeOf reads expires_in, a number that some write as a text; 0 where there is none.
func lifeOf(raw json.RawMessage) time.Duration {
	s, err := strconv.ParseFloat(strings.Trim(string(raw), `" `), 64)
	if err != nil || math.IsNaN(s) || s <= 0 {
		return 0
	}
	return time.Duration(min(s, maxExpiry.Seconds()) * float64(time.Second))
}

// credentialCodes are the OAuth errors for which the credentials are to blame (PLATFORM 2.3).
var credentialCodes = []string{"invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope"}

// refusal classes an answer other than 200 (PLATFORM 2.3).
func (t *tokens) refusal(resp *outbound.Response) error {
	var a tokenAnswer
	if json.Unmarshal(resp.Body, &a) != nil {
		a = tokenAnswer{}
	}
	switch status := resp.Status; {
	case putsBack(status):
		return &steps.PutBack{After: outbound.RetryAfter(resp.Header, t.c.now()), Status: status,
			Reason: fmt.Sprintf("the token request to %s was answered %s", t.url.Host, statusText(status))}
	case status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusBadRequest && slices.Contains(credentialCodes, a.Error):
		reason := t.redact(a.Error)
		if d := t.redact(a.ErrorDescription); reason == "" {
			reason = d
		} else if d != "" {
			reason += ": " + d
		}
		if reason == "" {
			reason = fmt.Sprintf("HTTP %d", status)
		}
		return &steps.Error{Kind: steps.AuthError, Status: status,
			Message: fmt.Sprintf("Authentication to %s failed: %s", t.url.Host, outbound.EscapeLog(reason, maxExcerpt))}
	default:
		return &steps.Error{Kind: steps.HTTPError, Status: status,
			Message: fmt.Sprintf("Unable to authenticate to %s (HTTP %d)", t.url.Host, status)}
	}
}

// redact covers what was sent; there is no token yet.
func (t *tokens) redact(text string) string { return t.c.grant("").secrets.Redact(text) }
