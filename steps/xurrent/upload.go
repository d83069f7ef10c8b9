package xurrent

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// Upload stores a file to attach.
var Upload = steps.Action(steps.Kind{
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
}, upload)

type uploadArgs struct {
	FileName          string  `hcl:"file_name" doc:"The file's name."`
	FileContent       *string `hcl:"file_content" doc:"Its content, as text."`
	FileContentBase64 *string `hcl:"file_content_base64" doc:"Its content, as base64."`
	FilePath          *string `hcl:"file_path" doc:"A file of the blueprint."`
	FileURL           *string `hcl:"file_url" doc:"A web address to fetch it from."`
	ContentType       string  `hcl:"content_type,optional" doc:"Its media type; by default that of the name's ending."`
}

type uploadResult struct {
	StorageKey string    `hcl:"storage_key" doc:"The key to attach the file by."`
	Size       int       `hcl:"size" doc:"Bytes."`
	RateLimit  RateLimit `hcl:"ratelimit" doc:"The account's limit of requests."`
	RequestID  string    `hcl:"request_id" doc:"The request's id, for the vendor's support."`
}

func upload(ctx context.Context, c *steps.Call, a uploadArgs) (uploadResult, error) {
	account, ok := c.Connection.(*Account)
	if !ok {
		return uploadResult{}, steps.Errorf(steps.InputError, "an upload needs a connection of type xurrent")
	}
	client := account.Client()
	file, err := a.file(c, client)
	if err != nil {
		return uploadResult{}, err
	}
	stored, err := client.Upload(ctx, file)
	if err != nil {
		return uploadResult{}, err
	}
	return uploadResult{
		StorageKey: stored.Key,
		Size:       int(stored.Size),
		RateLimit:  rateLimitOf(stored.Rate),
		RequestID:  stored.RequestID,
	}, nil
}

// file is what the step says to store.
func (a *uploadArgs) file(c *steps.Call, client *api.Client) (api.File, error) {
	f := api.File{Name: a.FileName, ContentType: a.ContentType, Size: -1, Secrets: c.Secrets}
	sources := 0
	for _, s := range []*string{a.FileContent, a.FileContentBase64, a.FilePath, a.FileURL} {
		if s != nil {
			sources++
		}
	}
	if sources != 1 {
		return f, steps.Errorf(steps.InputError, "exactly one of file_content, file_content_base64, file_path and file_url may be other than null")
	}
	content := ""
	switch {
	case a.FilePath != nil:
		return f, localFile(&f, c.Dir, *a.FilePath)
	case a.FileURL != nil:
		f.Open = fetched(client, *a.FileURL)
		return f, nil
	case a.FileContent != nil:
		content = *a.FileContent
	default:
		b, err := base64.StdEncoding.DecodeString(*a.FileContentBase64)
		if err != nil {
			return f, steps.Errorf(steps.InputError, "file_content_base64 is no base64") // the cause would quote it
		}
		content = string(b)
		if slices.Contains(c.Secrets, *a.FileContentBase64) {
			f.Secrets = append(slices.Clone(c.Secrets), content)
		}
	}
	f.Size = int64(len(content))
	f.Open = func(context.Context, int64) (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader(content)), int64(len(content)), nil
	}
	return f, nil
}

// fetched opens a file of the web.
func fetched(client *api.Client, address string) func(context.Context, int64) (io.ReadCloser, int64, error) {
	return func(ctx context.Context, limit int64) (io.ReadCloser, int64, error) {
		content, size, err := client.Fetch(ctx, address, limit)
		var large *outbound.TooLarge
		var failed *steps.Error
		switch {
		case errors.As(err, &large):
			return nil, 0, steps.Errorf(steps.InputError, "file_url: the file is too large: the account takes files of less than %d bytes", limit)
		case errors.As(err, &failed):
			return nil, 0, &steps.Error{Kind: failed.Kind, Status: failed.Status, Message: "file_url: " + failed.Message}
		}
		return content, size, err
	}
}

// localFile opens a file below the blueprint's directory, through no link that leads out of it.
func localFile(f *api.File, dir, rel string) error {
	invalid := func(err error) error {
		return steps.Errorf(steps.InputError, "file_path %q: %s", rel, plainReason(err))
	}
	if dir == "" {
		return invalid(errors.New("files cannot be read here"))
	}
	full, err := lang.ConfinePath(dir, rel)
	if err != nil {
		return invalid(err)
	}
	base, err := lang.ConfinePath(dir, ".")
	if err != nil {
		return invalid(err)
	}
	name, err := filepath.Rel(base, full)
	if err != nil {
		return invalid(errors.New("it cannot be found in the blueprint's directory"))
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return invalid(err)
	}
	defer root.Close()
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return invalid(err)
	case !info.Mode().IsRegular():
		return invalid(errors.New("it is no regular file"))
	}
	f.Size = info.Size()
	f.Open = func(context.Context, int64) (io.ReadCloser, int64, error) {
		root, err := os.OpenRoot(base)
		if err != nil {
			return nil, 0, invalid(err)
		}
		defer root.Close()
		r, err := root.Open(name)
		if err != nil {
			return nil, 0, invalid(err)
		}
		return r, info.Size(), nil
	}
	return nil
}

// plainReason is a file's error without the path: messages have the path as it was written.
func plainReason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// rateLimitOf is a limit as outputs have it.
func rateLimitOf(l api.Limit) (out RateLimit) {
	number := func(n *int64) *int {
		if n == nil {
			return nil
		}
		i := int(*n)
		return &i
	}
	out.Limit, out.Remaining = number(l.Limit), number(l.Remaining)
	if !l.Reset.IsZero() {
		reset := int(l.Reset.Unix())
		out.Reset = &reset
	}
	return out
}
