package xurrent

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// The kinds as they are where nothing is known of an account.
var (
	Connection = ConnectionKind(Deps{})
	Query      = newQuery(Deps{})
	Mutation   = newMutation(Deps{})
	Webhook    = NewWebhook(TriggerDeps{})
)

// bound is a body that was bound and evaluated as a blueprint's is.
func bound(t *testing.T, spec *lang.Spec, src string, vars map[string]cty.Value) (*steps.Check, hcl.Diagnostics) {
	t.Helper()
	file, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := file.Body.(*hclsyntax.Body)
	b, diags := spec.Bind(body, body.SrcRange)
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars).Static(nil)
	args, more := b.Eval(scope)
	return &steps.Check{Body: b, Args: args, Scope: scope, Collected: cty.NilType}, append(diags, more...)
}

func checkedStep(t *testing.T, k *steps.Kind, src string, vars map[string]cty.Value) hcl.Diagnostics {
	t.Helper()
	c, diags := bound(t, k.Spec(), src, vars)
	if k.Check != nil {
		diags = append(diags, k.Check(c)...)
	}
	return diags
}

func trigger(t *testing.T, k *ingress.Kind, src string) (*ingress.Check, hcl.Diagnostics) {
	t.Helper()
	c, diags := bound(t, k.Spec(), src, nil)
	out := &ingress.Check{Body: c.Body, Args: c.Args, Scope: c.Scope}
	if k.Check != nil {
		diags = append(diags, k.Check(out)...)
	}
	return out, diags
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
			return
		}
	}
	t.Errorf("want %q, got %s", want, diags)
}
