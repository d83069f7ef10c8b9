package xurrent

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// What is given is there as what an installation has sent is: for that customer and app, at that account.
func TestGive(t *testing.T) {
	kept, d := newHeap(), Deps{}
	connection := func(account string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal(account), "personal_access_token": cty.StringVal("t")})
	}
	given := Given{Customer: "acme", App: "survey", ClientID: "id", ClientSecret: "s", Secrets: map[string]string{"api_key": "k-1"}}
	if err := d.Give(t.Context(), kept, connection("provider"), given); err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct {
		account, customer, app string
		there                  bool
	}{{"provider", "acme", "survey", true}, {"other", "acme", "survey", false}, {"provider", "globex", "survey", false}, {"provider", "acme", "chat", false}} {
		provider, err := d.provider(connection(at.account))
		if err != nil {
			t.Fatal(err)
		}
		c := customersOf(kept, provider)
		token, err := c.Token(t.Context(), at.customer, at.app, "client_credentials")
		if err != nil || (token != nil) != at.there || at.there && (token.ClientID != "id" || token.ClientSecret != "s") {
			t.Errorf("%+v: the credentials are %v, %v", at, token != nil, err)
		}
		secret, ok, err := c.Secret(t.Context(), at.customer, at.app, "api_key")
		if err != nil || ok != at.there || ok && secret != "k-1" {
			t.Errorf("%+v: the secret is there: %v, %v", at, ok, err)
		}
	}
}
