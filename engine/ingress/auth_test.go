package ingress

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"testing"
	"time"

	"currant/engine/lang"
)

func example(t testing.TB, k *Kind, title string) string {
	t.Helper()
	for _, e := range k.Examples {
		if e.Title == title {
			return e.HCL
		}
	}
	t.Fatalf("no example %q", title)
	return ""
}

func sign(h func() hash.Hash, secret, text string) []byte {
	m := hmac.New(h, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// The test vector that Slack publishes in "Verifying requests from Slack".
const (
	slackBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	slackSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	slackStamp     = "1531420618"
)

var slackTime = func() time.Time { return time.Unix(1531420618, 0) }

func TestSlack(t *testing.T) {
	d := newDoor(t, trigger(t, example(t, JSONEndpoint, "A Slack command")))
	d.Now = slackTime
	r := func(mod func(http.Header)) *http.Request {
		r := post(slackBody, "Content-Type", "application/x-www-form-urlencoded", "X-Slack-Signature", slackSignature, "X-Slack-Request-Timestamp", slackStamp)
		if mod != nil {
			mod(r.Header)
		}
		return r
	}
	w := d.do(r(nil))
	if evs := d.taken(); w.Code != 200 || len(evs) != 1 || evs[0].Value.GetAttr("body").AsValueMap()["command"].AsString() != "/webhook-collect" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w.Body.String() != `{"response_type":"ephemeral","text":"Working on it: /webhook-collect"}` || w.Header().Get("Content-Type") != "application/json" ||
		w.Header().Get("X-Job-Uuid") != testRun {
		t.Errorf("answer %s %v", w.Body, w.Header())
	}
	for name, mod := range map[string]func(http.Header){
		"no stamp":        func(h http.Header) { h.Del("X-Slack-Request-Timestamp") },
		"other stamp":     func(h http.Header) { h.Set("X-Slack-Request-Timestamp", "1531420619") },
		"two stamps":      func(h http.Header) { h.Add("X-Slack-Request-Timestamp", slackStamp) },
		"no signature":    func(h http.Header) { h.Del("X-Slack-Signature") },
		"two signatures":  func(h http.Header) { h.Add("X-Slack-Signature", slackSignature) },
		"no prefix":       func(h http.Header) { h.Set("X-Slack-Signature", slackSignature[3:]) },
		"other prefix":    func(h http.Header) { h.Set("X-Slack-Signature", "v1="+slackSignature[3:]) },
		"cut":             func(h http.Header) { h.Set("X-Slack-Signature", slackSignature[:len(slackSignature)-2]) },
		"one bit":         func(h http.Header) { h.Set("X-Slack-Signature", slackSignature[:len(slackSignature)-1]+"2") },
		"empty":           func(h http.Header) { h.Set("X-Slack-Signature", "v0=") },
		"stamp not plain": func(h http.Header) { h.Set("X-Slack-Request-Timestamp", "+"+slackStamp) },
	} {
		if w := d.do(r(mod)); w.Code != 401 || len(d.taken()) != 0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, tt := range []struct {
		at     int64
		status int
	}{{300, 200}, {301, 401}, {-300, 200}, {-301, 401}} {
		d.Now = func() time.Time { return time.Unix(1531420618+tt.at, 0) }
		if w := d.do(r(nil)); w.Code != tt.status {
			t.Errorf("%d s later: %d", tt.at, w.Code)
		}
	}
}

func TestSlackChallenge(t *testing.T) {
	d := newDoor(t, trigger(t, example(t, JSONEndpoint, "Slack events, with the answer to its challenge")))
	d.Now = slackTime
	body := `{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","token":"x"}`
	mac := sign(sha256.New, "8f742231b10e8888abcd99yyyzzz85a5", "v0:"+slackStamp+":"+body)
	w := d.do(post(body, "Content-Type", "application/json", "X-Slack-Signature", "v0="+hex.EncodeToString(mac), "X-Slack-Request-Timestamp", slackStamp))
	if w.Code != 200 || w.Body.String() != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" || len(d.taken()) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The test vector of GitHub's "Validating webhook deliveries"; its payload is text.
func TestGitHub(t *testing.T) {
	src := strings.Replace(example(t, JSONEndpoint, "GitHub"), "{", "{\n  content = \"text\"", 1)
	d := newDoor(t, trigger(t, src))
	send := func(signature, event string) int {
		return d.do(post("Hello, World!", "X-Hub-Signature-256", signature, "X-GitHub-Event", event, "X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")).Code
	}
	const good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if c := send(good, "push"); c != 200 {
		t.Fatal(c)
	}
	if evs := d.taken(); len(evs) != 1 || evs[0].Delivery != "72d3162e-cc78-11e3-81ab-4c9367dc0958" {
		t.Fatal(evs)
	}
	if c := send("sha256="+strings.ToUpper(good[7:]), "push"); c != 200 || len(d.taken()) != 1 {
		t.Error("an upper-case signature", c)
	}
	if c := send(good, "ping"); c != 200 || len(d.taken()) != 0 {
		t.Error("a ping", c)
	}
	for _, bad := range []string{"", "sha256=", good[7:], "sha1=" + good[7:], good + "00", good[:len(good)-1], "sha256=" + strings.Repeat("0", 64)} {
		if c := send(bad, "push"); c != 401 || len(d.taken()) != 0 {
			t.Errorf("%q: %d", bad, c)
		}
	}
}

func TestTypeform(t *testing.T) {
	d := newDoor(t, trigger(t, example(t, JSONEndpoint, "Typeform")))
	body := `{"event_id":"01HXYZ","form_response":{"answers":[{"text":"Zürich \u00e9 e` + "\u0301" + `"}]}}`
	good := "sha256=" + base64.StdEncoding.EncodeToString(sign(sha256.New, "typeform-secret", body))
	if w := d.do(post(body, "Content-Type", "application/json", "Typeform-Signature", good)); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if evs := d.taken(); len(evs) != 1 || evs[0].Delivery != "01HXYZ" {
		t.Fatal(evs)
	}
	for _, bad := range []string{"", good + "=", strings.TrimRight(good, "="), "sha256=" + hex.EncodeToString(sign(sha256.New, "typeform-secret", body))} {
		if w := d.do(post(body, "Content-Type", "application/json", "Typeform-Signature", bad)); w.Code != 401 || len(d.taken()) != 0 {
			t.Errorf("%q: %d", bad, w.Code)
		}
	}
	if w := d.do(post(body+" ", "Content-Type", "application/json", "Typeform-Signature", good)); w.Code != 401 || len(d.taken()) != 0 {
		t.Error("another body:", w.Code)
	}
}

// What is signed is the body's own bytes, also where the language's texts would be normalized.
func TestSignedBytes(t *testing.T) {
	body := "\"e\u0301\u0338\"" // not in normal form C
	for name, tt := range map[string]struct {
		args, signed string
		hash         func() hash.Hash
	}{
		"raw":         {"", body, sha256.New},
		"body":        {`signed = request.body`, body, sha256.New},
		"index":       {`signed = request["body"]`, body, sha256.New},
		"template":    {`signed = "<${request.headers["x-id"]}.${request.body}.${request.url_postfix}>"`, "<7." + body + ".p/q>", sha256.New},
		"parentheses": {`signed = ("${(request.body)}")`, body, sha256.New},
		"condition":   {`signed = "${request.query_params.v == "2" ? "v2" : "v1"}${request.body}"`, "v2" + body, sha256.New},
		"sha1":        {`algorithm = "sha1"`, body, sha1.New},
		"sha512":      {`algorithm = "sha512"`, body, sha512.New},
		"secret":      {`signed = "${var.token}${request.body}"`, testSecret + body, sha256.New},
	} {
		t.Run(name, func(t *testing.T) {
			tr := trigger(t, `trigger "json_endpoint" {
  auth "hmac" {
    header = "X-Sig"
    secret = var.token
    `+tt.args+`
  }
}`)
			d := newDoor(t, tr)
			send := func(text string) int {
				return d.do(request("POST", "/inbound/shop/orders/p/q?v=2", body, "X-Id", "7", "X-Sig", hex.EncodeToString(sign(tt.hash, testSecret, text)))).Code
			}
			if c := send(tt.signed); c != 200 || len(d.taken()) != 1 {
				t.Error(c)
			}
			if c := send(tt.signed + "x"); c != 401 || len(d.taken()) != 0 {
				t.Error("another text:", c)
			}
		})
	}
}

const fourAuths = `trigger "json_endpoint" {
  auth "basic" {
    username = "ann"
    password = var.token
  }
  auth "api_key" { value = "${request.url_postfix}-${var.token}" }
  auth "api_key" {
    header = "X-Other"
    value  = sensitive("k2")
  }
  auth "hmac" {
    header = "X-Sig"
    secret = var.token
  }
}`

// Every block must pass, and all answers to a failure are one and the same.
func TestJ16OneAnswerToAllAuthFailures(t *testing.T) {
	d := newDoor(t, trigger(t, fourAuths))
	valid := func(mod func(*http.Request)) *http.Request {
		r := request("POST", "/inbound/shop/orders/x", `{}`, "X-Api-Key", "x-"+testSecret, "X-Other", "k2", "X-Sig", hex.EncodeToString(sign(sha256.New, testSecret, `{}`)))
		r.SetBasicAuth("ann", testSecret)
		if mod != nil {
			mod(r)
		}
		return r
	}
	first := ""
	for name, mod := range map[string]func(*http.Request){
		"user":            func(r *http.Request) { r.SetBasicAuth("bob", testSecret) },
		"password":        func(r *http.Request) { r.SetBasicAuth("ann", testSecret+"x") },
		"prefix":          func(r *http.Request) { r.SetBasicAuth("ann", testSecret[:5]) },
		"empty":           func(r *http.Request) { r.SetBasicAuth("", "") },
		"no basic":        func(r *http.Request) { r.Header.Del("Authorization") },
		"two basics":      func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) },
		"bearer":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testSecret) },
		"malformed basic": func(r *http.Request) { r.Header.Set("Authorization", "Basic ???") },
		"key":             func(r *http.Request) { r.Header.Set("X-Api-Key", testSecret) },
		"no key":          func(r *http.Request) { r.Header.Del("X-Api-Key") },
		"two keys":        func(r *http.Request) { r.Header.Add("X-Api-Key", "x-"+testSecret) },
		"other key":       func(r *http.Request) { r.Header.Set("X-Other", "K2") },
		"key by path":     func(r *http.Request) { r.URL.Path = "/inbound/shop/orders/y" },
		"signature":       func(r *http.Request) { r.Header.Set("X-Sig", "00") },
	} {
		w := d.do(valid(nil))
		if evs := d.taken(); w.Code != 200 || len(evs) != 1 {
			t.Fatalf("control: %d", w.Code)
		} else {
			h := evs[0].Value.GetAttr("headers").AsValueMap()
			for _, n := range []string{"authorization", "x-api-key", "x-other"} {
				if !h[n].IsMarked() {
					t.Errorf("%s is not sensitive", n)
				}
			}
		}
		w = d.do(valid(mod))
		answer := w.Body.String() + w.Header().Get("Www-Authenticate")
		if first == "" {
			first = answer
		}
		if w.Code != 401 || answer != first || len(d.taken()) != 0 {
			t.Errorf("%s: %d %s", name, w.Code, answer)
		}
	}
	for _, secret := range []string{testSecret, "k2\""} {
		if strings.Contains(d.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// A secret that is empty or null, or cannot be looked up, lets nobody in.
func TestEmptySecrets(t *testing.T) {
	for _, auth := range []string{
		`auth "bearer" { token = lower(var.empty) }`,
		`auth "bearer" { token = try(request.headers["x-none"], "") }`,
		`auth "api_key" { value = trimspace(request.query_params.k) }`,
		"auth \"basic\" {\n username = \"\"\n password = request.query_params.k\n}",
		"auth \"hmac\" {\n header = \"X-Sig\"\n secret = request.query_params.k\n}",
		"auth \"hmac\" {\n header = \"X-Sig\"\n secret = customer_secret(request.query_params.k, \"n\")\n}",
	} {
		tr, _ := bindTrigger(t, allKinds(t), "trigger \"json_endpoint\" {\n"+auth+"\n}")
		d := newDoor(t, tr)
		for _, header := range [][]string{{"Authorization", "Bearer "}, {"Authorization", "Bearer"}, {"X-Api-Key", ""}, {"Authorization", "Basic Og=="},
			{"X-Sig", hex.EncodeToString(sign(sha256.New, "", `{}`))}} {
			if w := d.do(request("POST", "/inbound/shop/orders?k=", `{}`, header...)); w.Code != 401 || len(d.taken()) != 0 {
				t.Errorf("%s with %q: %d %s", auth, header, w.Code, w.Body)
			}
		}
	}
}

func TestAuthSpecsAreDocumented(t *testing.T) {
	for name, s := range AuthSpecs() {
		for _, p := range lang.Undocumented(name, s) {
			t.Error(p)
		}
	}
}

func TestParseStamp(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1531420618": 1531420618, "1531420618123": 1531420618, "2018-07-12T18:36:58Z": 1531420618} {
		if got, err := parseStamp(text); err != nil || got.Unix() != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "-1", "1e9", " 1", "0x10", "99999999999999", "yesterday"} {
		if got, err := parseStamp(bad); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}
