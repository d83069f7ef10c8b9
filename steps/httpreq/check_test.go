package httpreq

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// expect compares diagnostics with a text that one of them contains; "" is none.
func expect(t *testing.T, diags hcl.Diagnostics, want string) {
	t.Helper()
	if want == "" {
		if len(diags) > 0 {
			t.Errorf("unexpected: %s", diags)
		}
		return
	}
	for _, d := range diags {
		if strings.Contains(d.Summary+": "+d.Detail, want) {
			if d.Subject == nil {
				t.Errorf("no place: %s", d)
			}
			return
		}
	}
	t.Errorf("want %q, got %s", want, diags)
}

func TestStepChecks(t *testing.T) {
	k := Kind(loopback())
	v := vars("any", cty.DynamicVal, "text", cty.UnknownVal(cty.String), "secret", secret("ftp://canary"))
	for src, want := range map[string]string{
		`url = "https://example.com/x?y=1"`:           "",
		`path = "/x"`:                                 "",
		`url = var.text`:                              "",
		`url = var.any`:                               "",
		`method = "POST"`:                             `One of "url" and "path" is required`,
		"url = \"https://e.com\"\npath = \"/x\"":      `Only one of "url" and "path"`,
		"url = \"https://e.com\"\nmethod = \"get\"":   `Did you mean "GET"?`,
		"url = \"https://e.com\"\nmethod = \"TRACE\"": `"TRACE" is none of`,
		`url = "ftp://e.com"`:                         "its scheme is not http or https",
		`url = "https://u:p@e.com"`:                   "use the connection's auth block",
		`url = "https://e.com:99999"`:                 "its port",
		`url = "http://0x7f.1/"`:                      "is a number but not a plain IPv4 address",
		`url = "https://e.com/a b"`:                   "%20",
		`url = var.secret`:                            "its scheme is not",
		`path = "https://e.com/x"`:                    "write url for a whole address",
		`path = "/a/../b"`:                            `may not hold the parts`,
		`path = "/a/%2e%2E/b"`:                        `may not hold the parts`,
		`path = "/a/..%2fb"`:                          `may not hold the parts`,
		`path = "/a/x..y/...?next=../b"`:              "",
		"path = \"/x\"\nquery = { a = 1, b = [\"x\", null], c = null }":                     "",
		"path = \"/x\"\nquery = { a = { b = 1 } }":                                          `"a" holds a value of type object`,
		"path = \"/x\"\nquery = { a = [[1]] }":                                              `"a" holds a value of type tuple`,
		"path = \"/x\"\nquery = \"a=1\"":                                                    "n object or map is needed, not string",
		"path = \"/x\"\nquery = var.any":                                                    "",
		"path = \"/x\"\nform = [1]":                                                         "n object or map is needed",
		"path = \"/x\"\nheaders = { \"X Y\" = \"1\" }":                                      "a character that no header name has",
		"path = \"/x\"\nheaders = { host = \"e.com\" }":                                     `"host" is set by the call itself`,
		"path = \"/x\"\nheaders = { A = \"1\\n\" }":                                         "holds a line break",
		"path = \"/x\"\nheaders = { A = \"1\", a = \"2\" }":                                 "there twice",
		"path = \"/x\"\nheaders = { A = null, B = 1, C = var.text }":                        "",
		"path = \"/x\"\njson = {}\nbody = \"\"":                                             `Only one of "json", "body" and "form"`,
		"path = \"/x\"\nbody = \"\"\nform = {}":                                             `Only one of "json", "body" and "form"`,
		"path = \"/x\"\njson = {}\npart \"a\" { value = \"1\" }":                            `"json" may not stand beside "part" blocks`,
		"path = \"/x\"\npart \"a\" {}":                                                      `One of "value", "file_path" and "content" is required`,
		"path = \"/x\"\npart \"a\" {\nvalue = \"1\"\ncontent = \"2\"\n}":                    `Only one of`,
		"path = \"/x\"\npart { value = \"1\" }":                                             "needs a label",
		"path = \"/x\"\npart \"a\" {\ncontent = \"1\"\ncontent_type = \"a\\nb\"\n}":         "holds a line break",
		"path = \"/x\"\nheaders = { content-type = \"a/b\" }\npart \"a\" { value = \"1\" }": "multipart body is set by the step",
		"path = \"/x\"\nexpect = [200, 404]":                                                "",
		"path = \"/x\"\nexpect = []":                                                        "t is empty",
		"path = \"/x\"\nexpect = [200.5]":                                                   "is no HTTP status",
		"path = \"/x\"\nexpect = [2000]":                                                    "2000 is no HTTP status",
		"path = \"/x\"\nfollow_redirects = 6":                                               "6 is not from 0 to 5",
		"path = \"/x\"\ntimeout = \"soon\"":                                                 "no duration",
		"path = \"/x\"\nexpects = [200]":                                                    `Did you mean "expect"?`,
	} {
		c, diags := bound(t, k.Spec(), src, v, true)
		diags = append(diags, k.Check(c)...)
		t.Run(src, func(t *testing.T) { expect(t, diags, want) })
		for _, d := range diags {
			if strings.Contains(d.Detail, "canary") {
				t.Errorf("X3: %s", d.Detail)
			}
		}
	}
}

func TestConnectionChecks(t *testing.T) {
	k := Connection(loopback())
	v := vars("token", secret("canary-token"), "text", cty.UnknownVal(cty.String))
	const base = "base_url = \"https://e.com/v1\"\n"
	for src, want := range map[string]string{
		base: "",
		base + `auth "bearer" { token = var.token }`:                                                                        "",
		base + "auth \"basic\" {\nusername = \"u\"\npassword = var.token\n}":                                                "",
		base + "auth \"api_key\" {\nheader = \"X-Key\"\nvalue = var.token\n}":                                               "",
		base + "auth \"oauth2\" {\ntoken_url = var.text\nclient_id = \"i\"\nclient_secret = var.token\nscopes = [\"a\"]\n}": "",
		"timeout = \"5s\"":                           `"base_url" is required`,
		`base_url = "e.com"`:                         "does not begin with http",
		`base_url = "https://e.com/?x=1"`:            `ends before "?" and "#"`,
		`base_url = var.text`:                        "",
		base + "timeout = \"x\"":                     "no duration",
		base + "headers = { Host = \"x\" }":          "set by the call itself",
		base + `auth { token = "x" }`:                "needs a label",
		base + `auth "barer" { token = "x" }`:        `Did you mean "bearer"?`,
		base + `auth "bearer" {}`:                    `auth "bearer" needs the argument "token"`,
		base + `auth "bearer" { username = "x" }`:    `"username" belongs to auth "basic"`,
		base + `auth "bearer" { tokn = "x" }`:        `Did you mean "token"?`,
		base + "auth \"basic\" { username = \"u\" }": `auth "basic" needs the argument "password"`,
		base + "auth \"oauth2\" {\ntoken_url = \"x\"\nclient_id = \"i\"\nclient_secret = \"s\"\n}": "does not begin with http",
		base + "auth \"api_key\" {\nheader = \"a b\"\nvalue = \"s\"\n}":                            "no header name",
	} {
		c, diags := bound(t, k.Spec(), src, v, true)
		diags = append(diags, k.Check(c)...)
		t.Run(src, func(t *testing.T) { expect(t, diags, want) })
	}
}

func TestConnectionsThatCannotOpen(t *testing.T) {
	k := Connection(loopback())
	v := vars("null", cty.NullVal(cty.String), "line", secret("canary-token\n"), "url", secret("https://canary@e.com"))
	const base = "base_url = \"https://e.com/v1\"\n"
	for src, want := range map[string]string{
		base + `auth "bearer" { token = var.null }`:                                                  `token is null`,
		base + `auth "bearer" { token = "" }`:                                                        `token is empty`,
		base + `auth "bearer" { token = var.line }`:                                                  `trimspace()`,
		base + "auth \"basic\" {\nusername = \"a:b\"\npassword = \"\"\n}":                            "may not hold a colon",
		base + "auth \"oauth2\" {\ntoken_url = var.url\nclient_id = \"i\"\nclient_secret = \"s\"\n}": "user name or password",
		`base_url = var.url`:                "user name or password",
		base + "headers = { A = var.line }": "holds a line break",
	} {
		_, err := k.Open(t.Context(), evaluated(t, k.Spec(), src, v))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestDeclarations(t *testing.T) {
	k := Kind(loopback())
	if _, err := steps.NewRegistry([]*steps.Kind{k}, []*steps.ConnectionKind{Connection(loopback())}); err != nil {
		t.Error(err)
	}
	for method, want := range map[string]steps.Effect{"GET": steps.Read, "HEAD": steps.Read, "OPTIONS": steps.Read,
		"PUT": steps.Idempotent, "DELETE": steps.Idempotent, "POST": steps.Write, "PATCH": steps.Write} {
		if got := k.EffectOf(object("method", str(method))); got != want {
			t.Errorf("%s: %d, want %d", method, got, want)
		}
	}
	if got := k.EffectOf(evaluated(t, k.Spec(), `url = "https://e.com"`, nil)); got != steps.Read {
		t.Errorf("no method: %d", got)
	}
	for src, want := range map[string]bool{`url = "https://e.com"`: true, `path = "/"`: false, ``: true} {
		c, _ := bound(t, k.Spec(), src, nil, true)
		if got := k.WithoutConnection(c); got != want {
			t.Errorf("%q: %v", src, got)
		}
		if !k.OutputType(c).Equals(outputType()) {
			t.Error("output type")
		}
	}
}

func TestExamplesFit(t *testing.T) {
	k, conn := Kind(loopback()), Connection(loopback())
	v := vars("slack_token", cty.DynamicVal, "client_id", cty.DynamicVal, "client_secret", cty.DynamicVal)
	for _, e := range k.Examples {
		c, diags := boundBlock(t, k.Spec(), e.HCL, v)
		expect(t, append(diags, k.Check(c)...), "")
	}
	for _, e := range conn.Examples {
		c, diags := boundBlock(t, conn.Spec(), e.HCL, v)
		expect(t, append(diags, conn.Check(c)...), "")
	}
}
