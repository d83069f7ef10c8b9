package httpreq

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"currant/engine/outbound"
	"currant/steps"
)

// auth is how to sign in. Which arguments it takes depends on its kind; see authForms.
type auth struct {
	Kind         string   `hcl:"kind,label" doc:"bearer, basic, api_key or oauth2."`
	Token        *string  `hcl:"token,secret" doc:"The token that a bearer sends."`
	Username     *string  `hcl:"username" doc:"The name of basic authentication."`
	Password     *string  `hcl:"password,secret" doc:"The password of basic authentication; it may be empty."`
	Header       *string  `hcl:"header" doc:"The header that holds an API key, such as X-Api-Key."`
	Value        *string  `hcl:"value,secret" doc:"The API key."`
	TokenURL     *string  `hcl:"token_url" doc:"Where OAuth tokens are asked for (client credentials)."`
	ClientID     *string  `hcl:"client_id" doc:"The OAuth client id."`
	ClientSecret *string  `hcl:"client_secret,secret" doc:"The OAuth client secret."`
	Scopes       []string `hcl:"scopes,optional" doc:"The OAuth scopes to ask for."`
}

// authKinds are the kinds of auth, in the order of the language reference.
var authKinds = []string{"bearer", "basic", "api_key", "oauth2"}

type authForm struct{ required, optional []string }

func authForms() map[string]authForm {
	return map[string]authForm{
		"bearer":  {required: []string{"token"}},
		"basic":   {required: []string{"username", "password"}},
		"api_key": {required: []string{"header", "value"}},
		"oauth2":  {required: []string{"token_url", "client_id", "client_secret"}, optional: []string{"scopes"}},
	}
}

func ownerOf(argument string) string {
	for _, kind := range authKinds {
		form := authForms()[kind]
		if slices.Contains(form.required, argument) || slices.Contains(form.optional, argument) {
			return kind
		}
	}
	return ""
}

// apply makes a client sign in.
func (a *auth) apply(c *Client) error {
	switch a.Kind {
	case "bearer":
		if err := a.need("token", a.Token, false); err != nil {
			return err
		}
		return c.credential("Authorization", "Bearer "+*a.Token, "token")
	case "basic":
		if err := a.need("username", a.Username, true); err != nil {
			return err
		}
		if err := a.need("password", a.Password, true); err != nil {
			return err
		}
		if strings.Contains(*a.Username, ":") {
			return steps.Errorf(steps.InputError, `auth "basic": a username may not hold a colon`)
		}
		both := base64.StdEncoding.EncodeToString([]byte(*a.Username + ":" + *a.Password))
		if c.secrets == nil {
			c.secrets = &secrets{}
		}
		c.secrets = c.secrets.with(both)
		return c.credential("Authorization", "Basic "+both, "password")
	case "api_key":
		if err := a.need("header", a.Header, false); err != nil {
			return err
		}
		if err := a.need("value", a.Value, false); err != nil {
			return err
		}
		return c.credential(*a.Header, *a.Value, "value")
	case "oauth2":
		for _, f := range []struct {
			name string
			text *string
		}{{"token_url", a.TokenURL}, {"client_id", a.ClientID}, {"client_secret", a.ClientSecret}} {
			if err := a.need(f.name, f.text, false); err != nil {
				return err
			}
		}
		u, err := outbound.CheckURL(*a.TokenURL)
		if err != nil {
			return steps.Errorf(steps.InputError, `auth "oauth2": token_url: %s`, err)
		}
		c.tokens = newTokens(c, u, *a.ClientID, *a.ClientSecret, a.Scopes)
		return nil
	}
	return steps.Errorf(steps.InputError, "auth %q is none of %s", a.Kind, quoted(authKinds))
}

func (a *auth) need(name string, text *string, mayBeEmpty bool) error {
	switch {
	case text == nil:
		return steps.Errorf(steps.InputError, "auth %q: %s is null", a.Kind, name)
	case *text == "" && !mayBeEmpty:
		return steps.Errorf(steps.InputError, "auth %q: %s is empty", a.Kind, name)
	}
	return nil
}

// credential sets a header of every request.
func (c *Client) credential(header, value, argument string) error {
	if why := headerProblem(header, ""); why != "" {
		return steps.Errorf(steps.InputError, "auth: %s", why)
	}
	if headerProblem(header, value) != "" {
		return steps.Errorf(steps.InputError, "auth: %s holds a line break or another control character, at its end perhaps; trimspace() removes it", argument)
	}
	c.header[http.CanonicalHeaderKey(header)] = []string{value}
	return nil
}

func quoted(names []string) string {
	out := ""
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += strconv.Quote(n)
	}
	return out
}
