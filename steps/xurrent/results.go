package xurrent

import (
	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// The parts of outputs that several kinds have.

// RateLimit is the account's limit of requests, as the last answer had it; null where it had none.
type RateLimit struct {
	Limit     *int `hcl:"limit" doc:"Requests per window."`
	Remaining *int `hcl:"remaining" doc:"Requests that are left."`
	Reset     *int `hcl:"reset" doc:"When the window ends, in seconds since 1970 (UTC)."`
}

var (
	rateLimit = object("limit", "remaining", "reset")
	costLimit = object("limit", "cost", "remaining", "reset")
)

// object is the type of an object of numbers.
func object(names ...string) cty.Type {
	attrs := map[string]cty.Type{}
	for _, n := range names {
		attrs[n] = cty.Number
	}
	return cty.Object(attrs)
}

// collected adds what an each block gives to an output: collected is there only with a collect expression.
func collected(c *steps.Check, attrs map[string]cty.Type) {
	if c.Collected == cty.NilType {
		return
	}
	attrs["collected"] = cty.DynamicPseudoType
	if !c.Collected.HasDynamicTypes() {
		attrs["collected"] = cty.List(c.Collected)
	}
}
