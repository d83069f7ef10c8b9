package blueprints

import (
	"io/fs"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func topExtension() Resource {
	return Resource{
		Name: "ui_extension",
		Doc:  "A UI extension on its own: a form of HTML, CSS and JavaScript. What is not written is left as it is in the account; null clears it.",
		Spec: lang.SpecOf[extensionArgs](),
		Examples: []lang.Example{{
			Title: "A form for requests",
			HCL: `ui_extension "intake" {
  name     = "Intake"
  title    = "What do you need?"
  category = "request_template"
  html     = "<input id=\"what\">"
  activate = true
}`,
		}},
		Check: checkExtension,
	}
}

type extensionArgs struct {
	source
	Category string `hcl:"category" xurrent:"category,create" enum:"app_offering|contract|custom_collection|knowledge_article_template|organization|person|problem|product|product_category|project|project_task_template|release|request_template|risk|scim_user|service|service_instance|shop_article|site|task_template|team|workflow_template" doc:"What the form is for; it cannot be changed later."`
	extension
}

type appExtension struct {
	Category string `hcl:"category,optional" xurrent:"category,create" default:"app_offering" enum:"app_offering" doc:"What the form is for: of an app, \"app_offering\"."`
	extension
}

// extension is what a UI extension has wherever it stands.
type extension struct {
	Name           string    `hcl:"name,optional" xurrent:"name" doc:"The extension's name. Needed to create it."`
	Title          string    `hcl:"title,optional" xurrent:"title" doc:"The header above the form."`
	Description    string    `hcl:"description,optional" xurrent:"description,markdown" doc:"Text for administrators (markdown)."`
	Disabled       *bool     `hcl:"disabled" xurrent:"disabled" doc:"Whether it is not offered."`
	DarkModeSafe   *bool     `hcl:"dark_mode_safe" xurrent:"darkModeSafe" doc:"Whether it looks right in dark mode."`
	HTML           string    `hcl:"html,optional" xurrent:"html,text,version" doc:"The form."`
	CSS            string    `hcl:"css,optional" xurrent:"css,text,version" doc:"Its style."`
	JavaScript     string    `hcl:"javascript,optional" xurrent:"javascript,text,version" doc:"Its behaviour."`
	FormDefinition cty.Value `hcl:"form_definition,optional" xurrent:"formDefinition,text,version" doc:"A form made by the designer, instead of html."`
	Activate       *bool     `hcl:"activate" default:"true" doc:"Whether the new version becomes the active one."`
}

func checkExtension(b *lang.Body, args cty.Value, files fs.FS) (diags hcl.Diagnostics) {
	if s, ok := text(args, "name"); ok && s == "" {
		diags = append(diags, invalid(b, "name", "It may not be empty."))
	}
	if b.Attr("html") != nil && b.Attr("form_definition") != nil {
		diags = append(diags, lang.Error(b.Attr("form_definition").NameRange, "Conflicting arguments",
			"Only one of \"html\" and \"form_definition\" may be written."))
	}
	diags = append(diags, checkImages(b, args, "description", files)...)
	if s, ok := text(args, "html"); ok {
		diags = append(diags, checkForm(b, s)...)
	}
	return diags
}
