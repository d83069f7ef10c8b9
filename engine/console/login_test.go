package console

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"currant/engine/journal"
)

// Nothing is shown to strangers, on loopback too, beyond what is public.
func TestW7LoginOnLoopback(t *testing.T) {
	r := newRig(t, shop, func(o *Options) { fakes(o); o.Pprof = true })
	run := r.start("greet", `{"name": "Ann"}`)
	r.await(run, journal.Finished)
	stranger := r.stranger()
	open := []string{"GET /login", "POST /login", "GET /healthz", "GET /readyz", "GET /assets/{name}"}
	for _, route := range r.c.routes {
		method, path, _ := strings.Cut(route.pattern, " ")
		path = strings.NewReplacer("{$}", "", "{id}", run, "{blueprint}", "shop", "{runbook}", "greet", "{nth}", "0", "{name}", "console.css").Replace(path)
		a := stranger.do(stranger.request(method, path, ""))
		switch {
		case route.who == public:
			if !slices.Contains(open, route.pattern) {
				t.Errorf("%s is public", route.pattern)
			}
		case a.status != http.StatusUnauthorized && (a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/login?next=")):
			t.Errorf("%s for a stranger: %d", route.pattern, a.status)
		}
		for _, hint := range []string{"shop", "Ann", "1.2.3-test", run} {
			if strings.Contains(a.body, hint) && !strings.Contains(a.header.Get("Location"), hint) {
				t.Errorf("%s tells a stranger %q", route.pattern, hint)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(r.o.Dir, TokenFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
}

func TestW7Session(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.stranger()
	link := strings.TrimPrefix(r.c.Link(), r.url)
	head := v.request(http.MethodHead, link, "")
	if a := v.do(head); a.header.Get("Set-Cookie") != "" {
		t.Error("HEAD logs in")
	}
	a := v.get(link)
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"; HttpOnly", "; SameSite=Strict", "; Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %q", cookie, part)
		}
	}
	if strings.Contains(a.header.Get("Location"), "token") || strings.Contains(a.body, "token=") {
		t.Error("the token stays in the address")
	}
	v.page("/")
	if again := r.stranger().get(link); again.header.Get("Set-Cookie") != "" {
		t.Error("a link logs in twice")
	}
	old := r.stranger()
	late := strings.TrimPrefix(r.c.Link(), r.url)
	r.pass(linkLife)
	if a := old.get(late); a.header.Get("Set-Cookie") != "" {
		t.Error("a link is good for ever")
	}
	// A login makes another session, and ends the one before.
	before := v.Jar.Cookies(must(t, r.url))
	v.get(strings.TrimPrefix(r.c.Link(), r.url))
	after := v.Jar.Cookies(must(t, r.url))
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Error("the session's id is not rotated")
	}
	if r.c.sessions.find(before[0].Value) != nil || r.c.sessions.find(after[0].Value) == nil {
		t.Error("the old session lives")
	}
	// What an attacker has set is not taken for a session.
	fixed := r.stranger()
	fixed.Jar.SetCookies(must(t, r.url), []*http.Cookie{{Name: r.c.cookieName(), Value: "chosen"}})
	fixed.get(strings.TrimPrefix(r.c.Link(), r.url))
	if got := fixed.Jar.Cookies(must(t, r.url)); len(got) != 1 || got[0].Value == "chosen" || r.c.sessions.find("chosen") != nil {
		t.Error("a chosen session id is taken")
	}
	r.pass(sessionIdle)
	if a := v.get("/"); a.status != http.StatusSeeOther {
		t.Errorf("an idle session lives: %d", a.status)
	}
}

func must(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestW7Tries(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.stranger()
	try := func(token string) reply {
		req := v.request(http.MethodPost, "/login", url.Values{"token": {token}, "next": {"/runs"}}.Encode())
		req.Header.Set("Origin", r.url)
		return v.do(req)
	}
	if a := try(r.c.token); a.status != http.StatusSeeOther || a.header.Get("Location") != "/runs" {
		t.Fatalf("the token: %d", a.status)
	}
	for i := range 5 {
		if a := try(fmt.Sprint("guess", i)); a.status != http.StatusUnauthorized {
			t.Fatalf("try %d: %d", i, a.status)
		}
	}
	if a := try(r.c.token); a.status != http.StatusTooManyRequests || a.header.Get("Set-Cookie") != "" || a.header.Get("Retry-After") == "" {
		t.Errorf("the sixth try: %d", a.status)
	}
	bearer := r.stranger()
	req := bearer.request(http.MethodGet, "/metrics", "")
	req.Header.Set("Authorization", "Bearer "+r.c.token)
	if a := bearer.do(req); a.status != http.StatusTooManyRequests {
		t.Errorf("the limit has a way around it: %d", a.status)
	}
	r.pass(triesSpan)
	if a := try(r.c.token); a.status != http.StatusSeeOther {
		t.Errorf("a minute later: %d", a.status)
	}
	for _, next := range []string{"//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "javascript:alert(1)", "/login?token=x", "runs"} {
		if got := localPath(next); got != "/" {
			t.Errorf("after a login one is sent to %q for %q", got, next)
		}
	}
	if got := localPath("/runs?status=failed"); got != "/runs?status=failed" {
		t.Errorf("%q", got)
	}
}

// A website that has the operator's browser ask for links does not lock the operator out; the token is taken from
// the form only.
func TestW7LinksAreNotTries(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.stranger()
	for range 3 * maxTries {
		req := v.request(http.MethodGet, "/login?token=x", "")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := v.do(req); a.status != http.StatusSeeOther || a.header.Get("Location") != "/login?used=1" {
			t.Fatalf("%d", a.status)
		}
	}
	if a := v.get("/login?token=" + r.c.token); a.header.Get("Set-Cookie") != "" {
		t.Error("the token logs in from an address")
	}
	post := v.request(http.MethodPost, "/login", url.Values{"token": {r.c.token}}.Encode())
	post.Header.Set("Origin", r.url)
	if a := v.do(post); a.status != http.StatusSeeOther || a.header.Get("Set-Cookie") == "" {
		t.Errorf("the operator is locked out: %d", a.status)
	}
	if a := r.stranger().get(strings.TrimPrefix(r.c.Link(), r.url)); a.header.Get("Set-Cookie") == "" {
		t.Error("a link does not log in")
	}
}

// A login from another site's page is refused, and a file or terminal in a browser gets in by a page of ours, for
// the cookie is not sent along a redirect that another site began.
func TestW7LoginFromElsewhere(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.stranger()
	req := v.request(http.MethodGet, strings.TrimPrefix(r.c.Link(), r.url), "")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := v.do(req); a.status != http.StatusOK || !strings.Contains(a.body, `http-equiv="refresh" content="0;url=/"`) || strings.Contains(a.body, "token=") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	v.page("/")
	post := v.request(http.MethodPost, "/login", "token="+url.QueryEscape(r.c.token))
	post.Header.Set("Origin", "https://evil.example.com")
	if a := v.do(post); a.status != http.StatusForbidden {
		t.Errorf("a login from another site: %d", a.status)
	}
}
