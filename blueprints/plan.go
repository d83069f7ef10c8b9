package blueprints

import (
	"context"
	"io"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps/xurrent/api"
)

// Account is what deployment asks of an account. *api.Client is one.
type Account interface {
	Do(ctx context.Context, r api.Request) (*api.Answer, error)
	Upload(ctx context.Context, f api.File) (*api.Stored, error)
	Fetch(ctx context.Context, address string, limit int64) (content io.ReadCloser, size int64, err error)
}

// Target is what is to be on one account.
type Target struct {
	// Blueprint is the blueprint's name, part of every sourceID.
	Blueprint string
	// Dir is the blueprint's directory, where its pictures and images are.
	Dir       string
	Resources []Declared
	// Templates are the addresses that runbooks want on apps, by the app's reference.
	Templates map[string]Templates
	// Applied remembers what was written last, so that drift can be named; nil remembers nothing.
	Applied Applied
	// Secrets are the texts of all sensitive variables: what holds one of them is not shown, also where an account
	// has it from an earlier apply and no block says it any more.
	Secrets []string
	// Waits is told before Compare waits because the service asked for it; nil tells nobody.
	Waits func(time.Duration)
}

// Declared is one block of a blueprint with its evaluated arguments. Kind is that of a Resource.
type Declared struct {
	Kind, Name string
	Body       *lang.Body
	Args       cty.Value
	Range      hcl.Range
}

// Templates are addresses on an app offering (PLATFORM 8.4); "" leaves the account's as it is.
type Templates struct{ Webhook, Configuration string }

// Applied remembers a digest of each field that was written, by the address of the change; of a sensitive one only
// that it is. It is a hint, never the truth: what is on the account is read from the account.
type Applied interface {
	Last(ctx context.Context, address string) (map[string]string, error)
	Remember(ctx context.Context, address string, digests map[string]string) error
}

// Action is what a change does.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	Delete  Action = "delete"
	Disable Action = "disable" // what cannot be deleted
	Enable  Action = "enable"
	None    Action = "none"
)

// Change is what is to be done with one thing on the account. Its JSON is documented and stable.
type Change struct {
	Action Action `json:"action"`
	// Kind is app, ui_extension, automation_rule, webhook or webhook_policy.
	Kind string `json:"kind"`
	// Name is what the thing is called on the account.
	Name string `json:"name"`
	// Address is where it is in the blueprint: app.survey, app.survey.ui_extension, app.survey.automation_rule.ask,
	// ui_extension.form, automation_rule.thank, runbook.secrets.webhook["app_instance.secrets-update"],
	// connection.provider.webhook_policy. What is only on the account has its name in brackets:
	// app.survey.automation_rule["Old rule"].
	Address string  `json:"address"`
	Fields  []Field `json:"fields"`
	// Note says what a person must know: that it cannot be deleted and is disabled instead, that it was renamed.
	Note string `json:"note,omitempty"`

	Range hcl.Range `json:"-"` // of the block
}

// Field is one field of a change.
type Field struct {
	// Path is as in the blueprint: name, policy.audience, scope[0].actions, expression["url"].value.
	Path string `json:"path"`
	// Before and After are JSON values; nil is null, or not there. Both are nil of a sensitive field.
	Before    any  `json:"before"`
	After     any  `json:"after"`
	Sensitive bool `json:"sensitive"`
	// Drift says that the account's value is not the one that was applied last: somebody else changed it.
	Drift bool `json:"drift,omitempty"`

	// Text asks for a line diff: html, css, JavaScript, markdown, expressions.
	Text  bool      `json:"-"`
	Range hcl.Range `json:"-"` // of the attribute
}

// Plan is what brings an account to what a blueprint says.
type Plan struct {
	// Changes are in the order in which they are made, those with nothing to do (None) among them.
	Changes []Change
	// Basis is a digest of all that was read from the account and of all that is wanted: a plan made again has the
	// same basis if, and only if, nothing that matters has changed since.
	Basis string

	// what Apply needs besides
	target    Target
	things    []*thing // each of the change in its place
	secrets   []string
	instances map[string]string // ids of service instances, by name
	applied   bool
}

// Done tells of one change, before (Err nil, Begun) and after it is made.
type Done struct {
	Change *Change
	Begun  bool
	Err    error
	// Wait is how long the service asked to wait, told before the wait (Err nil, not Begun); 0 of the others.
	Wait time.Duration
}
