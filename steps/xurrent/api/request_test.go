package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"currant/steps"
)

func TestP39SecretsInVariablesOnlyOnTheWire(t *testing.T) {
	const canary = "variable-canary<>&\u00e9\"\\-9d2c"
	r := Request{Text: "mutation($i: I!) { x(input: $i) { id } }", Variables: json.RawMessage(`{"i":{"list":[` + quoted(canary) + `]}}`), Secrets: []string{canary}}
	for _, h := range []http.HandlerFunc{
		answer(200, `{"errors":[{"message":`+quoted("provided invalid value "+canary)+`,"path":["`+"x"+`",`+quoted(canary)+`]}]}`),
		answer(500, `cannot read {"i":{"list":[`+quoted(canary)+`]}}`), answer(429, canary), answer(200, `no JSON: `+quoted(canary)),
	} {
		s := serve(t)
		s.on("/graphql", h)
		_, err := s.client(t, withPAT).Do(context.Background(), r)
		silent(t, "error", textOf(err), canary)
		var body struct {
			Variables struct{ I struct{ List []string } }
		}
		if json.Unmarshal([]byte(s.to("/graphql")[0].body), &body) != nil || body.Variables.I.List[0] != canary {
			t.Errorf("the wire did not get it: %s", s.to("/graphql")[0].body)
		}
	}
	// Without the mark it is shown, so the test can fail.
	s := serve(t)
	s.on("/graphql", answer(200, `{"errors":[{"message":"provided invalid value plain-canary"}]}`))
	_, err := s.client(t, withPAT).Do(context.Background(), r)
	failed(t, err, steps.GraphQLError, "plain-canary")
}

func TestRequestBody(t *testing.T) {
	s := serve(t)
	c := s.client(t, withPAT)
	for _, one := range []struct {
		r    Request
		want string
	}{
		{Request{Text: " query {\n\t me {  id }\r\n}\n"}, `{"query":"query { me { id } }"}`},
		{Request{Text: "{a}", Variables: json.RawMessage(`{}`)}, `{"query":"{a}"}`},
		{Request{Text: "{a}", Variables: json.RawMessage(` { } `)}, `{"query":"{a}"}`},
		{Request{Text: "{a}", Variables: json.RawMessage(`null`)}, `{"query":"{a}"}`},
		{Request{Text: "{a}", Variables: json.RawMessage(`{"b":9007199254740993,"a":null}`)}, `{"query":"{a}","variables":{"b":9007199254740993,"a":null}}`},
		{Request{Text: "query A{a} query B{b}", Operation: "B"}, `{"query":"query A{a} query B{b}","operationName":"B"}`},
		{Request{Text: "{ a(x: \"two  blanks\\\"  in\") # a comment }\n, b }"}, `{"query":"{ a(x: \"two  blanks\\\"  in\") , b }"}`},
		{Request{Text: "{ a(x: \"\"\"\n  # kept \\\"\"\"  so\n\"\"\")  b }"}, `{"query":"{ a(x: \"\"\"\n  # kept \\\"\"\"  so\n\"\"\") b }"}`},
	} {
		must(t, c, one.r)
		all := s.to("/graphql")
		r := all[len(all)-1]
		if r.body != one.want || r.method != "POST" || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %q\n%s\n%s", r.method, r.header.Get("Content-Type"), r.body, one.want)
		}
	}
	n := len(s.to("/graphql"))
	for _, r := range []Request{{}, {Text: "# only"}, {Text: "{a}", Variables: json.RawMessage(`[1]`)}, {Text: "{a}", Variables: json.RawMessage(`{`)}} {
		_, err := c.Do(context.Background(), r)
		failed(t, err, steps.InternalError)
	}
	if len(s.to("/graphql")) != n {
		t.Error("nonsense was sent")
	}
}

func FuzzCollapse(f *testing.F) {
	f.Add("query { me(a: \"x  y\") # c\n { id } }")
	f.Add(`{ a(x: """ " \""" """) }`)
	f.Add("\"\\")
	f.Add("\"\r\"#0") // not closed: it must not become a string that is
	f.Fuzz(func(t *testing.T, text string) {
		once := collapse(text)
		if len(once) > len(text) || collapse(once) != once {
			t.Errorf("%q -> %q -> %q", text, once, collapse(once))
		}
	})
}
