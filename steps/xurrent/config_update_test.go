package xurrent

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

func TestConfigUpdate(t *testing.T) {
	s := newShop(t)
	other := s.install(s.offering, "globex", map[string]any{"form_url": "globex"})
	id := s.install(s.offering, "acme", map[string]any{"form_url": "old", "kept": "as it was"})
	fields := func(of string) string {
		r, ok := s.stored().Get("AppInstance", of)
		if !ok {
			t.Fatal("no installation")
		}
		b, err := json.Marshal(r["customFields"])
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s disabled=%v suspended=%v %v", b, r["disabled"], r["suspended"], r["suspensionComment"])
	}
	before := fields(other)
	for _, tc := range []struct{ src, want string }{
		{"custom_fields = { form_url = \"new\" }", `[{"id":"form_url","value":"new"},{"id":"kept","value":"as it was"}] disabled=false suspended=false <nil>`},
		{"custom_fields = [{ id = \"more\", value = [1, true] }]\ndisabled = true",
			`[{"id":"form_url","value":"new"},{"id":"kept","value":"as it was"},{"id":"more","value":[1,true]}] disabled=true suspended=false <nil>`},
		{"suspension {\n suspended = true\n comment = \"Unpaid.\"\n}",
			`[{"id":"form_url","value":"new"},{"id":"kept","value":"as it was"},{"id":"more","value":[1,true]}] disabled=true suspended=true Unpaid.`},
		{"disabled = false\nsuspension {\n suspended = false\n comment = \"Paid.\"\n}",
			`[{"id":"form_url","value":"new"},{"id":"kept","value":"as it was"},{"id":"more","value":[1,true]}] disabled=false suspended=false Paid.`},
	} {
		got := s.must(ConfigUpdate, tc.src)
		if got.GetAttr("app_instance_id").AsString() != id {
			t.Errorf("%s: %#v", tc.src, got)
		}
		if got := fields(id); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.src, got, tc.want)
		}
	}
	if got := fields(other); got != before {
		t.Errorf("the other customer's is %s, and was %s", got, before)
	}
}

func TestP74NoInstallationToUpdate(t *testing.T) {
	s := newShop(t)
	_, err := s.do(ConfigUpdate, "disabled = true")
	fails(t, err, steps.NotFoundError, "App instance survey not found for customer acme")
	s.install(s.offering, "acme", nil)
	if _, err := s.do(ConfigUpdate, "disabled = true"); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// answering is an account that records variables and answers as it is told.
type answering struct {
	mu    sync.Mutex
	sent  []string
	reply string
}

func newAnswering(t *testing.T) (*answering, *Account) {
	t.Helper()
	a := &answering{reply: `{"data":{"appInstanceUpdate":{"appInstance":{"id":"i1"},"errors":[]}}}`}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Query     string
			Variables struct{ Input json.RawMessage }
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		a.mu.Lock()
		defer a.mu.Unlock()
		if strings.HasPrefix(body.Query, "query") {
			_, _ = io.WriteString(w, `{"data":{"appInstances":{"nodes":[{"id":"i1"}]}}}`)
			return
		}
		a.sent = append(a.sent, string(body.Variables.Input))
		_, _ = io.WriteString(w, a.reply)
	}))
	t.Cleanup(srv.Close)
	opened, err := open(Deps{Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, connectionArgs{
		AccountID: "wdc", PersonalAccessToken: "pat-1234", GraphQLEndpoint: srv.URL + "/graphql", OAuth2Endpoint: srv.URL + "/token"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return a, opened
}

func (a *answering) do(t *testing.T, account *Account, src string, vars map[string]cty.Value) error {
	t.Helper()
	c, diags := bound(t, ConfigUpdate.Spec(), src, vars)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, err := ConfigUpdate.Do(t.Context(), &steps.Call{Args: c.Args, Body: c.Body, Trigger: acme, Connection: account})
	return err
}

// The custom fields are always sent, the switch only where it is given, the suspension only as a pair.
func TestP75WhatAnUpdateSends(t *testing.T) {
	a, account := newAnswering(t)
	for src, want := range map[string]string{
		"disabled = true":  `{"customFields":[],"disabled":true,"id":"i1"}`,
		"disabled = false": `{"customFields":[],"disabled":false,"id":"i1"}`,
		"disabled = null\ncustom_fields = { b = null, a = { x = 9007199254740993 } }":                  `{"customFields":[{"id":"a","value":{"x":9007199254740993}},{"id":"b","value":null}],"id":"i1"}`,
		"custom_fields = [{ id = \"b\", value = 1 }, { id = \"a\", value = s }]":                       `{"customFields":[{"id":"b","value":1},{"id":"a","value":"hunter2-hunter2"}],"id":"i1"}`,
		"suspension {\n suspended = true\n comment = \"why\"\n}":                                       `{"customFields":[],"id":"i1","suspended":true,"suspensionComment":"why"}`,
		"custom_fields = {}\nsuspension {\n suspended = false\n comment = \"" + long(64<<10) + "\"\n}": `{"customFields":[],"id":"i1","suspended":false,"suspensionComment":"` + long(64<<10) + `"}`,
	} {
		a.sent = nil
		if err := a.do(t, account, src, map[string]cty.Value{"s": lang.MarkSensitive(cty.StringVal("hunter2-hunter2"))}); err != nil {
			t.Errorf("%.80s: %v", src, err)
		}
		if len(a.sent) != 1 || a.sent[0] != want {
			t.Errorf("%.80s: %.200s", src, a.sent)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestConfigUpdateRefusals(t *testing.T) {
	a, account := newAnswering(t)
	vars := map[string]cty.Value{"null": cty.NullVal(cty.String), "empty": cty.StringVal(""), "s": lang.MarkSensitive(cty.StringVal("hunter2-hunter2"))}
	for src, want := range map[string]string{
		"suspension {\n suspended = true\n comment = empty\n}":                      "the customer reads it",
		"suspension {\n suspended = true\n comment = \"" + long(64<<10+1) + "\"\n}": "65536 at most",
		"custom_fields = [{ id = null, value = 1 }]":                                "a text as id",
		"custom_fields = [{ id = 7, value = 1 }]":                                   "a text as id",
		"custom_fields = [{ id = \"\", value = 1 }]":                                "a text as id",
		"custom_fields = jsondecode(\"\\\"x\\\"\")":                                 "a map, or a list",
		"custom_fields = jsondecode(\"[1]\")":                                       "a map, or a list",
	} {
		fails(t, a.do(t, account, src, vars), steps.InputError, want)
	}
	if len(a.sent) != 0 {
		t.Errorf("sent: %.200s", a.sent)
	}
	for reply, want := range map[string]string{
		`{"data":{"appInstanceUpdate":{"appInstance":null,"errors":[{"path":["customFields","a"],"message":"is odd"},{"path":"base","message":"No."},{"message":""}]}}}`: "mutation: appInstanceUpdate: is odd (customFields.a); No. (base)",
		`{"data":{"appInstanceUpdate":{"appInstance":null,"errors":null}}}`:                                                                                              "decode: the answer to appInstanceUpdate names no installation",
		`{"data":{"appInstanceUpdate":[]}}`: "decode: the answer to appInstanceUpdate cannot be read",
		`{"data":{"appInstanceUpdate":{"appInstance":{"id":"i1"},"errors":[{"path":null,"message":"hunter2-hunter2 is taken"}]}}}`: "is taken",
	} {
		a.reply = reply
		err := a.do(t, account, "custom_fields = { a = s }", vars)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

func TestConfigUpdateCommentIsChecked(t *testing.T) {
	suspension := func(comment string) string {
		return "suspension {\n suspended = true\n comment = \"" + comment + "\"\n}"
	}
	expect(t, checkedStep(t, ConfigUpdate, suspension(long(64<<10)), nil), "")
	expect(t, checkedStep(t, ConfigUpdate, suspension(long(64<<10+1)), nil), "65536 bytes at most")
}
