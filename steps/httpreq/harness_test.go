package httpreq

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback lets the tests' own servers be called.
func loopback() outbound.Policy {
	return outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// bound is a body, evaluated: for checking if static, else as a run does it.
func bound(t testing.TB, spec *lang.Spec, src string, vars map[string]cty.Value, static bool) (*steps.Check, hcl.Diagnostics) {
	t.Helper()
	file, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := file.Body.(*hclsyntax.Body)
	b, diags := spec.Bind(body, body.SrcRange)
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars)
	if static {
		scope = scope.Static(nil)
	}
	args, more := b.Eval(scope)
	return &steps.Check{Body: b, Args: args, Scope: scope, Collected: cty.NilType}, append(diags, more...)
}

// boundBlock is the body of the one block of a text, for checking.
func boundBlock(t testing.TB, spec *lang.Spec, src string, vars map[string]cty.Value) (*steps.Check, hcl.Diagnostics) {
	t.Helper()
	file, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	block := file.Body.(*hclsyntax.Body).Blocks[0]
	b, diags := spec.Bind(block.Body, block.DefRange())
	// A reference to a connection is resolved by the compiler.
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars).Static(nil)
	args, more := b.Eval(scope)
	return &steps.Check{Body: b, Args: args, Scope: scope, Collected: cty.NilType}, append(diags, more...)
}

func evaluated(t testing.TB, spec *lang.Spec, src string, vars map[string]cty.Value) cty.Value {
	t.Helper()
	c, diags := bound(t, spec, src, vars, false)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return c.Args
}

// opened is a connection, closed at the end of the test.
func opened(t testing.TB, src string, vars map[string]cty.Value) *Client {
	t.Helper()
	k := Connection(loopback())
	v, err := k.Open(context.Background(), evaluated(t, k.Spec(), src, vars))
	if err != nil {
		t.Fatal(err)
	}
	client := v.(*Client)
	t.Cleanup(func() { client.Close() })
	return client
}

// fixture is what a call needs besides its arguments.
type fixture struct {
	vars   map[string]cty.Value
	conn   *Client
	dir    string
	ctx    context.Context
	policy *outbound.Policy
	kind   *steps.Kind // or one is made
}

func (f fixture) call(t testing.TB, src string) (cty.Value, error) {
	t.Helper()
	p := loopback()
	if f.policy != nil {
		p = *f.policy
	}
	k := f.kind
	if k == nil {
		k = Kind(p)
	}
	ctx := f.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	c := &steps.Call{Key: "run-1/step", Args: evaluated(t, k.Spec(), src, f.vars), Now: noon, Dir: f.dir}
	if f.conn != nil {
		c.Connection = f.conn
	}
	return k.Do(ctx, c)
}

func (f fixture) ok(t testing.TB, src string) map[string]cty.Value {
	t.Helper()
	v, err := f.call(t, src)
	if err != nil {
		t.Fatal(err)
	}
	return v.AsValueMap()
}

// fails is the error of a step, which must be of a kind and hold a text.
func (f fixture) fails(t testing.TB, src string, kind steps.ErrorKind, want string) *steps.Error {
	t.Helper()
	_, err := f.call(t, src)
	var failed *steps.Error
	if !errors.As(err, &failed) {
		t.Fatalf("want kind %s, got %v", kind, err)
	}
	if failed.Kind != kind || !strings.Contains(failed.Message, want) {
		t.Fatalf("want kind %s with %q, got %v", kind, want, failed)
	}
	return failed
}

func object(pairs ...any) cty.Value {
	attrs := map[string]cty.Value{}
	for i := 0; i < len(pairs); i += 2 {
		attrs[pairs[i].(string)] = pairs[i+1].(cty.Value)
	}
	return cty.ObjectVal(attrs)
}

func str(s string) cty.Value { return cty.StringVal(s) }

func secret(s string) cty.Value { return lang.MarkSensitive(cty.StringVal(s)) }

func vars(pairs ...any) map[string]cty.Value {
	return map[string]cty.Value{"var": object(pairs...)}
}

func contextWith(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(context.Background(), d)
}
