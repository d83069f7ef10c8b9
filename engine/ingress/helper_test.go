package ingress

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"currant/engine/lang"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testRun    = "5f0c7d0e-0000-4000-8000-000000000001"
	testSecret = "correct-horse-battery-staple"
)

var testVars = map[string]cty.Value{
	"var": cty.ObjectVal(map[string]cty.Value{
		"token":                lang.MarkSensitive(cty.StringVal(testSecret)),
		"endpoint_token":       lang.MarkSensitive(cty.StringVal(testSecret)),
		"typeform_secret":      lang.MarkSensitive(cty.StringVal("typeform-secret")),
		"github_secret":        lang.MarkSensitive(cty.StringVal("It's a Secret to Everybody")),
		"slack_signing_secret": lang.MarkSensitive(cty.StringVal("8f742231b10e8888abcd99yyyzzz85a5")),
		"empty":                cty.StringVal(""),
	}),
}

// bindTrigger binds and checks a `trigger` block, as a compiler of blueprints would.
func bindTrigger(t testing.TB, kinds *Registry, src string) (*Trigger, hcl.Diagnostics) {
	t.Helper()
	f, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	lang.InstrumentBody(f.Body.(*hclsyntax.Body))
	block := f.Body.(*hclsyntax.Body).Blocks[0]
	kind := kinds.Kind(block.Labels[0])
	body, diags := kind.Spec().Bind(block.Body, block.DefRange())
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), testVars)
	static := scope.Static(nil)
	args, d := body.Eval(static)
	diags = append(diags, d...)
	output, d := kind.Validate(&Check{Body: body, Args: args, Scope: static})
	diags = append(diags, d...)
	return &Trigger{Blueprint: "shop", Runbook: "orders", Kind: kind, Body: body, Args: args, Output: output, Scope: scope, Enabled: true}, diags
}

func allKinds(t testing.TB) *Registry {
	r, err := NewRegistry(Manual, JSONEndpoint, Schedule)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func trigger(t testing.TB, src string) *Trigger {
	t.Helper()
	tr, diags := bindTrigger(t, allKinds(t), src)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diagText(diags), src)
	}
	return tr
}

// door is a server with one trigger at /inbound/shop/orders that records what is accepted.
type door struct {
	*Server
	mu     sync.Mutex
	events []Event
	log    lockedBuffer
	err    error
	fresh  bool
}

func newDoor(t testing.TB, tr *Trigger) *door {
	t.Helper()
	d := &door{fresh: true}
	d.Server = &Server{
		Route: func(b, r string) (*Trigger, bool) { return tr, b == "shop" && r == "orders" },
		Accept: func(_ context.Context, _ *Trigger, ev Event) (Receipt, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.err != nil {
				return Receipt{}, d.err
			}
			d.events = append(d.events, ev)
			return Receipt{Run: testRun, Fresh: d.fresh}, nil
		},
		Log: slog.New(slog.NewJSONHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return d
}

func (d *door) taken() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.events
	d.events = nil
	return out
}

func (d *door) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

func post(body string, headers ...string) *http.Request {
	return request(http.MethodPost, "/inbound/shop/orders", body, headers...)
}

func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func errorOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var e struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("the answer %q is no JSON: %v", w.Body, err)
	}
	return e.Error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func at(s string) func() time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return v }
}
