package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"currant/steps"
)

// partSent is a part of a form as it came.
type partSent struct{ name, filename, contentType, value string }

func partsOf(t *testing.T, r sent) (out []partSent) {
	t.Helper()
	_, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	form := multipart.NewReader(strings.NewReader(r.body), params["boundary"])
	for {
		p, err := form.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(p)
		out = append(out, partSent{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(b)})
	}
}

// stores lets the service have a storage; fields replace those of the answer.
func (s *service) stores(provider, parameters string, limit any, extensions ...string) {
	list, _ := json.Marshal(append([]string{}, extensions...))
	size, _ := json.Marshal(limit)
	s.on("/graphql", answer(200, fmt.Sprintf(`{"data":{"attachmentStorage":{"uploadUri":%q,"provider":%q,"providerParameters":%s,"sizeLimit":%s,"allowedExtensions":%s}}}`,
		s.URL+"/bucket", provider, parameters, size, list), "X-Request-Id", "req-9", "X-Ratelimit-Limit", "60", "X-Ratelimit-Remaining", "59"))
}

const s3Parameters = `{"acl":"private","key":"attachments/5/${filename}","policy":"eyJpolicy-canary","success_action_status":201.0,"n":201,"x-amz-date":"20260101T000000Z","flag":true,"none":null,"x-amz-signature":"0123signature-canary"}`

const s3Answer = `<?xml version="1.0" encoding="UTF-8"?><PostResponse><Location>https://x/</Location><Bucket>b</Bucket><Key>attachments/5/a&amp;b &#39;1&#39;.pdf</Key><ETag>"e"</ETag></PostResponse>`

func text(name, content string) File {
	return File{Name: name, Size: int64(len(content)), Open: func(context.Context, int64) (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader(content)), int64(len(content)), nil
	}}
}

func TestP45FormOfAnUpload(t *testing.T) {
	s := serve(t)
	s.stores("s3", s3Parameters, 2147483648, "pdf")
	s.on("/bucket", answer(201, s3Answer))
	f := text(`a"b.PDF`, "the content\r\n--x")
	got, err := s.client(t).Upload(context.Background(), f)
	if err != nil || got.Key != "attachments/5/a&b '1'.pdf" || got.Size != f.Size || got.RequestID != "req-9" || *got.Rate.Remaining != 59 {
		t.Fatalf("%+v, %v", got, err)
	}
	r := s.to("/bucket")[0]
	want := []partSent{
		{"Content-Type", "", "", "application/pdf"}, {"acl", "", "", "private"}, {"key", "", "", "attachments/5/${filename}"},
		{"policy", "", "", "eyJpolicy-canary"}, {"success_action_status", "", "", "201"}, {"n", "", "", "201"},
		{"x-amz-date", "", "", "20260101T000000Z"}, {"flag", "", "", "true"}, {"none", "", "", ""},
		{"x-amz-signature", "", "", "0123signature-canary"},
		{"file", "a%22b.PDF", "application/pdf", "the content\r\n--x"},
	}
	parts := partsOf(t, r)
	if fmt.Sprint(parts) != fmt.Sprint(want) {
		t.Errorf("\n%v\n%v", parts, want)
	}
	for _, name := range []string{"Authorization", "X-Xurrent-Account", "Cookie"} {
		if r.header.Get(name) != "" {
			t.Errorf("%s went to the storage", name)
		}
	}
	if r.header.Get("Content-Length") != fmt.Sprint(len(r.body)) {
		t.Errorf("Content-Length %q of %d", r.header.Get("Content-Length"), len(r.body))
	}
	silent(t, "the upload", r.body+fmt.Sprint(r.header))
}

func TestP46StorageKey(t *testing.T) {
	for _, c := range []struct {
		provider, body string
		status         int
		key            string
	}{
		{"s3", s3Answer, 201, "attachments/5/a&b '1'.pdf"}, {"s3", s3Answer, 200, "attachments/5/a&b '1'.pdf"},
		{"s3", `<PostResponse xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>k</Key><Key>l</Key></PostResponse>`, 201, "k"},
		{"local", `{"key":"attachments/1/a.txt","other":1}`, 200, "attachments/1/a.txt"},
		{"local", `{"key":"attachments/1/a.txt"}`, 201, "attachments/1/a.txt"},
		{"s3", ``, 204, ""}, {"s3", `{"key":"x"}`, 201, ""}, {"s3", `<PostResponse><Key></Key></PostResponse>`, 201, ""},
		{"s3", `<PostResponse><Key>cut`, 201, ""}, {"local", `<Key>x</Key>`, 200, ""}, {"local", `{"key":7}`, 200, ""}, {"local", ``, 200, ""},
	} {
		s := serve(t)
		s.stores(c.provider, "null", 100)
		s.on("/bucket", answer(c.status, c.body))
		got, err := s.client(t).Upload(context.Background(), text("a.txt", "x"))
		if c.key == "" {
			failed(t, err, steps.HTTPError, "Could not extract storage key from upload response")
			continue
		}
		if err != nil || got.Key != c.key {
			t.Errorf("%s %d %s: %+v, %v", c.provider, c.status, c.body, got, err)
		}
	}
}

func TestP47FilesThatTheAccountDoesNotTake(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int
		limit any
		ends  []string
		text  string // of the refusal
	}{
		{"a.pdf", 9, 10, []string{"pdf", "csv"}, ""}, {"a.PDF", 9, 10, []string{"pdf"}, ""}, {"a.pdf", 9, 10, []string{".PDF"}, ""},
		{"a.exe", 9, 10, nil, ""}, {"noending", 9, 10, nil, ""}, {"a.pdf", 0, 10, nil, ""}, {"a.pdf", 11, nil, nil, ""},
		{"a.pdf", 10, 10, nil, "less than 10 bytes"}, {"a.pdf", 11, 10, nil, "less than 10 bytes"},
		{"a.exe", 9, 10, []string{"pdf", "csv"}, `the ending "exe"`}, {"noending", 9, 10, []string{"pdf"}, "has no ending"},
		{"a.pdf.exe", 9, 10, []string{"pdf"}, `"exe"`},
	} {
		for _, known := range []bool{true, false} {
			s := serve(t)
			s.stores("local", "null", c.limit, c.ends...)
			s.on("/bucket", answer(200, `{"key":"k"}`))
			f := text(c.name, strings.Repeat("x", c.size))
			if !known { // the size is found out by reading
				f.Size = -1
				f.Open = func(context.Context, int64) (io.ReadCloser, int64, error) {
					return io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), -1, nil
				}
			}
			got, err := s.client(t).Upload(context.Background(), f)
			if c.text != "" {
				failed(t, err, steps.InputError, c.text)
				if len(s.to("/bucket")) != 0 {
					t.Errorf("%s was sent", c.name)
				}
				continue
			}
			if err != nil || got.Size != int64(c.size) {
				t.Errorf("%+v: %+v, %v", c, got, err)
			} else if parts := partsOf(t, s.to("/bucket")[0]); len(parts[len(parts)-1].value) != c.size {
				t.Errorf("%+v: %d bytes came", c, len(parts[len(parts)-1].value))
			}
		}
	}
}

func TestUploadFailures(t *testing.T) {
	s := serve(t)
	s.stores("s3", s3Parameters, 100)
	c := s.client(t)
	s.on("/bucket", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.WriteHeader(403)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error> marked-canary 0123signature-canary eyJpolicy-canary"+string(b[:0]))
	})
	f := text("a.txt", "marked-canary")
	f.Secrets = []string{"marked-canary"}
	_, err := c.Upload(context.Background(), f)
	if e := failed(t, err, steps.HTTPError, "Upload failed (s3): 403 Forbidden", "AccessDenied"); e.Status != 403 {
		t.Error(e.Status)
	}
	silent(t, "error", textOf(err), "marked-canary", "0123signature-canary", "eyJpolicy-canary")
	for _, status := range []int{429, 503} { // no error (LANGUAGE section 3)
		s.on("/bucket", answer(status, "", "Retry-After", "9"))
		_, err = c.Upload(context.Background(), f)
		if p := putBack(t, err); p.After != 9*time.Second || p.Status != status {
			t.Errorf("%+v", p)
		}
	}
	s.on("/bucket", answer(201, s3Answer))
	before := len(s.to("/bucket"))
	for _, f := range []File{{Name: ""}, {Name: "a/b.txt"}, {Name: `a\b.txt`}, {Name: "a\n.txt"}, {Name: "a.txt", ContentType: "a\r\nX: y"}} {
		_, err := c.Upload(context.Background(), f)
		failed(t, err, steps.InputError)
	}
	if len(s.to("/bucket")) != before {
		t.Error("a bad name was sent")
	}
	for content, size := range map[string]int64{"shorter": 8, "longer": 5} {
		f := text("a.txt", content)
		f.Size = size
		f.Open = func(context.Context, int64) (io.ReadCloser, int64, error) {
			return io.NopCloser(strings.NewReader(content)), size, nil
		}
		_, err := c.Upload(context.Background(), f)
		failed(t, err, steps.InputError, "changed while it was sent")
	}
	broken := errors.New("the disk is gone")
	f = File{Name: "a.txt", Size: 5, Open: func(context.Context, int64) (io.ReadCloser, int64, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("ab"), failing{broken})), 5, nil
	}}
	_, err = c.Upload(context.Background(), f)
	failed(t, err, steps.InputError, "the disk is gone")
	f.Open = func(context.Context, int64) (io.ReadCloser, int64, error) { return nil, 0, broken }
	if _, err = c.Upload(context.Background(), f); err != broken {
		t.Errorf("%v", err)
	}
}

func TestUploadOfAFetchedFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := serve(t)
	s.stores("local", "{}", 1000)
	s.on("/bucket", answer(200, `{"key":"k"}`))
	send := func(n int, then func(http.ResponseWriter)) http.HandlerFunc { // no length is announced
		return func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", n))
			then(w)
		}
	}
	s.on("/file", send(999, func(http.ResponseWriter) {}))
	s.on("/large", send(1000, func(http.ResponseWriter) {}))
	s.on("/broken", send(10, func(w http.ResponseWriter) {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	c := s.client(t)
	from := func(path string) File {
		return File{Name: "a.txt", Size: -1, Open: func(ctx context.Context, limit int64) (io.ReadCloser, int64, error) {
			return c.Fetch(ctx, s.URL+path, limit)
		}}
	}
	if got, err := c.Upload(context.Background(), from("/file")); err != nil || got.Size != 999 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := c.Upload(context.Background(), from("/large"))
	failed(t, err, steps.InputError, "too large", "less than 1000 bytes")
	_, err = c.Upload(context.Background(), from("/broken"))
	failed(t, err, steps.NetworkError)
	if n := len(s.to("/bucket")); n != 1 {
		t.Errorf("%d uploads", n)
	}
	endless := &zeros{1 << 20}
	_, err = c.Upload(context.Background(), File{Name: "a.txt", Size: -1, Open: func(context.Context, int64) (io.ReadCloser, int64, error) {
		return io.NopCloser(endless), -1, nil
	}})
	if failed(t, err, steps.InputError, "less than 1000 bytes"); endless.left != 1<<20-1000 {
		t.Errorf("%d bytes were read of what is too large", 1<<20-endless.left)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "upload-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("files were left behind: %v", left)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// zeros is content of a size that is in no memory.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(int64(len(p)), z.left)
	if n == 0 {
		return 0, io.EOF
	}
	z.left -= n
	return int(n), nil
}

func TestLargeFileIsStreamed(t *testing.T) {
	size := int64(64 << 20)
	if os.Getenv("CURRANT_LONG") != "" {
		size = 1 << 30
	}
	s := serve(t)
	s.stores("local", "{}", 1<<31)
	var came int64
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bucket" {
			s.handle(w, r)
			return
		}
		came, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"key":"k"}`)
	})
	c := s.client(t)
	f := File{Name: "a.bin", Size: size, Open: func(context.Context, int64) (io.ReadCloser, int64, error) {
		return io.NopCloser(&zeros{size}), size, nil
	}}
	var got *Stored
	allocated := allocatedBy(func() {
		var err error
		if got, err = c.Upload(context.Background(), f); err != nil {
			t.Fatal(err)
		}
	})
	if got.Size != size || came < size || allocated > 8<<20 {
		t.Errorf("%d bytes came of %d, %d bytes were allocated", came, size, allocated)
	}
}
