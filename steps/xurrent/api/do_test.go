package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"currant/steps"
)

func TestP15ErrorsFailEvenWithData(t *testing.T) {
	for body, want := range map[string]struct {
		kind steps.ErrorKind
		text string
	}{
		`{"errors":[{"message":"Field 'foo' doesn't exist on type 'Person'","path":["query","people"],"extensions":{"code":"undefinedField","typeName":"Person"}}]}`: {steps.GraphQLError,
			"Errors from Xurrent GraphQL API: Field 'foo' doesn't exist on type 'Person' (path query.people, code undefinedField)"},
		`{"data":{"me":{"id":"1"}},"errors":[{"message":"a","path":["x",0,"y"]},{"message":"b"}]}`: {steps.GraphQLError, "a (path x.0.y); b"},
		`{"errors":[{"message":"one path","path":"requestCreate"}]}`:                               {steps.GraphQLError, "one path (path requestCreate)"},
		`{"errors":[{"message":7,"extensions":[]},null,"text"]}`:                                   {steps.GraphQLError, "7; (no message); text"},
		`{"data":{"me":1},"errors":{"message":"no list"}}`:                                         {steps.GraphQLError, `no list`},
		`{"data":{"me":1},"errors":"no list"}`:                                                     {steps.GraphQLError, `no list`},
		`{"data":{}}`:                                                                              {steps.DecodeError, "No data from Xurrent GraphQL API"},
		`{"data": { } }`:                                                                           {steps.DecodeError, "No data from Xurrent GraphQL API"},
		`{"data":null}`:                                                                            {steps.DecodeError, "No data from Xurrent GraphQL API"},
		`{}`:                                                                                       {steps.DecodeError, "No data from Xurrent GraphQL API"},
		`{"data":[1]}`:                                                                             {steps.DecodeError, "No data from Xurrent GraphQL API"},
		`{"errors":[],"data":null}`:                                                                {steps.DecodeError, "No data from Xurrent GraphQL API"},
		``:                                                                                         {steps.DecodeError, "is empty"},
		`<html>Bad gateway</html>`:                                                                 {steps.DecodeError, "is no JSON: '<html>Bad gateway</html>'"},
		`{"data":{"me":{"id":"1"}}`:                                                                {steps.DecodeError, "is no JSON"},
		`{"data":{"me":{"id":"1"}}} x`:                                                             {steps.DecodeError, "is no JSON"},
		`"text"`:                                                                                   {steps.DecodeError, "is no JSON object"},
	} {
		s := serve(t)
		s.on("/graphql", answer(200, body, "X-Request-Id", "req-1"))
		_, remember, err := s.client(t, withPAT).Ask(context.Background(), me)
		e := failed(t, err, want.kind, want.text, "(request id req-1)")
		if e.Status != 0 || remember != 0 {
			t.Errorf("%s: %+v for %s", body, e, remember)
		}
	}
	for _, body := range []string{`{"data":{"me":{"id":"1"}}}`, `{"errors":[],"data":{"me":null}}`, "{\"errors\":null,\"data\":{\"me\":[]}}\n"} {
		s := serve(t)
		s.on("/graphql", answer(200, body))
		must(t, s.client(t, withPAT), me)
	}
}

func TestManyErrorsAreBounded(t *testing.T) {
	s := serve(t)
	one := `{"message":` + quoted(strings.Repeat("long ", 300)) + `}`
	s.on("/graphql", answer(200, `{"errors":[`+strings.Repeat(one+",", 99)+one+`]}`))
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	if e := failed(t, err, steps.GraphQLError, "and 80 more"); len(e.Message) > maxText+200 {
		t.Errorf("%d bytes", len(e.Message))
	}
}

// The library takes these for a success.
func TestP17BusyServicePutsBack(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		reason string
		after  time.Duration
	}{
		{429, "120", "Xurrent API rate limit hit (retry after: 120)", 120 * time.Second},
		{503, "", "Xurrent API not available", 60 * time.Second},
		{503, "7", "Xurrent API not available (retry after: 7)", 7 * time.Second},
	} {
		s := serve(t)
		s.on("/graphql", answer(c.status, `{"message":"Too many requests","data":{"me":{"id":"1"}}}`, "Retry-After", c.header))
		_, remember, err := s.client(t, withPAT).Ask(context.Background(), me)
		if p := putBack(t, err); p.After != c.after || p.Reason != c.reason || p.Status != c.status || p.Paced || remember != 0 {
			t.Errorf("%+v, remembered %s", p, remember)
		}
		if n := len(s.to("/graphql")); n != 1 {
			t.Errorf("%d requests", n)
		}
	}
	for _, status := range []int{500, 502, 504, 401, 403, 301, 204, 418} {
		s := serve(t)
		s.on("/graphql", answer(status, `<h1>nothing</h1>`, "Location", "/elsewhere"))
		_, err := s.client(t, withPAT).Do(context.Background(), me)
		if e := failed(t, err, steps.HTTPError, "HTTP error from Xurrent GraphQL API at 127.0.0.1:"); e.Status != status {
			t.Errorf("%d: %+v", status, e)
		}
		if len(s.to("/elsewhere")) != 0 {
			t.Error("a redirect was followed")
		}
	}
}

func TestP18RetryAfter(t *testing.T) {
	clock := newClock()
	clock.at = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"120": 120 * time.Second, "0": time.Minute, "-5": time.Minute, "": time.Minute, "soon": time.Minute,
		"Wed, 02 Jan 2030 12:00:45 GMT": 45 * time.Second, "Wed, 02 Jan 2030 11:59:00 GMT": time.Minute,
	} {
		s := serve(t)
		s.on("/graphql", answer(429, ``, "Retry-After", header))
		_, err := s.client(t, withPAT, func(c *Config) { c.Now = clock.now }).Do(context.Background(), me)
		if p := putBack(t, err); p.After != want {
			t.Errorf("%q: %s, want %s", header, p.After, want)
		}
	}
}

func TestP19LimitsAreExposed(t *testing.T) {
	s := serve(t)
	s.on("/graphql", answer(200, `{"data":{"me":{"id":"1"}}}`, "x-request-id", "abc-1", "X-RATELIMIT-LIMIT", "3600", "x-ratelimit-remaining", "3599",
		"x-RateLimit-reset", "1893456000", "x-costlimit-limit", "5000", "x-costlimit-cost", "1", "x-costlimit-remaining", " 4999 ", "x-costlimit-reset", "1893456001"))
	c := s.client(t, withPAT)
	if b := c.Budget(); b != (Budget{}) {
		t.Errorf("%+v before any answer", b)
	}
	a := must(t, c, me)
	if *a.Rate.Limit != 3600 || *a.Rate.Remaining != 3599 || a.Rate.Reset.Unix() != 1893456000 || a.Rate.Cost != nil {
		t.Errorf("%+v", a.Rate)
	}
	if *a.Cost.Limit != 5000 || *a.Cost.Remaining != 4999 || *a.Cost.Cost != 1 || a.Cost.Reset.Unix() != 1893456001 || a.RequestID != "abc-1" {
		t.Errorf("%+v", a)
	}
	if b := c.Budget(); *b.Rate.Remaining != 3599 || *b.Cost.Cost != 1 || b.At.IsZero() {
		t.Errorf("%+v", b)
	}
	// Nothing, and nonsense, are no numbers; the last that was known stays.
	s.on("/graphql", answer(200, `{"data":{"me":{"id":"1"}}}`, "x-ratelimit-limit", "many", "x-ratelimit-remaining", "NaN", "x-costlimit-reset", "1e99"))
	if a := must(t, c, me); a.Rate != (Limit{}) || a.Cost != (Limit{}) || a.RequestID != "" {
		t.Errorf("%+v", a)
	}
	if b := c.Budget(); *b.Rate.Remaining != 3599 {
		t.Errorf("%+v", b)
	}
}

func TestP20NotFound(t *testing.T) {
	for body, kind := range map[string]steps.ErrorKind{
		`{"errors":[{"message":"Not Found","path":["webhookUpdate"]}],"data":{"webhookUpdate":null}}`: steps.NotFoundError,
		`{"errors":[{"message":"Not Found"},{"message":"Not Found"}]}`:                                steps.NotFoundError,
		`{"errors":[{"message":"Not Found"},{"message":"Unauthorized"}]}`:                             steps.GraphQLError,
		`{"errors":[{"message":"Unauthorized"},{"message":"Not Found"}]}`:                             steps.GraphQLError,
		`{"errors":[{"message":"not found"}]}`:                                                        steps.GraphQLError,
	} {
		s := serve(t)
		s.on("/graphql", answer(200, body))
		_, err := s.client(t, withPAT).Do(context.Background(), me)
		failed(t, err, kind)
	}
	s := serve(t)
	s.on("/graphql", answer(404, `nothing here`))
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	if e := failed(t, err, steps.NotFoundError); e.Status != 404 {
		t.Error(e.Status)
	}
}

func TestP22HowLongFailuresAreRemembered(t *testing.T) {
	for status, want := range map[int]time.Duration{400: 10 * time.Minute, 401: 10 * time.Minute, 404: 10 * time.Minute, 499: 10 * time.Minute,
		500: 30 * time.Second, 302: 30 * time.Second, 429: 0, 503: 0, 200: 0} {
		s := serve(t)
		s.on("/graphql", answer(status, `{"errors":[{"message":"x"}]}`))
		_, got, err := s.client(t, withPAT).Ask(context.Background(), me)
		if err == nil || got != want {
			t.Errorf("%d: %s, %v", status, got, err)
		}
	}
	s := serve(t)
	c := s.client(t, withPAT)
	s.Close()
	_, got, err := c.Ask(context.Background(), Request{Text: "{me}"})
	if failed(t, err, steps.NetworkError); got != 0 {
		t.Errorf("a broken network: %s", got)
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", r.Header.Get("Authorization"))
			w.Header().Set("Retry-After", tokenCanary)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"errors":[{"message":`+quoted(strings.Repeat("x", 290)+r.Header.Get("Authorization")+" "+secretCanary)+`}], "own":"config-canary-1"}`)
		}
	}
	for _, status := range []int{200, 400, 404, 429, 500, 503} {
		s := serve(t)
		s.on("/graphql", echo(status))
		c := s.client(t, func(c *Config) { c.Secrets = []string{"config-canary-1"} })
		_, err := c.Do(context.Background(), me)
		silent(t, "error", textOf(err), "config-canary-1", "tok-canary-5f") // not even the half of one that was cut
		if a := textOf(err); !strings.Contains(a, "(sensitive)") {
			t.Errorf("%d: nothing was covered in %s", status, a)
		}
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	s := serve(t)
	config := s.config()
	config.PersonalAccessToken = patCanary
	c := opened(t, config)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", config)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%v %+v %#v %s", config, config, &config, config), log.String()} {
		silent(t, "printed", text)
		if !strings.Contains(text, "wna-it") {
			t.Error(text)
		}
	}
}
