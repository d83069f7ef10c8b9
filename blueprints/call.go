package blueprints

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// inFlight is how long a mutation may go on after the context has ended: longer than a request ever takes.
const inFlight = 6 * time.Minute

// caller calls an account.
type caller struct {
	account Account
	secrets []string // of the target, for what the account repeats
	waits   func(time.Duration)
}

// ask runs a query.
func (c *caller) ask(ctx context.Context, text string, variables map[string]any) (data node, err error) {
	err = api.Patiently(ctx, c.waits, func() error {
		data, err = c.do(ctx, text, variables, true)
		return err
	})
	return data, err
}

// do makes one request. A mutation goes on when the context ends, so that nobody is left in doubt whether it was made.
func (c *caller) do(ctx context.Context, text string, variables map[string]any, read bool) (node, error) {
	vars, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	if !read {
		during, cancel := context.WithTimeout(context.WithoutCancel(ctx), inFlight)
		defer cancel()
		ctx = during
	}
	answer, err := c.account.Do(ctx, api.Request{Text: text, Variables: vars, Read: read, Secrets: c.secrets})
	if err != nil {
		return nil, err
	}
	return decodeNode(answer.Data)
}

// problem is what a mutation's payload says of one field of the input.
type problem struct{ path, message string }

// refusal is a mutation that the service did not make.
type refusal struct {
	problems []problem
	err      error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// mutation is a change of one record. Its payload has the record in a field of the record's name.
type mutation struct {
	name, inputType string
	record          string // "" of a payload without it
	selection       string
	input           map[string]any
}

// mutate makes a change, and waits where the service asks for it.
func (c *caller) mutate(ctx context.Context, m mutation) (payload node, err error) {
	err = api.Patiently(ctx, c.waits, func() error {
		payload, err = c.mutateOnce(ctx, m)
		return err
	})
	return payload, err
}

// mutateOnce makes a change, or gives the *steps.PutBack of a service that asks to wait.
func (c *caller) mutateOnce(ctx context.Context, m mutation) (node, error) {
	record := ""
	if m.record != "" {
		record = m.record + " { " + m.selection + " } "
	}
	text := fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { %serrors { path message } } }", m.inputType, m.name, record)
	data, err := c.do(ctx, text, map[string]any{"input": m.input}, false)
	if err != nil {
		return nil, err
	}
	payload := data.child(m.name)
	if payload == nil {
		return nil, steps.Errorf(steps.DecodeError, "the answer to %s holds no payload", m.name)
	}
	var r refusal
	var messages []string
	for _, e := range payload.nodes("errors") {
		if e.text("message") == "" {
			continue // PLATFORM 3.2
		}
		message := outbound.NewSecrets(c.secrets...).Redact(e.text("message"))
		r.problems = append(r.problems, problem{inputPath(e["path"]), message})
		messages = append(messages, message)
	}
	if len(messages) > 0 {
		r.err = steps.Errorf(steps.MutationError, "%s", strings.Join(messages, "; "))
		return nil, &r
	}
	return payload, nil
}

// inputPath is where a problem is: a list of names or one text (PLATFORM 3.2).
func inputPath(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, p := range v {
			parts = append(parts, fmt.Sprint(p))
		}
		return strings.Join(parts, "/")
	}
	return ""
}
