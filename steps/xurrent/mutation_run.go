package xurrent

import (
	"context"
	"maps"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// mutate makes the change, unless it is found to be made already.
func mutate(ctx context.Context, c *steps.Call, a mutationArgs) (cty.Value, error) {
	account, err := accountOf(c)
	if err != nil {
		return cty.NilVal, err
	}
	model, err := account.Model(ctx, a.RefreshSchema)
	if err != nil {
		return cty.NilVal, err
	}
	m, problems := model.Mutation(schema.MutationArgs{Mutation: a.Mutation, Input: orNone(a.Input), Clear: a.Clear, Fields: a.Fields, Include: a.Include})
	if err := inputError(c.Args, problems); err != nil {
		return cty.NilVal, err
	}
	if c.Doubt && mutationEffect(c.Args) == steps.Checked {
		if found, err := lookUp(ctx, c, account, model, m); err != nil || found != cty.NilVal {
			return found, err
		}
	}
	vars, err := m.Variables()
	if err != nil {
		return cty.NilVal, steps.Errorf(steps.InputError, "%s", err)
	}
	answer, err := account.client.Do(ctx, api.Request{Text: m.Text(), Variables: vars, Secrets: secretsOf(c)})
	if err != nil {
		return cty.NilVal, err
	}
	payload, failures, err := m.Payload(ctx, answer.Data, fetchMore(account, c))
	if err != nil {
		return cty.NilVal, badAnswer(err)
	}
	if message := failed(failures); message != "" {
		return cty.NilVal, steps.Errorf(steps.MutationError, "%s: %s", a.Mutation, message)
	}
	return changed(payload, answer, c), nil
}

// changed is a mutation's output.
func changed(payload cty.Value, answer *api.Answer, c *steps.Call) cty.Value {
	payload = withoutSecrets(payload, secretsOf(c))
	if payload.IsNull() || !payload.Type().IsObjectType() {
		return cty.ObjectVal(telemetry(answer))
	}
	out := maps.Clone(payload.AsValueMap())
	if out == nil {
		out = map[string]cty.Value{}
	}
	maps.Copy(out, telemetry(answer))
	return cty.ObjectVal(out)
}

// lookUp finds the record that an earlier attempt has created, by its source and sourceID. NilVal: there is
// none.
func lookUp(ctx context.Context, c *steps.Call, account *Account, model *schema.Schema, m *schema.Mutation) (cty.Value, error) {
	q, ok := model.Lookup(m)
	if !ok {
		return cty.NilVal, steps.Errorf(steps.InterruptedError, "an earlier attempt of %s may have had its effect, and this account cannot be asked for records by source and sourceID", m.Name)
	}
	vars, err := q.Variables(1, "")
	if err != nil {
		return cty.NilVal, steps.Errorf(steps.InputError, "%s", err)
	}
	answer, err := account.client.Do(ctx, api.Request{Text: q.Text(false), Variables: vars, Read: true, Secrets: secretsOf(c)})
	if err != nil {
		return cty.NilVal, err
	}
	got, err := q.Page(ctx, answer.Data, fetchMore(account, c))
	if err != nil {
		return cty.NilVal, badAnswer(err)
	}
	if len(got.Nodes) == 0 {
		return cty.NilVal, nil
	}
	return changed(m.Found(got.Nodes[0]), answer, c), nil
}

// failed is what the service found wrong, or "" (PLATFORM 3.2: entries without a message do not count).
func failed(failures []schema.PayloadError) string {
	var messages []string
	for _, f := range failures {
		if f.Message == "" {
			continue
		}
		if len(f.Path) > 0 {
			messages = append(messages, f.Message+" ("+strings.Join(f.Path, ".")+")")
		} else {
			messages = append(messages, f.Message)
		}
	}
	return strings.Join(messages, "; ")
}
