package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// echo answers with all that it was sent, as careless services do.
func echo(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token": "CaNaRyOAuthToken01", "token_type": "Bearer", "expires_in": 3600}`)
			return
		}
		w.Header().Set("X-Echo", strings.Join(r.Header["Authorization"], ","))
		w.Header().Set("Location", "/again?"+r.URL.RawQuery)
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/fail":
			w.WriteHeader(http.StatusTeapot)
		case "/redirect":
			w.WriteHeader(http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100000")
		}
		fmt.Fprintf(w, `{"headers": %q, "url": %q, "body": %q}`, fmt.Sprint(r.Header), r.URL.String(), body)
	}))
	t.Cleanup(s.Close)
	return s
}

const secretBlueprint = `
variable "base" { type = string }
SECRETS
connection "http" "bearer" {
  base_url = var.base
  auth "bearer" { token = var.s1 }
}
connection "http" "basic" {
  base_url = var.base
  auth "basic" {
    username = "ann"
    password = var.s2
  }
}
connection "http" "key" {
  base_url = var.base
  headers  = { X-Other = var.s3 }
  auth "api_key" {
    header = "X-Api-Key"
    value  = var.s4
  }
}
connection "http" "oauth" {
  base_url = var.base
  auth "oauth2" {
    token_url     = "${var.base}/token"
    client_id     = "id"
    client_secret = var.s5
  }
}
runbook "main" {
  trigger "manual" {}
  step "http" "bearer" {
    connection = connection.bearer
    method     = "POST"
    path       = "/a"
    json       = { text = var.s6, deep = [{ x = var.s7 }] }
  }
  step "http" "basic" {
    connection = connection.basic
    path       = "/b"
    query      = { q = var.s8 }
  }
  step "http" "key" {
    connection = connection.key
    method     = "PUT"
    path       = "/c"
    form       = { field = var.s9 }
  }
  step "http" "oauth" {
    connection = connection.oauth
    method     = "POST"
    path       = "/d"
    part "p" { value = var.s10 }
  }
  step "log" "bodies" {
    message = "got ${step.bearer.body}"
    data    = [step.basic.json, step.key.headers, step.oauth]
  }
  FAILING
  output "all" {
    value     = [step.bearer, step.basic, step.key, step.oauth]
    sensitive = true
  }
  output "plain" { value = step.key.json }
}
`

// failingCalls are steps that fail with a secret in hand.
var failingCalls = []string{
	`connection = connection.bearer
      path = "/fail"
      query = { q = var.s8 }`,
	`connection = connection.oauth
      path = "/fail"`,
	`url = "${var.base}/redirect?token=${var.s8}"`,
	`url = "${var.base}/cut?x=${var.s6}"`,
	`url = "http://127.0.0.1:1/${var.s7}"`,
	`url = "http://10.1.2.3/${var.s7}"`,
	`url = "http://${var.s7}.invalid/"`,
	`connection = connection.key
      path = "/fail"
      headers = { X-A = "a ${var.s6} b" }
      body = "begin ${var.s9} end"
      method = "POST"`,
}

// TestX3HTTPSecrets sends secrets in every place of http steps and connections to a service that echoes
// them, and searches for them in all outputs and in the data directory (promise X3).
func TestX3HTTPSecrets(t *testing.T) {
	server := echo(t)
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	args := []string{"--data-dir", data, "--allow-network", "127.0.0.0/8", "--var", "base=" + server.URL}
	var vars, failing strings.Builder
	secrets := []string{"CaNaRyOAuthToken01"}
	for i := range 10 {
		secrets = append(secrets, fmt.Sprintf("CaNaRy%02dx7Qz9Wk3Vb", i+1))
		fmt.Fprintf(&vars, "variable \"s%d\" {\n  type = string\n  sensitive = true\n}\n", i+1)
		args = append(args, "--var", fmt.Sprintf("s%d=%s", i+1, secrets[i+1]))
	}
	for i, call := range failingCalls {
		fmt.Fprintf(&failing, "step \"try\" \"t%d\" {\n    do {\n      step \"http\" \"f%d\" {\n      %s\n    }\n    }\n    catch {\n      step \"log\" \"l%d\" {\n        message = \"caught ${error.message}\"\n        data = error\n      }\n    }\n  }\n", i, i, call, i)
	}
	text := strings.NewReplacer("SECRETS", vars.String(), "FAILING", failing.String()).Replace(secretBlueprint)
	text += "runbook \"broken\" {\n  trigger \"manual\" {}\n  step \"http\" \"f\" {\n    " + failingCalls[0] + "\n  }\n}\n"
	writeFile(t, filepath.Join(dir, "main.hcl"), text)

	var shown bytes.Buffer
	run := func(want int, args ...string) string {
		code, stdout, stderr := call(args...)
		if code != want {
			t.Errorf("currant %s: exit %d, want %d\n%s%s", args[0], code, want, stdout, stderr)
		}
		shown.WriteString(stdout + stderr)
		return stdout
	}
	run(0, append([]string{"run", "main", dir}, args...)...)
	if out := run(0, append([]string{"run", "main", dir, "--json"}, args...)...); strings.Count(out, "caught") < len(failingCalls) {
		t.Errorf("%d of %d failing calls were caught:\n%s", strings.Count(out, "caught"), len(failingCalls), out)
	}
	run(1, append([]string{"run", "broken", dir}, args...)...)
	run(1, append([]string{"run", "broken", dir, "--json"}, args...)...)
	list := run(0, "runs", "list", "--data-dir", data)
	for _, line := range strings.Split(list, "\n") {
		if id, _, ok := strings.Cut(line, " "); ok && len(id) == 36 {
			run(0, "runs", "show", id, "--data-dir", data)
			run(0, "runs", "show", id, "--json", "--data-dir", data)
		}
	}
	if n := shown.Len(); n < 10_000 {
		t.Errorf("only %d bytes were shown: the commands did not do what they were to", n)
	}
	search(t, "the outputs", secrets, shown.Bytes())
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		search(t, filepath.Base(path), secrets, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// search looks for secrets in all forms that letters and digits may be written in.
func search(t *testing.T, where string, secrets []string, data []byte) {
	t.Helper()
	for _, s := range secrets {
		forms := []string{s, url.QueryEscape(s), hex.EncodeToString([]byte(s))}
		for off := range 3 {
			text := base64.StdEncoding.EncodeToString(append(make([]byte, off), s...))
			forms = append(forms, text[(off*8+5)/6:(off+len(s))*8/6])
		}
		for _, form := range forms {
			if at := bytes.Index(data, []byte(form)); at >= 0 {
				t.Errorf("%s has %s: …%q…", where, s, data[max(0, at-120):min(len(data), at+60)])
			}
		}
	}
}
