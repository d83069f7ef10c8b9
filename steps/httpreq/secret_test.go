package httpreq

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// echoing answers with everything that it was sent, in a way that the path chooses.
func echoing(t *testing.T) string {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		all := fmt.Sprintf("%s %s\n", r.Method, r.RequestURI)
		for name, values := range r.Header {
			all += name + ": " + strings.Join(values, ", ") + "\n"
			for _, v := range values {
				if _, token, ok := strings.Cut(v, " "); ok {
					all += token + "\n"
				}
			}
		}
		all += string(b)
		q, _ := url.QueryUnescape(r.RequestURI)
		all += q
		w.Header().Set("X-Echo", strings.NewReplacer("\n", " ", "\r", " ").Replace(all))
		mode := r.URL.Path
		switch {
		case strings.Contains(mode, "put-back"):
			w.Header().Set("Retry-After", strings.ReplaceAll(all, "\n", " "))
			w.WriteHeader(429)
		case strings.Contains(mode, "redirect"):
			w.Header().Set("Location", "/x/"+url.PathEscape(all)+"?q="+url.QueryEscape(all))
			w.WriteHeader(302)
		case strings.Contains(mode, "elsewhere"):
			w.Header().Set("Location", "ftp://"+r.Header.Get("X-Secret")+"/"+url.PathEscape(all))
			w.WriteHeader(302)
		case strings.Contains(mode, "large"):
			w.Header().Set("X-Large", strings.Repeat("x", 70_000))
		case strings.Contains(mode, "decode"):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"a":%q,"a":%q}`, all, all)
			return
		case strings.Contains(mode, "reset"):
			c, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(c, "HTTP/1.1 200 "+strings.ReplaceAll(all, "\n", " ")+"\r\nBroken "+all+"\r\n\r\n")
			c.Close()
			return
		default:
			w.WriteHeader(400)
		}
		_, _ = io.WriteString(w, all)
	})
	return s.URL
}

// Thirty canaries, through every failing path, in none of the errors.
func TestX3NoSecretInErrors(t *testing.T) {
	base := echoing(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	var canaries []string
	attrs := map[string]cty.Value{}
	for i := range 30 {
		c := fmt.Sprintf("canary%02d-%x \"<ü>\\&/%d", i, i*7919+100_000, i)
		if i%2 == 0 {
			c = fmt.Sprintf("canary%02d-%x", i, i*7919+100_000)
		}
		canaries = append(canaries, c)
		attrs[fmt.Sprintf("s%d", i)] = secret(c)
	}
	attrs["pin"] = lang.MarkSensitive(cty.NumberIntVal(7777712345))
	canaries = append(canaries, "7777712345")
	attrs["base"], attrs["closed"] = str(base), str(closed.URL)
	attrs["url"] = secret(base + "/hooks/canary-hook-T01/canary-hook-B02?x=canary-hook-q")
	attrs["host"] = secret("http://canary-host.invalid/x")
	attrs["blocked"] = secret("http://10.99.98.97/canary-blocked")
	attrs["bad"] = secret("canary-scheme://x")
	canaries = append(canaries, "canary-hook", "canary-host", "10.99.98.97", "canary-blocked", "canary-scheme")
	v := vars()
	v["var"] = cty.ObjectVal(attrs)
	known := outbound.NewSecrets(canaries...)

	connections := map[string]*Client{"none": nil}
	for name, auth := range map[string]string{
		"bearer":  `auth "bearer" { token = var.s0 }`,
		"basic":   "auth \"basic\" {\nusername = var.s2\npassword = var.s3\n}",
		"api_key": "auth \"api_key\" {\nheader = \"X-Key\"\nvalue = var.s4\n}\nheaders = { X-More = \"more ${var.s6}\" }",
	} {
		connections[name] = opened(t, "base_url = var.base\n"+auth, v)
	}
	connections["hidden"] = opened(t, `base_url = "${var.base}/${var.s8}"`, v)
	connections["gone"] = opened(t, "base_url = var.closed\nauth \"bearer\" { token = var.s0 }", v)
	connections["oauth2"] = opened(t, "base_url = var.base\nauth \"oauth2\" {\ntoken_url = \"${var.base}/${var.s10}\"\nclient_id = \"i\"\nclient_secret = var.s11\n}", v)

	bodies := []string{
		"",
		"query = { a = var.s12, token = \"plain\", b = [var.s13, \"x${var.s14}y\"], pin = var.pin }",
		"headers = { X-Secret = var.s16, X-Other = \"Key ${var.s18}\" }",
		"method = \"POST\"\njson = { a = var.s20, \"${nonsensitive(\"k\")}\" = [{ b = \"in ${var.s21}\" }], pin = var.pin }",
		"method = \"POST\"\nbody = \"text ${var.s22} and ${var.s23}\"",
		"method = \"POST\"\nform = { a = var.s24, b = [var.s25] }",
		"method = \"POST\"\npart \"a\" { value = var.s26 }\npart \"b\" {\ncontent = var.s27\nfile_name = \"n${var.s28}\"\n}",
		"method = \"POST\"\npart \"a\" { file_path = var.s29 }",
	}
	targets := []string{"path = \"/bad/${var.s15}\""}
	for _, mode := range []string{"bad", "put-back", "redirect", "elsewhere", "large", "decode", "reset"} {
		targets = append(targets, `path = "/`+mode+`/x"`, "path = \"/"+mode+"/${urlencode(var.s17)}\"\nfollow_redirects = 2")
	}
	alone := []string{"url = var.url", "url = var.url\nfollow_redirects = 1", "url = var.host", "url = var.blocked", "url = var.bad",
		"url = \"${var.base}/bad?token=${urlencode(var.s19)}\"", "url = \"${var.closed}/${urlencode(var.s19)}\""}

	failures, n, dir, kind := 0, 0, t.TempDir(), Kind(loopback())
	try := func(f fixture, src string) {
		n++
		_, err := f.call(t, src)
		if err == nil {
			return
		}
		failures++
		if text := messageOf(err); known.Contains([]byte(text)) {
			t.Errorf("%s:\n%s", src, text)
		}
	}
	for name, conn := range connections {
		for _, target := range targets {
			if conn == nil {
				target = strings.Replace(target, `path = "`, `url = "${var.base}`, 1)
			}
			for _, body := range bodies {
				try(fixture{vars: v, conn: conn, dir: dir, kind: kind}, target+"\n"+body)
			}
		}
		for _, target := range alone {
			if conn == nil || name == "bearer" {
				for _, body := range bodies {
					try(fixture{vars: v, conn: conn, dir: dir, kind: kind}, target+"\n"+body)
				}
			}
		}
	}
	if failures < n*9/10 {
		t.Errorf("only %d of %d calls failed: the test looks at too little", failures, n)
	}
	t.Logf("%d errors of %d calls", failures, n)
}

// messageOf is all text of an error that people may see.
func messageOf(err error) string {
	text := fmt.Sprintf("%s %v", err, err)
	var failed *steps.Error
	if errors.As(err, &failed) {
		text += failed.Message
	}
	var back *steps.PutBack
	if errors.As(err, &back) {
		text += back.Reason
	}
	return text
}

// A secret that an excerpt would cut in two is covered whole.
func TestX3ExcerptCutsNoSecret(t *testing.T) {
	for before := 270; before < 300; before++ {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, strings.Repeat("x", before)+r.Header.Get("X-Secret")+"tail")
		})
		f := fixture{vars: vars("base", str(s.URL), "s", secret("canary-0123456789-0123456789-0123456789"))}
		failed := f.fails(t, "url = var.base\nheaders = { X-Secret = var.s }", steps.HTTPError, "answered 400")
		if strings.Contains(failed.Message, "canary") || strings.Contains(failed.Message, "0123") {
			t.Fatalf("%d: %s", before, failed.Message)
		}
	}
}

func TestMessagesKeepWhatIsNotSecret(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(400) })
	f := fixture{vars: vars("base", str(s.URL), "s", secret("123"))}
	f.fails(t, "url = \"${var.base}/users/7\"\nquery = { name = \"ann\", pin = var.s }", steps.HTTPError,
		"GET "+s.URL+"/users/7?name=ann&pin=[REDACTED]: answered 400 Bad Request")
	f.fails(t, "url = \"${var.base}/users/${var.s}\"", steps.HTTPError, "GET (sensitive URL): answered 400")
	f.conn = opened(t, `base_url = var.base`, f.vars)
	f.fails(t, "path = \"/users/${var.s}\"", steps.HTTPError, "GET "+s.URL+"/(sensitive): answered 400")
}

func TestSecretsOfTexts(t *testing.T) {
	for text, want := range map[string][]string{
		"short":                 {"short"},
		"Bearer abc123def456":   {"Bearer abc123def456", "abc123def456"},
		"a note in plain words": {"a note in plain words"},
		"https://hooks.example.com/services/T0123456/xyzzyxyzzyxyzzyx?key=12345678": {
			"https://hooks.example.com/services/T0123456/xyzzyxyzzyxyzzyx?key=12345678", "/services/T0123456/xyzzyxyzzyxyzzyx", "T0123456", "xyzzyxyzzyxyzzyx", "12345678"},
	} {
		s := newSecrets([]string{text})
		if fmt.Sprint(s.texts) != fmt.Sprint(want) {
			t.Errorf("%q: %q", text, s.texts)
		}
	}
	if newSecrets(nil).in([]byte("x")) || newSecrets([]string{"hooks"}).with("https://h.example/x").in([]byte("see h.example")) {
		t.Error("what is no secret was found")
	}
	if got := redactor(nil, newSecrets([]string{"https://h.example/x"})).Redact("call to h.example:443"); strings.Contains(got, "h.example") {
		t.Error(got)
	}
}
