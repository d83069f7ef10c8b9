package api

import (
	"net/url"
	"strings"

	"currant/engine/outbound"
	"currant/steps"
)

// Endpoints are the addresses of an account.
type Endpoints struct {
	GraphQL    string
	Token      string
	Introspect string // of a token (PLATFORM 1.2)
	REST       string
	Issuer     string // of the account's signed webhooks; it is the account's page too
	Domain     string // such as "uk.xurrent.com"
}

// Endpoints are the connection's addresses. For each the first of these holds: the Environment's, the
// connection's own, the one by stage and region (PLATFORM 1.1 to 1.4). The error is a *steps.Error of kind
// input.
func (c Config) Endpoints() (Endpoints, error) {
	domain, err := domainOf(c.Stage, c.Region)
	if err != nil {
		return Endpoints{}, err
	}
	if strings.ContainsAny(c.AccountID, "/?#@\\:% \t\r\n") {
		return Endpoints{}, steps.Errorf(steps.InputError, "account_id %q is no account's id, such as \"wna-it\"", c.AccountID)
	}
	env := c.Environment
	if env != (Environment{}) {
		if env.GraphQL == "" || env.OAuth2 == "" {
			return Endpoints{}, steps.Errorf(steps.InputError, "the environment needs the addresses of both GraphQL and OAuth2: the other one would be that of a real account")
		}
		c.RESTEndpoint = first(env.REST, env.GraphQL) // never a real one
	}
	e := Endpoints{
		GraphQL: first(env.GraphQL, c.GraphQLEndpoint, "https://graphql."+domain),
		Token:   first(env.OAuth2, c.OAuth2Endpoint, "https://oauth."+domain+"/token"),
		REST:    first(c.RESTEndpoint, "https://api."+domain),
		Issuer:  strings.ReplaceAll(first(env.Issuer, "https://{account}."+domain), "{account}", c.AccountID),
		Domain:  domain,
	}
	var token *url.URL
	for _, a := range []struct{ name, address string }{
		{"graphql_endpoint", e.GraphQL}, {"rest_endpoint", e.REST}, {"oauth2_endpoint", e.Token},
	} {
		if token, err = outbound.CheckURL(a.address); err != nil {
			return Endpoints{}, steps.Errorf(steps.InputError, "%s: %s", a.name, err)
		}
	}
	e.Introspect = introspectURL(token)
	return e, nil
}

// introspectURL keeps scheme, host and port (PLATFORM 1.2), a default port aside.
func introspectURL(token *url.URL) string {
	host := token.Host
	if p := token.Port(); p == "443" && token.Scheme == "https" || p == "80" && token.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return token.Scheme + "://" + host + "/introspect"
}

// domainOf is the base domain (PLATFORM 1.1); Demo has no regions.
func domainOf(stage, region string) (string, error) {
	domain := ""
	switch stage {
	case "", "Prod":
		domain = "xurrent.com"
	case "QA":
		domain = "xurrent.qa"
	case "Demo":
		return "xurrent-demo.com", nil
	default:
		return "", steps.Errorf(steps.InputError, "stage %q is not one of Prod, QA and Demo", stage)
	}
	switch region {
	case "":
		return domain, nil
	case "au", "ch", "uk", "us":
		return region + "." + domain, nil
	}
	return "", steps.Errorf(steps.InputError, "region %q is not one of au, ch, uk and us", region)
}

// first is the first text that is not blank, or "".
func first(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return ""
}
