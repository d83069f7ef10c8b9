package engine

import (
	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
)

// secretsOf are the secrets of a call's arguments.
func secretsOf(c *steps.Call) *outbound.Secrets {
	return outbound.NewSecrets(append(sensitiveTexts(c.Args), c.Secrets...)...)
}

// WithoutSecrets takes a step's secrets out of what it says, which is stored and shown: a kind may pass on
// what a server has answered, and that may repeat what it was sent.
func WithoutSecrets(c *steps.Call, err error) error {
	switch x := err.(type) {
	case nil:
		return nil
	case *steps.Error:
		clean := *x
		clean.Message = secretsOf(c).Redact(x.Message)
		return &clean
	case *steps.PutBack:
		clean := *x
		clean.Reason = secretsOf(c).Redact(x.Reason)
		return &clean
	case *steps.Park:
		clean := *x
		clean.Reason = secretsOf(c).Redact(x.Reason)
		return &clean
	case *steps.Finish:
		return err
	}
	return steps.Errorf(steps.InternalError, "%s", secretsOf(c).Redact(err.Error()))
}

// sensitiveTexts are the texts inside the sensitive parts of a value.
func sensitiveTexts(v cty.Value) (out []string) {
	if v == cty.NilVal || !v.ContainsMarked() {
		return nil
	}
	plain, marks := v.UnmarkDeepWithPaths()
	for _, m := range marks {
		part, err := m.Path.Apply(plain)
		if err != nil {
			part = plain // not to be found: rather too much
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
