package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/api"
)

const deliveryHeader = "X-Xurrent-Delivery"

// signing is what a webhook trigger says of signatures.
type signing struct {
	policy   bool // it has a policy
	required bool
	// Of the policy; "" is not written.
	issuer, algorithm, key, audience string
}

// signingOf reads a trigger. What the policy says must be known.
func signingOf(rb *compile.Runbook) (s signing, err error) {
	args := rb.Trigger.Args
	if v, ok := steps.Known(args, "require_signature"); !ok || v.True() {
		s.required = true
	}
	block := rb.Trigger.Body.Block("policy")
	if block == nil || block.Body == nil {
		return s, nil
	}
	s.policy, s.required = true, true
	policy := steps.Arg(args, "policy")
	for name, to := range map[string]*string{"issuer": &s.issuer, "algorithm": &s.algorithm, "public_key_pem": &s.key, "audience": &s.audience} {
		v, ok := steps.Known(policy, name)
		switch {
		case ok:
			*to = v.AsString()
		case block.Body.Attr(name) != nil:
			return s, unknownArgument(rb, "policy", name)
		}
	}
	return s, nil
}

// unknownArgument is the error of an argument of a trigger whose value depends on what is not known here.
func unknownArgument(rb *compile.Runbook, block, name string) error {
	return invalidf("the trigger of runbook %q (%s:%d): %q of its block %q is not known here; give its variables values, with --var or the environment",
		rb.Name, rb.Range.Filename, rb.Range.Start.Line, name, block)
}

// claims are those that the platform's policy would put into the token.
func (s signing) claims() map[string]any {
	if s.audience == "" {
		return nil
	}
	return map[string]any{"aud": s.audience}
}

// webhook sends an event of a Xurrent account, signed by whoever can.
func (s *sending) webhook(ctx context.Context) (d delivered, err error) {
	if s.event == "" {
		s.event = sampleEvent(s.rb)
	}
	policy, err := signingOf(s.rb)
	if err != nil {
		return d, err
	}
	payload, err := s.payload()
	if err != nil {
		return d, err
	}
	switch {
	case s.key != "":
		return s.signed(ctx, policy, payload)
	case s.account != nil && policy.key != "":
		return d, usagef("the trigger takes events that are signed with the key of its policy, which the simulated account has not; sign with --key FILE")
	case s.account != nil:
		return s.simulated(ctx, policy, payload)
	case policy.required:
		return d, &usageError{errUnsigned}
	}
	s.what = "an unsigned " + s.event
	data, err := s.data("", payload)
	if err != nil {
		return d, err
	}
	return s.deliver(ctx, data)
}

// payload is what --file has, or a sample of what payload_schema asks for; nil leaves it to the event.
func (s *sending) payload() (json.RawMessage, error) {
	if s.content == nil {
		if t, _, ok := s.rb.Trigger.Body.TypeOf("payload_schema"); ok && t != cty.DynamicPseudoType {
			return json.Marshal(samplePayload(t))
		}
		return nil, nil
	}
	v, err := lang.ParseJSON(s.content, lang.DataLimits{})
	if err != nil {
		return nil, invalidf("--file %s: %w", s.file, err)
	}
	if !v.Type().IsObjectType() {
		return nil, invalidf("--file %s: a payload is an object, such as {\"status\": \"assigned\"}", s.file)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, s.content); err != nil {
		return nil, invalidf("--file %s: %w", s.file, err)
	}
	return compact.Bytes(), nil
}

// simulated lets the simulated account send the event.
func (s *sending) simulated(ctx context.Context, policy signing, payload json.RawMessage) (d delivered, err error) {
	id, err := accountOf(s.rb)
	if err != nil {
		return d, err
	}
	s.what = fmt.Sprintf("a %s, signed by %s,", s.event, s.account.about())
	d, err = s.account.deliver(ctx, order{Account: id, URL: s.url, Event: s.event, Payload: payload, Claims: policy.claims()})
	if err != nil && d.Delivery != "" { // it has tried
		err = unreached(err)
	}
	return d, err
}

// deliver sends a body as the platform does (PLATFORM 6.1).
func (s *sending) deliver(ctx context.Context, body []byte) (delivered, error) {
	return s.post(ctx, http.MethodPost, http.Header{
		"Accept":       {"*/*"},
		"Content-Type": {"application/json; charset=utf-8"},
		"User-Agent":   {"xurrent/1.0 (https://developer.xurrent.com/v1/webhooks)"},
		deliveryHeader: {uuid.NewString()},
	}, body)
}

// data is the event (PLATFORM 6.2) of the account at an address; "" is made up.
func (s *sending) data(account string, payload json.RawMessage) (json.RawMessage, error) {
	id, err := accountOf(s.rb)
	if err != nil {
		id = "example" // nothing asks for it where no signature is
	}
	if account == "" {
		account = "https://" + id + ".xurrent.com"
	}
	if payload == nil {
		if payload, err = json.Marshal(eventPayload(s.event)); err != nil {
			return nil, err
		}
	}
	kind, _, _ := strings.Cut(s.event, ".")
	return json.Marshal(map[string]any{
		"webhook_id": sampleNumber, "webhook_nodeID": nodeID("Webhook"), "account_id": id, "account": account, "custom_url": nil,
		"name": s.event, "event": s.event, "object_id": sampleNumber, "object_nodeID": nodeID(typeName(kind)),
		"person_id": sampleNumber, "person_nodeID": nodeID("Person"), "person_name": "Howard Tanner", "instance_name": "Sample",
		"created_at": time.Now().UTC().Format(time.RFC3339), "payload": payload,
	})
}

// issuerOf is who signs the events of the trigger's account: what its policy says, or the account's address.
func (s *sending) issuerOf(policy signing) (string, error) {
	if policy.issuer != "" {
		return policy.issuer, nil
	}
	id, err := accountOf(s.rb)
	if err != nil {
		return "", err
	}
	c := api.Config{AccountID: id}
	if args, err := s.rb.Trigger.Connection(); err == nil {
		for name, to := range map[string]*string{"stage": &c.Stage, "region": &c.Region} {
			if v, ok := steps.Known(args, name); ok {
				*to = v.AsString()
			}
		}
	}
	if s.account != nil {
		c.Environment = s.account.environment
	}
	at, err := c.Endpoints()
	return at.Issuer, err
}
