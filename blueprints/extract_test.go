package blueprints

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"currant/steps"
	"currant/steps/xurrent/api"
)

func TestExtractGolden(t *testing.T) {
	a := anOffering()
	files := extracted(t, a)
	unchanged(t, a, files, t.TempDir())
	dir := filepath.Join("testdata", "extract")
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		golden[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(golden)); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	for name, want := range golden {
		if !bytes.Equal(files[name], want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, files[name], want)
		}
	}
	if main := files[mainFile]; !bytes.Equal(hclwrite.Format(main), main) {
		t.Error("main.hcl is not as fmt leaves it")
	}
	if slices.Contains(a.fetched[:3], "https://files.example.com/attachments/5/f.png") {
		t.Error("an image that no text shows was fetched")
	}
}

// Byte for byte, whatever stands in them.
func TestExtractedTextsAreTheAccounts(t *testing.T) {
	for name, text := range map[string]string{
		"CRLF and trailing spaces": "a  \r\n\tb \r\n\r\n",
		"templates":                "${a} $${b} %{ if c } %%{d} ~}\n",
		"heredoc markers":          "<<EOT\nEOT\n<<-\"EOT\"\n  EOT",
		"not ASCII":                "Grüße, 漢字 🍇, \u2028\u2029\u0085\u00a0, \ufeffinner\n",
		"combining":                "e\u0301\n",
		"byte order mark":          "\ufeffa\n",
		"two byte order marks":     "\ufeff\ufeffa\n",
		"controls":                 "\x01\x1b[31m\x7f\v\f\n",
		"200 KiB":                  strings.Repeat("abcdefghijklmno\n", 200<<10/16),
		"one long line":            strings.Repeat("x${", 20_000),
		"backslashes":              `\n\u0041\\"` + "\n",
		"only white space":         " \n ",
		"one character":            "a",
	} {
		t.Run(name, func(t *testing.T) {
			a := anOffering()
			a.form(map[string]any{"status": "active", "css": text, "javascript": text, "html": text})
			a.offering["compliance"] = text + "\n\n"
			files := extracted(t, a)
			mark := ""
			if strings.HasPrefix(text, byteOrderMark) {
				mark = byteOrderMark // which reading takes away
			}
			for file, want := range map[string]string{"ui/config.html": mark + text, "ui/config.css": mark + text, "ui/config.js": mark + text, "app/compliance.md": mark + text + "\n\n"} {
				if string(files[file]) != want {
					t.Errorf("%s: %.80q, want %.80q", file, files[file], want)
				}
			}
			if name != "combining" { // the language has one spelling of it
				unchanged(t, a, files, t.TempDir())
			}
		})
	}
}

func TestExtractRefusesWhatNoBlueprintHolds(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*fakeAccount)
		want string
	}{
		"NUL":         {func(a *fakeAccount) { a.offering["name"] = "a\x00b" }, "name of the app holds a NUL"},
		"NUL in html": {func(a *fakeAccount) { a.form(map[string]any{"html": "a\x00b"}) }, "html of the UI extension holds a NUL"},
		"NUL in a rule": {func(a *fakeAccount) {
			ruleOf(a)["actions"] = []any{map[string]any{"name": "a\x00", "value": "x"}}
		}, "the name of an action of the automation rule 'Tell the app' holds a NUL"},
		"too large": {func(a *fakeAccount) {
			a.form(map[string]any{"css": strings.Repeat("x", 1<<20)})
		}, "css of the UI extension has 1048576 bytes"},
		"unknown record": {func(a *fakeAccount) { ruleOf(a)["generic"] = "spaceship" }, "spaceship"},
		"unknown effect": {func(a *fakeAccount) { a.offering["scopes"].([]any)[0].(map[string]any)["effect"] = "perhaps" }, "perhaps"},
		"no text":        {func(a *fakeAccount) { a.offering["name"] = 7 }, "cannot be read"},
		"nested JSON": {func(a *fakeAccount) {
			a.form(map[string]any{"formDefinition": nested(80)})
		}, "deep"},
	} {
		t.Run(name, func(t *testing.T) {
			a := anOffering()
			tc.edit(a)
			_, err := Extract(context.Background(), a, "provider_survey", ExtractOptions{AccountID: "provider"})
			var failed *steps.Error
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
	for name, raw := range map[string]string{"not UTF-8": "{\"apps\":{\"nodes\":[{\"name\":\"\xff\"}]}}", "a lone surrogate": `{"apps":{"nodes":[{"name":"\ud800"}]}}`} {
		_, err := Extract(context.Background(), rawAccount(raw), "x", ExtractOptions{})
		if err == nil || !strings.Contains(err.Error(), "holds what no blueprint can") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// rawAccount gives one answer.
type rawAccount string

func (a rawAccount) Do(context.Context, api.Request) (*api.Answer, error) {
	return &api.Answer{Data: json.RawMessage(a)}, nil
}
func (rawAccount) Upload(context.Context, api.File) (*api.Stored, error) { return nil, nil }
func (rawAccount) Fetch(context.Context, string, int64) (io.ReadCloser, int64, error) {
	return nil, 0, nil
}

func TestExtractOfAnUnknownReference(t *testing.T) {
	a := anOffering()
	for reference, want := range map[string]string{
		"provider_survy": "Unable to find App Offering with reference 'provider_survy'. Did you mean \"provider_survey\"?",
		"chat":           "Unable to find App Offering with reference 'chat'.",
	} {
		_, err := Extract(context.Background(), a, reference, ExtractOptions{})
		var failed *steps.Error
		if !errors.As(err, &failed) || failed.Kind != steps.NotFoundError || failed.Message != want {
			t.Errorf("%v", err)
		}
	}
	if !strings.Contains(a.queries[0], "published: false") {
		t.Error("the draft is what is read")
	}
}

// The connection's credentials are asked for, and no secret is written.
func TestX3ExtractWritesNoSecret(t *testing.T) {
	a := anOffering()
	a.offering["policy"] = "hunter2"
	a.offering["webhookUriTemplate"] = "https://run.example.com/hunter2"
	files := extracted(t, a)
	for name, content := range files {
		if bytes.Contains(content, []byte("hunter2")) || bytes.Contains(content, []byte("expiringUrl")) || bytes.Contains(content, []byte("files.example.com")) {
			t.Errorf("%s: %s", name, content)
		}
	}
	for _, want := range []string{"env       = \"XURRENT_CLIENT_SECRET\"\n  sensitive = true", "client_secret = var.client_secret", "account_id    = \"provider\"", "region        = \"uk\""} {
		if !strings.Contains(string(files[mainFile]), want) {
			t.Errorf("%q is missing:\n%s", want, files[mainFile])
		}
	}
}

// The address of the app's webhook is not part of what is read: it stays as it is, and no placeholder takes its place.
func TestP79ExtractLeavesTheWebhookAddressAlone(t *testing.T) {
	a := anOffering()
	files := extracted(t, a)
	for name, content := range files {
		if bytes.Contains(content, []byte("customer_account_id={account}")) || bytes.Contains(content, []byte(placeholder)) || bytes.Contains(content, []byte("webhook_uri_template")) {
			t.Errorf("%s: %s", name, content)
		}
	}
	if !bytes.Contains(files[mainFile], []byte("configuration_uri_template    = \"https://run.example.com/{account}\"")) {
		t.Errorf("the address of the configuration page is missing:\n%s", files[mainFile])
	}
	unchanged(t, a, files, t.TempDir())
}
