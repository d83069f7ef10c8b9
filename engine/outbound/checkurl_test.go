package outbound

import (
	"net/url"
	"strings"
	"testing"
)

// s3Read are spellings that have one reading; the wanted host is that reading.
var s3Read = map[string]string{
	"http://example.com":                   "example.com",
	"https://example.com/":                 "example.com",
	"HTTP://EXAMPLE.com/A":                 "example.com",
	"hTTps://Example.COM:8443/a?b=c#d":     "example.com:8443",
	"http://example.com?x=http://10.0.0.1": "example.com",
	"http://example.com#@10.0.0.1/":        "example.com",
	"http://example.com/@10.0.0.1/":        "example.com",
	"http://example.com/\\@10.0.0.1":       "example.com",
	"http://example.com/%00":               "example.com",
	"http://example.com/ü":                 "example.com",
	"http://127.0.0.1":                     "127.0.0.1",
	"http://127.0.0.1:80":                  "127.0.0.1:80",
	"http://127.0.0.1.nip.io":              "127.0.0.1.nip.io",
	"http://0x7f.example":                  "0x7f.example",
	"http://localhost:65535":               "localhost:65535",
	"http://localhost:1":                   "localhost:1",
	"http://my_service:8080/x":             "my_service:8080",
	"http://xn--mller-kva.example":         "xn--mller-kva.example",
	"http://[::1]":                         "[::1]",
	"http://[::1]:8080/":                   "[::1]:8080",
	"http://[0:0:0:0:0:0:0:1]/":            "[::1]",
	"http://[0000::0001]/":                 "[::1]",
	"http://[::FFFF:127.0.0.1]/":           "[::ffff:127.0.0.1]",
	"http://[::ffff:7f00:1]/":              "[::ffff:127.0.0.1]",
	"http://[FD00::1]":                     "[fd00::1]",
	"http://[64:ff9b::10.0.0.1]/":          "[64:ff9b::a00:1]",
}

// s3Refused have no reading, or more than one.
var s3Refused = []string{
	// not http, or not absolute
	"", "/", "example.com", "//example.com", "http:example.com", "http:/example.com", "http:///example.com/",
	"file:///etc/passwd", "ftp://example.com", "gopher://127.0.0.1:25/", "unix:///var/run/docker.sock",
	"javascript:alert(1)", "data:text/plain,x", "ws://example.com", "httpx://example.com", "jar:http://example.com!/",
	"http://", "http://?x", "http://#x", "https://:443/", "http://[]/", "://example.com", " http://example.com",
	"http+unix://x", "http%3A//example.com", "ht\ttp://example.com", "view-source:http://example.com",
	// user info
	"http://user@example.com", "http://user:pass@example.com", "http://@example.com", "http://:@example.com",
	"http://example.com:80@10.0.0.1/", "http://example.com@10.0.0.1@x/",
	"http://a%40b@10.0.0.1", "http://example.com%40@10.0.0.1", "http://example.com\\@10.0.0.1/",
	// numbers that some read as addresses
	"http://2130706433/", "http://0/", "http://1/", "http://017700000001/", "http://0x7f000001/", "http://0X7F000001/",
	"http://127.1/", "http://127.0.1/", "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://127.0x1/",
	"http://127.0.0.01/", "http://127.0.0.0x1/", "http://256.0.0.1/", "http://127.0.0.1.2/", "http://127.0.0.256/",
	"http://00000127.0.0.1/", "http://1.2.3/", "http://0x/", "http://example.0x/", "http://example.1/", "http://4294967296/",
	"http://127.0.0.-1/x:0", "http://0300.0250.0.1/", "http://3232235521/", "http://169.254.43518/",
	// escapes and characters outside ASCII
	"http://%31%32%37.0.0.1/", "http://127%2e0%2e0%2e1/", "http://ex%61mple.com/", "http://example.com%00.evil/",
	"http://example.com%2f@10.0.0.1", "http://%5b::1%5d/", "http://１２７.0.0.1/", "http://127。0。0。1/", "http://①②⑦.0.0.1/",
	"http://ⓔxample.com/", "http://müller.example/", "http://exam\u00adple.com/", "http://exam\u200bple.com/", "http://ｌocalhost/", "http://\u212a.com/",
	// trailing dots, empty parts
	"http://127.0.0.1./", "http://localhost./", "http://example.com./", "http://example..com/", "http://.example.com/", "http://./", "http://../",
	// IPv6 oddities
	"http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1", "http://::1/", "http://[::1]x/", "http://[127.0.0.1]/",
	"http://[example.com]/", "http://[v1.x]/", "http://[::ffff:0x7f.1]/", "http://[::1]]/", "http://[[::1]]/", "http://[::1%25]/", "http://[:::1]/",
	// ports
	"http://example.com:0/", "http://example.com:65536/", "http://example.com:99999999999/", "http://example.com:-1/", "http://example.com:/",
	"http://example.com:080/", "http://example.com:+80/", "http://example.com:8o/", "http://example.com:http/", "http://example.com:80:80/", "http://[::1]:/", "http://example.com:٨٠/",
	// characters
	"http://exa mple.com/", "http://example.com/a b", "http://example.com\r\nHost: evil/", "http://example.com/\n", "http://example.com/\x00",
	"http://exam\tple.com/", "http://example.com\x7f/", "http://exa<mple.com/", "http://exa|mple.com", "http://exam$ple.com", "http://exam;ple.com", "http://a,b.com", "http://example.com\\.evil/", "http:\\\\example.com", "http://exam'ple.com", "http://exa\"mple.com", "http://*.example.com",
	"http://example.com/%zz",
}

func TestS3Spellings(t *testing.T) {
	if n := len(s3Read) + len(s3Refused); n < 100 {
		t.Fatalf("only %d spellings", n)
	}
	for raw, want := range s3Read {
		u, err := CheckURL(raw)
		if err != nil || u.Host != want {
			t.Errorf("CheckURL(%q) = %v, %v, want host %q", raw, u, err, want)
		}
	}
	long := []string{
		"http://" + strings.Repeat("a", 64) + ".com/",
		"http://" + strings.Repeat("a.", 130) + "com/",
		"http://example.com/" + strings.Repeat("a", maxURL),
	}
	for _, raw := range append(long, s3Refused...) {
		if u, err := CheckURL(raw); err == nil {
			t.Errorf("CheckURL(%q) = host %q, want a refusal", raw, u.Host)
		} else if Classify(err) != KindInput {
			t.Errorf("CheckURL(%q): kind %s", raw, Classify(err))
		}
	}
}

func TestS3ErrorsDoNotQuote(t *testing.T) {
	for _, raw := range []string{
		"http://user:hunter2@example.com", "http://example.com:hunter2/", "http://hunter2 x/", "hunter2://x", "http://example.com/%zz?token=hunter2",
		"http://[hunter2]/", "http://hunter2%/",
	} {
		_, err := CheckURL(raw)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("CheckURL(%q): %v", raw, err)
		}
	}
}

// A URL that someone else built passes the same rules at the door.
func TestS3ParsedURLs(t *testing.T) {
	c := newClient(t, Policy{})
	for _, u := range []*url.URL{
		{Scheme: "ftp", Host: "example.com"},
		{Scheme: "http", Host: ""},
		{Scheme: "http", Host: "2130706433"},
		{Scheme: "http", Host: "１２７.0.0.1"},
		{Scheme: "http", Host: "example.com", User: url.User("x")},
		{Scheme: "http", Opaque: "//10.0.0.1/"},
		nil,
	} {
		req := get(t, "http://example.com")
		req.URL = u
		if u != nil {
			if _, err := c.HTTP().Do(req); Classify(err) != KindInput && u.Host != "" {
				t.Errorf("HTTP().Do(%v): %v", u, err)
			}
		}
		if _, err := c.Do(t.Context(), req, CallOptions{}); Classify(err) != KindInput {
			t.Errorf("Do(%v): %v", u, err)
		}
	}
}

func FuzzS3CheckURL(f *testing.F) {
	for raw := range s3Read {
		f.Add(raw)
	}
	for _, raw := range s3Refused {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := CheckURL(raw)
		if err != nil {
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Hostname() == "" {
			t.Fatalf("%q passed as %#v", raw, u)
		}
		for _, r := range u.Host {
			if r > 0x7e || r <= ' ' || strings.ContainsRune(`%\@/?#`, r) || r >= 'A' && r <= 'Z' {
				t.Fatalf("%q passed with host %q", raw, u.Host)
			}
		}
		// What we send on is read as the same host again, by us and by net/url.
		again, err := CheckURL(u.String())
		if err != nil || again.Host != u.Host || again.Scheme != u.Scheme {
			t.Fatalf("%q: %q is read back as %v, %v", raw, u, again, err)
		}
	})
}
