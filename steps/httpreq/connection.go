package httpreq

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// Connection is the connection type "http". What it opens is a *[Client]; the policy says which addresses it
// may call.
func Connection(p outbound.Policy) *steps.ConnectionKind {
	return steps.Connection(steps.ConnectionKind{
		Name: connectionType,
		Doc:  "An HTTP API: where it is, what goes along with each request, and how to sign in.",
		Examples: []steps.Example{{
			Title: "A bearer token",
			HCL: `connection "http" "slack" {
  base_url = "https://slack.com/api"
  headers  = { Accept = "application/json" }
  auth "bearer" { token = var.slack_token }
}`,
		}, {
			Title: "OAuth client credentials",
			HCL: `connection "http" "people" {
  base_url = "https://people.example.com/v1"
  timeout  = "20s"
  auth "oauth2" {
    token_url     = "https://login.example.com/oauth/token"
    client_id     = var.client_id
    client_secret = var.client_secret
    scopes        = ["people.read"]
  }
}`,
		}},
		Check: checkConnection,
	}, func(_ context.Context, a settings, secrets []string) (any, error) {
		return open(p, a, secrets)
	})
}

type settings struct {
	BaseURL string             `hcl:"base_url" doc:"The address (http or https) that the path of a step is added to."`
	Headers map[string]*string `hcl:"headers,optional" doc:"Headers of every request; nulls are left out."`
	Timeout time.Duration      `hcl:"timeout,optional" doc:"The longest time of one call of a step without a timeout of its own; 60 seconds by default."`
	Auth    *auth              `hcl:"auth,block" doc:"How to sign in; the label is bearer, basic, api_key or oauth2."`
}

func checkConnection(c *steps.Check) hcl.Diagnostics {
	diags := checkURL(c.Body, c.Args, "base_url")
	if v, ok := steps.Known(c.Args, "base_url"); ok && v.Type() == cty.String && !diags.HasErrors() {
		if u, err := outbound.CheckURL(v.AsString()); err == nil {
			if why := baseProblem(u); why != "" {
				diags = append(diags, invalid(c.Body, "base_url", why))
			}
		}
	}
	diags = append(diags, checkHeaders(c.Body, c.Args)...)
	if b := c.Body.Block("auth"); b != nil {
		diags = append(diags, checkAuth(b, steps.Arg(c.Args, "auth"))...)
	}
	return diags
}

func baseProblem(u *url.URL) string {
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return `a base_url ends before "?" and "#"; write query in the steps`
	}
	return ""
}

// open makes the client of a connection. It calls nobody.
func open(p outbound.Policy, a settings, secrets []string) (*Client, error) {
	base, err := outbound.CheckURL(a.BaseURL)
	if err != nil {
		return nil, steps.Errorf(steps.InputError, "base_url: %s", err)
	}
	if why := baseProblem(base); why != "" {
		return nil, steps.Errorf(steps.InputError, "base_url: %s", why)
	}
	c := newClient(p)
	c.base, c.hidden = base, slices.Contains(secrets, a.BaseURL)
	c.timeout = a.Timeout
	c.header = http.Header{}
	if err := setHeaders(c.header, a.Headers); err != nil {
		return nil, steps.Errorf(steps.InputError, "%s", err)
	}
	c.secrets = newSecrets(secrets)
	if a.Auth != nil {
		if err := a.Auth.apply(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// checkAuth reports what does not fit the kind of auth that the label says.
func checkAuth(b *lang.Block, args cty.Value) (diags hcl.Diagnostics) {
	if len(b.Labels) == 0 || b.Body == nil {
		return nil // Bind has reported it
	}
	kind := b.Labels[0]
	form, ok := authForms()[kind]
	if !ok {
		return hcl.Diagnostics{lang.Error(b.LabelRanges[0], "Unknown kind of auth", "%q is none of %s.%s",
			kind, quoted(authKinds), lang.DidYouMean(kind, authKinds))}
	}
	for _, name := range form.required {
		if b.Body.Attr(name) == nil {
			diags = append(diags, lang.Error(b.Range, "Missing argument", "auth %q needs the argument %q: %s",
				kind, name, b.Body.Spec.Field(name).Doc))
		}
	}
	allowed := append(slices.Clone(form.required), form.optional...)
	for _, a := range b.Body.Attrs {
		if slices.Contains(allowed, a.Name) {
			continue
		}
		diags = append(diags, lang.Error(a.NameRange, "Unsupported argument", "auth %q takes %s; %q belongs to auth %q.",
			kind, quoted(allowed), a.Name, ownerOf(a.Name)))
	}
	diags = append(diags, checkURL(b.Body, args, "token_url")...)
	if v, ok := steps.Known(args, "header"); ok && v.Type() == cty.String {
		if why := headerProblem(v.AsString(), ""); why != "" {
			diags = append(diags, invalid(b.Body, "header", why))
		}
	}
	return diags
}
