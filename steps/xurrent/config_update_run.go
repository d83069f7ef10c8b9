package xurrent

import (
	"context"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// maxComment is how many bytes the comment of a suspension may have (PLATFORM 7.7).
const maxComment = 64 << 10

const updateMutation = `mutation($input: AppInstanceUpdateInput!) {
  appInstanceUpdate(input: $input) { appInstance { id } errors { path message } }
}`

// updateConfig changes an installation (PLATFORM 7.7).
func updateConfig(ctx context.Context, c *steps.Call, a configUpdateArgs) (configUpdateResult, error) {
	at, err := a.installation.of(c)
	if err != nil {
		return configUpdateResult{}, err
	}
	c.Secrets = append(c.Secrets, sensitiveTexts(a.CustomFields)...)
	input, err := a.input()
	if err != nil {
		return configUpdateResult{}, err
	}
	found, err := findInstance(ctx, c, at, idSelection)
	switch {
	case err != nil:
		return configUpdateResult{}, err
	case found == nil:
		return configUpdateResult{}, steps.Errorf(steps.NotFoundError, "App instance %s not found for customer %s", at.AppReference, at.CustomerAccountID)
	}
	input["id"] = cty.StringVal(found.ID)
	id, err := sendUpdate(ctx, c, input)
	return configUpdateResult{AppInstanceID: id}, err
}

// input is what is changed. The custom fields are always sent, the switches only where they are given.
func (a configUpdateArgs) input() (map[string]cty.Value, error) {
	fields, err := customFields(a.CustomFields)
	if err != nil {
		return nil, err
	}
	in := map[string]cty.Value{"customFields": cty.TupleVal(fields)}
	if a.Disabled != nil {
		in["disabled"] = cty.BoolVal(*a.Disabled)
	}
	if s := a.Suspension; s != nil {
		switch {
		case s.Comment == "":
			return nil, steps.Errorf(steps.InputError, "the comment of the suspension is empty; the customer reads it")
		case len(s.Comment) > maxComment:
			return nil, steps.Errorf(steps.InputError, "the comment of the suspension has %d bytes; it may have %d at most", len(s.Comment), maxComment)
		}
		in["suspended"], in["suspensionComment"] = cty.BoolVal(s.Suspended), cty.StringVal(s.Comment)
	}
	return in, nil
}

// customFields are the new values as the account takes them, whether they are written as a map or as a list.
func customFields(v cty.Value) ([]cty.Value, error) {
	if v == cty.NilVal || v.IsNull() {
		return nil, nil
	}
	v, _ = lang.UnmarkDeep(v) // they go on the wire
	var out []cty.Value
	add := func(id, value cty.Value) {
		out = append(out, cty.ObjectVal(map[string]cty.Value{"id": id, "value": value}))
	}
	if t := v.Type(); t.IsObjectType() || t.IsMapType() {
		for it := v.ElementIterator(); it.Next(); {
			add(it.Element())
		}
		return out, nil
	}
	wrong := steps.Errorf(steps.InputError, "custom_fields has to be a map, or a list of { id, value } with a text as id")
	if !v.CanIterateElements() {
		return nil, wrong
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		id, value := member(el, "id"), member(el, "value")
		if id == cty.NilVal || value == cty.NilVal || id.IsNull() || id.Type() != cty.String || id.AsString() == "" {
			return nil, wrong
		}
		add(id, value)
	}
	return out, nil
}

// sensitiveTexts are the texts in the sensitive parts of a value.
func sensitiveTexts(v cty.Value) (out []string) {
	if v == cty.NilVal {
		return nil
	}
	plain, marked := v.UnmarkDeepWithPaths()
	for _, m := range marked {
		if part, err := m.Path.Apply(plain); err == nil {
			out = append(out, lang.Texts(part)...)
		}
	}
	return out
}

// member is an attribute of an object, or an element of a map; NilVal where there is none.
func member(v cty.Value, name string) cty.Value {
	if v.IsNull() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return cty.NilVal
	}
	if el, ok := v.AsValueMap()[name]; ok {
		return el
	}
	return cty.NilVal
}

// sendUpdate makes the change and gives the installation's id.
func sendUpdate(ctx context.Context, c *steps.Call, input map[string]cty.Value) (string, error) {
	vars, err := lang.ToJSON(cty.ObjectVal(map[string]cty.Value{"input": cty.ObjectVal(input)}))
	if err != nil {
		return "", steps.Errorf(steps.InputError, "custom_fields: %s", err)
	}
	account, err := accountOf(c)
	if err != nil {
		return "", err
	}
	answer, err := account.client.Do(ctx, api.Request{Text: updateMutation, Variables: vars, Secrets: c.Secrets})
	if err != nil {
		return "", err
	}
	var data struct {
		Update *struct {
			AppInstance *struct {
				ID string `json:"id"`
			} `json:"appInstance"`
			Errors []payloadError `json:"errors"`
		} `json:"appInstanceUpdate"`
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil || data.Update == nil {
		return "", steps.Errorf(steps.DecodeError, "the answer to appInstanceUpdate cannot be read: another form was expected")
	}
	var failures []schema.PayloadError
	for _, e := range data.Update.Errors {
		failures = append(failures, schema.PayloadError{Message: e.Message, Path: e.Path})
	}
	if message := failed(failures); message != "" {
		return "", steps.Errorf(steps.MutationError, "appInstanceUpdate: %s", message)
	}
	if data.Update.AppInstance == nil {
		return "", steps.Errorf(steps.DecodeError, "the answer to appInstanceUpdate names no installation")
	}
	return data.Update.AppInstance.ID, nil
}

// payloadError is one reason for which nothing was changed.
type payloadError struct {
	Message string    `json:"message"`
	Path    textsPath `json:"path"`
}

// textsPath is a path, which is a list or one text (PLATFORM 3.2).
type textsPath []string

// UnmarshalJSON takes both.
func (p *textsPath) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		if *p = nil; one != "" {
			*p = textsPath{one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(p))
}
