package blueprints

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func app() Resource {
	return Resource{
		Name: "app",
		Doc:  "An app offering: its texts, scopes, configuration form and automation rules. What is not written is left as it is in the account; null clears it.",
		Spec: lang.SpecOf[appArgs](),
		Examples: []lang.Example{{
			Title: "A survey",
			HCL: `app "survey" {
  name             = "Survey"
  service_instance = "Integrations"
  card_description = "Feedback after completion"
  picture          = "app/logo.svg"
  policy { algorithm = "es256" }
  scope { actions = ["request:Read", "request:Update"] }
  ui_extension {
    name = "Survey configuration"
    html = "<input id=\"form_url\">"
  }
  automation_rule "ask" {
    name      = "Ask customer to complete survey"
    record    = "request"
    trigger   = "on status update"
    condition = "completed"
    expression "completed" { value = "status = completed" }
    expression "url"       { value = "rule_app_instance.custom_fields.form_url" }
    action "note"          { value = "add note 'Please complete our [survey]({{url}})'" }
  }
}`,
		}},
		Check: checkApp,
	}
}

type appArgs struct {
	source
	Reference                   string         `hcl:"reference,optional" doc:"The app's reference, unique among all accounts; the label by default."`
	Name                        string         `hcl:"name,optional" doc:"What the app is called in the App Store. Needed to create it."`
	ServiceInstance             string         `hcl:"service_instance,optional" doc:"The name of the service instance that supports the app. Needed to create it."`
	CardDescription             string         `hcl:"card_description,optional" doc:"The text of the app's card, at most 255 characters."`
	Description                 string         `hcl:"description,optional" doc:"What the app does (markdown). Images that are files of the blueprint are uploaded."`
	Features                    string         `hcl:"features,optional" doc:"What the app can do (markdown), with images as in description."`
	Compliance                  string         `hcl:"compliance,optional" doc:"What customers should know of compliance (markdown)."`
	Picture                     string         `hcl:"picture,optional" doc:"A picture: a file of the blueprint (svg, png, jpg, gif or webp)."`
	Disabled                    *bool          `hcl:"disabled" doc:"Whether the app is not offered for new installations."`
	ConfigurationURITemplate    string         `hcl:"configuration_uri_template,optional" doc:"Where a customer is sent to configure the app after installing it; here or in a trigger, not in both."`
	OAuthAuthorizationEndpoints []string       `hcl:"oauth_authorization_endpoints,optional" doc:"Redirect endpoints of the app's authorization-code application."`
	RequiresEnabledOAuthPerson  *bool          `hcl:"requires_enabled_oauth_person" doc:"Whether the app needs an enabled OAuth person."`
	OpenIDConnectDiscovery      *bool          `hcl:"openid_connect_discovery" doc:"Whether the key of the webhook's policy is published."`
	Policy                      *appPolicy     `hcl:"policy,block" doc:"The policy of the app's webhook in each customer's account."`
	Scopes                      []scope        `hcl:"scope,block" doc:"What installations may do in the customer's account. The blocks are the whole list."`
	UIExtension                 *appExtension  `hcl:"ui_extension,block" doc:"The app's configuration form."`
	AutomationRules             []namedAppRule `hcl:"automation_rule,block" doc:"A rule that each installation creates in the customer's account. The blocks are the whole list."`
}

type appPolicy struct {
	Algorithm      string `hcl:"algorithm,optional" enum:"rs256|rs384|rs512|es256|es384|es512" doc:"How webhooks are signed."`
	Audience       string `hcl:"audience,optional" doc:"The audience that tokens name."`
	ClaimExpiresIn *int   `hcl:"claim_expires_in" min:"1" doc:"Minutes until a token expires."`
}

type scope struct {
	Actions   []string `hcl:"actions" doc:"Record types and operations, such as \"request:Read\" and \"product-category:Create\"."`
	Effect    string   `hcl:"effect,optional" default:"allow" enum:"allow|deny" doc:"Whether the actions are allowed or denied."`
	GrantType string   `hcl:"grant_type,optional" default:"client_credentials" enum:"client_credentials|authorization_code|token_exchange" doc:"For which tokens."`
}

type namedAppRule struct {
	Label string `hcl:"label,label,name" doc:"The rule's name in the blueprint."`
	appRule
}

// limits are the most characters that Xurrent takes.
var limits = map[string]int{"reference": 161, "card_description": 255, "configuration_uri_template": 255}

var pictureEndings = []string{".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"}

func checkApp(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	for _, name := range []string{"reference", "card_description", "configuration_uri_template"} {
		if s, ok := text(args, name); ok && len([]rune(s)) > limits[name] {
			diags = append(diags, invalid(b, name, "It has %d characters; %d are the most.", len([]rune(s)), limits[name]))
		}
	}
	for _, name := range []string{"name", "reference"} {
		if s, ok := text(args, name); ok && strings.TrimSpace(s) == "" {
			diags = append(diags, invalid(b, name, "It may not be empty."))
		}
	}
	if s, ok := text(args, "picture"); ok {
		diags = append(diags, checkPicture(b, s)...)
	}
	diags = append(diags, checkScopes(b, args)...)
	if x := b.Block("ui_extension"); x != nil && x.Body != nil {
		diags = append(diags, checkAppExtension(x.Body, attr(args, "ui_extension"))...)
	}
	return append(diags, checkRules(b, attr(args, "automation_rule"))...)
}

func checkPicture(b *lang.Body, file string) (diags hcl.Diagnostics) {
	clean := path.Clean(file)
	if path.IsAbs(file) || clean == ".." || strings.HasPrefix(clean, "../") {
		diags = append(diags, invalid(b, "picture", "%q is not inside the blueprint's directory.", file))
	}
	for _, ending := range pictureEndings {
		if strings.EqualFold(path.Ext(file), ending) {
			return diags
		}
	}
	return append(diags, invalid(b, "picture", "%q is no picture that Xurrent takes: %s.", file, strings.Join(pictureEndings, ", ")))
}

func checkScopes(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	values := elements(attr(args, "scope"))
	for i, s := range b.BlocksOf("scope") {
		if i >= len(values) || s.Body.Attr("actions") == nil {
			continue
		}
		actions := elements(attr(values[i], "actions"))
		if v := attr(values[i], "actions"); v != cty.NilVal && v.IsKnown() && len(actions) == 0 {
			diags = append(diags, invalid(s.Body, "actions", "A scope needs an action, such as \"request:Read\"."))
		}
		for _, a := range actions {
			if a.IsMarked() || !a.IsKnown() {
				continue
			}
			if a.IsNull() || !strings.Contains(strings.Trim(a.AsString(), ":"), ":") {
				name := "null"
				if !a.IsNull() {
					name = a.AsString()
				}
				diags = append(diags, invalid(s.Body, "actions", "%q is no action: write the record type and the operation, as in \"request:Read\".", name))
			}
		}
	}
	return diags
}
