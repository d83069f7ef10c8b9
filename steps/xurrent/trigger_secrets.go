package xurrent

import (
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// SecretsChanged brings the secrets of installations.
var SecretsChanged = ingress.Define[secretsArgs](ingress.Kind{
	Name:       "secrets_changed",
	Doc:        "A customer's account has sent secrets of an app: credentials, the policy of its webhook, secret fields. They are stored, sealed, before the run; the run sees none of them.",
	Endpoint:   true,
	Planned:    true,
	App:        true,
	Connection: connectionType,
	Examples: []lang.Example{{
		Title: "The secrets of the blueprint's apps",
		HCL:   `trigger "secrets_changed" {}`,
	}, {
		Title: "Of certain apps",
		HCL:   `trigger "secrets_changed" { app_references = ["survey"] }`,
	}},
	Output: func(*ingress.Check) cty.Type {
		return cty.Object(map[string]cty.Type{"customer_account_id": cty.String, "app_reference": cty.String, "webhook": appWebhook})
	},
})

type secretsArgs struct {
	account
	AppReferences []string `hcl:"app_references,optional" doc:"References of apps; by default those of the blueprint, or any where it has none."`
}
