package xurrent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// instance is an installation, as the provider's account has it.
type instance struct {
	ID           string `json:"id"`
	CustomFields []struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	} `json:"customFields"`
	Disabled          *bool   `json:"disabled"`
	EnabledByCustomer *bool   `json:"enabledByCustomer"`
	Suspended         *bool   `json:"suspended"`
	SuspensionComment *string `json:"suspensionComment"`
}

// field is the value of a custom field; NilVal where there is none.
func (i *instance) field(id string) (cty.Value, error) {
	for _, f := range i.CustomFields {
		if f.ID == id && len(bytes.TrimSpace(f.Value)) > 0 {
			return lang.ParseJSON(f.Value, lang.DataLimits{})
		}
	}
	return cty.NilVal, nil
}

// What is read of an installation, for config and for config_update.
const (
	configSelection = "customFields { id value } disabled enabledByCustomer suspended suspensionComment"
	idSelection     = "id"

	instanceQuery = `query($appReference: String!, $customerAccountId: String!) {
  appInstances(first: 1, filter: { appOfferingReference: { values: [$appReference] }, customerAccount: { values: [$customerAccountId] } }) {
    nodes { %s }
  }
}`
)

// findInstance asks the provider's account for an installation; nil where there is none (PLATFORM 7.7).
func findInstance(ctx context.Context, c *steps.Call, at installation, selection string) (*instance, error) {
	account, err := accountOf(c)
	if err != nil {
		return nil, err
	}
	vars, err := json.Marshal(map[string]string{"appReference": at.AppReference, "customerAccountId": at.CustomerAccountID})
	if err != nil {
		return nil, err
	}
	answer, err := account.client.Do(ctx, api.Request{Text: fmt.Sprintf(instanceQuery, selection), Variables: vars, Read: true, Secrets: c.Secrets})
	if err != nil {
		return nil, err
	}
	var data struct {
		AppInstances *struct {
			Nodes []instance `json:"nodes"`
		} `json:"appInstances"`
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil || data.AppInstances == nil {
		return nil, steps.Errorf(steps.DecodeError, "the installations of app %s cannot be read: another form of answer was expected", at.AppReference)
	}
	if len(data.AppInstances.Nodes) == 0 {
		return nil, nil
	}
	return &data.AppInstances.Nodes[0], nil
}
