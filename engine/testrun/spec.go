package testrun

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// fileArgs are the blocks of a *.test.hcl file (LANGUAGE section 7).
type fileArgs struct {
	Tests []testArgs `hcl:"test,block" doc:"One run of a runbook, and what must come of it."`
}

type testArgs struct {
	Name          string             `hcl:"name,label" doc:"What the test shows."`
	Runbook       lang.Ref           `hcl:"runbook,optional,runbook" doc:"The runbook, as runbook.NAME; may be left out when the blueprint has exactly one."`
	Variables     cty.Value          `hcl:"variables,optional,literal" doc:"Values of variables, by name. They win over all other sources."`
	Now           string             `hcl:"now,optional,literal" doc:"When the run begins, as \"2026-01-31T12:00:00Z\"; the present by default."`
	Timeout       time.Duration      `hcl:"timeout,optional,literal" default:"30s" min:"1ms" doc:"How long the test may take, in real time."`
	Installations []installationArgs `hcl:"installation,block" doc:"A customer of an app: its account has the app installed on the simulated account, and has sent credentials and secrets."`
	Trigger       *triggerArgs       `hcl:"trigger,block" doc:"The trigger's output; what is left out is null. Without it, and without request, the run begins as one that a person starts without input."`
	Request       *requestArgs       `hcl:"request,block" doc:"A request to the runbook's endpoint, instead of trigger: it goes through the trigger's parsing and checks."`
	Mocks         []mockArgs         `hcl:"mock,block" doc:"What a step answers instead of being executed. Several of one step answer its first call, its second, and so on; the last one answers all further calls."`
	Expects       []expectArgs       `hcl:"expect,block" doc:"How a step must have been called."`
	Asserts       []assertArgs       `hcl:"assert,block" doc:"What must be true of the run."`
}

type installationArgs struct {
	Customer     string            `hcl:"customer,label" doc:"The customer's account id."`
	App          string            `hcl:"app_reference,optional" doc:"The app's reference; the blueprint's only app by default."`
	Secrets      map[string]string `hcl:"secrets,optional" doc:"What the customer has typed into secret fields of the app's form, by name."`
	CustomFields cty.Value         `hcl:"custom_fields,optional" doc:"The other fields of the form: an object."`
	Disabled     bool              `hcl:"disabled,optional" default:"false" doc:"Whether the installation is disabled."`
}

type triggerArgs struct {
	Output cty.Value `hcl:"output,remain" doc:"An attribute of the trigger's output."`
}

type requestArgs struct {
	Method      string            `hcl:"method,optional" default:"POST" doc:"The method."`
	Headers     map[string]string `hcl:"headers,optional" doc:"The headers. A body that is no text is sent as application/json, unless they say otherwise."`
	QueryParams map[string]string `hcl:"query_params,optional" doc:"The parameters of the address."`
	URLPostfix  string            `hcl:"url_postfix,optional" doc:"The path below the endpoint."`
	Body        cty.Value         `hcl:"body,optional" doc:"The body: a text as it is, any other value as JSON."`
}

// mockArgs are bound as a spec; their values are evaluated for each call, in which they see it as call.
type mockArgs struct {
	Step    string    `hcl:"step,label" doc:"The step's name; RUNBOOK.STEP for a step of a runbook that is called."`
	Output  lang.Expr `hcl:"output,optional" doc:"The step's output. Attributes that are left out are null."`
	Records lang.Expr `hcl:"records,optional" doc:"Of a step that gets its items page by page: the items."`
	Error   lang.Expr `hcl:"error,optional" doc:"An error, { kind, message, status }: the step fails with it, or is put back by an answer 429 or 503 that it does not expect. null is none: what stands beside it is the answer."`
	Delay   lang.Expr `hcl:"delay,optional" doc:"How long the call takes, in simulated time, such as \"5m\"."`
}

type expectArgs struct {
	Step      string    `hcl:"step,label" doc:"The step's name; RUNBOOK.STEP for a step of a runbook that is called."`
	Count     *int      `hcl:"count,literal" min:"0" doc:"How often the step was called; at least once without it. Attempts count, put-backs and pages do not."`
	Index     int       `hcl:"index,optional,literal" default:"0" min:"0" doc:"Which call the arguments are of, from 0."`
	Arguments lang.Expr `hcl:"arguments,optional" doc:"Arguments of the call; others may be there, and objects may hold more."`
}

type assertArgs struct {
	Condition    lang.Expr `hcl:"condition" doc:"Must be true. It sees run."`
	ErrorMessage lang.Expr `hcl:"error_message,optional" doc:"What is said otherwise."`
}

var (
	fileSpec    = lang.SpecOf[fileArgs]()
	testSpec    = fileSpec.Block("test").Spec
	installSpec = testSpec.Block("installation").Spec
	requestSpec = testSpec.Block("request").Spec
	expectSpec  = testSpec.Block("expect").Spec
)
