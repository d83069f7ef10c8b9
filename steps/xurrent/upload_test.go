package xurrent

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// storing is a fake account with a storage.
type storing struct {
	*httptest.Server
	mu    sync.Mutex
	forms []map[string]string // name of the part to content; "type" is the file's content type
	reply http.HandlerFunc
}

func newStoring(t *testing.T, limit int, extensions string) *storing {
	t.Helper()
	s := &storing{reply: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"key":"attachments/1"}`) }}
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req-7")
		w.Header().Set("X-Ratelimit-Limit", "3600")
		w.Header().Set("X-Ratelimit-Remaining", "3599")
		w.Header().Set("X-Ratelimit-Reset", "1893456000")
		fmt.Fprintf(w, `{"data":{"attachmentStorage":{"uploadUri":"%s/storage","provider":"local","providerParameters":null,"sizeLimit":%d,"allowedExtensions":[%s]}}}`,
			s.URL, limit, extensions)
	})
	mux.HandleFunc("/storage", func(w http.ResponseWriter, r *http.Request) {
		form := map[string]string{}
		parts, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		for p, err := parts.NextPart(); err == nil; p, err = parts.NextPart() {
			b, _ := io.ReadAll(p)
			form[p.FormName()] = string(b)
			if p.FileName() != "" {
				form["name"], form["type"] = p.FileName(), p.Header.Get("Content-Type")
			}
		}
		s.mu.Lock()
		s.forms = append(s.forms, form)
		reply := s.reply
		s.mu.Unlock()
		reply(w, r)
	})
	mux.HandleFunc("/web/report.pdf", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "from the web") })
	mux.HandleFunc("/web/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 5000)) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// run runs an upload step written as in a blueprint.
func (s *storing) run(t *testing.T, dir, src string, vars map[string]cty.Value) (cty.Value, error) {
	t.Helper()
	a, err := open(Deps{Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, connectionArgs{
		AccountID: "wna-it", PersonalAccessToken: "pat-1234", GraphQLEndpoint: s.URL + "/graphql", OAuth2Endpoint: s.URL + "/token"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if vars == nil {
		vars = map[string]cty.Value{}
	}
	vars["base"] = cty.StringVal(s.URL)
	vars["none"] = cty.NullVal(cty.String)
	c, diags := bound(t, Upload.Spec(), src, vars)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return Upload.Do(t.Context(), &steps.Call{Args: c.Args, Connection: a, Dir: dir})
}

func TestUploadFromEverySource(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "a.csv"), []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ src, name, content, contentType string }{
		{`file_name = "r.txt"` + "\n" + `file_content = "All is well."`, "r.txt", "All is well.", "text/plain"},
		{`file_name = "r.txt"` + "\n" + `file_content = ""`, "r.txt", "", "text/plain"},
		{`file_name = "r.bin"` + "\n" + `file_content_base64 = "AAEC"`, "r.bin", "\x00\x01\x02", "application/octet-stream"},
		{`file_name = "r.csv"` + "\n" + `file_path = "files/a.csv"`, "r.csv", "a,b\n", "text/csv"},
		{`file_name = "r.pdf"` + "\n" + `file_url = "${base}/web/report.pdf"`, "r.pdf", "from the web", "application/pdf"},
		{`file_name = "r.txt"` + "\n" + `file_content = "x"` + "\n" + `file_path = none` + "\n" + `content_type = "text/x-log"`, "r.txt", "x", "text/x-log"},
	} {
		s := newStoring(t, 1000, "")
		v, err := s.run(t, dir, c.src, nil)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		want := cty.ObjectVal(map[string]cty.Value{
			"storage_key": cty.StringVal("attachments/1"), "size": cty.NumberIntVal(int64(len(c.content))), "request_id": cty.StringVal("req-7"),
			"ratelimit": cty.ObjectVal(map[string]cty.Value{"limit": cty.NumberIntVal(3600), "remaining": cty.NumberIntVal(3599), "reset": cty.NumberIntVal(1893456000)}),
		})
		if !v.RawEquals(want) {
			t.Errorf("%s: %#v", c.src, v)
		}
		f := s.forms[0]
		if f["file"] != c.content || f["name"] != c.name || f["type"] != c.contentType || f["Content-Type"] != c.contentType {
			t.Errorf("%s: %q", c.src, f)
		}
	}
}

func TestP47UploadStepSendsNothingThatIsRefused(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(outside, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large.txt"), []byte(strings.Repeat("x", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]struct {
		kind steps.ErrorKind
		text string
	}{
		`file_path = "../x.txt"`:               {steps.InputError, `".." is not allowed`},
		`file_path = "/etc/passwd"`:            {steps.InputError, "an absolute path is not allowed"},
		`file_path = "link.txt"`:               {steps.InputError, `file_path "link.txt"`},
		`file_path = "none.txt"`:               {steps.InputError, `file_path "none.txt"`},
		`file_path = "."`:                      {steps.InputError, `file_path "."`},
		`file_path = "large.txt"`:              {steps.InputError, "less than 1000 bytes"},
		`file_url = "${base}/web/large"`:       {steps.InputError, "too large"},
		`file_url = "${base}/web/none"`:        {steps.HTTPError, "file_url: GET from 127.0.0.1:"},
		`file_url = "http://169.254.169.254/"`: {steps.InputError, "file_url: "},
		`file_content_base64 = "not base 64"`:  {steps.InputError, "is no base64"},
		`file_content = none`:                  {steps.InputError, "exactly one of"},
	} {
		s := newStoring(t, 1000, `"txt"`)
		_, err := s.run(t, dir, `file_name = "a.txt"`+"\n"+src, nil)
		e, ok := err.(*steps.Error)
		if !ok || e.Kind != want.kind || !strings.Contains(e.Message, want.text) {
			t.Errorf("%s: %v", src, err)
		}
		if len(s.forms) != 0 {
			t.Errorf("%s: something was sent", src)
		}
		if err != nil && strings.Contains(err.Error(), dir) {
			t.Errorf("%s: a path of the machine in %v", src, err)
		}
	}
	s := newStoring(t, 1000, `"txt"`)
	if _, err := s.run(t, dir, `file_name = "a.exe"`+"\n"+`file_content = "x"`, nil); err == nil || !strings.Contains(err.Error(), `"exe"`) {
		t.Errorf("%v", err)
	}
	if _, err := s.run(t, dir, `file_name = "a.txt"`+"\n"+`file_content = "x"`, nil); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func TestUploadDoesNotEchoSecretContent(t *testing.T) {
	const canary = "content-canary-4411"
	for _, src := range []string{"file_content = s", "file_content_base64 = b"} {
		s := newStoring(t, 1000, "")
		s.reply = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, "I do not like: "+canary)
		}
		vars := func(mark func(cty.Value) cty.Value) map[string]cty.Value {
			return map[string]cty.Value{"s": mark(cty.StringVal(canary)), "b": mark(cty.StringVal(base64.StdEncoding.EncodeToString([]byte(canary))))}
		}
		src = `file_name = "a.txt"` + "\n" + src
		_, err := s.run(t, "", src, vars(lang.MarkSensitive))
		if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), outbound.Sensitive) {
			t.Errorf("%s: %v", src, err)
		}
		_, err = s.run(t, "", src, vars(func(v cty.Value) cty.Value { return v }))
		if err == nil || !strings.Contains(err.Error(), canary) {
			t.Errorf("the control, not marked: %v", err)
		}
		if s.forms[0]["file"] != canary {
			t.Errorf("the storage did not get it: %q", s.forms[0]["file"])
		}
	}
}
