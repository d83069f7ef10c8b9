package compile

import (
	"io/fs"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// rootArgs are the top-level blocks of a blueprint, besides resources (LANGUAGE section 2).
type rootArgs struct {
	Blueprint   *blueprintArgs      `hcl:"blueprint,block" doc:"What the blueprint is."`
	Variables   []lang.VariableArgs `hcl:"variable,block" doc:"A value that whoever runs the blueprint gives."`
	Locals      []localsArgs        `hcl:"locals,block" doc:"Named values."`
	Connections []lang.Deferred     `hcl:"connection,block" labels:"type name" doc:"A service that steps call."`
	Runbooks    []lang.Deferred     `hcl:"runbook,block" labels:"name" doc:"A trigger and a sequence of steps."`
}

type blueprintArgs struct {
	Name            string `hcl:"name,label,optional,name"`
	Description     string `hcl:"description,optional,literal" doc:"Text for people."`
	RequiredVersion string `hcl:"required_version,optional,literal" doc:"Which versions of Currant may read the blueprint, such as \">= 0.1\"."`
}

type localsArgs struct {
	Values cty.Value `hcl:"values,remain"`
}

type runbookArgs struct {
	runbookHead
	Trigger     lang.Deferred   `hcl:"trigger,block" labels:"kind" doc:"What starts a run."`
	States      []stateArgs     `hcl:"state,block" doc:"A value of the run that steps may set."`
	Connections []lang.Deferred `hcl:"connection,block" labels:"type name" doc:"A connection local to the run; it may use the run's values."`
	Outputs     []outputArgs    `hcl:"output,block" doc:"A result of the run."`
	Steps       lang.Steps      `hcl:",steps"`
}

type runbookHead struct {
	Description string        `hcl:"description,optional,literal" doc:"Text for people."`
	Enabled     bool          `hcl:"enabled,optional,static" default:"true" doc:"Whether events start runs."`
	Concurrency string        `hcl:"concurrency,optional,static" default:"unlimited" enum:"unlimited|per_runbook|per_context" doc:"How many runs go on at once."`
	Timeout     time.Duration `hcl:"timeout,optional,static" default:"7d" min:"1ms" doc:"Limit of a whole run, waiting included."`
	Retention   time.Duration `hcl:"retention,optional,static" default:"30d" doc:"Finished runs are pruned after this."`
}

type stateArgs struct {
	Name    string              `hcl:"name,label,name"`
	Type    lang.TypeConstraint `hcl:"type,optional" doc:"A type constraint; the default's type without one."`
	Default cty.Value           `hcl:"default,optional,static" doc:"The value at the run's begin."`
}

type outputArgs struct {
	Name        string    `hcl:"name,label,name"`
	Value       lang.Expr `hcl:"value" doc:"The value, from the run's steps."`
	Description string    `hcl:"description,optional,literal" doc:"Text for people."`
	Sensitive   bool      `hcl:"sensitive,optional,literal" doc:"Whether the value is masked wherever it is shown."`
}

var (
	runbookSpec = lang.SpecOf[runbookArgs]()
	// headSpec is a runbook's arguments without its blocks, which are evaluated elsewhere.
	headSpec = lang.SpecOf[runbookHead]()
)

// Resource is a top-level block that deployment knows: app, ui_extension, automation_rule.
type Resource struct {
	Name, Doc string
	Spec      *lang.Spec
	// Check looks at a block beyond what types say. files is the blueprint's directory, nil where it is not to be
	// looked at: what a run began with is not checked against the files of today.
	Check func(body *lang.Body, args cty.Value, files fs.FS) hcl.Diagnostics
	// Inputs are the elements of an app's configuration form by their ids, and whether each is a secret; nil where
	// the form is not known. Nil of other kinds.
	Inputs func(args cty.Value) map[string]bool
}

// rootSpec is the spec of a whole blueprint. Resources are bound by name like connections.
func rootSpec(resources []Resource) *lang.Spec {
	s := lang.SpecOf[rootArgs]()
	extra := &lang.Spec{}
	for _, r := range resources {
		extra.Blocks = append(extra.Blocks, &lang.BlockSpec{Name: r.Name, Doc: r.Doc, Multiple: true, Optional: true, Deferred: true,
			Spec: &lang.Spec{Labels: []*lang.Label{{Name: "name", IsName: true}}}})
	}
	return s.With(extra)
}
