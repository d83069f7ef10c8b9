package xurrent

import (
	"github.com/hashicorp/hcl/v2"

	"currant/steps"
)

// Upload stores a file to attach.
var Upload = planned[uploadArgs, uploadResult](steps.Kind{
	Name:       "upload",
	Effect:     steps.Idempotent, // a file that nothing refers to is gone after a while
	Connection: connectionType,
	Doc:        "Stores a file in the account, for the attachments of a mutation.",
	Examples: []steps.Example{{
		Title: "A report",
		HCL: `step "upload" "report" {
  file_name    = "report.txt"
  file_content = "All is well."
  content_type = "text/plain"
}`,
	}},
	Check: func(c *steps.Check) hcl.Diagnostics {
		diags := steps.ExactlyOne(c.Body, "file_content", "file_content_base64", "file_path", "file_url")
		diags = append(diags, notEmpty(c, "file_name")...)
		return append(diags, checkURL(c.Body, c.Args, "file_url", "http", "https")...)
	},
})

type uploadArgs struct {
	FileName          string `hcl:"file_name" doc:"The file's name."`
	FileContent       string `hcl:"file_content,optional" doc:"Its content, as text."`
	FileContentBase64 string `hcl:"file_content_base64,optional" doc:"Its content, as base64."`
	FilePath          string `hcl:"file_path,optional" doc:"A file of the blueprint."`
	FileURL           string `hcl:"file_url,optional" doc:"A web address to fetch it from."`
	ContentType       string `hcl:"content_type,optional" doc:"Its media type; by default that of the name's ending."`
}

type uploadResult struct {
	StorageKey string    `hcl:"storage_key" doc:"The key to attach the file by."`
	Size       int       `hcl:"size" doc:"Bytes."`
	RateLimit  RateLimit `hcl:"ratelimit" doc:"The account's limit of requests."`
	RequestID  string    `hcl:"request_id" doc:"The request's id, for the vendor's support."`
}
