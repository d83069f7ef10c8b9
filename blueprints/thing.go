package blueprints

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// record is a type of record on an account.
type record struct {
	name string // in mutations and their payloads: appOffering
	typ  string // in the names of input types: AppOffering
}

// The types of records.
var (
	offeringRecord  = &record{name: "appOffering", typ: "AppOffering"}
	extensionRecord = &record{name: "uiExtension", typ: "UiExtension"}
	ruleRecord      = &record{name: "automationRule", typ: "AutomationRule"}
	appRuleRecord   = &record{name: "appOfferingAutomationRule", typ: "AppOfferingAutomationRule"}
)

// The kinds of changes.
const (
	kindApp       = "app"
	kindExtension = "ui_extension"
	kindRule      = "automation_rule"
)

// thing is one record: what is wanted of it and what is on the account.
type thing struct {
	record *record
	table  *table
	change Change
	wishes []*wish
	// sourceID is what it is found by, and gets when it is created; "" of the rules of an app.
	sourceID string
	app      *thing // that it belongs to

	// What is on the account.
	node node   // nil: nothing is
	id   string // "" until it is created
	// differ are the wishes that are not fulfilled.
	differ []*wish
	// digests are of what is wanted, to be remembered.
	digests map[string]string
	// double says that another record is what the block says, and only that one is remembered.
	double bool

	// Of an app: what belongs to it. shared says that others may change its rules at the same time, for it was there
	// before.
	extension *thing
	rules     []*thing
	shared    bool
	had       []string // ids of its rules, with those that were created

	// Of a UI extension: whether a new version becomes the active one, whether the app is to show another version
	// than it does, and which one is active.
	activate, link bool
	active         string
}

// marker stands for a rule among what is remembered of its app.
func (t *thing) marker() string {
	return strings.TrimPrefix(t.change.Address, t.app.change.Address+".")
}

// at is where a field of the block is written, or else the block.
func (t *thing) at(path string) hcl.Range {
	if w := wishFor(t.wishes, path); w != nil {
		return w.at
	}
	return t.change.Range
}

// call names the thing, which is called as its block is labelled until then: as wanted, or as it is called on the
// account. A name that is sensitive, or was when it was applied, is not shown.
func (t *thing) call(last map[string]string) {
	w := wishFor(t.wishes, "name")
	if w != nil && w.sensitive {
		return
	}
	if name := t.node.text("name"); name != "" && last["name"] != concealed {
		t.change.Name = name
	}
	if name := wishText(t.wishes, "name"); name != "" {
		t.change.Name = name
	}
}
