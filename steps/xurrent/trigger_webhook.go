package xurrent

import (
	"context"
	"log/slog"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/verify"
)

// TriggerDeps is what triggers that verify signatures need besides their arguments.
type TriggerDeps struct {
	// Verifier verifies tokens. Without one the kinds are planned: decoded and checked, but not received.
	Verifier *verify.Verifier
	// Issuer is the address of the account that a connection, by its arguments, belongs to: the issuer of the
	// account's tokens, or what they begin with (PLATFORM 1.2).
	Issuer func(connection cty.Value) (string, error)
	// Provider names the account that a connection belongs to among those whose customers are kept.
	Provider func(connection cty.Value) (string, error)
	// IssuerAt is the address of a customer's account, in the environment that a connection is in.
	IssuerAt func(connection cty.Value, customer string) (string, error)
	// Installed asks the account of a connection for a customer's installation of an app: its node id, or "" for
	// none, and when it was made.
	Installed func(ctx context.Context, connection cty.Value, customer, app string) (node, created string, err error)
	// Log is told at debug level what events hold that is left out; nil discards it.
	Log *slog.Logger
}

// receiving is a kind that receives events, if there is what verifies them; without it is planned.
func (d TriggerDeps) receiving(k ingress.Kind, accept func(TriggerDeps, context.Context, *ingress.Trigger, *ingress.Request) (ingress.Event, error)) ingress.Kind {
	if d.Verifier == nil {
		k.Planned = true
		return k
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	k.Accept = func(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
		return accept(d, ctx, t, r)
	}
	return k
}

// NewWebhook is the trigger kind of webhooks of a Xurrent account.
func NewWebhook(d TriggerDeps) *ingress.Kind {
	k := ingress.Kind{
		Name:       "webhook",
		Doc:        "A webhook of a Xurrent account. Signed bodies are verified by the policy, or by the keys that the account publishes.",
		Endpoint:   true,
		Connection: connectionType,
		Examples: []lang.Example{{
			Title: "Requests whose status has changed",
			HCL: `trigger "webhook" {
  events            = ["request.status-changed"]
  require_signature = true
  payload_schema    = object({ status = string, previous_status = optional(string) })
}`,
		}, {
			Title: "A policy of one's own",
			HCL: `trigger "webhook" {
  policy {
    issuer   = "https://wdc.xurrent.com"
    audience = "currant"
  }
}`,
		}},
		Check: func(c *ingress.Check) hcl.Diagnostics {
			diags := checkPolicy(c.Body.Block("policy"), steps.Arg(c.Args, "policy"))
			diags = append(diags, checkIssuer(c)...)
			diags = append(diags, checkEvents(c, webhookEvents, hcl.DiagWarning)...)
			return append(diags, checkPayloadSchema(c)...)
		},
		Output: webhookType,
	}
	return ingress.Define[webhookArgs](d.receiving(k, TriggerDeps.acceptWebhook))
}

type webhookArgs struct {
	account
	Policy           *policy             `hcl:"policy,block" doc:"How the signature is verified."`
	RequireSignature bool                `hcl:"require_signature,optional" default:"false" doc:"Whether an unsigned body is refused also where there is no policy."`
	Events           []string            `hcl:"events,optional" doc:"The events that start a run, such as \"request.create\"; all by default."`
	PayloadSchema    lang.TypeConstraint `hcl:"payload_schema,optional" doc:"The type of the payload; what it does not name is left out, and the whole is in raw_payload."`
}

// checkIssuer reports a trigger that asks for signatures and could accept none: nothing says whose they are.
func checkIssuer(c *ingress.Check) hcl.Diagnostics {
	policy := c.Body.Block("policy")
	required, known := steps.Known(c.Args, "require_signature")
	switch {
	case !c.Unconnected, policy != nil && policy.Body != nil && policy.Body.Attr("issuer") != nil:
		return nil
	case policy == nil && (!known || required.False()):
		return nil
	}
	return hcl.Diagnostics{lang.Error(c.Body.Range, "Missing issuer",
		"No signature could be accepted, for nothing says whose it must be: write issuer = \"https://ACCOUNT.xurrent.com\" in a policy block, or name the account with connection = connection.NAME.")}
}

// numbersOf and textsOf are the fields of an event besides its payload (PLATFORM 6.2).
var (
	numbersOf = []string{"webhook_id", "object_id", "person_id"}
	textsOf   = []string{"webhook_nodeID", "account_id", "account", "custom_url", "name", "event", "object_nodeID", "person_nodeID",
		"person_name", "instance_name"}
)

func webhookType(c *ingress.Check) cty.Type {
	attrs := map[string]cty.Type{"payload": payloadType(c.Body), "raw_payload": cty.DynamicPseudoType,
		"delivery": cty.String, "delivery_origin": cty.String}
	for _, name := range numbersOf {
		attrs[name] = cty.Number
	}
	for _, name := range textsOf {
		attrs[name] = cty.String
	}
	return cty.Object(attrs)
}
