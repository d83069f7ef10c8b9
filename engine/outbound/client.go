package outbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Client makes calls under one [Policy]. It is safe for concurrent use. Close
// it when done.
type Client struct {
	policy    Policy
	transport *http.Transport
}

// NewClient returns a client for p with its own pool of connections.
func NewClient(p Policy) *Client {
	c := &Client{policy: p.withDefaults()}
	d := net.Dialer{
		Timeout:        c.policy.ConnectTimeout,
		KeepAlive:      30 * time.Second,
		Resolver:       c.policy.Resolver,
		ControlContext: c.control,
	}
	// The operator named the proxy, as --allow-network names a network.
	toProxy := d
	toProxy.ControlContext = nil

	c.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialer := &d
			if p, ok := ctx.Value(proxyKey{}).(*url.URL); ok && addr == proxyAddr(p) {
				dialer = &toProxy
			}
			conn, err := dialer.DialContext(ctx, network, addr)
			var r *Refused
			if errors.As(err, &r) {
				named := *r
				named.Host = hostOnly(addr)
				return nil, &named
			}
			return conn, err
		},
		// Most calls go to one account: keep enough connections for it.
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    c.policy.ConnectTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: c.policy.MaxHeader,
		ForceAttemptHTTP2:      true, // a DialContext of one's own turns it off
	}
	if c.policy.Proxy != nil {
		c.transport.Proxy = func(r *http.Request) (*url.URL, error) {
			p, _ := r.Context().Value(proxyKey{}).(*url.URL)
			return p, nil
		}
	}
	return c
}

// Close closes the connections that are idle. Calls under way go on.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// control judges the very address that is about to be dialled, once for each
// address of a name and for each attempt.
func (c *Client) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return refuse(address, netip.Addr{}, verdict{denied: true})
	}
	if v := judge(ap.Addr(), c.policy.Allow); v.denied {
		return refuse(ap.Addr().String(), ap.Addr(), v)
	}
	return nil
}

// HTTP is a client for libraries that want one: same guard, same limits (the
// body's too), no redirects. Its errors hold the URL; see [Explain].
func (c *Client) HTTP() *http.Client { return c.HTTPWith(CallOptions{}) }

// HTTPWith is [Client.HTTP] with another timeout or body limit. It follows no
// redirects, whatever o says.
func (c *Client) HTTPWith(o CallOptions) *http.Client {
	o = c.options(o)
	return &http.Client{
		Transport: roundTripper{c, o.MaxBody},
		Timeout:   o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

type roundTripper struct {
	c     *Client
	limit int64
}

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, t, err := rt.c.send(req)
	if err != nil {
		return nil, err
	}
	if err := limitBody(resp, t.hostPort(), rt.limit, false); err != nil {
		return nil, err
	}
	return resp, nil
}

// send is one guarded hop. The target is valid unless the URL was bad.
func (c *Client) send(req *http.Request) (*http.Response, target, error) {
	fail := func(t target, err error) (*http.Response, target, error) {
		if req.Body != nil {
			req.Body.Close() // what RoundTrip promises
		}
		return nil, t, err
	}
	t, err := checkParsed(req.URL)
	if err != nil {
		return fail(t, err)
	}
	if c.policy.Refuse != nil {
		if err := c.policy.Refuse(t.hostPort()); err != nil {
			return fail(t, &Error{Kind: KindInput, Host: t.hostPort(), What: err.Error()})
		}
	}
	if t.addr.IsValid() {
		if v := judge(t.addr, c.policy.Allow); v.denied {
			return fail(t, refuse(t.host, t.addr, v))
		}
	}
	if c.policy.Proxy != nil {
		if req, err = c.viaProxy(req, t); err != nil {
			return fail(t, err)
		}
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		if headerLimit(err) {
			err = &TooLarge{Host: t.hostPort(), What: "headers", Limit: c.policy.MaxHeader}
		}
		return nil, t, err
	}
	return resp, t, nil
}

type proxyKey struct{}

// viaProxy asks the policy for the request's proxy and, where there is one,
// judges the target here, since the dialer will only see the proxy. On an error
// it returns no request; req stays the caller's to close.
func (c *Client) viaProxy(req *http.Request, t target) (*http.Request, error) {
	proxy, err := c.policy.Proxy(req)
	if err != nil {
		return req, &Error{Kind: KindInput, Host: t.hostPort(), What: "the proxy for " + t.hostPort() + " is not a usable URL", Err: inner(err)}
	}
	if proxy == nil {
		return req, nil
	}
	if !t.addr.IsValid() {
		if err := c.judgeName(req.Context(), t.host); err != nil {
			return req, err
		}
	}
	return req.WithContext(context.WithValue(req.Context(), proxyKey{}, proxy)), nil
}

func (c *Client) judgeName(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, c.policy.ConnectTimeout)
	defer cancel()
	r := c.policy.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if v := judge(a.Unmap(), c.policy.Allow); v.denied {
			return refuse(host, a.Unmap(), v)
		}
	}
	return nil
}

// proxyAddr is the address that net/http dials for a proxy.
func proxyAddr(p *url.URL) string {
	port := p.Port()
	if port == "" {
		switch strings.ToLower(p.Scheme) {
		case "https":
			port = "443"
		case "socks5", "socks5h":
			port = "1080"
		default:
			port = "80"
		}
	}
	return net.JoinHostPort(p.Hostname(), port)
}
