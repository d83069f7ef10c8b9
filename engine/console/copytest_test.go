package console

import (
	"encoding/json"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine"
	"currant/engine/journal"
)

// JSON written as an expression means the same.
func TestHCLText(t *testing.T) {
	for _, text := range []string{`null`, `true`, `12345678901234567890.5`, `"a"`, `"${x} %{if} \"q\" \\ \n \t é \u2028 $${y}"`, `[]`, `{}`, `[1,[2,{"a":[]}]]`,
		`{"a b":1,"null":2,"for":3,"0":4,"é":5,"x-y":6,"${k}":7,"":8,"a":{"b":{"c":null}}}`} {
		got, left := hclText(json.RawMessage(text), "")
		e, diags := hclsyntax.ParseExpression([]byte(got), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("%s became %s: %v", text, got, diags)
			continue
		}
		v, diags := e.Value(nil)
		if diags.HasErrors() || left {
			t.Errorf("%s became %s: %v, %v", text, got, diags, left)
			continue
		}
		kind, err := ctyjson.ImpliedType([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want, err := ctyjson.Unmarshal([]byte(text), kind)
		if err != nil {
			t.Fatal(err)
		}
		if !v.RawEquals(want) && !(v.IsNull() && want.IsNull()) {
			t.Errorf("%s became %s, which is %#v", text, got, v)
		}
	}
	got, left := hclText(json.RawMessage(`{"a":"(sensitive)","b":["(sensitive)",1]}`), "")
	if !left || strings.Contains(got, "sensitive") || !strings.Contains(got, "1") {
		t.Errorf("%s, %v", got, left)
	}
	if got, _ := hclText(json.RawMessage(`{"a":`), ""); got != "null" {
		t.Errorf("%s", got)
	}
}

// A run becomes a test: what it began with, what its steps gave that reach outside, and how it ended; no secret.
func TestCopyAsTest(t *testing.T) {
	r := newRig(t, shop, nil)
	order := r.start("order", "")
	r.gate.next(t)
	r.gate.release()
	r.await(order, journal.Failed)
	v := r.visitor()
	body := v.page("/runs/" + order + "/test")
	_, text, _ := strings.Cut(body, `rows="28">`)
	text, _, _ = strings.Cut(text, "</textarea>")
	text = html.UnescapeString(text)
	f, diags := hclsyntax.ParseConfig([]byte(text), "order.test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v in\n%s", diags, text)
	}
	test := f.Body.(*hclsyntax.Body).Blocks[0]
	var mocks []string
	asserts := 0
	for _, b := range test.Body.Blocks {
		switch b.Type {
		case "mock":
			mocks = append(mocks, b.Labels[0])
			if out, diags := b.Body.Attributes["output"].Expr.Value(nil); diags.HasErrors() || !out.GetAttr("value").GetAttr("paid").RawEquals(cty.True) || out.GetAttr("value").Type().HasAttribute("secret") {
				t.Errorf("the mock gives %#v", out)
			}
		case "assert":
			asserts++
		}
	}
	if test.Type != "test" || len(mocks) != 1 || mocks[0] != "pay" || asserts != 2 || !strings.Contains(text, `run.status == "failed"`) || !strings.Contains(text, `run.error.kind == "fail"`) {
		t.Errorf("mocks %v, %d asserts\n%s", mocks, asserts, text)
	}
	if strings.Contains(text, "s3cr3t") || strings.Contains(text, "(sensitive)") || !strings.HasPrefix(text, "# Secrets of the run are left out") {
		t.Errorf("secrets are not left out:\n%s", text)
	}
}

// A run that was stopped from outside, or waits for a person, says nothing of how the test ends.
func TestCopyAsTestOfStoppedRun(t *testing.T) {
	for status, want := range map[string]bool{"finished": true, "failed": true, "cancelled": false, "held": false} {
		text := testOf(engine.View{Head: engine.Head{JobUUID: "01a202ef-9d1e-7000-8000-000000000000", Runbook: "r", Status: status, EndedAt: time.Unix(1, 0)}, Outputs: json.RawMessage(`{"n": 1}`)}, nil, nil)
		if _, diags := hclsyntax.ParseConfig([]byte(text), "r.test.hcl", hcl.InitialPos); diags.HasErrors() {
			t.Errorf("%v in\n%s", diags, text)
		}
		if strings.Contains(text, "assert {") != want || strings.HasPrefix(text, "# This test needs a look") == want {
			t.Errorf("%s:\n%s", status, text)
		}
	}
}
