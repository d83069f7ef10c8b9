package xurrent

import (
	"context"
	"net/url"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// connectionType is the name of the connection type that the kinds here use.
const connectionType = "xurrent"

// ConnectionKind is the type of connections to a Xurrent account. They open as *Account.
func ConnectionKind(d Deps) *steps.ConnectionKind {
	k := steps.Connection(steps.ConnectionKind{
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
	}, func(_ context.Context, a connectionArgs, secrets []string) (any, error) { return open(d, a, secrets) })
	k.Basis = func(args cty.Value) string {
		if m := d.modelOf(args); m != nil {
			return m.Digest()
		}
		return ""
	}
	return k
}

type connectionArgs struct {
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
}

func (a connectionArgs) config(d Deps) api.Config {
	return api.Config{
		AccountID: a.AccountID, ClientID: a.ClientID, ClientSecret: a.ClientSecret, PersonalAccessToken: a.PersonalAccessToken,
		Stage: a.Stage, Region: a.Region, GraphQLEndpoint: a.GraphQLEndpoint, OAuth2Endpoint: a.OAuth2Endpoint, RESTEndpoint: a.RESTEndpoint,
		Timeout: a.Timeout, Environment: d.Environment, Outbound: d.Outbound,
	}
}

// partial are a connection's arguments as far as they are known.
func (d Deps) partial(args cty.Value) api.Config {
	var a connectionArgs
	for name, to := range map[string]*string{"account_id": &a.AccountID, "stage": &a.Stage, "region": &a.Region,
		"graphql_endpoint": &a.GraphQLEndpoint, "oauth2_endpoint": &a.OAuth2Endpoint, "rest_endpoint": &a.RESTEndpoint} {
		if v, ok := steps.Known(args, name); ok && v.Type() == cty.String {
			*to = v.AsString()
		}
	}
	return a.config(d)
}

// modelOf is the data model that is known of the account behind a connection, or nil.
func (d Deps) modelOf(args cty.Value) *schema.Schema {
	if args == cty.NilVal || d.Models == nil {
		return nil
	}
	c := d.partial(args)
	at, err := c.Endpoints()
	if err != nil {
		return nil
	}
	return d.Models.known(d.modelled(at), c.AccountID)
}

// modelled names where a data model is from. A simulated account has the same one wherever it listens.
func (d Deps) modelled(at api.Endpoints) string {
	if d.Environment.GraphQL != "" {
		return "simulated"
	}
	return at.GraphQL
}

// issuer is who signs the webhooks of the account behind a connection.
func (d Deps) issuer(args cty.Value) (string, error) {
	at, err := d.partial(args).Endpoints()
	return at.Issuer, err
}

// Account is an open connection to an account.
type Account struct {
	client *api.Client
	models *Models
	key    modelKey
	// Waits is told before Enable, and what is beside it, wait because the service asked for it; nil tells nobody.
	Waits func(time.Duration)
}

func open(d Deps, a connectionArgs, secrets []string) (*Account, error) {
	config := a.config(d)
	config.Secrets = secrets
	client, err := api.New(config)
	if err != nil {
		return nil, err
	}
	digest, err := config.Key()
	if err != nil {
		return nil, err
	}
	models := d.Models
	if models == nil {
		models = NewModels("")
	}
	return &Account{client: client, models: models,
		key: modelKey{endpoint: d.modelled(client.Endpoints()), account: a.AccountID, credentials: digest}}, nil
}

// Client is the account's client.
func (a *Account) Client() *api.Client { return a.client }

// Close closes idle connections.
func (a *Account) Close() error { return a.client.Close() }

// Model is the account's data model: as it was kept within the last hour, or asked for anew.
func (a *Account) Model(ctx context.Context, refresh bool) (*schema.Schema, error) {
	return a.models.get(ctx, a.client, a.key, refresh)
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
		if err == nil && (d <= 0 || d > api.MaxTimeout) {
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
