package xurrent

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

const wholeForm = `
  field "form_url" { required = true }
  field "limit" {
    type    = number
    default = 10
  }
  field "days" { type = list(string) }
  field "mail" {
    type = object({ to = string, from = optional(string, "us") })
  }
  field "any" { type = any }
  field "api_key" {
    secret   = true
    required = true
  }
  field "other_key" { secret = true }
  field "hook_key" {
    secret = true
    own    = true
  }
`

func TestConfig(t *testing.T) {
	s := newShop(t)
	s.install(s.offering, "globex", map[string]any{"form_url": "https://globex.example"})
	s.install(s.offering, "acme", map[string]any{"form_url": "https://acme.example", "limit": "25", "days": []any{"mon", "tue"},
		"mail": map[string]any{"to": "a@acme.example"}, "any": []any{1, "x", nil}, "unasked": true})
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Secrets: map[string]string{"api_key": "key-of-acme", "hook_key": "not this one"}})
	if err := s.customers.SetOwn(t.Context(), "acme", "survey", "hook_key", "our-own-key"); err != nil {
		t.Fatal(err)
	}
	k := newConfig(s.deps)
	c := s.attempt(k, wholeForm, nil)
	got, err := k.Do(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"config":{"any":[1,"x",null],"api_key":"(sensitive)","days":["mon","tue"],"form_url":"https://acme.example","hook_key":"(sensitive)",` +
		`"limit":25,"mail":{"from":"us","to":"a@acme.example"},"other_key":"(sensitive)"},"disabled":false,"enabled_by_customer":true,"suspended":false,"suspension_comment":null}`
	if plain(t, got) != want {
		t.Errorf("got  %s\nwant %s", plain(t, got), want)
	}
	open, _ := lang.UnmarkDeep(got.GetAttr("config"))
	if open.GetAttr("api_key").AsString() != "key-of-acme" || open.GetAttr("hook_key").AsString() != "our-own-key" || !open.GetAttr("other_key").IsNull() {
		t.Errorf("secrets: %#v", open)
	}
	check, _ := bound(t, k.Spec(), wholeForm, nil)
	for name, typ := range k.OutputType(check).AttributeType("config").AttributeTypes() {
		if v := open.GetAttr(name); name != "any" && !v.Type().Equals(typ) {
			t.Errorf("%s is %#v, and typed %#v", name, v, typ)
		}
	}
}

// The secrets are sensitive before anything runs too, and nothing else is.
func TestX3ConfigIsSensitiveWhenChecked(t *testing.T) {
	c, diags := bound(t, Config.Spec(), wholeForm+"field \"by_default\" { default = s }\n", map[string]cty.Value{"s": lang.MarkSensitive(cty.StringVal("hunter2"))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out := Config.Unknown(c)
	plainOut, _ := lang.UnmarkDeep(out)
	if !plainOut.Type().Equals(Config.OutputType(c)) {
		t.Errorf("it is %#v, and typed %#v", plainOut.Type(), Config.OutputType(c))
	}
	for name := range out.GetAttr("config").Type().AttributeTypes() {
		want := strings.HasSuffix(name, "_key") || name == "by_default"
		if got := lang.HasMark(out.GetAttr("config").GetAttr(name)); got != want {
			t.Errorf("%s: sensitive %v", name, got)
		}
	}
	if lang.IsSensitive(out.GetAttr("suspended")) {
		t.Error("the flags are no secret")
	}
}

func TestP74MissingFieldsAreWaitedFor(t *testing.T) {
	s := newShop(t)
	k := newConfig(s.deps)
	const form = `
  field "b" { required = true }
  field "a" { required = true }
  field "optional" {}
  field "given" {
    required = true
    default  = "x"
  }
  field "key_2" {
    secret   = true
    required = true
  }
  field "key_1" {
    secret   = true
    own      = true
    required = true
  }
  field "key_3" { secret = true }
  field "key_4" {
    secret   = true
    required = true
    default  = "x"
  }
`
	c := s.attempt(k, form, nil)
	_, err := k.Do(t.Context(), c)
	c.Cursor = waits(t, c, err, "Required secrets not available yet: key_2, key_1")
	if n := s.requests("appInstances"); n != 0 {
		t.Errorf("the account was asked %d times before the secrets were there", n)
	}
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Secrets: map[string]string{"key_2": "two"}})
	c.Now = c.Now.Add(awaitPause)
	_, err = k.Do(t.Context(), c)
	c.Cursor = waits(t, c, err, "Required secrets not available yet: key_1")
	if err := s.customers.SetOwn(t.Context(), "acme", "survey", "key_1", "one"); err != nil {
		t.Fatal(err)
	}
	c.Now = c.Now.Add(awaitPause)
	_, err = k.Do(t.Context(), c) // there is no installation yet: empty fields
	c.Cursor = waits(t, c, err, "Required fields not available yet: b, a")
	id := s.install(s.offering, "acme", map[string]any{"b": nil, "a": "first"})
	c.Now = c.Now.Add(awaitPause)
	_, err = k.Do(t.Context(), c)
	c.Cursor = waits(t, c, err, "Required fields not available yet: b")
	s.put("AppInstance", map[string]any{"id": id, "customFields": []map[string]any{{"id": "b", "value": "second"}, {"id": "a", "value": "first"}}})
	out, err := k.Do(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := plain(t, out.GetAttr("config")); got != `{"a":"first","b":"second","given":"x","key_1":"(sensitive)","key_2":"(sensitive)","key_3":"(sensitive)","key_4":"(sensitive)","optional":null}` {
		t.Errorf("got %s", got)
	}
	if !strings.HasPrefix(string(c.Cursor), `{"n":4,`) {
		t.Errorf("it has waited %s", c.Cursor)
	}
}

// All waits of a step count together, and the last error says what is missing still.
func TestP74WaitingEnds(t *testing.T) {
	s := newShop(t)
	k := newConfig(s.deps)
	c := s.attempt(k, "field \"a\" { required = true }", nil)
	c.Cursor = []byte(`{"n":59}`)
	_, err := k.Do(t.Context(), c)
	c.Cursor = waits(t, c, err, "Required fields not available yet: a")
	c.Now = c.Now.Add(awaitPause)
	_, err = k.Do(t.Context(), c)
	fails(t, err, steps.NotFoundError, "Required fields not available yet: a (looked 61 times, every 1m)")
}

func TestP74NoInstallation(t *testing.T) {
	s := newShop(t)
	got := plain(t, s.must(newConfig(s.deps), "field \"a\" {}\nfield \"n\" {\n type = number\n default = 3\n}"))
	if want := `{"config":{"a":null,"n":3},"disabled":null,"enabled_by_customer":null,"suspended":null,"suspension_comment":null}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestConfigOfAnotherType(t *testing.T) {
	s := newShop(t)
	s.install(s.offering, "acme", map[string]any{"n": "canary", "blank": "", "empty": "", "off": false})
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Secrets: map[string]string{"pin": "canary", "code": "12"}})
	k := newConfig(s.deps)
	for _, src := range []string{"field \"n\" { type = number }", "field \"pin\" {\n type = number\n secret = true\n}"} {
		_, err := s.do(k, src)
		fails(t, err, steps.DecodeError, "does not fit its type")
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error shows the value: %v", err)
		}
	}
	const form = `
  field "code" {
    type   = number
    secret = true
  }
  field "blank" { type = number }
  field "empty" { required = true }
  field "off" {
    type     = bool
    required = true
  }
`
	open, _ := lang.UnmarkDeep(s.must(k, form))
	if got := plain(t, open.GetAttr("config")); got != `{"blank":null,"code":12,"empty":"","off":false}` {
		t.Errorf("got %s", got)
	}
}

// What a customer's form holds is bounded as everything that comes from outside.
func TestH3ConfigLimits(t *testing.T) {
	s := newShop(t)
	k := newConfig(s.deps)
	nested := func(n int) json.RawMessage { return json.RawMessage(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	id := s.install(s.offering, "acme", nil)
	for value, want := range map[string]string{
		string(nested(64)):               "",
		string(nested(65)):               "nested more than 64 deep",
		strings.Repeat("9", 40):          "",
		strings.Repeat("9", 41):          "digits",
		`{"a":9007199254740993}`:         "",
		`{"canary":1,"\u0063anary":"2"}`: "stands twice",
	} {
		s.put("AppInstance", map[string]any{"id": id, "customFields": []map[string]any{{"id": "a", "value": json.RawMessage(value)}}})
		out, err := s.do(k, "field \"a\" { type = any }")
		switch {
		case want != "":
			fails(t, err, steps.DecodeError, want)
		case err != nil:
			t.Errorf("%.40s: %v", value, err)
		case plain(t, out.GetAttr("config").GetAttr("a")) != value:
			t.Errorf("%.40s came as %s", value, plain(t, out))
		}
	}
}
