package xurrent_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/flow"
	"currant/steps/xurrent"
	"currant/steps/xurrent/verify"
)

const acme = "https://acme.xurrent.com"

type object = map[string]any

// signer is the key of the tests' policy; stranger is another.
var signer, stranger = newKey(), newKey()

func newKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func pemOf(k *ecdsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// policyOf is a policy block with a key.
func policyOf(k *ecdsa.PrivateKey) string {
	return fmt.Sprintf("policy {\n issuer = %q\n algorithm = \"ES256\"\n public_key_pem = %q\n}\n", acme, pemOf(k))
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// hook is a runbook with a webhook trigger behind the HTTP server, over an engine that stores its runs and
// executes none.
type hook struct {
	t   testing.TB
	dir string
	e   *engine.Engine
	srv *ingress.Server
	h   http.Handler
	log lockedBuffer
	now func() time.Time

	mu   sync.Mutex
	turn time.Duration
}

type hookOptions struct {
	trigger string // the arguments of the trigger
	// account is the address of the connection's account.
	account string
	noConn  bool
	dir     string
	level   slog.Level
}

func newHook(t testing.TB, o hookOptions) *hook {
	t.Helper()
	h := &hook{t: t, dir: o.dir}
	if h.dir == "" {
		h.dir = filepath.Join(t.TempDir(), "data")
	}
	h.now = func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return time.Now().Add(h.turn)
	}
	if o.account == "" {
		o.account = acme
	}
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: o.level}))
	v := verify.New(verify.Options{Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, Now: h.now,
		Log: log, InsecureIssuer: o.account})
	t.Cleanup(v.Close)
	options := compileOptions(t, xurrent.TriggerDeps{Verifier: v, Log: log, Issuer: func(args cty.Value) (string, error) {
		if id, ok := steps.Known(args, "account_id"); !ok || id.AsString() != "acme" {
			return "", fmt.Errorf("account %#v", args)
		}
		return o.account, nil
	}})
	text := "runbook \"r\" {\n trigger \"webhook\" {\n" + o.trigger + "\n}\n step \"log\" \"l\" { message = \"hi\" }\n}\n"
	if !o.noConn {
		text = "variable \"account\" { default = \"acme\" }\nconnection \"xurrent\" \"c\" {\n account_id = var.account\n personal_access_token = \"pat-secret\"\n}\n" + text
	}
	bp, diags := blueprint(t, options, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e, err := engine.New(engine.Options{Dir: h.dir, Compile: options, Log: log, MaxQueued: 1 << 30, Journal: journal.Options{Now: h.now}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Load(context.Background(), bp); err != nil {
		t.Fatal(err)
	}
	h.e, h.srv = e, &ingress.Server{Route: e.Route, Accept: e.Accept, Log: log, Now: h.now,
		Limits: ingress.Limits{InFlight: 10_000}}
	h.h = h.srv.Handler()
	return h
}

func compileOptions(t testing.TB, d xurrent.TriggerDeps) compile.Options {
	t.Helper()
	kinds, err := steps.NewRegistry([]*steps.Kind{flow.Log}, []*steps.ConnectionKind{xurrent.ConnectionKind(xurrent.Deps{})})
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(xurrent.NewWebhook(d), ingress.Manual)
	if err != nil {
		t.Fatal(err)
	}
	return compile.Options{Steps: kinds, Triggers: triggers}
}

func blueprint(t testing.TB, o compile.Options, text string) (*compile.Blueprint, hcl.Diagnostics) {
	t.Helper()
	src, diags := lang.FromFiles("test", map[string][]byte{"main.hcl": []byte(text)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return compile.Compile(src, o)
}

// later turns the clock.
func (h *hook) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turn += d
}

// send posts a body as a delivery; headers in pairs.
func (h *hook) send(delivery, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/inbound/test/r", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if delivery != "" {
		r.Header.Set("X-Xurrent-Delivery", delivery)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w
}

// wants sends and checks the status and a part of the body.
func (h *hook) wants(status int, part, delivery, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	w := h.send(delivery, body, headers...)
	if w.Code != status || !strings.Contains(w.Body.String(), part) {
		h.t.Errorf("answer %d %s, want %d %s\n%s", w.Code, w.Body, status, part, last(h.log.String()))
	}
	return w
}

func last(log string) string { return log[max(0, len(log)-500):] }

// runs are how many are stored.
func (h *hook) runs() int {
	h.t.Helper()
	heads, err := h.e.Store().Pending(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return len(heads)
}

// event is what a trigger makes of a request.
func (h *hook) event(body string, headers ...string) (ingress.Event, error) {
	h.t.Helper()
	tr, ok := h.e.Route("test", "r")
	if !ok {
		h.t.Fatal("no route")
	}
	r := &ingress.Request{Method: http.MethodPost, Header: http.Header{}, Body: []byte(body), At: h.now()}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	if r.Header.Get("X-Xurrent-Delivery") == "" {
		r.Header.Set("X-Xurrent-Delivery", "d")
	}
	return tr.Receive(context.Background(), r)
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// data is an event as the platform sends it.
func data(changes object) object {
	out := object{"webhook_id": 42, "webhook_nodeID": "NG1l", "account_id": "acme", "account": acme, "custom_url": nil, "name": "Request status",
		"event": "request.status-changed", "object_id": 7001, "object_nodeID": "NG1lo", "person_id": 6, "person_nodeID": "NG1lp",
		"person_name": "Howard Tanner", "instance_name": "Acme", "payload": object{"status": "assigned", "previous_status": "declined"}}
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == missing })
	return out
}

// missing takes a member out.
const missing = "\x00missing"

// claims are good ones of now.
func (h *hook) claims(changes object) object {
	now := h.now().Unix()
	out := object{"iss": acme, "sub": "42", "iat": now, "nbf": now, "jti": rand.Text(), "data": data(nil)}
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == missing })
	return out
}

// token signs claims.
func token(k *ecdsa.PrivateKey, header string, claims any) string {
	raw := base64.RawURLEncoding.EncodeToString
	input := raw([]byte(header)) + "." + raw([]byte(text(claims)))
	sig, err := jwt.SigningMethodES256.Sign(input, k)
	if err != nil {
		panic(err)
	}
	return input + "." + raw(sig)
}

const es256 = `{"typ":"JWT","alg":"ES256"}`

func body(token string) string { return text(object{"jwt": token}) }

// good is a body that policyOf(signer) accepts.
func (h *hook) good(changes object) string { return body(token(signer, es256, h.claims(changes))) }
