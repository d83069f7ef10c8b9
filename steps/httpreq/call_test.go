package httpreq

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// received is a request as it arrived.
type received struct {
	method, uri string
	header      http.Header
	body        string
	length      int64
}

// recorder answers with 200 and keeps the last request.
func recorder(t testing.TB) (*httptest.Server, *atomic.Pointer[received]) {
	last := &atomic.Pointer[received]{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		last.Store(&received{r.Method, r.RequestURI, r.Header, string(b), r.ContentLength})
	})
	return s, last
}

func TestArguments(t *testing.T) {
	s, last := recorder(t)
	v := vars("base", str(s.URL), "n", cty.MustParseNumberVal("12345678901234567890.5"), "t", cty.True)
	conn := opened(t, `
base_url = "${var.base}/v1/"
headers  = { Accept = "application/json", X-Conn = "c", X-Null = null }
timeout  = "20s"
auth "bearer" { token = "conn-token" }`, v)
	for _, tc := range []struct {
		src, method, uri, body string
		conn                   bool
		headers                map[string]string // "-" is absent
	}{
		{src: `url = var.base`, method: "GET", uri: "/", headers: map[string]string{"User-Agent": "currant", "Authorization": "-", "Idempotency-Key": "-", "Content-Type": "-"}},
		{src: `url = "${var.base}/a%20b/ü?x=1"`, method: "GET", uri: "/a%20b/%C3%BC?x=1"},
		{src: "url = \"${var.base}/?x=1\"\nquery = { b = [1, \"two\", null, true], a = null, c = \"a&b=c ü\", n = var.n, e = \"\" }", method: "GET",
			uri: "/?x=1&b=1&b=two&b=true&c=a%26b%3Dc+%C3%BC&e=&n=12345678901234567890.5"},
		{src: "url = var.base\nquery = toset([\"x\"]) == null ? null : { s = toset([\"b\", \"a\"]) }", method: "GET", uri: "/?s=a&s=b"},
		{src: "url = var.base\nmethod = \"HEAD\"", method: "HEAD", uri: "/"},
		{src: "url = var.base\nmethod = \"OPTIONS\"", method: "OPTIONS", uri: "/"},
		{src: "url = var.base\nmethod = \"DELETE\"", method: "DELETE", uri: "/", headers: map[string]string{"Idempotency-Key": "-"}},
		{src: "url = var.base\nmethod = \"PUT\"\nbody = \"text\"", method: "PUT", uri: "/", body: "text", headers: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Idempotency-Key": "-"}},
		{src: "url = var.base\nmethod = \"POST\"", method: "POST", uri: "/", headers: map[string]string{"Idempotency-Key": "run-1/step", "Content-Length": "0", "Content-Type": "-"}},
		{src: "url = var.base\nmethod = \"PATCH\"\njson = { n = var.n, l = [1, null, \"<ü>\"], t = var.t }", method: "PATCH", uri: "/",
			body: `{"l":[1,null,"<ü>"],"n":12345678901234567890.5,"t":true}`, headers: map[string]string{"Content-Type": "application/json", "Idempotency-Key": "run-1/step"}},
		{src: "url = var.base\nmethod = \"POST\"\njson = \"text\"\nheaders = { Idempotency-key = \"mine\", content-type = \"application/vnd.api+json\", X-None = null }", method: "POST", uri: "/",
			body: `"text"`, headers: map[string]string{"Content-Type": "application/vnd.api+json", "Idempotency-Key": "mine", "X-None": "-"}},
		{src: "url = var.base\nmethod = \"POST\"\nform = { b = [1, 2], a = \"x y&z\", c = null }", method: "POST", uri: "/", body: "a=x+y%26z&b=1&b=2",
			headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{src: "url = var.base\nmethod = \"POST\"\njson = null\nbody = \"b\"", method: "POST", uri: "/", body: "b"},
		{conn: true, src: `path = "/users"`, method: "GET", uri: "/v1/users", headers: map[string]string{"Authorization": "Bearer conn-token", "X-Conn": "c", "X-Null": "-", "Accept": "application/json"}},
		{conn: true, src: `path = "users/a@b:c/../x?y=1#z"`, method: "", uri: ""},
		{conn: true, src: `path = "users//a@b:c?y=../z#frag"`, method: "GET", uri: "/v1/users//a@b:c?y=../z"},
		{conn: true, src: `path = "?q=1"`, method: "GET", uri: "/v1/?q=1"},
		{conn: true, src: `path = ""`, method: "GET", uri: "/v1/"},
		{conn: true, src: `path = "//evil.example/x"`, method: "GET", uri: "/v1/evil.example/x"},
		{conn: true, src: `path = "@evil.example/x"`, method: "GET", uri: "/v1/@evil.example/x"},
		{conn: true, src: "path = \"/x\"\nheaders = { x-conn = \"mine\", Authorization = \"Basic x\", accept = null }", method: "GET", uri: "/v1/x",
			headers: map[string]string{"X-Conn": "mine", "Authorization": "Basic x", "Accept": "application/json"}},
		{conn: true, src: `url = "${var.base}/other"`, method: "GET", uri: "/other", headers: map[string]string{"Authorization": "Bearer conn-token"}},
	} {
		f := fixture{vars: v}
		if tc.conn {
			f.conn = conn
		}
		if tc.method == "" {
			f.fails(t, tc.src, steps.InputError, "path:")
			continue
		}
		out := f.ok(t, tc.src)
		got := last.Load()
		if got.method != tc.method || got.uri != tc.uri || got.body != tc.body {
			t.Errorf("%s:\ngot  %s %s %q\nwant %s %s %q", tc.src, got.method, got.uri, got.body, tc.method, tc.uri, tc.body)
		}
		for name, want := range tc.headers {
			values, ok := got.header[name]
			if want == "-" && ok || want != "-" && !slices.Equal(values, []string{want}) {
				t.Errorf("%s: header %s is %q, want %q", tc.src, name, values, want)
			}
		}
		if !out["status"].RawEquals(cty.NumberIntVal(200)) {
			t.Errorf("%s: status %#v", tc.src, out["status"])
		}
	}
}

func TestArgumentsFailAtRun(t *testing.T) {
	s, _ := recorder(t)
	v := vars("base", str(s.URL), "null", cty.NullVal(cty.String), "bad", str("line\nbreak"), "obj", object("a", object("b", str("x"))))
	conn := opened(t, `base_url = var.base`, v)
	for _, tc := range []struct {
		src, want string
		conn      bool
	}{
		{src: `path = "/x"`, want: "path needs a connection"},
		{src: `url = var.null`, want: "both null"},
		{src: `url = "gopher://x"`, want: "url: "},
		{src: "url = var.base\nquery = var.obj", want: `query: "a" holds a value of type object`},
		{src: "url = var.base\nform = var.obj", want: `form: "a" holds`},
		{src: "url = var.base\nheaders = { A = var.bad }", want: "line break"},
		{src: "url = var.base\nexpect = [99]", want: "99 is no HTTP status"},
		{src: "url = var.base\nmethod = \"POST\"\npart \"a\" { value = var.null }", want: "exactly one of value"},
		{src: "url = var.base\nmethod = \"POST\"\npart \"a\" {\ncontent = \"\"\ncontent_type = var.bad\n}", want: "line break"},
		{conn: true, src: `url = "https://example.com/x"`, want: "https://example.com:443 is not that of the connection's base_url, " + s.URL},
		{conn: true, src: `url = "` + strings.Replace(s.URL, "http:", "https:", 1) + `"`, want: "is not that of the connection's base_url"},
		{conn: true, src: `path = "a/../../b"`, want: "may not hold"},
	} {
		f := fixture{vars: v}
		if tc.conn {
			f.conn = conn
		}
		f.fails(t, tc.src, steps.InputError, tc.want)
	}
}

func TestMultipart(t *testing.T) {
	s, last := recorder(t)
	dir := t.TempDir()
	big := strings.Repeat("0123456789", 200_000)
	for name, content := range map[string]string{"in/big.bin": big, "in/a.json": "{}", "../out.txt": "no"} {
		p := filepath.Join(dir, "bp", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	bp := filepath.Join(dir, "bp")
	if err := errors.Join(os.Symlink(filepath.Join(dir, "out.txt"), filepath.Join(bp, "leads-out")), os.Symlink("in/a.json", filepath.Join(bp, "leads-in"))); err != nil {
		t.Fatal(err)
	}
	v := vars("base", str(s.URL))
	f := fixture{vars: v, dir: bp}
	f.ok(t, `
method = "POST"
url    = var.base
part "title" { value = "Ünïcode" }
part "big" {
  file_path    = "in/big.bin"
  content_type = "application/x-big"
}
part "re\"port" { file_path = "leads-in" }
part "inline" {
  content   = "a,b"
  file_name = "x.csv"
}
part "bare" { content = "text" }`)
	got := last.Load()
	_, params, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if got.length != int64(len(got.body)) {
		t.Errorf("Content-Length is %d of %d bytes", got.length, len(got.body))
	}
	type field struct{ name, file, typ, body string }
	var fields []field
	for r := multipart.NewReader(strings.NewReader(got.body), params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(p)
		fields = append(fields, field{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(b)})
	}
	want := []field{
		{"title", "", "", "Ünïcode"},
		{"big", "big.bin", "application/x-big", big},
		{"re%22port", "leads-in", "application/octet-stream", "{}"},
		{"inline", "x.csv", mime.TypeByExtension(".csv"), "a,b"},
		{"bare", "bare", "text/plain; charset=utf-8", "text"},
	}
	if want[3].typ == "" {
		want[3].typ = "text/plain; charset=utf-8"
	}
	if !slices.Equal(fields, want) {
		t.Errorf("got %.300q, want %.300q", fields, want)
	}
	for path, why := range map[string]string{"../out.txt": `".."`, "/etc/passwd": "absolute", "leads-out": "leads out", "none": "", "in": "no regular file"} {
		f.fails(t, "method = \"POST\"\nurl = var.base\npart \"a\" { file_path = \""+path+"\" }", steps.InputError, why)
	}
	fixture{vars: v}.fails(t, "method = \"POST\"\nurl = var.base\npart \"a\" { file_path = \"x\" }", steps.InputError, "files cannot be read here")
}

func TestFileThatChangesIsNoBody(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := findFile(dir, "f")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("after!!"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := openSegments([]segment{{text: []byte("x")}, {file: f}})
	if b, err := io.ReadAll(r); err == nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestPutBack(t *testing.T) {
	var after atomic.Value
	var status atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if a := after.Load().(string); a != "" {
			w.Header().Set("Retry-After", a)
		}
		w.WriteHeader(int(status.Load()))
	})
	f := fixture{vars: vars("base", str(s.URL))}
	for _, code := range []int{429, 503} {
		status.Store(int64(code))
		for header, want := range map[string]time.Duration{"": time.Minute, "7": 7 * time.Second, "0": time.Minute, "soon": time.Minute,
			noon.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, noon.Add(-time.Second).Format(http.TimeFormat): time.Minute} {
			after.Store(header)
			_, err := f.call(t, "url = \"${var.base}/x\"\nmethod = \"POST\"")
			var back *steps.PutBack
			if !errors.As(err, &back) || back.After != want || back.Status != code || !strings.Contains(back.Reason, fmt.Sprintf("POST %s/x: answered %d %s", s.URL, code, http.StatusText(code))) {
				t.Errorf("%d %q: %#v", code, header, err)
			}
		}
		out := f.ok(t, "url = var.base\nexpect = [200, 429, 503]")
		if n, _ := out["status"].AsBigFloat().Int64(); int(n) != code {
			t.Errorf("expected status: %v", out["status"])
		}
	}
}

func TestExpect(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		code := map[string]int{"/201": 201, "/204": 204, "/302": 302, "/404": 404, "/500": 500}[r.URL.Path]
		if code == 302 {
			w.Header().Set("Location", "/elsewhere?token=canary-location")
		}
		w.WriteHeader(code)
		if code >= 400 {
			_, _ = io.WriteString(w, "line one\nline two \x1b[31m"+strings.Repeat("x", 1000))
		}
	})
	f := fixture{vars: vars("base", str(s.URL))}
	f.ok(t, `url = "${var.base}/201"`)
	f.ok(t, `url = "${var.base}/204"`)
	f.ok(t, "url = \"${var.base}/404\"\nexpect = [404]")
	f.fails(t, "url = \"${var.base}/201\"\nexpect = [200]", steps.HTTPError, "answered 201 Created")
	failed := f.fails(t, `url = "${var.base}/500?q=1&token=canary"`, steps.HTTPError, "GET "+s.URL+"/500?q=1&token=[REDACTED]: answered 500 Internal Server Error: line one\\nline two \\x1b[31mxxx")
	if failed.Status != 500 || strings.Contains(failed.Message, "canary") || len(failed.Message) > 500 || !failed.Retryable(nil) {
		t.Errorf("%#v", failed)
	}
	failed = f.fails(t, `url = "${var.base}/302"`, steps.HTTPError, "a redirect to "+s.URL+"/elsewhere?token=[REDACTED]; follow_redirects = 1 follows it")
	if failed.Status != 302 || failed.Retryable(nil) {
		t.Errorf("%#v", failed)
	}
}

func TestTimeouts(t *testing.T) {
	block := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-block:
		case <-r.Context().Done():
		}
	})
	defer close(block)
	v := vars("base", str(s.URL))
	f := fixture{vars: v, conn: opened(t, "base_url = var.base\ntimeout = \"30ms\"", v)}
	failed := f.fails(t, `path = "/"`, steps.TimeoutError, "no complete answer within 30ms")
	if !failed.Retryable(nil) {
		t.Error("a timeout is retried")
	}
	// The step's own timeout is the context's, and wins both ways.
	ctx, cancel := contextWith(t, 60*time.Millisecond)
	defer cancel()
	f.ctx = ctx
	start := time.Now()
	f.fails(t, `path = "/"`, steps.TimeoutError, "no complete answer in time")
	if time.Since(start) < 50*time.Millisecond {
		t.Error("the connection's timeout was used")
	}
	ctx, cancel = contextWith(t, time.Hour)
	cancel()
	f.ctx = ctx
	f.fails(t, `path = "/"`, steps.CancelledError, "cancelled")
}

func TestNetworkErrors(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	broken := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	})
	f := fixture{vars: vars("closed", str(closed.URL), "broken", str(broken.URL))}
	f.fails(t, `url = var.closed`, steps.NetworkError, "connection refused")
	failed := f.fails(t, "url = var.broken\nmethod = \"POST\"", steps.NetworkError, "closed the connection")
	if !failed.Retryable(nil) {
		t.Error("a network error is retried")
	}
}

// A write is not sent a second time because a kept connection broke: nobody knows whether it was done.
func TestWritesAreNotRepeatedUnseen(t *testing.T) {
	var posts, gets atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			gets.Add(1)
			return
		}
		posts.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	})
	v := vars("base", str(s.URL))
	f := fixture{vars: v, conn: opened(t, `base_url = var.base`, v)}
	f.ok(t, `path = "/"`) // leaves a connection to be used again
	f.fails(t, "path = \"/\"\nmethod = \"POST\"\njson = { a = 1 }", steps.NetworkError, "")
	if posts.Load() != 1 {
		t.Errorf("%d posts", posts.Load())
	}
}

func TestKeyText(t *testing.T) {
	for key, want := range map[string]string{"run-1/a[2]/b": "run-1/a[2]/b", "a b": "", "ü": "", "a\nb": "", strings.Repeat("x", 300): ""} {
		got := keyText(key)
		if want != "" && got != want || want == "" && len(got) != 64 {
			t.Errorf("%q: %q", key, got)
		}
	}
	if keyText("ü") == keyText("ä") {
		t.Error("same key for two steps")
	}
}
