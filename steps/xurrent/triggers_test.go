package xurrent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
)

func publicKey(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestTriggerChecks(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	policy := func(algorithm, key string) string {
		return fmt.Sprintf("policy {\n algorithm = %q\n public_key_pem = %q\n}", algorithm, key)
	}
	for _, tc := range []struct {
		kind      *ingress.Kind
		src, want string
	}{
		{Webhook, "", ""},
		{Webhook, policy("ES256", publicKey(t, &ec.PublicKey)), ""},
		{Webhook, policy("RS512", publicKey(t, &rs.PublicKey)), ""},
		{Webhook, policy("ES384", publicKey(t, &ec.PublicKey)), "curve P-256, which does not fit ES384"},
		{Webhook, policy("RS256", publicKey(t, &ec.PublicKey)), "does not fit RS256"},
		{Webhook, policy("ES256", publicKey(t, &rs.PublicKey)), "does not fit ES256"},
		{Webhook, policy("ES256", "hunter2"), "no PEM block"},
		{Webhook, policy("HS256", "x"), "is none of \"RS256\""},
		{Webhook, policy("none", "x"), "is none of \"RS256\""},
		{Webhook, "policy { algorithm = \"ES256\" }", "write \"public_key_pem\" too"},
		{Webhook, "policy { issuer = \"http://x.xurrent.com\" }", "begins with https://"},
		{Webhook, "policy { issuer = \"https://x.xurrent.com\" }", ""},
		{Webhook, "events = [\"request.create\"]", ""},
		{Webhook, "events = [\"request.created\"]", "Did you mean \"request.create\""},
		{Webhook, "events = []", "would accept nothing"},
		{Webhook, "payload_schema = string", "A payload is an object"},
		{Webhook, "payload_schema = object({ a = strnig })", "Invalid type specification"},
		{SecretsChanged, "", ""},
		{SecretsChanged, "app_references = [\"a\"]", ""},
		{SecretsChanged, "app_reference = \"a\"", "Did you mean \"app_references\""},
		{InstallationChanged, "events = [\"app_instance.create\"]", ""},
		{InstallationChanged, "events = [\"app_instance.crate\"]", "Did you mean \"app_instance.create\""},
		{AutomationWebhook, "app_reference = \"a\"\nconnection = connection.x", ""},
		{AutomationWebhook, "", "\"app_reference\" is required"},
		{AutomationWebhook, "app_reference = \"\"", "may not be empty"},
		{Configuration, "app_reference = \"a\"\nrespond { status = 303 }", ""},
		{Configuration, "respond { status = 303 }", "the blueprint has 0 apps"},
		{SecretsChanged, "app_references = []", "would accept nothing"},
		{SecretsChanged, "app_references = [\"a b\"]", "without blanks"},
		{InstallationChanged, "app_reference = \"a b\"", "no blanks"},
	} {
		t.Run(tc.kind.Name, func(t *testing.T) {
			_, diags := trigger(t, tc.kind, tc.src)
			expect(t, diags, tc.want)
		})
	}
	// The vendor adds events: one that is not known here is no error, but no installation event is missing.
	_, diags := trigger(t, Webhook, "events = [\"invoice.create\"]")
	if len(diags) != 1 || diags[0].Severity != hcl.DiagWarning {
		t.Errorf("got %s", diags)
	}
}

func TestTriggerOutputs(t *testing.T) {
	typed := cty.Object(map[string]cty.Type{"text": cty.String, "url": cty.String})
	const schema = "payload_schema = object({ text = string, url = optional(string) })"
	for _, tc := range []struct {
		kind *ingress.Kind
		src  string
		path cty.Path
		want cty.Type
	}{
		{Webhook, "", cty.GetAttrPath("payload"), cty.DynamicPseudoType},
		{Webhook, schema, cty.GetAttrPath("payload"), typed},
		{Webhook, schema, cty.GetAttrPath("raw_payload"), cty.DynamicPseudoType},
		{Webhook, "", cty.GetAttrPath("object_id"), cty.Number},
		{Webhook, "", cty.GetAttrPath("delivery_origin"), cty.String},
		{AutomationWebhook, "app_reference = \"a\"\n" + schema, cty.GetAttrPath("payload"), typed},
		{AutomationWebhook, "app_reference = \"a\"", cty.GetAttrPath("webhook").GetAttr("person").GetAttr("name"), cty.String},
		{SecretsChanged, "", cty.GetAttrPath("webhook").GetAttr("delivery"), cty.String},
		{InstallationChanged, "", cty.GetAttrPath("customer_representative").GetAttr("account").GetAttr("id"), cty.String},
		{InstallationChanged, "", cty.GetAttrPath("suspended"), cty.Bool},
		{Configuration, "", cty.GetAttrPath("confirmation_url"), cty.String},
	} {
		c, _ := trigger(t, tc.kind, tc.src)
		got, err := tc.path.Apply(cty.UnknownVal(tc.kind.Output(c)))
		if err != nil || !got.Type().Equals(tc.want) {
			t.Errorf("%s: got %#v, %v", tc.kind.Name, got, err)
		}
	}
	c, _ := trigger(t, Webhook, "")
	if n := len(Webhook.Output(c).AttributeTypes()); n != 17 {
		t.Errorf("the output of webhook has %d attributes", n)
	}
}

func TestTriggersArePlannedEndpoints(t *testing.T) {
	for _, k := range []*ingress.Kind{Webhook, SecretsChanged, InstallationChanged, AutomationWebhook, Configuration} {
		if !k.Planned || !k.Endpoint || k.App != (k != Webhook) {
			t.Errorf("%s: %+v", k.Name, k)
		}
	}
}
