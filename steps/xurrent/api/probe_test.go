package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestP14ConnectionTest(t *testing.T) {
	for _, c := range []struct {
		name, status, text string
		introspect, token  http.HandlerFunc
	}{
		{"scopes", TestSuccess, "Token scopes: request:Read, person:Read.", answer(200, `{"active":true,"scopes":["request:Read","person:Read"]}`), nil},
		{"no scopes", TestFailed, "has no scopes", answer(200, `{"active":true}`), nil},
		{"empty scopes", TestFailed, "has no scopes", answer(200, `{"active":true,"scopes":[]}`), nil},
		{"401", TestFailed, "rejected the credentials (HTTP 401)", answer(401, ``), nil},
		{"403", TestFailed, "rejected the credentials (HTTP 403)", answer(403, `x`), nil},
		{"400 message", TestFailed, "Invalid x-xurrent-account header", answer(400, `{"message":"Invalid x-xurrent-account header"}`), nil},
		{"400", TestFailed, "rejected the request (HTTP 400)", answer(400, `{}`), nil},
		{"500", TestError, "(HTTP 500): oops", answer(500, `oops`), nil},
		{"no object", TestError, "cannot be read (HTTP 200)", answer(200, `["a"]`), nil},
		{"400 no object", TestError, "cannot be read (HTTP 400)", answer(400, `null`), nil},
		{"credentials", TestFailed, "Authentication to", nil, answer(401, `{"error":"invalid_client"}`)},
		{"token trouble", TestError, "Unable to authenticate to", nil, answer(500, ``)},
		{"token later", TestError, "429", nil, answer(429, ``)},
	} {
		s := serve(t)
		if c.introspect != nil {
			s.on("/introspect", c.introspect)
		}
		if c.token != nil {
			s.on("/token", c.token)
		}
		got := s.client(t).Test(context.Background())
		if got.Status != c.status || !strings.Contains(got.Message, c.text) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if c.token == nil {
			r := s.to("/introspect")[0]
			if r.method != "GET" || r.header.Get("Authorization") != "Bearer "+tokenCanary || r.header.Get("X-Xurrent-Account") != "wna-it" {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
		silent(t, c.name, got.Message)
	}
}

func TestP14ConnectionTestTimesOut(t *testing.T) {
	s := serve(t)
	release := make(chan struct{})
	s.on("/introspect", func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	got := s.client(t, withPAT).Test(context.Background())
	if got.Status != TestError || !strings.Contains(got.Message, "timed out") || !strings.Contains(got.Message, "2s") {
		t.Errorf("%+v", got)
	}
}
