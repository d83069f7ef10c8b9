package outbound

import (
	"io"
	"net/http"
	"net/url"
)

// follow sends req and at most limit redirects after it. Each hop passes the
// same guard. With limit 0 a redirect is an answer like any other.
func (c *Client) follow(req *http.Request, limit int) (*http.Response, target, error) {
	for hops := 0; ; hops++ {
		resp, t, err := c.send(req)
		if err != nil {
			return nil, t, err
		}
		location := resp.Header.Get("Location")
		if limit == 0 || location == "" || !redirects(resp.StatusCode) {
			return resp, t, nil
		}
		// A little is read so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		resp.Body.Close()

		stop := func(why string, cause error) (*http.Response, target, error) {
			return nil, t, &RedirectError{Host: t.hostPort(), Status: resp.StatusCode, Why: why, Err: cause}
		}
		if hops == limit {
			return stop("the limit of "+plural(limit, "redirect")+" is reached", nil)
		}
		next, why, cause := nextHop(req, resp.StatusCode, location)
		if why != "" {
			return stop(why, cause)
		}
		req = next
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// harmless are the headers that go to another origin. Everything else stays
// behind: the header of an API key may have any name.
var harmless = []string{"Accept", "Accept-Language", "Content-Type", "User-Agent"}

// nextHop builds the request that a redirect asks for, or says why we do not
// make it.
func nextHop(req *http.Request, status int, location string) (next *http.Request, why string, cause error) {
	ref, err := req.URL.Parse(location)
	if err != nil {
		return nil, "its Location cannot be read as a URL", nil
	}
	u, err := CheckURL(ref.String())
	if err != nil {
		return nil, "its Location: " + err.Error(), err
	}
	if req.URL.Scheme == "https" && u.Scheme != "https" {
		return nil, "it leads from https to http", nil
	}

	next = req.Clone(req.Context())
	next.URL = u
	next.Host = ""
	if turnsToGet(status, req.Method) {
		next.Method = http.MethodGet
		dropBody(next)
	}
	if !sameOrigin(req.URL, u) {
		next.Header = http.Header{}
		for _, h := range harmless {
			if v := req.Header.Values(h); v != nil && (h != "Content-Type" || next.Body != nil) {
				next.Header[h] = v
			}
		}
		if next.Body != nil && next.Body != http.NoBody {
			return nil, "it asks to send the body to another origin, " + u.Hostname(), nil
		}
	}
	if next.Body != nil && next.Body != http.NoBody {
		if req.GetBody == nil {
			return nil, "the body cannot be sent twice", nil
		}
		if next.Body, err = req.GetBody(); err != nil {
			return nil, "the body cannot be sent twice", err
		}
	}
	return next, "", nil
}

// turnsToGet is the Fetch standard's rule: 303 makes a GET of all but GET and
// HEAD, 301 and 302 only of POST. A DELETE never silently becomes a GET.
func turnsToGet(status int, method string) bool {
	switch status {
	case http.StatusSeeOther:
		return method != http.MethodGet && method != "" && method != http.MethodHead
	case http.StatusMovedPermanently, http.StatusFound:
		return method == http.MethodPost
	}
	return false
}

func dropBody(r *http.Request) {
	r.Body, r.GetBody, r.ContentLength, r.TransferEncoding = nil, nil, 0, nil
	for _, h := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location"} {
		r.Header.Del(h)
	}
}

func sameOrigin(a, b *url.URL) bool {
	x, errX := checkParsed(a)
	y, errY := checkParsed(b)
	return errX == nil && errY == nil && a.Scheme == b.Scheme && x.hostPort() == y.hostPort()
}
