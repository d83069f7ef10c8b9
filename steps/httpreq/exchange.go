package httpreq

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
)

// exchange is one call of a step: a request, the answer to it, and what may be said about them.
type exchange struct {
	call   *steps.Call
	args   *args
	client *Client

	url    *url.URL
	query  []pair
	header http.Header
	body   payload

	marked  bool     // query, json or form has sensitive parts
	secrets *secrets // of the arguments
	granted *granted // the token in use, or nil
}

func do(ctx context.Context, c *steps.Call, a *args, plain *Client) (cty.Value, error) {
	x := &exchange{call: c, args: a, client: plain}
	if client, ok := c.Connection.(*Client); ok && client != nil {
		x.client = client
	}
	for _, v := range [...]*cty.Value{&a.Query, &a.JSON, &a.Form} {
		if *v != cty.NilVal && v.ContainsMarked() {
			c.Secrets = markedTexts(*v, c.Secrets)
			x.marked = true
		}
	}
	x.secrets = newSecrets(c.Secrets)
	if err := x.prepare(); err != nil {
		return cty.NilVal, x.safe(err)
	}
	resp, err := x.send(ctx)
	if err != nil {
		return cty.NilVal, x.failure(err)
	}
	if !x.expects(resp.Status) {
		return cty.NilVal, x.unexpected(resp)
	}
	return x.output(resp)
}

// prepare makes all parts of the request.
func (x *exchange) prepare() error {
	var err error
	if x.url, err = x.target(); err != nil {
		return err
	}
	if x.query, err = pairsOf(x.args.Query); err != nil {
		return steps.Errorf(steps.InputError, "query: %s", err)
	}
	if len(x.query) > 0 {
		more := encode(x.query, false)
		if x.url.RawQuery != "" {
			more = x.url.RawQuery + "&" + more
		}
		x.url.RawQuery = more
	}
	for _, status := range x.args.Expect {
		if !isStatus(status) {
			return steps.Errorf(steps.InputError, "expect: %d is no HTTP status: they are whole numbers from 100 to 599", status)
		}
	}
	if x.body, err = x.payload(); err != nil {
		return err
	}
	x.header = make(http.Header, len(x.client.header)+len(x.args.Headers)+4)
	for name, values := range x.client.header {
		x.header[name] = values
	}
	if err := setHeaders(x.header, x.args.Headers); err != nil {
		return steps.Errorf(steps.InputError, "%s", err)
	}
	_, typed := x.header["Content-Type"]
	switch {
	case x.body.multipart && x.writes("Content-Type"):
		return steps.Errorf(steps.InputError, "headers: %s", whyMultipart)
	case x.body.multipart:
		x.header["Content-Type"] = []string{x.body.contentType}
	case !typed && x.body.contentType != "":
		x.header["Content-Type"] = []string{x.body.contentType}
	}
	x.idempotencyKey()
	return nil
}

// target is the address to call.
func (x *exchange) target() (*url.URL, error) {
	base := x.client.base
	if x.args.URL != nil {
		u, err := outbound.CheckURL(*x.args.URL)
		if err != nil {
			return nil, steps.Errorf(steps.InputError, "url: %s", err)
		}
		if base != nil && origin(u) != origin(base) {
			return nil, steps.Errorf(steps.InputError, "url: its origin %s is not that of the connection's base_url, %s; leave out connection, or write path", origin(u), origin(base))
		}
		return u, nil
	}
	switch {
	case x.args.Path == nil:
		return nil, steps.Errorf(steps.InputError, "url and path are both null; one of them is needed")
	case base == nil:
		return nil, steps.Errorf(steps.InputError, "path needs a connection of type http; write url for a whole address")
	}
	path := *x.args.Path
	if why := checkPath(path); why != "" {
		return nil, steps.Errorf(steps.InputError, "path: %s", why)
	}
	whole := base.String()
	switch {
	case path == "":
	case path[0] == '?' || path[0] == '#':
		whole += path
	default:
		whole = strings.TrimRight(whole, "/") + "/" + strings.TrimLeft(path, "/")
	}
	u, err := outbound.CheckURL(whole)
	if err != nil {
		return nil, steps.Errorf(steps.InputError, "path: %s", err)
	}
	return u, nil
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+u.Port()) + ":" + port
}

// idempotencyKey lets a server tell a repeated write (draft-ietf-httpapi-idempotency-key-header). The map's
// key is not in net/http's spelling on purpose: net/http sends requests with the header a second time by
// itself when a connection breaks, and not every server honours it.
func (x *exchange) idempotencyKey() {
	if m := x.args.Method; m != http.MethodPost && m != http.MethodPatch || x.call.Key == "" {
		return
	}
	if _, own := x.header["Idempotency-Key"]; !own {
		x.header["idempotency-key"] = []string{keyText(x.call.Key)}
	}
}

// send makes the call, and once more where a server refuses the token.
func (x *exchange) send(ctx context.Context) (*outbound.Response, error) {
	ctx, cancel, limit := x.client.within(ctx)
	defer cancel()
	options := outbound.CallOptions{Redirects: x.args.FollowRedirects, Timeout: limit}
	tokens := x.client.tokens
	if tokens == nil || x.signsItself() {
		return x.once(ctx, options)
	}
	for attempt := 1; ; attempt++ {
		var err error
		if x.granted, err = tokens.get(ctx); err != nil {
			return nil, err
		}
		x.header["Authorization"] = []string{x.granted.header}
		resp, err := x.once(ctx, options)
		if err != nil || resp.Status != http.StatusUnauthorized || attempt > 1 {
			return resp, err
		}
		tokens.drop(x.granted)
	}
}

// signsItself says that the step has a header Authorization of its own, which wins.
func (x *exchange) signsItself() bool { return x.writes("Authorization") }

// writes says that the step itself, not its connection, has a header.
func (x *exchange) writes(header string) bool {
	for name, value := range x.args.Headers {
		if value != nil && strings.EqualFold(name, header) {
			return true
		}
	}
	return false
}

func (x *exchange) once(ctx context.Context, options outbound.CallOptions) (*outbound.Response, error) {
	req := &http.Request{Method: x.args.Method, URL: x.url, Host: x.url.Host, Header: x.header}
	if x.body.open != nil {
		body, err := x.body.open()
		if err != nil {
			return nil, err
		}
		req.Body, req.GetBody, req.ContentLength = body, x.body.open, x.body.length
	}
	return x.client.out.Do(ctx, req, options)
}

func (x *exchange) expects(status int) bool {
	if len(x.args.Expect) > 0 {
		return slices.Contains(x.args.Expect, status)
	}
	return status >= 200 && status <= 299
}

func putsBack(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// now is the present for dates that servers send.
func (x *exchange) now() time.Time {
	if x.call.Now.IsZero() {
		return time.Now()
	}
	return x.call.Now
}

// asStep finds what is already a step's answer.
func asStep(err error) (error, bool) {
	var failed *steps.Error
	if errors.As(err, &failed) {
		return failed, true
	}
	var back *steps.PutBack
	if errors.As(err, &back) {
		return back, true
	}
	return nil, false
}
