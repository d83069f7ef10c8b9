package xurrent

import (
	"github.com/hashicorp/hcl/v2"

	"currant/steps"
)

// SecretSet keeps a secret of our own with a customer.
var SecretSet = planned[secretSetArgs, steps.None](steps.Kind{
	Name:               "secret_set",
	Effect:             steps.Idempotent,
	Connection:         connectionType,
	ConnectionOptional: true, // it writes to the runner's own store
	Doc:                "Keeps a secret of our own with a customer's installation, sealed. A `config` step reads it with a field that is `secret` and `own`.",
	Examples: []steps.Example{{
		Title: "A key that the customer's system signs with",
		HCL: `step "secret_set" "key" {
  name                = "hook_key"
  value               = trigger.input.key
  customer_account_id = "wdc"
  app_reference       = "survey"
}`,
	}},
	Check: func(c *steps.Check) hcl.Diagnostics { return append(checkInstallation(c), notEmpty(c, "name")...) },
})

type secretSetArgs struct {
	Name  string `hcl:"name" doc:"What the secret is called."`
	Value string `hcl:"value,secret" doc:"The secret. random_secret(BYTES) makes one."`
	installation
}
