package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"currant/steps"
)

func TestP4AccountHeader(t *testing.T) {
	s := serve(t)
	must(t, s.client(t), me)
	r := s.to("/graphql")[0]
	if r.header.Get("X-Xurrent-Account") != "wna-it" || r.header.Get("Authorization") != "Bearer "+tokenCanary || r.header.Get("User-Agent") != "Currant" {
		t.Errorf("%v", r.header)
	}
	for name := range r.header {
		switch name {
		case "X-Xurrent-Account", "Authorization", "User-Agent", "Content-Type", "Accept", "Accept-Encoding", "Content-Length":
		default:
			t.Errorf("a header too many: %s", name)
		}
	}
	token := s.to("/token")[0]
	if _, has := token.header["X-Xurrent-Account"]; has || token.header.Get("Authorization") != "" {
		t.Errorf("the token request has %v", token.header)
	}
}

func TestP5PersonalAccessTokenAsksForNoToken(t *testing.T) {
	s := serve(t)
	must(t, s.client(t, withPAT), me)
	if n := len(s.to("/token")); n != 0 {
		t.Errorf("%d token requests", n)
	}
	if got := s.to("/graphql")[0].header.Get("Authorization"); got != "Bearer "+patCanary {
		t.Error(got)
	}
	// A refused personal token is not asked for again: there is no other.
	s.on("/graphql", answer(401, `{"message":"Access denied"}`))
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	if e := failed(t, err, steps.HTTPError, "401", "Access denied"); e.Status != 401 {
		t.Error(e.Status)
	}
	if n := len(s.to("/graphql")); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestP6TokenRequestForm(t *testing.T) {
	s := serve(t)
	c := s.client(t)
	must(t, c, me)
	r := s.to("/token")[0]
	want := "client_id=the-id&client_secret=s3cr3t%2Fcanary%2BOf%3D%3DThe-client&grant_type=client_credentials"
	if r.method != "POST" || r.body != want || r.header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.header.Get("Accept") != "application/json" {
		t.Errorf("%s %q %v", r.method, r.body, r.header)
	}
	if got := c.config.Outbound.ConnectTimeout; got != 5*time.Second || tokenTimeout != 20*time.Second {
		t.Errorf("connect %s, total %s", got, tokenTimeout)
	}
	s.on("/token", answer(302, "", "Location", s.URL+"/elsewhere"))
	_, err := s.client(t).Do(context.Background(), me)
	failed(t, err, steps.HTTPError, "(HTTP 302)")
	if len(s.to("/elsewhere")) != 0 {
		t.Error("the secret was carried to where a redirect pointed")
	}
}

func TestP7TokenLife(t *testing.T) {
	for _, c := range []struct {
		expires string
		life    time.Duration // of the cached token; 0 is not cached
	}{
		{`,"expires_in":3600`, 3595 * time.Second}, {`,"expires_in":"60"`, 55 * time.Second}, {`,"expires_in":6`, time.Second},
		{`,"expires_in":5`, 0}, {`,"expires_in":0`, 0}, {`,"expires_in":-7`, 0}, {`,"expires_in":null`, 0}, {``, 0},
		{`,"expires_in":"soon"`, 0}, {`,"expires_in":1e300`, maxExpiry - earlyExpiry},
	} {
		s := serve(t)
		s.on("/token", answer(200, `{"access_token":"abc"`+c.expires+`}`))
		clock := newClock()
		client := s.client(t, func(cfg *Config) { cfg.Now, cfg.NoPacing = clock.now, true })
		must(t, client, me)
		want := 2
		if c.life > 0 {
			want = 1
			clock.move(c.life - time.Millisecond)
		}
		must(t, client, me)
		if n := len(s.to("/token")); n != want {
			t.Errorf("%s: %d token requests, want %d", c.expires, n, want)
		}
		clock.move(time.Millisecond)
		must(t, client, me)
		if n := len(s.to("/token")); n != want+1 {
			t.Errorf("%s: used after its time (%d requests)", c.expires, n)
		}
	}
}

func TestP8OtherCredentialsHaveOtherTokens(t *testing.T) {
	s := serve(t)
	must(t, s.client(t), me)
	for i, edit := range []func(*Config){
		func(c *Config) { c.ClientID = "other" }, func(c *Config) { c.ClientSecret = "other" }, func(c *Config) { c.AccountID = "other" },
	} {
		must(t, s.client(t, edit), me)
		if n := len(s.to("/token")); n != i+2 {
			t.Errorf("%d token requests after %d clients", n, i+2)
		}
	}
}

func TestP9OneTokenRequestForAll(t *testing.T) {
	s := serve(t)
	come, release := make(chan struct{}), make(chan struct{})
	s.on("/token", func(w http.ResponseWriter, r *http.Request) {
		close(come) // a second request would panic
		<-release
		answer(200, `{"access_token":"abc","expires_in":3600}`)(w, r)
	})
	c := s.client(t, func(c *Config) { c.NoPacing = true })
	first, giveUp := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() {
		_, err := c.Do(first, me)
		gone <- err
	}()
	<-come
	var wg sync.WaitGroup
	var errs atomic.Int32
	for range 32 {
		wg.Go(func() {
			if _, err := c.Do(context.Background(), me); err != nil {
				errs.Add(1)
			}
		})
	}
	giveUp()
	failed(t, <-gone, steps.CancelledError) // who began it gives up, and the others do not notice
	close(release)
	wg.Wait()
	if n := len(s.to("/token")); n != 1 || errs.Load() != 0 || len(s.to("/graphql")) != 32 {
		t.Errorf("%d token requests, %d errors, %d calls", n, errs.Load(), len(s.to("/graphql")))
	}
}

func TestP10OldTokenDoesNotDropTheNewer(t *testing.T) {
	s := serve(t)
	var n atomic.Int32
	s.on("/token", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600}`, n.Add(1))
	})
	var old sync.WaitGroup
	old.Add(8)
	var refused atomic.Int32
	renewed := make(chan struct{})
	s.on("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" { // revoked, and all 8 have used it
			old.Done()
			old.Wait()
			if refused.Add(1) > 1 {
				<-renewed // by the first that was refused
			}
			w.WriteHeader(401)
			return
		}
		_, _ = io.WriteString(w, `{"data":{"me":{"id":"1"}}}`)
	})
	c := s.client(t, func(c *Config) { c.NoPacing = true })
	var wg sync.WaitGroup
	var done sync.Once
	for range 8 {
		wg.Go(func() {
			if _, err := c.Do(context.Background(), me); err != nil {
				t.Error(err)
			}
			done.Do(func() { close(renewed) }) // a newer token is in use; the others are refused only now
		})
	}
	wg.Wait()
	if got := n.Load(); got != 2 {
		t.Errorf("%d tokens, want the old and one new", got)
	}
	// And a service that refuses every token is asked twice, not for ever.
	s.on("/graphql", answer(401, `{"message":"Access denied"}`))
	before := len(s.to("/graphql"))
	_, err := c.Do(context.Background(), me)
	failed(t, err, steps.HTTPError, "401")
	if got := len(s.to("/graphql")) - before; got != 2 {
		t.Errorf("%d requests", got)
	}
}

func TestP11TokenErrorsByClass(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   steps.ErrorKind
		text   string
		ask    time.Duration
	}{
		{401, `whatever`, steps.AuthError, "failed: HTTP 401", rememberRefusal},
		{403, `{"error_description":"Disabled"}`, steps.AuthError, "failed: Disabled", rememberRefusal},
		{400, `{"error":"invalid_client","error_description":"No such client"}`, steps.AuthError, "failed: invalid_client: No such client", rememberRefusal},
		{400, `{"error":"invalid_grant"}`, steps.AuthError, "failed: invalid_grant", rememberRefusal},
		{400, `{"error":"unauthorized_client"}`, steps.AuthError, "unauthorized_client", rememberRefusal},
		{400, `{"error":"invalid_scope"}`, steps.AuthError, "invalid_scope", rememberRefusal},
		{400, `{"error":"invalid_request","error_description":"shown never"}`, steps.HTTPError, "Unable to authenticate to 127.0.0.1:", rememberOutage},
		{400, `{"error":"unsupported_grant_type"}`, steps.HTTPError, "(HTTP 400)", rememberOutage},
		{400, `[1]`, steps.HTTPError, "(HTTP 400)", rememberOutage},
		{400, `<html>`, steps.HTTPError, "(HTTP 400)", rememberOutage},
		{404, ``, steps.HTTPError, "(HTTP 404)", rememberOutage},
		{500, `{"error":"invalid_client"}`, steps.HTTPError, "(HTTP 500)", rememberOutage},
		{204, ``, steps.HTTPError, "(HTTP 204)", rememberOutage},
	} {
		s := serve(t)
		s.on("/token", answer(c.status, c.body))
		_, remember, err := s.client(t).Ask(context.Background(), me)
		e := failed(t, err, c.kind, c.text)
		if e.Status != c.status || remember != c.ask || strings.Contains(e.Message, "shown never") {
			t.Errorf("%d %s: %+v, remembered for %s", c.status, c.body, e, remember)
		}
		if len(s.to("/graphql")) != 0 {
			t.Error("called without a token")
		}
	}
	for _, status := range []int{429, 503} { // no error (LANGUAGE section 3)
		s := serve(t)
		s.on("/token", answer(status, "", "Retry-After", "17"))
		_, remember, err := s.client(t).Ask(context.Background(), me)
		if p := putBack(t, err); p.After != 17*time.Second || p.Status != status || p.Paced || remember != 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestP12TokenErrorsHoldNoSecret(t *testing.T) {
	for _, status := range []int{400, 401, 500, 200} {
		s := serve(t)
		s.on("/token", func(w http.ResponseWriter, r *http.Request) {
			form, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Echo", secretCanary)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":`+quoted("bad secret "+secretCanary+" in "+string(form)+strings.Repeat("x", 5000))+
				`,"hint":"other field","token_type":`+quoted(secretCanary)+`}`)
		})
		_, err := s.client(t).Do(context.Background(), me)
		if err == nil {
			t.Fatal("no error")
		}
		text := textOf(err)
		silent(t, fmt.Sprint(status), text)
		if strings.Contains(text, "other field") || len(text) > 2000 {
			t.Errorf("%d: %s", status, text)
		}
		if !strings.Contains(text, "127.0.0.1") {
			t.Errorf("%d names no host: %s", status, text)
		}
	}
}

func TestP13TokenType(t *testing.T) {
	for _, ok := range []string{`,"token_type":"Bearer"`, `,"token_type":"BEARER"`, ``, `,"token_type":null`} {
		s := serve(t)
		s.on("/token", answer(200, `{"access_token":"abc","expires_in":60`+ok+`}`))
		must(t, s.client(t), me)
		if got := s.to("/graphql")[0].header.Get("Authorization"); got != "Bearer abc" {
			t.Error(got)
		}
	}
	for body, text := range map[string]string{
		`{"access_token":"abc","token_type":"mac"}`:  "unsupported token_type: 'mac'",
		`{"access_token":" ","token_type":"bearer"}`: "no access_token found",
		`{}`:                       "no access_token found",
		`{"access_token":"a\nb"}`:  "control characters",
		`{"access_token":["abc"]}`: "no JSON object with an access_token",
		`[]`:                       "no JSON object",
		`<html>`:                   "no JSON object",
	} {
		s := serve(t)
		s.on("/token", answer(200, body))
		_, remember, err := s.client(t).Ask(context.Background(), me)
		failed(t, err, steps.DecodeError, text)
		if remember != rememberOutage {
			t.Errorf("%s: remembered for %s", body, remember)
		}
	}
}

func TestCloseEndsTokenRequests(t *testing.T) {
	s := serve(t)
	come, release := make(chan struct{}), make(chan struct{})
	s.on("/token", func(http.ResponseWriter, *http.Request) {
		close(come)
		<-release
	})
	defer close(release)
	c, err := New(s.config())
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := c.Do(context.Background(), me)
		got <- err
	}()
	<-come
	_ = c.Close()
	if p := putBack(t, <-got); p.After != time.Second {
		t.Errorf("%+v", p)
	}
}
