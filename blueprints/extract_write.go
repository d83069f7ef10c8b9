package blueprints

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// extraction is an offering that is being written as a blueprint.
type extraction struct {
	account Account
	waits   func(time.Duration)
	files   map[string][]byte
	paths   taken             // of all files
	images  map[string]string // paths of those that were written, by their keys on the account
}

// section is a block that is being written.
type section struct {
	*hclwrite.Body
	what string     // for messages: the rule 'Ask'
	dir  string     // of its files
	stem string     // before the names of its files
	spec *lang.Spec // what it may hold
	// listed says that it is part of a whole list, of which nothing can be left as it is in the account.
	listed bool
}

func (x *extraction) write(ctx context.Context, app node, rules []node, o ExtractOptions) error {
	f := hclwrite.NewEmptyFile()
	connectionTo(f.Body(), o)
	if err := x.app(ctx, f.Body(), app, rules); err != nil {
		return err
	}
	secretsRunbook(f.Body())
	main := formatted(f)
	if len(main) > lang.MaxFileBytes {
		return steps.Errorf(steps.InputError, "the app is too large for one file of a blueprint: its rules and texts have %d bytes, and %d (1 MiB) are the most", len(main), lang.MaxFileBytes)
	}
	x.files[mainFile] = main
	return nil
}

// connectionTo writes how the account is reached; the credentials are asked for.
func connectionTo(b *hclwrite.Body, o ExtractOptions) {
	for _, v := range []struct {
		name, env string
		sensitive bool
	}{{"client_id", "XURRENT_CLIENT_ID", false}, {"client_secret", "XURRENT_CLIENT_SECRET", true}} {
		body := b.AppendNewBlock("variable", []string{v.name}).Body()
		body.SetAttributeRaw("type", hclwrite.TokensForIdentifier("string"))
		body.SetAttributeValue("env", cty.StringVal(v.env))
		if v.sensitive {
			body.SetAttributeValue("sensitive", cty.True)
		}
		b.AppendNewline()
	}
	body := b.AppendNewBlock("connection", []string{"xurrent", "provider"}).Body()
	for _, a := range []struct{ name, value string }{{"account_id", o.AccountID}, {"client_id", ""}, {"client_secret", ""}, {"stage", o.Stage},
		{"region", o.Region}, {"graphql_endpoint", o.GraphQLEndpoint}, {"oauth2_endpoint", o.OAuth2Endpoint}, {"rest_endpoint", o.RESTEndpoint}} {
		switch {
		case strings.HasPrefix(a.name, "client_"):
			body.SetAttributeTraversal(a.name, hcl.Traversal{hcl.TraverseRoot{Name: "var"}, hcl.TraverseAttr{Name: a.name}})
		case a.value != "":
			body.SetAttributeValue(a.name, cty.StringVal(a.value))
		}
	}
	b.AppendNewline()
}

// secretsRunbook writes the runbook that a blueprint with an app needs (LANGUAGE section 4).
func secretsRunbook(b *hclwrite.Body) {
	b.AppendNewline()
	comment(b, "What a customer's installation is given arrives here, and is kept before the runbook begins.")
	body := b.AppendNewBlock("runbook", []string{"secrets"}).Body()
	raw(body, "trigger \"secrets_changed\" {}\n\n")
	step := body.AppendNewBlock("step", []string{"log", "kept"}).Body()
	raw(step, "message = \"The secrets of ${trigger.customer_account_id} for ${trigger.app_reference} are kept.\"\n")
}

func (x *extraction) app(ctx context.Context, b *hclwrite.Body, app node, rules []node) error {
	label := taken{}.label(app.text("reference"), "app")
	spec := lang.SpecOf[appArgs]()
	s := section{Body: b.AppendNewBlock("app", []string{label}).Body(), what: "the app", dir: "app", spec: spec}
	if err := x.columns(ctx, s, appTable, app, nil); err != nil {
		return err
	}
	if version := app.child("uiExtensionVersion"); version != nil {
		s.AppendNewline()
		form := section{Body: s.AppendNewBlock("ui_extension", nil).Body(), what: "the UI extension", dir: "ui", spec: spec.Block("ui_extension").Spec}
		if err := x.form(ctx, form, version); err != nil {
			return err
		}
	}
	labels := taken{}
	byPosition(rules)
	place := int64(0)
	for _, rule := range rules {
		s.AppendNewline()
		label := labels.label(rule.text("name"), "rule")
		r := section{Body: s.AppendNewBlock("automation_rule", []string{label}).Body(), what: fmt.Sprintf("the automation rule '%s'", rule.text("name")),
			dir: "rules", stem: label + "-", spec: spec.Block("automation_rule").Spec, listed: true}
		place = r.place(rule, place)
		if err := x.columns(ctx, r, appRuleTable, rule, nil); err != nil {
			return err
		}
	}
	return nil
}

// form writes the version of a UI extension that an app shows.
func (x *extraction) form(ctx context.Context, s section, version node) error {
	content := maps.Clone(version)
	switch status := version.text("status"); {
	case status == "archived":
		comment(s.Body, "The app shows an archived version of the form, which cannot be edited: its html, css and javascript are left out.")
		content = nil
	case !empty(version["formDefinition"]) && version.text("html") != "":
		comment(s.Body, "The html was made by the designer and is left out: the form_definition says it all.")
		delete(content, "html")
	}
	if err := x.columns(ctx, s, appExtensionTable, version.child("uiExtension"), content); err != nil {
		return err
	}
	if status := version.text("status"); status == "archived" || status == "being_prepared" {
		s.SetAttributeValue("activate", cty.False)
	}
	return nil
}

// place writes the place of a rule where the order in the file does not say it: one that follows the rule before
// keeps its place by itself.
func (s section) place(rule node, last int64) int64 {
	place, ok := rule["position"].(int64)
	switch {
	case !ok:
		return last
	case place > last || place < 1:
		delete(rule, "position")
	}
	return place
}
