package console

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// visitor is a browser without a screen.
type visitor struct {
	r *rig
	*http.Client
}

// stranger has not logged in.
func (r *rig) stranger() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &visitor{r, &http.Client{Jar: jar, Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// visitor has logged in by a link.
func (r *rig) visitor() *visitor {
	r.t.Helper()
	v := r.stranger()
	if a := v.get(strings.TrimPrefix(r.c.Link(), r.url)); a.status != http.StatusSeeOther {
		r.t.Fatalf("login by link: %d", a.status)
	}
	return v
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(req *http.Request) reply {
	v.r.t.Helper()
	resp, err := v.Do(req)
	if err != nil {
		v.r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.r.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

func (v *visitor) request(method, path, body string) *http.Request {
	v.r.t.Helper()
	req, err := http.NewRequest(method, v.r.url+path, strings.NewReader(body))
	if err != nil {
		v.r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (v *visitor) get(path string) reply {
	v.r.t.Helper()
	return v.do(v.request(http.MethodGet, path, ""))
}

var formToken = regexp.MustCompile(`name="form" value="([^"]+)"`)

// form is the form token of the visitor's session.
func (v *visitor) form() string {
	v.r.t.Helper()
	m := formToken.FindStringSubmatch(v.get("/about").body)
	if m == nil {
		v.r.t.Fatal("no form token on the page")
	}
	return m[1]
}

// post sends a form of the session, as a page of the console does.
func (v *visitor) post(path string, fields url.Values) reply {
	v.r.t.Helper()
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set("form", v.form())
	req := v.request(http.MethodPost, path, fields.Encode())
	req.Header.Set("Origin", v.r.url)
	return v.do(req)
}

// page is a page that must be there and hold the texts.
func (v *visitor) page(path string, texts ...string) string {
	v.r.t.Helper()
	a := v.get(path)
	if a.status != http.StatusOK {
		v.r.t.Fatalf("%s: status %d\n%s", path, a.status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			v.r.t.Errorf("%s does not hold %q\n%s", path, text, a.body)
		}
	}
	return a.body
}
