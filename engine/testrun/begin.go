package testrun

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
)

// schemaOf are the arguments of triggers that are the type of an attribute of their output.
var schemaOf = map[string]string{"payload": "payload_schema", "body": "body_schema", "input": "input_schema"}

// begin checks what a test begins its run with.
func (b *binder) begin(rb *compile.Runbook, body *lang.Body) {
	given, request := body.Block("trigger"), body.Block("request")
	switch {
	case given != nil && request != nil:
		b.report(lang.Error(request.Range, "Conflicting blocks", "Only one of \"trigger\" and \"request\" may be written."))
	case given != nil:
		v, diags := given.Body.Eval(b.static())
		b.report(diags...)
		if diags.HasErrors() {
			return
		}
		if _, err := fitTrigger(v.GetAttr("output"), rb.Trigger); err != nil {
			b.report(triggerMisfit(given, err))
		}
	case request != nil:
		if rb.Trigger.Kind.Accept == nil {
			b.report(lang.Error(request.Range, "No endpoint", "A trigger of kind %q receives no requests: write a \"trigger\" block, with its output.", rb.Trigger.Kind.Name))
		}
		_, diags := request.Body.Eval(b.static())
		b.report(diags...)
	}
}

// triggerMisfit says where a trigger's output cannot be what is written.
func triggerMisfit(given *lang.Block, err error) *hcl.Diagnostic {
	at := given.Range
	var m *misfit
	if errors.As(err, &m) && len(m.path) > 0 {
		if a := given.Body.Attr(nameOf(m.path[0])); a != nil {
			if at = a.NameRange; len(m.path) > 1 {
				at = placeOf(a.Expr, m.path[1:])
			}
		}
	}
	return lang.Error(at, "The trigger never gives this", "%s", sentence(err.Error()))
}

// sentence is an error's text as a sentence.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// fitTrigger makes a trigger's output of what a test has written of it. The error may be a *misfit.
func fitTrigger(v cty.Value, t *ingress.Trigger) (cty.Value, error) {
	attrs := v.AsValueMap()
	for name, val := range attrs {
		schema, defaults, ok := t.Body.TypeOf(schemaOf[name])
		if !ok {
			continue
		}
		out, err := lang.ConvertTo(val, schema, defaults)
		if err != nil {
			path := cty.GetAttrPath(name)
			var pe cty.PathError
			if errors.As(err, &pe) {
				path = append(path, pe.Path...)
			}
			return cty.NilVal, &misfit{path: path, text: err.Error()}
		}
		// What the schema does not name would be left out; in a test it is a mistake.
		if _, err := fitAt(val, schema.WithoutOptionalAttributesDeep(), cty.GetAttrPath(name)); err != nil {
			return cty.NilVal, err
		}
		attrs[name] = out
	}
	if len(attrs) > 0 {
		v = cty.ObjectVal(attrs)
	}
	return fit(v, t.Output)
}

// event is what the test's run begins with. Its error is a *ingress.Refusal, or hcl.Diagnostics.
func (w *world) event(ctx context.Context, rb *compile.Runbook) (ingress.Event, error) {
	t, ev := rb.Trigger, ingress.Event{At: w.now}
	if given := w.test.body.Block("trigger"); given != nil {
		v, diags := given.Body.Eval(w.scope(nil))
		if diags.HasErrors() {
			return ev, diags
		}
		out, err := fitTrigger(v.GetAttr("output"), t)
		if err != nil {
			return ev, hcl.Diagnostics{triggerMisfit(given, err)}
		}
		if ev.Value = out; t.Kind.Start != nil && out.Type().HasAttribute("input") { // its input may lack what the schema needs
			if ev.Value, err = engine.Called(rb, out.GetAttr("input")); err != nil {
				return ev, hcl.Diagnostics{triggerMisfit(given, err)}
			}
		}
		return t.Judge(ev)
	}
	if given := w.test.body.Block("request"); given != nil {
		req, diags := w.request(given)
		if diags.HasErrors() {
			return ev, diags
		}
		if err := t.Admit(req.Method, req.Header, int64(len(req.Body)), ingress.DefaultBodyBytes); err != nil {
			return ev, err
		}
		return t.Receive(ctx, req)
	}
	if t.Kind.Fire != nil {
		return t.Judge(t.Kind.Fire(t.Args, w.now))
	}
	v, err := engine.Input(rb, cty.NilVal)
	if err != nil {
		return ev, hcl.Diagnostics{lang.Error(w.test.Range, "Missing block", "The run needs a \"trigger\" block: %s", sentence(err.Error()))}
	}
	ev.Value = v
	return t.Judge(ev)
}

// request makes the request that a test has written.
func (w *world) request(given *lang.Block) (*ingress.Request, hcl.Diagnostics) {
	v, diags := given.Body.Eval(w.scope(nil))
	if diags.HasErrors() {
		return nil, diags
	}
	var args requestArgs
	requestSpec.Decode(v, &args)
	req := &ingress.Request{Method: args.Method, Header: http.Header{}, Query: url.Values{}, Postfix: args.URLPostfix, At: w.now, Kept: w.kept}
	for name, value := range args.QueryParams {
		req.Query.Set(name, value)
	}
	if body := args.Body; body != cty.NilVal && !body.IsNull() {
		plain, _ := body.UnmarkDeep()
		if plain.Type() == cty.String {
			req.Body = []byte(plain.AsString())
		} else {
			text, err := lang.ToJSON(plain)
			if err != nil {
				return nil, hcl.Diagnostics{lang.Error(given.Body.Attr("body").Expr.Range(), "Invalid value for \"body\"", "%s", sentence(err.Error()))}
			}
			req.Body = text
			req.Header.Set("Content-Type", "application/json")
		}
	}
	for name, value := range args.Headers {
		req.Header.Set(name, value)
	}
	return req, nil
}

// scope is what expressions of the test see: the blueprint with the test's variables, and more.
func (w *world) scope(more map[string]cty.Value) *lang.Scope {
	ev := lang.NewEval(lang.EvalLimits{})
	now := w.now
	ev.Now = func() (time.Time, bool) { return now, true }
	ev.Seed = "test " + w.test.Name
	return w.blueprint.Scope.WithEval(ev, more)
}
