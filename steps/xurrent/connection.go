package xurrent

import (
	"context"
	"net/url"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// connectionType is the name of the connection type that the kinds here use.
const connectionType = "xurrent"

// maxTimeout is the longest time that one request may take.
const maxTimeout = 5 * time.Minute

// Connection is the type of connections to a Xurrent account.
var Connection = steps.Connection(steps.ConnectionKind{
	Name: connectionType,
	Doc:  "A Xurrent account, with client credentials or a personal access token.",
	Examples: []steps.Example{{
		Title: "Client credentials",
		HCL: `connection "xurrent" "provider" {
  account_id    = "wna-it"
  client_id     = var.client_id
  client_secret = var.client_secret
}`,
	}},
	Check: checkConnection,
}, func(_ context.Context, a Account, secrets []string) (any, error) {
	a.Secrets = secrets
	return &a, nil
})

// Account is a connection to an account, as written.
type Account struct {
	AccountID           string        `hcl:"account_id" doc:"The account's id, such as \"wna-it\"."`
	ClientID            string        `hcl:"client_id,optional" doc:"The client id of an OAuth application."`
	ClientSecret        string        `hcl:"client_secret,optional,secret" doc:"Its client secret."`
	PersonalAccessToken string        `hcl:"personal_access_token,optional,secret" doc:"A person's token; it takes precedence over the client credentials."`
	Stage               string        `hcl:"stage,optional" default:"Prod" enum:"Prod|QA|Demo" doc:"The environment."`
	Region              string        `hcl:"region,optional" enum:"au|ch|uk|us" doc:"The region; none is the region of xurrent.com."`
	GraphQLEndpoint     string        `hcl:"graphql_endpoint,optional" doc:"Only for non-standard environments: where GraphQL is."`
	OAuth2Endpoint      string        `hcl:"oauth2_endpoint,optional" doc:"Only for non-standard environments: where tokens are asked for."`
	RESTEndpoint        string        `hcl:"rest_endpoint,optional" doc:"Only for non-standard environments: where the REST API is."`
	Timeout             time.Duration `hcl:"timeout,optional" default:"5m" doc:"The longest time of one request, at most \"5m\"."`

	// Secrets are the texts that must not be shown.
	Secrets []string
}

func checkConnection(c *steps.Check) hcl.Diagnostics {
	diags := steps.Together(c.Body, "client_id", "client_secret")
	if c.Body.Attr("personal_access_token") == nil && c.Body.Attr("client_id") == nil && c.Body.Attr("client_secret") == nil {
		diags = append(diags, lang.Error(c.Body.Range, "Missing argument",
			"A xurrent connection needs \"client_id\" and \"client_secret\", or \"personal_access_token\"."))
	}
	if c.Body.Attr("stage") == nil {
		diags = append(diags, steps.Together(c.Body, "oauth2_endpoint", "graphql_endpoint")...)
	}
	for _, name := range []string{"graphql_endpoint", "oauth2_endpoint", "rest_endpoint"} {
		diags = append(diags, checkURL(c.Body, c.Args, name, "http", "https")...)
	}
	if v, ok := steps.Known(c.Args, "timeout"); ok {
		d, err := lang.ParseDuration(v.AsString())
		if err == nil && (d <= 0 || d > maxTimeout) {
			diags = append(diags, lang.Error(steps.At(c.Body, "timeout"), "Invalid value for \"timeout\"",
				"A request may take at most \"5m\", and longer than nothing."))
		}
	}
	if v, ok := steps.Known(c.Args, "account_id"); ok && v.AsString() == "" {
		diags = append(diags, lang.Error(steps.At(c.Body, "account_id"), "Invalid value for \"account_id\"", "The account's id may not be empty."))
	}
	return diags
}

// checkURL reports an argument that is known and no web address of one of the schemes.
func checkURL(b *lang.Body, args cty.Value, name string, schemes ...string) hcl.Diagnostics {
	v, ok := steps.Known(args, name)
	if !ok || v.Type() != cty.String {
		return nil
	}
	if u, err := url.Parse(v.AsString()); err == nil && u.Host != "" {
		for _, s := range schemes {
			if u.Scheme == s {
				return nil
			}
		}
	}
	return hcl.Diagnostics{lang.Error(steps.At(b, name), "Invalid value for \""+name+"\"",
		"A web address that begins with %s:// is needed.", schemes[len(schemes)-1])}
}
