package xurrent

import (
	"context"

	"github.com/hashicorp/hcl/v2"

	"currant/steps"
)

// newSecretSet keeps a secret of our own with a customer.
func newSecretSet(d Deps) *steps.Kind {
	return steps.Action(steps.Kind{
		Name:       "secret_set",
		Effect:     steps.Idempotent,
		Connection: connectionType,
		Doc:        "Keeps a secret of our own with a customer's installation, sealed. A `config` step reads it with a field that is `secret` and `own`.",
		Examples: []steps.Example{{
			Title: "A key that the customer's system signs with",
			HCL: `step "secret_set" "key" {
  name                = "hook_key"
  value               = trigger.input.key
  customer_account_id = "wdc"
  app_reference       = "survey"
}`,
		}},
		Check: func(c *steps.Check) hcl.Diagnostics {
			return append(append(checkInstallation(c), notEmpty(c, "name")...), notEmpty(c, "value")...)
		},
	}, func(ctx context.Context, c *steps.Call, a secretSetArgs) (steps.None, error) {
		return steps.None{}, setSecret(ctx, d, c, a)
	})
}

type secretSetArgs struct {
	Name  string `hcl:"name" doc:"What the secret is called."`
	Value string `hcl:"value,secret" doc:"The secret. random_secret(BYTES) makes one."`
	installation
}

// setSecret keeps it. An empty one is refused: what it signs anyone could sign.
func setSecret(ctx context.Context, d Deps, c *steps.Call, a secretSetArgs) error {
	at, err := a.installation.of(c)
	if err != nil {
		return err
	}
	switch {
	case a.Name == "":
		return steps.Errorf(steps.InputError, "the name of the secret is empty")
	case a.Value == "":
		return steps.Errorf(steps.InputError, "the secret %q for customer %s is empty", a.Name, at.CustomerAccountID)
	}
	customers, err := d.customersFor(c)
	if err != nil {
		return err
	}
	return customers.SetOwn(ctx, at.CustomerAccountID, at.AppReference, a.Name, a.Value)
}
