package httpreq

import (
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// answering is a server that sends one answer, and a call of it.
func answering(t *testing.T, contentType, body string, headers ...string) fixture {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		_, _ = io.WriteString(w, body)
	})
	return fixture{vars: vars("base", str(s.URL))}
}

func TestOutput(t *testing.T) {
	object := cty.ObjectVal(map[string]cty.Value{"n": cty.MustParseNumberVal("9007199254740993"), "l": cty.TupleVal([]cty.Value{cty.True})})
	const text = `{"n":9007199254740993,"l":[true]}`
	null := cty.NullVal(cty.DynamicPseudoType)
	png := "\x89PNG\r\n\x1a\n"
	for _, tc := range []struct {
		contentType, body, want string
		json                    cty.Value
	}{
		{"application/json", text, text, object},
		{"application/json; charset=utf-8", "\ufeff" + text, "\ufeff" + text, object},
		{"application/hal+json", text, text, object},
		{"text/plain", " " + text, " " + text, object},
		{"", "[]", "[]", cty.EmptyTupleVal},
		{"application/json", `"x"`, `"x"`, cty.StringVal("x")},
		{"application/json", "null", "null", null},
		{"application/json", "", "", null},
		{"application/json", "<html>", "<html>", null},
		{"application/json", `{"a":`, `{"a":`, null},
		{"text/plain", "true", "true", null},
		{"text/plain", "[see below]", "[see below]", null},
		{"text/html", "<p>Grüße</p>", "<p>Grüße</p>", null},
		{"text/html; charset=ISO-8859-1", "Gr\xfc\xdfe \x80", "Grüße €", null},
		{"text/csv", "Gr\xfc\xdfe", "Gr\ufffd\ufffde", null}, // one place for a run of bytes is fine; see below
		{"image/png", png, base64.StdEncoding.EncodeToString([]byte(png)), null},
		{"image/svg+xml", "<svg/>", "<svg/>", null},
		{"application/pdf", "%PDF", base64.StdEncoding.EncodeToString([]byte("%PDF")), null},
		{"application/octet-stream", png, base64.StdEncoding.EncodeToString([]byte(png)), null},
		{"application/octet-stream", "plain", "plain", null},
	} {
		out := answering(t, tc.contentType, tc.body).ok(t, `url = var.base`)
		got := out["body"].AsString()
		if strings.ReplaceAll(got, "\ufffd\ufffd", "\ufffd") != strings.ReplaceAll(tc.want, "\ufffd\ufffd", "\ufffd") {
			t.Errorf("%s %q: body %q, want %q", tc.contentType, tc.body, got, tc.want)
		}
		if !out["json"].RawEquals(tc.json) {
			t.Errorf("%s %q: json %#v", tc.contentType, tc.body, out["json"])
		}
		if n, _ := out["duration_ms"].AsBigFloat().Int64(); n < 0 || n > 60_000 {
			t.Errorf("duration %d", n)
		}
		if !cty.ObjectVal(out).Type().AttributeType("headers").Equals(cty.Map(cty.String)) {
			t.Error("headers are no map of texts")
		}
	}
}

func TestOutputHeaders(t *testing.T) {
	out := answering(t, "text/plain", "x", "X-Multi", "a", "X-Multi", "b, c", "x-lower", "v", "X-Latin", "caf\xe9", "X-Empty", "").ok(t, `url = var.base`)
	for name, want := range map[string]string{"x-multi": "a, b, c", "x-lower": "v", "x-latin": "caf\ufffd", "x-empty": "", "content-type": "text/plain", "content-length": "1"} {
		v, ok := out["headers"].AsValueMap()[name]
		if !ok || v.AsString() != want {
			t.Errorf("%s: %#v", name, v)
		}
	}
	head := answering(t, "application/json", "").ok(t, "url = var.base\nmethod = \"HEAD\"")
	if head["body"].AsString() != "" || !head["json"].IsNull() {
		t.Errorf("%#v", head)
	}
}

func TestH3LimitsOfJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for body, want := range map[string]string{
		nested(63):                              "",
		nested(64):                              "",
		nested(65):                              "nested more than 64 deep",
		`{"n":` + strings.Repeat("9", 40) + `}`: "",
		`{"canary":` + strings.Repeat("9", 41) + `}`: "digits",
		`{"n":1e308}`:                              "",
		`{"n":1e309}`:                              "exponent",
		`{"canary":1,"canary":2}`:                  "this name stands twice",
		`"` + strings.Repeat("x", 100) + `"`:       "",
		`["\ud800"]`:                               "lone surrogate",
		"[" + strings.Repeat("0,", 500_000) + "0]": "more than 500000 values",
	} {
		f := answering(t, "application/json", body)
		if want == "" {
			f.ok(t, `url = var.base`)
			continue
		}
		failed := f.fails(t, `url = var.base`, steps.DecodeError, want)
		if failed.Status != 200 || strings.Contains(failed.Message, "canary") || !strings.Contains(failed.Message, "GET http://127.0.0.1") {
			t.Errorf("%#v", failed)
		}
		// Only an answer that says that it is JSON must be JSON of ours.
		out := answering(t, "text/plain", body).ok(t, `url = var.base`)
		if !out["json"].IsNull() {
			t.Errorf("%.40s: %#v", body, out["json"])
		}
	}
}

func TestS6LimitOfBodies(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			chunk := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(chunk); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/small":
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"a":1}`)
			_ = z.Close()
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}
	})
	f := fixture{vars: vars("base", str(s.URL))}
	for _, path := range []string{"/gzip", "/endless"} {
		failed := f.fails(t, fmt.Sprintf("url = \"${var.base}%s\"", path), steps.HTTPError, "larger than the limit of 10 MiB")
		if failed.Retryable(nil) {
			t.Errorf("%#v", failed)
		}
	}
	if out := f.ok(t, `url = "${var.base}/small"`); !out["json"].RawEquals(cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(1)})) {
		t.Errorf("%#v", out)
	}
}

// What repeats a secret that was sent is sensitive, and nothing else is.
func TestX3EchoIsMarked(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Has("header") {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			_, _ = io.WriteString(w, `{"ok":true}`)
			return
		}
		fmt.Fprintf(w, `{"auth":%q,"body":%q,"query":%q}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), base64.StdEncoding.EncodeToString(b), r.URL.Query().Get("q"))
	})
	v := vars("base", str(s.URL), "s", secret("canary-echo-value"), "n", lang.MarkSensitive(cty.NumberIntVal(87654321)))
	conn := opened(t, "base_url = var.base\nauth \"bearer\" { token = var.s }", v)
	for _, tc := range []struct {
		src    string
		conn   bool
		body   bool
		header bool
	}{
		{src: "url = var.base\nquery = { q = \"x\" }"},
		{src: "url = var.base\nquery = { q = var.s }", body: true},
		{src: "url = \"${var.base}?q=${var.s}\"", body: true},
		{src: "url = var.base\nquery = { q = [\"a-${var.s}\"] }", body: true},
		{src: "url = var.base\nmethod = \"POST\"\njson = { deep = [{ s = var.s }] }", body: true},
		{src: "url = var.base\nmethod = \"POST\"\njson = { pin = var.n }", body: true},
		{src: "url = var.base\nmethod = \"POST\"\nform = { s = var.s }", body: true},
		{src: "url = var.base\nmethod = \"POST\"\nbody = \"secret: ${var.s}\"", body: true},
		{src: "url = var.base\nmethod = \"POST\"\npart \"s\" { value = var.s }", body: true},
		{src: "url = var.base\nheaders = { Authorization = \"Bearer ${var.s}\" }", body: true},
		{src: `path = "/"`, conn: true, body: true},
		{src: "path = \"/\"\nquery = { header = 1 }", conn: true, header: true},
		{src: "path = \"/\"\nquery = { header = 1 }\nheaders = { Authorization = \"public\" }", conn: true},
	} {
		f := fixture{vars: v}
		if tc.conn {
			f.conn = conn
		}
		out := f.ok(t, tc.src)
		if lang.HasMark(out["body"]) != tc.body || lang.HasMark(out["json"]) != tc.body {
			t.Errorf("%s: body %v, json %v", tc.src, lang.HasMark(out["body"]), lang.HasMark(out["json"]))
		}
		for name, value := range out["headers"].AsValueMap() {
			if lang.HasMark(value) != (tc.header && name == "x-echo") {
				t.Errorf("%s: header %s is marked: %v", tc.src, name, lang.HasMark(value))
			}
		}
		shown, err := lang.ToJSON(cty.ObjectVal(out))
		if err != nil || strings.Contains(string(shown), "canary") {
			t.Errorf("%s: %s, %v", tc.src, shown, err)
		}
	}
}
