package xurrent

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
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

// telemetry is what an answer told besides its data.
func telemetry(a *api.Answer) map[string]cty.Value {
	return map[string]cty.Value{
		"ratelimit":  limits(a.Rate, rateLimit),
		"costlimit":  limits(a.Cost, costLimit),
		"request_id": cty.StringVal(a.RequestID),
	}
}

// withTelemetry adds the types of telemetry.
func withTelemetry(attrs map[string]cty.Type) map[string]cty.Type {
	out := map[string]cty.Type{"ratelimit": rateLimit, "costlimit": costLimit, "request_id": cty.String}
	maps.Copy(out, attrs)
	return out
}

func limits(l api.Limit, t cty.Type) cty.Value {
	attrs := map[string]cty.Value{"reset": cty.NullVal(cty.Number)}
	for name, n := range map[string]*int64{"limit": l.Limit, "remaining": l.Remaining, "cost": l.Cost} {
		switch {
		case !t.HasAttribute(name):
		case n == nil:
			attrs[name] = cty.NullVal(cty.Number)
		default:
			attrs[name] = cty.NumberIntVal(*n)
		}
	}
	if !l.Reset.IsZero() {
		attrs["reset"] = cty.NumberIntVal(l.Reset.Unix())
	}
	return cty.ObjectVal(attrs)
}

// secretsOf are the secrets that a call may send: those of its connection, and all texts of its arguments that are
// sensitive, those inside a filter or an input too.
func secretsOf(c *steps.Call) []string {
	out := slices.Clone(c.Secrets)
	if c.Args == cty.NilVal || !c.Args.ContainsMarked() {
		return out
	}
	plain, marked := c.Args.UnmarkDeepWithPaths()
	for _, m := range marked {
		part, err := m.Path.Apply(plain)
		if err != nil {
			part = plain // a set's elements have no path: rather too much
		}
		_ = cty.Walk(part, func(_ cty.Path, v cty.Value) (bool, error) { // the function has no errors
			if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
				out = append(out, v.AsString())
			}
			return true, nil
		})
	}
	return out
}

// withoutSecrets marks the parts of an answer that repeat a secret which it was sent.
func withoutSecrets(v cty.Value, sent []string) cty.Value {
	if len(sent) == 0 {
		return v
	}
	secrets := outbound.NewSecrets(sent...)
	out, err := cty.Transform(v, func(_ cty.Path, x cty.Value) (cty.Value, error) {
		if x.Type() == cty.String && x.IsKnown() && !x.IsNull() && secrets.Contains([]byte(x.AsString())) {
			return lang.MarkSensitive(x), nil
		}
		return x, nil
	})
	if err != nil {
		return lang.MarkSensitive(v)
	}
	return out
}
