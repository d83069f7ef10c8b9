package blueprints

import (
	"io/fs"
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
		Check:  checkApp,
		Inputs: appInputs,
	}
}

type appArgs struct {
	source
	Reference                   string         `hcl:"reference,optional" xurrent:"reference" doc:"The app's reference, unique among all accounts; the label by default."`
	Name                        string         `hcl:"name,optional" xurrent:"name" doc:"What the app is called in the App Store. Needed to create it."`
	ServiceInstance             string         `hcl:"service_instance,optional" xurrent:"serviceInstance,named" doc:"The name of the service instance that supports the app. Needed to create it."`
	CardDescription             string         `hcl:"card_description,optional" xurrent:"cardDescription" doc:"The text of the app's card, at most 255 characters."`
	Description                 string         `hcl:"description,optional" xurrent:"description,markdown" doc:"What the app does (markdown). Images that are files of the blueprint are uploaded."`
	Features                    string         `hcl:"features,optional" xurrent:"features,markdown" doc:"What the app can do (markdown), with images as in description."`
	Compliance                  string         `hcl:"compliance,optional" xurrent:"compliance,markdown" doc:"What customers should know of compliance (markdown)."`
	Picture                     string         `hcl:"picture,optional" xurrent:"pictureUri,picture" doc:"A picture: a file of the blueprint (svg, png, jpg, gif or webp)."`
	Disabled                    *bool          `hcl:"disabled" xurrent:"disabled" doc:"Whether the app is not offered for new installations."`
	ConfigurationURITemplate    string         `hcl:"configuration_uri_template,optional" xurrent:"configurationUriTemplate" doc:"Where a customer is sent to configure the app after installing it; here or in a trigger, not in both."`
	OAuthAuthorizationEndpoints []string       `hcl:"oauth_authorization_endpoints,optional" xurrent:"oauthAuthorizationEndpoints" doc:"Redirect endpoints of the app's authorization-code application."`
	RequiresEnabledOAuthPerson  *bool          `hcl:"requires_enabled_oauth_person" xurrent:"requiresEnabledOauthPerson" doc:"Whether the app needs an enabled OAuth person."`
	OpenIDConnectDiscovery      *bool          `hcl:"openid_connect_discovery" xurrent:"openidConnectDiscovery" doc:"Whether the key of the webhook's policy is published."`
	Policy                      *appPolicy     `hcl:"policy,block" doc:"The policy of the app's webhook in each customer's account."`
	Scopes                      []scope        `hcl:"scope,block" xurrent:"scopes,input=newScopes,ids" doc:"What installations may do in the customer's account. The blocks are the whole list."`
	UIExtension                 *appExtension  `hcl:"ui_extension,block" xurrent:"-" doc:"The app's configuration form."`
	AutomationRules             []namedAppRule `hcl:"automation_rule,block" xurrent:"-" doc:"A rule that each installation creates in the customer's account. The blocks are the whole list."`
}

type appPolicy struct {
	Algorithm      string `hcl:"algorithm,optional" xurrent:"policyJwtAlg" enum:"rs256|rs384|rs512|es256|es384|es512" doc:"How webhooks are signed."`
	Audience       string `hcl:"audience,optional" xurrent:"policyJwtAudience" doc:"The audience that tokens name."`
	ClaimExpiresIn *int   `hcl:"claim_expires_in" xurrent:"policyJwtClaimExpiresIn" min:"1" doc:"Minutes until a token expires."`
}

type scope struct {
	Actions   []string `hcl:"actions" xurrent:"actions" doc:"Record types and operations, such as \"request:Read\" and \"product-category:Create\"."`
	Effect    string   `hcl:"effect,optional" xurrent:"effect" default:"allow" enum:"allow|deny" doc:"Whether the actions are allowed or denied."`
	GrantType string   `hcl:"grant_type,optional" xurrent:"grantType" default:"client_credentials" enum:"client_credentials|authorization_code|token_exchange" doc:"For which tokens."`
}

type namedAppRule struct {
	Label string `hcl:"label,label,name" doc:"The rule's name in the blueprint."`
	appRule
}

// limits are the most characters that Xurrent takes.
var limits = map[string]int{"reference": 161, "card_description": 255, "configuration_uri_template": 255}

func checkApp(b *lang.Body, args cty.Value, files fs.FS) (diags hcl.Diagnostics) {
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
		diags = append(diags, checkPicture(b, s, files)...)
	}
	for _, name := range []string{"description", "features", "compliance"} {
		diags = append(diags, checkImages(b, args, name, files)...)
	}
	diags = append(diags, checkScopes(b, args)...)
	if x := b.Block("ui_extension"); x != nil && x.Body != nil {
		diags = append(diags, checkExtension(x.Body, attr(args, "ui_extension"), files)...)
	}
	return append(diags, checkRules(b, attr(args, "automation_rule"))...)
}
