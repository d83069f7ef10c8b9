package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// keyFiles writes a private key and gives its file and the public key in PEM.
func keyFiles(t *testing.T, path string, private any, public any) string {
	t.Helper()
	b, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})))
	if b, err = x509.MarshalPKIXPublicKey(public); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b}))
}

func hookWithPolicy(name, algorithm, public, more string) string {
	return `
runbook "` + name + `" {
  trigger "webhook" {
    policy {
      algorithm      = "` + algorithm + `"
      public_key_pem = <<-EOT
` + public + `EOT
` + more + `
    }
  }
  step "log" "say" { message = "${trigger.event} ${trigger.payload.status}" }
}
`
}

// An event is signed with the key of a trigger's policy; what would be refused is not sent.
func TestSendSignedWithAKey(t *testing.T) {
	dir := t.TempDir()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	ecPublic := keyFiles(t, in("ec.pem"), ec, ec.Public())
	rsPublic := keyFiles(t, in("rs.pem"), rs, rs.Public())
	keyFiles(t, in("other.pem"), other, other.Public())
	writeFile(t, in("app/main.hcl"), `
connection "xurrent" "account" {
  account_id    = "wdc"
  client_id     = "a"
  client_secret = "b"
}
runbook "published" {
  trigger "webhook" { require_signature = true }
  step "log" "say" { message = trigger.event }
}
`+hookWithPolicy("ec", "ES256", ecPublic, `audience = "currant"`)+hookWithPolicy("rs", "RS512", rsPublic, `issuer = "https://wdc.xurrent.com/webhook_policies/1"`))
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0")
	url := p.await(`msg=ready.*public_url=(http://[0-9.:]+)`)[1]

	run := regexp.MustCompile(`Status 200: run [-0-9a-f]{36}`)
	for _, name := range []string{"ec", "rs"} {
		code, out, stderr := call("send", name, in("app"), "--url", url, "--key", in(name+".pem"), "--data-dir", in("none"))
		if code != exitDone || !run.MatchString(out) || !strings.Contains(out, "signed with") {
			t.Errorf("%s: %d\n%s%s", name, code, out, stderr)
		}
		p.await(`run ended.*runbook=app/` + name + ` .*status=finished`)
	}
	for _, c := range []struct {
		args []string
		said string
	}{
		{nil, "takes signed events only"},
		{[]string{"--sim=http://127.0.0.1:1"}, "which the simulated account has not"},
	} {
		code, out, stderr := call(append([]string{"send", "ec", in("app"), "--url", url, "--data-dir", in("none")}, c.args...)...)
		if code != exitWrong || !strings.Contains(stderr, c.said) {
			t.Errorf("%v: %d, want %q; got:\n%s%s", c.args, code, c.said, out, stderr)
		}
	}
	for _, c := range []struct{ runbook, key, said string }{
		{"ec", "other.pem", "it is not the private key of the policy's public_key_pem"},
		{"ec", "rs.pem", "no private key for ES256"},
		{"rs", "ec.pem", "no private key for RS512"},
		{"ec", "app/main.hcl", "no private key for ES256"},
		{"ec", "missing.pem", "missing.pem"},
		{"published", "ec.pem", "has no policy with a public key"},
	} {
		code, out, stderr := call("send", c.runbook, in("app"), "--url", url, "--key", in(c.key), "--data-dir", in("none"))
		if code != exitWrong || !strings.Contains(stderr, c.said) {
			t.Errorf("%s with %s: %d, want %q; got:\n%s%s", c.runbook, c.key, code, c.said, out, stderr)
		}
	}
}

// Where a value that is needed depends on a variable without one, it is said which.
func TestSendNeedsValues(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	writeFile(t, filepath.Join(dir, "main.hcl"), `
variable "secret" {
  type = string
}
runbook "basic" {
  trigger "json_endpoint" {
    auth "bearer" { token = var.secret }
  }
  step "log" "say" { message = "hello" }
}
runbook "policy" {
  trigger "webhook" {
    policy {
      issuer   = "https://wdc.xurrent.com"
      audience = var.secret
    }
  }
  step "log" "say" { message = trigger.event }
}
`)
	for runbook, said := range map[string]string{"basic": `"token" of its block`, "policy": `"audience" of its block`} {
		code, _, stderr := call("send", runbook, dir, "--url", "http://127.0.0.1:1")
		if code != exitWrong || !strings.Contains(stderr, said) {
			t.Errorf("%s: %d\n%s", runbook, code, stderr)
		}
		if code, _, stderr = call("send", runbook, dir, "--url", "http://127.0.0.1:1", "--var", "secret=x"); strings.Contains(stderr, said) {
			t.Errorf("%s with a value: %d\n%s", runbook, code, stderr)
		}
	}
}

func TestSamplePayload(t *testing.T) {
	of := cty.ObjectWithOptionalAttrs(map[string]cty.Type{
		"status": cty.String, "audit_line_id": cty.String, "note_id": cty.Number, "any": cty.DynamicPseudoType, "on": cty.Bool,
		"list": cty.Set(cty.Number), "map": cty.Map(cty.Tuple([]cty.Type{cty.String, cty.Bool})),
	}, []string{"on"})
	got, ok := samplePayload(of).(map[string]any)
	if !ok || got["status"] != "assigned" || got["audit_line_id"] != "text" || got["note_id"] != sampleNumber || got["any"] != "text" || got["on"] != true {
		t.Errorf("%v", got)
	}
	if list, ok := got["list"].([]any); !ok || len(list) != 1 || list[0] != 1 {
		t.Errorf("list: %v", got["list"])
	}
	if m, ok := got["map"].(map[string]any); !ok || len(m["key"].([]any)) != 2 {
		t.Errorf("map: %v", got["map"])
	}
	for event, field := range map[string]string{"request.note-added": "note_id", "request.status-changed": "previous_status", "task.team-changed": "team",
		"task.member-changed": "member", "person.create": "sourceID"} {
		if _, ok := eventPayload(event)[field]; !ok {
			t.Errorf("%s has no %s", event, field)
		}
	}
}
