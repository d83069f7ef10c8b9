package flow

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// bound is a step's body, checked as a blueprint's is.
func bound(t *testing.T, k *steps.Kind, src string, vars map[string]cty.Value) (*steps.Check, hcl.Diagnostics) {
	t.Helper()
	file, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := file.Body.(*hclsyntax.Body)
	b, diags := k.Spec().Bind(body, body.SrcRange)
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars).Static(nil)
	args, more := b.Eval(scope)
	return &steps.Check{Body: b, Args: args, Scope: scope, Collected: cty.NilType}, append(diags, more...)
}

// checked is everything that is wrong with a step.
func checked(t *testing.T, k *steps.Kind, src string, vars map[string]cty.Value, prepare func(*steps.Check)) hcl.Diagnostics {
	t.Helper()
	c, diags := bound(t, k, src, vars)
	if prepare != nil {
		prepare(c)
	}
	if k.Check != nil {
		diags = append(diags, k.Check(c)...)
	}
	return diags
}

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

func args(t *testing.T, k *steps.Kind, src string, vars map[string]cty.Value) cty.Value {
	t.Helper()
	c, diags := bound(t, k, src, vars)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return c.Args
}

func object(pairs ...any) cty.Value {
	attrs := map[string]cty.Value{}
	for i := 0; i < len(pairs); i += 2 {
		attrs[pairs[i].(string)] = pairs[i+1].(cty.Value)
	}
	return cty.ObjectVal(attrs)
}

func str(s string) cty.Value { return cty.StringVal(s) }

func number(n int64) cty.Value { return cty.NumberIntVal(n) }

func same(t *testing.T, got, want cty.Value) {
	t.Helper()
	if !got.RawEquals(want) {
		t.Errorf("got %#v\nwant %#v", got, want)
	}
}
