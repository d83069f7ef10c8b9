package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"
)

// storageQuery asks for the upload form.
type storageInfo struct {
	UploadURI          string `json:"uploadUri"`
	Provider           string
	ProviderParameters map[string]json.RawMessage
	SizeLimit          int64
	AllowedExtensions  []string
}

func (s *service) storageInfo() storageInfo {
	s.Helper()
	var out struct {
		Data struct{ AttachmentStorage storageInfo }
	}
	s.query("{attachmentStorage{uploadUri provider providerParameters sizeLimit allowedExtensions}}").decode(s.T, &out)
	return out.Data.AttachmentStorage
}

// uploadForm is the form that the vendor sends; change may spoil it.
func (info storageInfo) form(t *testing.T, name, content string, change func(fields *[][2]string)) (body, media string) {
	t.Helper()
	fields := [][2]string{{"Content-Type", "text/csv"}}
	for key, value := range info.ProviderParameters {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		fields = append(fields, [2]string{key, text})
	}
	fields = append(fields, [2]string{"file", content})
	if change != nil {
		change(&fields)
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, f := range fields {
		var err error
		if f[0] == "file" {
			w, fileErr := form.CreateFormFile("file", name)
			if err = fileErr; err == nil {
				_, err = w.Write([]byte(f[1]))
			}
		} else {
			err = form.WriteField(f[0], f[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), form.FormDataContentType()
}

func TestP46UploadToS3AnswersKey(t *testing.T) {
	s := start(t, Options{})
	info := s.storageInfo()
	if info.Provider != "s3" || info.SizeLimit != 2147483648 || info.AllowedExtensions == nil || string(info.ProviderParameters["success_action_status"]) != "201" {
		t.Fatalf("storage: %+v", info)
	}
	body, media := info.form(t, "a & b.csv", "one;two\n", nil)
	a := s.do("POST", info.UploadURI, body, "Content-Type", media)
	a.is(t, 201, "<PostResponse>", "a &amp; b.csv</Key>")
	var out struct{ Key string }
	if err := xml.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.Key, "attachments/") || !strings.HasSuffix(out.Key, "/a & b.csv") {
		t.Errorf("the key is %q", out.Key)
	}
	link := s.sim.ExpiringURL(out.Key)
	file := s.do("GET", link, "")
	file.is(t, 200)
	file.head(t, "Content-Type", "text/csv")
	if file.body != "one;two\n" {
		t.Errorf("the file is %q", file.body)
	}
	s.do("GET", strings.Replace(link, "csv", "txt", 1), "").is(t, 403)
	s.sim.Advance(15 * time.Minute)
	s.do("GET", link, "").is(t, 403, "expired")
	if size, ok := s.sim.store.exists(out.Key); size != 8 || !ok {
		t.Errorf("exists: %d, %v", size, ok)
	}
	if s.sim.ExpiringURL("attachments/none") != "" {
		t.Error("a link to no file")
	}
}

func TestP46UploadToLocalAnswersKey(t *testing.T) {
	s := start(t, Options{Storage: "local"})
	info := s.storageInfo()
	if info.Provider != "local" || info.SizeLimit != 20971520 || info.ProviderParameters != nil {
		t.Fatalf("storage: %+v", info)
	}
	body, media := info.form(t, "a.csv", "one", nil)
	a := s.do("POST", info.UploadURI, body, "Content-Type", media)
	a.is(t, 200, `"key":"attachments/`)
	var out struct{ Key string }
	a.decode(t, &out)
	s.do("GET", s.sim.ExpiringURL(out.Key), "").is(t, 200, "one")
}

func TestP45UploadForm(t *testing.T) {
	s := start(t, Options{})
	info := s.storageInfo()
	body, media := info.form(t, "a.csv", "one", nil)
	s.do("POST", info.UploadURI, body, "Content-Type", media).is(t, 201)

	set := func(name, value string) func(*[][2]string) {
		return func(fields *[][2]string) {
			for i := range *fields {
				if (*fields)[i][0] == name {
					(*fields)[i][1] = value
				}
			}
		}
	}
	for name, c := range map[string]struct {
		change func(fields *[][2]string)
		text   string
	}{
		"a field after the file": {func(f *[][2]string) { *f = append(*f, [2]string{"acl", "private"}) }, "must be the last"},
		"the form after the file": {func(f *[][2]string) {
			last := len(*f) - 1
			*f = append([][2]string{(*f)[last]}, (*f)[:last]...)
		}, "policy before the file"},
		"no file":          {func(f *[][2]string) { *f = (*f)[:len(*f)-1] }, "exactly one file"},
		"no content type":  {set("Content-Type", ""), "Content-Type"},
		"201.0":            {set("success_action_status", "201.0"), `success_action_status must be "201"`},
		"another key":      {set("key", "other/${filename}"), "the field key must be"},
		"another policy":   {set("policy", "e30="), "signature"},
		"a field is twice": {func(f *[][2]string) { *f = append([][2]string{{"acl", "private"}}, *f...) }, "given twice"},
		"a long field":     {set("acl", strings.Repeat("x", maxField+1)), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			body, media := info.form(t, "a.csv", "one", c.change)
			a := s.do("POST", info.UploadURI, body, "Content-Type", media)
			a.is(t, a.status, "<Error>")
			if a.status != 400 && a.status != 403 || !strings.Contains(strings.ReplaceAll(a.body, "&#34;", `"`), c.text) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	s.do("POST", info.UploadURI, body, "Content-Type", media, "Authorization", "Bearer pat-1").is(t, 400, "auth mechanism")
	s.do("POST", info.UploadURI, body[:len(body)-10], "Content-Type", media).is(t, 400, "cannot be read")
	s.do("POST", info.UploadURI, body, "Content-Type", "text/csv").is(t, 412)
	s.do("POST", info.UploadURI, body, "Content-Type", media).is(t, 201)

	// What was sent is on record, without the content.
	var out struct{ Requests []recorded }
	s.control("GET", "/sim/requests?path=/storage/", nil, &out)
	got := out.Requests[len(out.Requests)-1]
	if n := len(got.Fields); n != 11 || got.Fields[0] != "Content-Type" || got.Fields[n-1] != "file" || got.Body != "" || got.Size != 3 {
		t.Errorf("on record: %+v", got)
	}
	s.sim.Advance(2 * time.Hour)
	s.do("POST", info.UploadURI, body, "Content-Type", media).is(t, 403, "expired")
}

func TestP47SizeAndExtension(t *testing.T) {
	s := start(t, Options{SizeLimit: 10, Extensions: []string{"csv", "png"}})
	info := s.storageInfo()
	if info.SizeLimit != 10 || fmt.Sprint(info.AllowedExtensions) != "[csv png]" {
		t.Errorf("storage: %+v", info)
	}
	for _, c := range []struct {
		name    string
		content int
		status  int
	}{{"a.csv", 9, 201}, {"a.CSV", 0, 201}, {"a.csv", 10, 400}, {"a.csv", 11, 400}, {"a.txt", 1, 400}, {"csv", 1, 400}} {
		body, media := info.form(t, c.name, strings.Repeat("x", c.content), nil)
		if a := s.do("POST", info.UploadURI, body, "Content-Type", media); a.status != c.status {
			t.Errorf("%s of %d bytes: %d %s", c.name, c.content, a.status, a.body)
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	store := newStore()
	content := make([]byte, maxFilesKept/4)
	for i := range 5 {
		store.put(&file{key: fmt.Sprint(i), size: int64(len(content)), content: content})
	}
	oldest, _ := store.get("0")
	newest, _ := store.get("4")
	if _, kept := store.count(); kept != maxFilesKept || !oldest.lost || newest.lost {
		t.Errorf("%d bytes are kept, the oldest lost: %v, the newest: %v", kept, oldest.lost, newest.lost)
	}
	store.put(&file{key: "4", size: 1, content: []byte("x")})
	if _, kept := store.count(); kept != maxFilesKept/4*3+1 {
		t.Errorf("%d bytes after a file was replaced", kept)
	}
}
