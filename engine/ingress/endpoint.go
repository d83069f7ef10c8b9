package ingress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// JSONEndpoint takes events from anybody who can send an HTTP request.
var JSONEndpoint = Define[endpointArgs](Kind{
	Name:     "json_endpoint",
	Endpoint: true,
	Doc: "Starts a run for each request to the runbook's endpoint, `/inbound/{blueprint}/{runbook}`, and anything below it. " +
		"Several `auth` blocks must all pass; without one, anybody may call. In them `request` has the request, " +
		"for there is no `trigger` yet.",
	Examples: endpointExamples,
	Check:    checkEndpoint,
	Output: func(c *Check) cty.Type {
		body := cty.DynamicPseudoType
		if t, _, ok := c.Body.TypeOf("body_schema"); ok {
			body = t.WithoutOptionalAttributesDeep()
		} else if v := argument(c.Args, "content"); v != cty.NilVal && v.IsKnown() && !v.IsNull() {
			switch v.AsString() {
			case "text":
				body = cty.String
			case "form":
				body = cty.Map(cty.String)
			}
		}
		return cty.Object(map[string]cty.Type{"body": body, "headers": cty.Map(cty.String), "query_params": cty.Map(cty.String), "url_postfix": cty.String})
	},
	Methods: endpointMethods,
	Accept:  acceptEndpoint,
})

type endpointArgs struct {
	Content         string              `hcl:"content,static" enum:"json|form|text" default:"json" doc:"What the body is."`
	BodySchema      lang.TypeConstraint `hcl:"body_schema,optional" doc:"The type of the body. What does not fit it is refused with 422; keys that it does not name are left out."`
	Methods         []string            `hcl:"methods,optional,static" doc:"The HTTP methods that are accepted: POST (the default), PUT, PATCH, DELETE, GET."`
	DeduplicationID lang.Expr           `hcl:"deduplication_id,optional" doc:"Names the event, from the trigger's output: a second one of the name starts nothing."`
	Headers         []headerArgs        `hcl:"header,block" doc:"A header that the request should have."`
	Auth            []lang.Deferred     `hcl:"auth,block" labels:"kind" doc:"How the caller proves who it is: \"basic\", \"bearer\", \"api_key\" or \"hmac\"."`
	Responding
}

type headerArgs struct {
	Name     string `hcl:"name,label" doc:"The header's name."`
	Required bool   `hcl:"required,static" default:"false" doc:"A request without the header is refused with 422."`
}

// endpointPlan is what JSONEndpoint needs per request, prepared once.
type endpointPlan struct {
	content   string
	schema    cty.Type
	defaults  *typeexpr.Defaults
	hasSchema bool
	required  []string // header names
	secret    map[string]bool
	auth      []*auth
	diags     hcl.Diagnostics // only of a trigger that was never checked
}

var methodNames = []string{"POST", "PUT", "PATCH", "DELETE", "GET"}

func endpointMethods(args cty.Value) []string {
	v := argument(args, "methods")
	if v == cty.NilVal || !v.IsWhollyKnown() || v.IsNull() || v.LengthInt() == 0 {
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		if _, m := it.Element(); !m.IsNull() {
			out = append(out, m.AsString())
		}
	}
	return out
}

func checkEndpoint(c *Check) (diags hcl.Diagnostics) {
	if a := c.Body.Attr("methods"); a != nil {
		for _, m := range endpointMethods(c.Args) {
			if !slices.Contains(methodNames, m) {
				diags = append(diags, lang.Error(a.Expr.Range(), "Invalid value for \"methods\"",
					"%q is none of \"POST\", \"PUT\", \"PATCH\", \"DELETE\" and \"GET\".%s", cut(m, 100), lang.DidYouMean(strings.ToUpper(m), methodNames)))
			}
		}
	}
	if v, a := argument(c.Args, "content"), c.Body.Attr("body_schema"); a != nil && v != cty.NilVal && v.IsKnown() && !v.IsNull() && v.AsString() == "text" {
		diags = append(diags, lang.Error(a.NameRange, "Unsupported argument", "The body of an endpoint with content = \"text\" is text; it has no schema."))
	}
	seen := map[string]bool{}
	for _, b := range c.Body.BlocksOf("header") {
		name := strings.ToLower(b.Label())
		switch {
		case !isToken(name):
			diags = append(diags, lang.Error(b.LabelRanges[0], "Invalid header", "%q is no name of a header.", cut(b.Label(), 100)))
		case seen[name]:
			diags = append(diags, lang.Error(b.LabelRanges[0], "Duplicate header", "The header %q is declared already; names of headers do not differ by case.", b.Label()))
		}
		seen[name] = true
	}
	return append(diags, checkAuth(c)...)
}

func (t *Trigger) endpointPlan() *endpointPlan {
	return t.Prepare(func() any {
		p := &endpointPlan{secret: map[string]bool{"authorization": true, "proxy-authorization": true, "cookie": true}}
		p.schema, p.defaults, p.hasSchema = t.Body.TypeOf("body_schema")
		var a endpointArgs
		t.Kind.spec.Decode(t.Args, &a)
		p.content = a.Content
		for _, h := range a.Headers {
			if h.Required {
				p.required = append(p.required, h.Name)
			}
		}
		p.auth, p.diags = bindAuth(t.Body)
		for _, au := range p.auth {
			au.prepare(t.Scope)
			if n := au.secretHeader(t.Scope); n != "" {
				p.secret[n] = true
			}
		}
		return p
	}).(*endpointPlan)
}

// acceptEndpoint checks the cheap things first: the declared form, then who it is, then what it says.
func acceptEndpoint(ctx context.Context, t *Trigger, r *Request) (Event, error) {
	p := t.endpointPlan()
	if p.diags.HasErrors() {
		return Event{}, fmt.Errorf("trigger of %s/%s: %w", t.Blueprint, t.Runbook, p.diags)
	}
	bodyless := len(r.Body) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodDelete)
	if !bodyless {
		if err := r.expect(p.media()); err != nil {
			return Event{}, err
		}
	}
	for _, a := range p.auth {
		if err := a.verify(ctx, t, r); err != nil {
			return Event{}, p.challenge(err)
		}
	}
	for _, h := range p.required {
		if len(r.Header.Values(h)) == 0 {
			return Event{}, refuse(http.StatusUnprocessableEntity, "headers%s: required, but not sent", step(strings.ToLower(h)))
		}
	}
	body := cty.NullVal(t.Output.AttributeType("body"))
	if !bodyless {
		var err error
		if body, err = p.body(r); err != nil {
			return Event{}, err
		}
	}
	if p.hasSchema && !bodyless {
		var err error
		if body, err = fit(body, body, p.schema, p.defaults, "body"); err != nil {
			return Event{}, err
		}
	}
	return Event{At: r.At, Value: cty.ObjectVal(map[string]cty.Value{
		"body":         body,
		"headers":      texts(r.Header, strings.ToLower, func(n string) bool { return p.secret[n] || p.secret["*"] }),
		"query_params": texts(r.Query, asIs, notSecret),
		"url_postfix":  cty.StringVal(r.Postfix),
	})}, nil
}

func (p *endpointPlan) media() media {
	switch p.content {
	case "form":
		return formMedia
	case "text":
		return textMedia
	}
	return jsonMedia
}

func (p *endpointPlan) body(r *Request) (cty.Value, error) {
	if len(r.Body) == 0 {
		return cty.NilVal, noBody()
	}
	switch p.content {
	case "form":
		return parseForm(r.Body)
	case "text":
		return parseText(r.Body)
	}
	return r.parseJSON()
}
