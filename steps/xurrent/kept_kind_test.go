package xurrent

import "testing"

func TestKeptKind(t *testing.T) {
	at := installationKey{provider: joined("graphql.xurrent.com", "wna-it"), customer: "wdc/own", app: "app/policy"}
	for key, want := range map[string]string{
		at.key("token"): "OAuth application of a customer", at.key("authorization_token"): "OAuth application of a customer",
		at.key(entryPolicy): "webhook policy of a customer", at.key(entrySecrets, "token"): "secret that a customer typed",
		at.key(entryOwn, "policy"): "secret set by secret_set", at.key(entryTaken): "tokens of a customer's secrets", Customers{provider: at.provider}.providerPolicy(): "webhook policy of a provider",
		"": "other", "xurrent": "other", "xurrent/a/b/customers": "other", "elsewhere/a/b/policy": "other",
	} {
		if got := KeptKind(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}
