package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

func TestStorageIsAskedForOnceAMinute(t *testing.T) {
	s := serve(t)
	s.stores("local", "{}", 100)
	s.on("/bucket", answer(200, `{"key":"k"}`))
	clock := newClock()
	c := s.client(t, func(c *Config) { c.Now = clock.now })
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			clock.move(time.Minute)
		}
		if _, err := c.Upload(context.Background(), text("a.txt", "x")); err != nil {
			t.Fatal(err)
		}
		if n := len(s.to("/graphql")); n != want {
			t.Errorf("upload %d: %d queries, want %d", i, n, want)
		}
	}
}

func TestStorageThatIsNone(t *testing.T) {
	for body, want := range map[string]string{
		`{"attachmentStorage":null}`:                                                               "No attachment storage info returned",
		`{"attachmentStorage":{"uploadUri":" ","provider":"s3"}}`:                                  "No upload URI returned",
		`{"attachmentStorage":{"uploadUri":"https://x","provider":"azure"}}`:                       `"azure"`,
		`{"attachmentStorage":{"uploadUri":"https://x","provider":"s3","providerParameters":[1]}}`: "parameters",
		`{"attachmentStorage":[7]}`:                                                                "cannot be read",
	} {
		s := serve(t)
		s.on("/graphql", answer(200, `{"data":`+body+`}`))
		_, err := s.client(t).Upload(context.Background(), text("a.txt", "x"))
		failed(t, err, steps.DecodeError, want)
	}
	// Parameters within a text, and the storage is called through the guard.
	s := serve(t)
	s.stores("local", quoted(`{"b":1,"a":"2"}`), 100)
	s.on("/bucket", answer(200, `{"key":"k"}`))
	if _, err := s.client(t).Upload(context.Background(), text("a.txt", "x")); err != nil {
		t.Fatal(err)
	}
	if p := partsOf(t, s.to("/bucket")[0]); p[1].name != "b" || p[2].name != "a" {
		t.Errorf("%v", p)
	}
	s.on("/graphql", answer(200, `{"data":{"attachmentStorage":{"uploadUri":"http://169.254.169.254/x","provider":"local"}}}`))
	_, err := s.client(t).Upload(context.Background(), text("a.txt", "x"))
	failed(t, err, steps.InputError, "169.254.169.254")
}

func TestFetch(t *testing.T) {
	s := serve(t)
	s.on("/file", answer(200, "12345"))
	s.on("/away", answer(302, "", "Location", "/file"))
	s.on("/chunks", func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "123")
			_ = http.NewResponseController(w).Flush()
		}
	})
	s.on("/busy", answer(503, "", "Retry-After", "3"))
	c := s.client(t)
	for path, want := range map[string]struct {
		text string
		size int64
	}{"/file": {"12345", 5}, "/away": {"12345", 5}, "/chunks": {"123123123", -1}} {
		r, size, err := c.Fetch(context.Background(), s.URL+path, 10)
		if err != nil || size != want.size {
			t.Fatalf("%s: %d, %v", path, size, err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(b) != want.text {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
	if h := s.to("/file")[0].header; h.Get("Authorization") != "" || h.Get("X-Xurrent-Account") != "" {
		t.Errorf("%v", h)
	}
	_, _, err := c.Fetch(context.Background(), s.URL+"/file", 5)
	var large *outbound.TooLarge
	if !errors.As(err, &large) {
		t.Errorf("%v", err)
	}
	r, _, err := c.Fetch(context.Background(), s.URL+"/chunks", 9)
	if err == nil {
		_, err = io.ReadAll(r)
		r.Close()
	}
	if !errors.As(err, &large) {
		t.Errorf("%v", err)
	}
	_, _, err = c.Fetch(context.Background(), s.URL+"/none?secret=1", 10)
	if e := failed(t, err, steps.HTTPError, "404"); strings.Contains(e.Message, "secret") {
		t.Error(e)
	}
	_, _, err = c.Fetch(context.Background(), s.URL+"/busy", 10)
	putBack(t, err)
	for _, bad := range []string{"file:///etc/passwd", "http://10.0.0.1/x", "x"} {
		_, _, err = c.Fetch(context.Background(), bad, 10)
		failed(t, err, steps.InputError)
	}
}

func TestMediaType(t *testing.T) {
	for name, want := range map[string]string{"a.JPG": "image/jpeg", "a.jpeg": "image/jpeg", "a.svg": "image/svg+xml", "a.xml": "application/xml",
		"a.tar.gz": "application/octet-stream", "a": "application/octet-stream", ".pdf": "application/pdf", "a.txt": "text/plain"} {
		if got := MediaType(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzStorage(f *testing.F) {
	f.Add([]byte(`{"attachmentStorage":{"uploadUri":"x","provider":"s3","providerParameters":`+s3Parameters+`,"sizeLimit":1e400}}`), []byte(s3Answer))
	f.Fuzz(func(t *testing.T, data, answer []byte) {
		if s, err := readStorage(&Answer{Data: data}); err == nil && (s.uri == "" || s.sizeLimit <= 0) {
			t.Errorf("%+v", s)
		}
		if key := keyElement(answer); key != "" && !bytes.Contains(answer, []byte("Key")) {
			t.Errorf("a key %q of nothing", key)
		}
	})
}
