package httpreq

import (
	"context"
	"net/http"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// connectionType is the name of the connection type.
const connectionType = "http"

// userAgent is what servers are told that we are, where the policy does not say.
const userAgent = "currant"

// Kind is the step kind "http". The policy says which addresses may be called; all steps that use no
// connection share one client.
func Kind(p outbound.Policy) *steps.Kind {
	plain := newClient(p)
	return steps.Action(steps.Kind{
		Name: "http",
		Doc: "Makes one HTTP call. An answer 429 or 503 puts the run back; any other status outside 2xx is an error, unless expect lists it. " +
			"The output is status, headers (names in lower case, repeated ones joined by a comma), body (text; of what is no text, such as an image, its Base64), " +
			"json (the body as a value, or null where it is no JSON) and duration_ms. An answer is at most 10 MiB. What repeats a secret of the request is sensitive.",
		Effect:     steps.Write,
		Connection: connectionType,
		Examples:   examples(),
		// A step with a path needs a connection, which is known before anything runs.
		WithoutConnection: func(c *steps.Check) bool { return c.Body.Attr("path") == nil },
		EffectOf:          effectOf,
		Check:             check,
		Output:            func(*steps.Check) cty.Type { return outputType() },
	}, func(ctx context.Context, c *steps.Call, a args) (cty.Value, error) {
		return do(ctx, c, &a, plain)
	})
}

type args struct {
	Method          string             `hcl:"method,optional" default:"GET" enum:"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS" doc:"The method."`
	URL             *string            `hcl:"url" doc:"The whole address (http or https). With a connection that the step names, it must have the origin of its base_url. Or write path."`
	Path            *string            `hcl:"path" doc:"The address below the connection's base_url. Or write url."`
	Query           cty.Value          `hcl:"query,optional" doc:"Query parameters: an object or map of texts, numbers, bools, or lists of them (repeated); nulls are left out."`
	Headers         map[string]*string `hcl:"headers,optional" doc:"Headers; they win over the connection's, and nulls are left out. POST and PATCH get an Idempotency-Key, the same for every attempt, unless one is written."`
	JSON            cty.Value          `hcl:"json,optional" doc:"A body of JSON: any value. At most one of json, body, form and part blocks may be written."`
	Body            *string            `hcl:"body" doc:"A body of text."`
	Form            cty.Value          `hcl:"form,optional" doc:"A body of form fields (application/x-www-form-urlencoded), as query."`
	Parts           []part             `hcl:"part,block" doc:"A field or file of a multipart body (multipart/form-data)."`
	Expect          []int              `hcl:"expect,optional" doc:"The statuses that are no error, 429 and 503 included; by default all of 200 to 299."`
	FollowRedirects int                `hcl:"follow_redirects,optional" default:"0" min:"0" max:"5" doc:"How many redirects are followed. To another origin go no credentials, and never from https to http."`
}

type part struct {
	Name        string  `hcl:"name,label" doc:"The field's name."`
	Value       *string `hcl:"value" doc:"A field's text. One of value, file_path and content is needed."`
	FilePath    *string `hcl:"file_path" doc:"A file of the blueprint's directory, streamed."`
	Content     *string `hcl:"content" doc:"A file's content, as text."`
	FileName    *string `hcl:"file_name" doc:"The file's name; by default that of file_path, or the field's name."`
	ContentType *string `hcl:"content_type" doc:"The media type; by default that of the file name's ending."`
}

// outputType is the output of a step; json is whatever the answer holds.
func outputType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"status":      cty.Number,
		"headers":     cty.Map(cty.String),
		"body":        cty.String,
		"json":        cty.DynamicPseudoType,
		"duration_ms": cty.Number,
	})
}

// effectOf is what RFC 9110 section 9.2 promises of a method.
func effectOf(args cty.Value) steps.Effect {
	method := http.MethodGet
	if v, ok := steps.Known(args, "method"); ok && v.Type() == cty.String {
		method = v.AsString()
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return steps.Read
	case http.MethodPut, http.MethodDelete:
		return steps.Idempotent
	}
	return steps.Write
}

func examples() []lang.Example {
	return []lang.Example{{
		Title: "An API behind a connection",
		HCL: `step "http" "message" {
  connection = connection.slack
  method     = "POST"
  path       = "/chat.postMessage"
  json       = { channel = "#help", text = "Done." }
}`,
	}, {
		Title: "A plain address, where not found is an answer",
		HCL: `step "http" "person" {
  url    = "https://people.example.com/v1/people"
  query  = { email = "ann@example.com", fields = ["name", "phone"] }
  expect = [200, 404]
}`,
	}, {
		Title: "A file",
		HCL: `step "http" "report" {
  method = "POST"
  url    = "https://files.example.com/upload"
  part "title" { value = "Report" }
  part "file" {
    file_path    = "reports/template.pdf"
    content_type = "application/pdf"
  }
}`,
	}}
}
