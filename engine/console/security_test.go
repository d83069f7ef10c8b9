package console

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"currant/engine/journal"
)

var update = flag.Bool("update", false, "rewrite golden files")

// certificate makes a self-signed one for a name.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// Settings that would let others in are refused before anything listens.
func TestW4Listen(t *testing.T) {
	cert, key := certificate(t)
	e := newRig(t, shop, nil).e
	for _, c := range []struct {
		listen, cert, key string
		hosts             []string
		ok                bool
	}{
		{"127.0.0.1:0", "", "", nil, true},
		{"localhost:0", "", "", nil, true},
		{"[::1]:0", "", "", nil, true},
		{"127.9.9.9:0", "", "", nil, true},
		{"0.0.0.0:0", cert, key, []string{"runner.example.com"}, true},
		{"0.0.0.0:0", "", "", nil, false},
		{":0", "", "", nil, false},
		{"[::]:0", "", "", nil, false},
		{"192.0.2.1:0", "", "", nil, false},
		{"runner.example.com:0", "", "", nil, false},
		{"0.0.0.0:0", cert, "", nil, false},
		{"127.0.0.1:0", "", key, nil, false},
		{"127.0.0.1", "", "", nil, false},
		{"127.0.0.1:0", "", "", []string{"https://runner.example.com"}, false},
		{"127.0.0.1:0", "", "", []string{"runner.example.com:7781"}, false},
	} {
		console, err := New(Options{Listen: c.listen, CertFile: c.cert, KeyFile: c.key, Hosts: c.hosts, Dir: t.TempDir(), Engine: e})
		if err != nil {
			if c.ok {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if !c.ok {
			t.Errorf("%+v is taken", c)
		}
		if err := console.Close(); err != nil {
			t.Error(err)
		}
	}
	// A name that is no loopback one after all.
	console, err := New(Options{Listen: "127.0.0.1:0", Dir: t.TempDir(), Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	everywhere, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	if err := console.use(everywhere); err == nil {
		t.Error("it serves an address that others can reach")
	}
}

func TestW4TLS(t *testing.T) {
	cert, key := certificate(t)
	r := newRig(t, shop, func(o *Options) { o.CertFile, o.KeyFile = cert, key })
	if !strings.HasPrefix(r.url, "https://") {
		t.Fatal(r.url)
	}
	v := r.stranger()
	v.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the test's own certificate
	a := v.get(strings.TrimPrefix(r.c.Link(), r.url))
	if cookie := a.header.Get("Set-Cookie"); a.status != http.StatusSeeOther || !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "; Secure") {
		t.Errorf("%d %v", a.status, a.header)
	}
	v.page("/", "shop")
}

// The Host of every request is one of the known names, whatever the route.
func TestW5Host(t *testing.T) {
	r := newRig(t, shop, func(o *Options) { o.Hosts = []string{"runner.example.com"} })
	v := r.visitor()
	run := r.start("pause", "")
	port := r.url[strings.LastIndex(r.url, ":"):]
	for host, ok := range map[string]bool{
		"127.0.0.1" + port: true, "localhost" + port: true, "LOCALHOST" + port: true, "[::1]" + port: true, "localhost": true, "runner.example.com": true, "127.0.0.1:9000": true,
		"0.0.0.0" + port: false, "rebind.example.net" + port: false, "127.0.0.1.nip.io" + port: false, "localhost." + port: false, "localhost.example.net" + port: false,
		"[::]" + port: false, "127.0.0.2" + port: false, "2130706433" + port: false, "0x7f.1" + port: false, "runner.example.com.": false, "example.com": false,
		"localhost:x": false, "user@localhost" + port: false, "[localhost]" + port: false, "evil.runner.example.com": false, "[::ffff:127.0.0.1]" + port: false,
	} {
		for _, path := range []string{"/", "/runs", "/runs/" + run + "/events", "/login", "/healthz", "/metrics", "/assets/console.css"} {
			if path == "/runs/"+run+"/events" && ok {
				continue // a stream does not end; TestLiveFollow reads one
			}
			req := v.request(http.MethodGet, path, "")
			req.Host = host
			if a := v.do(req); (a.status == http.StatusMisdirectedRequest) == ok || ok && a.status >= 400 {
				t.Errorf("Host %q, %s: %d", host, path, a.status)
			}
		}
	}
}

// A change needs a method that is not safe, this origin, the session and its form token; for each route.
func TestW6Changes(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.visitor()
	form := v.form()
	run := r.start("pause", "")
	r.await(run, journal.Waiting)
	other := r.visitor().form()
	mixes := []struct {
		name   string
		header http.Header
		form   string
		ok     bool
	}{
		{"a page of the console", http.Header{"Origin": {r.url}, "Sec-Fetch-Site": {"same-origin"}}, form, true},
		{"without Fetch Metadata", http.Header{"Origin": {r.url}}, form, true},
		{"another site", http.Header{"Origin": {"https://evil.example.com"}, "Sec-Fetch-Site": {"cross-site"}}, form, false},
		{"another site, no metadata", http.Header{"Origin": {"https://evil.example.com"}}, form, false},
		{"another port", http.Header{"Origin": {"http://127.0.0.1:1"}, "Sec-Fetch-Site": {"same-site"}}, form, false},
		{"another name of this host", http.Header{"Origin": {"http://localhost" + r.url[strings.LastIndex(r.url, ":"):]}}, form, false},
		{"null origin", http.Header{"Origin": {"null"}}, form, false},
		{"cross-site, no origin", http.Header{"Sec-Fetch-Site": {"cross-site"}}, form, false},
		{"same-site", http.Header{"Sec-Fetch-Site": {"same-site"}}, form, false},
		{"no form token", http.Header{"Origin": {r.url}}, "", false},
		{"another session's form token", http.Header{"Origin": {r.url}}, other, false},
		{"a guess", http.Header{"Origin": {r.url}}, form + "x", false},
		{"JSON", http.Header{"Origin": {r.url}, "Content-Type": {"application/json"}}, form, false},
		{"plain text", http.Header{"Origin": {r.url}, "Content-Type": {"text/plain"}}, form, false},
	}
	changes := 0
	for _, route := range r.c.routes {
		method, pattern, _ := strings.Cut(route.pattern, " ")
		if method == http.MethodGet {
			continue
		}
		changes++
		path := strings.ReplaceAll(pattern, "{id}", run)
		if route.who != loggedIn {
			if path != "/login" {
				t.Errorf("%s changes something and is not for those who are logged in", route.pattern)
			}
			continue
		}
		if path == "/logout" {
			continue // last
		}
		for _, mix := range mixes {
			req := v.request(method, path, url.Values{"form": {mix.form}, "do": {"repeat"}}.Encode())
			for name, value := range mix.header {
				req.Header[name] = value
			}
			a := v.do(req)
			if refused := a.status == http.StatusForbidden || a.status == http.StatusUnsupportedMediaType; refused == mix.ok || mix.ok && a.status != http.StatusSeeOther {
				t.Errorf("%s, %s: %d", path, mix.name, a.status)
			}
		}
		stranger := r.stranger()
		req := stranger.request(method, path, url.Values{"form": {form}, "do": {"repeat"}}.Encode())
		req.Header.Set("Origin", r.url)
		if a := stranger.do(req); a.status != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d", path, a.status)
		}
		if a := v.get(path); a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, a.status)
		}
	}
	if changes < 4 {
		t.Errorf("%d routes change something; the table of routes is not what is served", changes)
	}
	r.await(run, journal.Cancelled) // by the good one
	if a := v.post("/logout", nil); a.status != http.StatusSeeOther {
		t.Errorf("log out: %d", a.status)
	}
	if a := v.get("/runs"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/login") {
		t.Errorf("after the log out: %d", a.status)
	}
}

// The headers of each kind of answer are those of the golden file.
func TestW8Headers(t *testing.T) {
	r := newRig(t, shop, nil)
	v, stranger := r.visitor(), r.stranger()
	var out bytes.Buffer
	for _, c := range []struct {
		name string
		a    reply
	}{{"page", v.get("/")}, {"login", stranger.get("/login")}, {"script", v.get("/assets/console.js")}, {"not found", v.get("/none")}, {"refused", stranger.get("/metrics")}, {"health", stranger.get("/healthz")}} {
		fmt.Fprintf(&out, "== %s %d\n", c.name, c.a.status)
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range c.a.header {
				if !yield(name) {
					return
				}
			}
		}) {
			if name != "Date" && name != "Content-Length" {
				fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(c.a.header[name], ", "))
			}
		}
	}
	golden := filepath.Join("testdata", "headers.txt")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("headers are not as in %s (go test -update rewrites it):\n%s", golden, got)
	}
}

// What tells of the inside is behind the login; TRACE and other methods are off.
func TestW10Inside(t *testing.T) {
	wrong := []string{"blueprint x is invalid"}
	r := newRig(t, shop, func(o *Options) { o.Pprof = true; o.Ready = func() (bool, []string) { return true, wrong } })
	r.await(r.start("greet", `{"name": "Ann"}`), journal.Finished)
	v, stranger := r.visitor(), r.stranger()
	v.page("/metrics", `currant_runs{status="finished"} 1`, "currant_runs_accepted_total 1", "currant_store_failed 0", "currant_blueprint_in_force{", "# TYPE currant_runs gauge")
	v.page("/debug/pprof/", "goroutine")
	v.page("/readyz", "ok\n"+wrong[0])
	if a := stranger.get("/readyz"); a.status != http.StatusOK || a.body != "ok\n" {
		t.Errorf("a stranger is told %q", a.body)
	}
	if a := stranger.get("/healthz"); a.status != http.StatusOK || a.body != "ok\n" {
		t.Errorf("a stranger is told %q", a.body)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		if a := stranger.get(path); a.status != http.StatusSeeOther && a.status != http.StatusUnauthorized || strings.Contains(a.body, "goroutine") {
			t.Errorf("%s for a stranger: %d", path, a.status)
		}
	}
	for token, status := range map[string]int{r.c.token: http.StatusOK, "wrong": http.StatusUnauthorized} {
		req := stranger.request(http.MethodGet, "/metrics", "")
		req.Header.Set("Authorization", "Bearer "+token)
		if a := stranger.do(req); a.status != status {
			t.Errorf("/metrics with a token: %d instead of %d", a.status, status)
		}
		req = stranger.request(http.MethodGet, "/runs", "") // the token alone opens no page
		req.Header.Set("Authorization", "Bearer "+token)
		if a := stranger.do(req); a.status != http.StatusUnauthorized {
			t.Errorf("/runs with a token: %d", a.status)
		}
	}
	for _, method := range []string{http.MethodTrace, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch, "FOO"} {
		if a := v.do(v.request(method, "/", "")); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
			t.Errorf("%s: %d", method, a.status)
		}
	}
}
