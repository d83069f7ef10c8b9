package xurrent_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"currant/steps/xurrent"
)

// Where a policy is set, or a signature asked for, an unsigned body is refused however it is dressed.
func TestJ13Downgrades(t *testing.T) {
	for name, trigger := range map[string]string{
		"policy with a key": policyOf(signer), "policy without": "policy {\n issuer = \"" + acme + "\"\n}", "empty policy": "policy {}",
		"required": "require_signature = true",
	} {
		h := newHook(t, hookOptions{trigger: trigger})
		plain := text(data(nil))
		inner := strings.TrimSuffix(strings.TrimPrefix(plain, "{"), "}")
		for dress, sent := range map[string]string{
			"plain":              plain,
			"empty object":       "{}",
			"jwt null":           `{"jwt":null,` + inner + `}`,
			"jwt empty":          `{"jwt":"",` + inner + `}`,
			"jwt an object":      `{"jwt":` + plain + `}`,
			"jwt a list":         `{"jwt":[` + plain + `],` + inner + `}`,
			"jwt false":          `{"jwt":false,` + inner + `}`,
			"JWT in capitals":    `{"JWT":"a.b.c",` + inner + `}`,
			"jwt inside":         `{"data":{"jwt":"a.b.c"},` + inner + `}`,
			"jwt at the end":     `{` + inner + `,"jwt":"a.b.c"}`,
			"a list":             `[` + plain + `]`,
			"a text":             `"` + base64.RawURLEncoding.EncodeToString([]byte(plain)) + `"`,
			"claims unsigned":    text(h.claims(nil)),
			"alg none":           body(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(text(h.claims(nil)))) + "."),
			"signed by another":  body(token(stranger, es256, h.claims(nil))),
			"the data as header": `{"jwt":"` + base64.RawURLEncoding.EncodeToString([]byte(plain)) + `..",` + inner + `}`,
		} {
			if w := h.send("d", sent); w.Code != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %s", name, dress, w.Code, w.Body)
			}
		}
		if n := h.runs(); n != 0 {
			t.Errorf("%s: %d runs", name, n)
		}
	}
}

// What stands beside the token is signed by nobody and reaches no run.
func TestJ13UnsignedMembers(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	beside := `{"event":"person.delete","payload":{"x":"unsigned"},"data":{"event":"y"},"name":"unsigned","jwt":"` + token(signer, es256, h.claims(object{"event": "claim", "payload": object{"x": "claim"}})) + `"}`
	ev, err := h.event(beside)
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%#v", ev.Value); strings.Contains(s, "unsigned") || strings.Contains(s, "person.delete") || strings.Contains(s, "claim") ||
		ev.Value.GetAttr("event").AsString() != "request.status-changed" {
		t.Errorf("got %s", s)
	}
}

// Every refusal of a signed body reads the same; the log says which it was, without any token.
func TestJ16OneAnswerToAllRefusals(t *testing.T) {
	srv := jwksServer(t, func() bool { return true })
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	discovered := newHook(t, hookOptions{account: srv.URL})
	sign := func(header string, changes object) string { return body(token(signer, header, h.claims(changes))) }
	now := h.now().Unix()
	used := h.good(nil)
	h.wants(200, "job_uuid", "first", used)
	refused := []string{
		text(data(nil)), "{}", `{"jwt":1}`, `{"jwt":""}`, `{"jwt":"a.b"}`, `{"jwt":"a.b.c"}`, body(token(signer, es256, h.claims(nil)) + "A"),
		body(token(signer, es256, h.claims(nil)) + "."), body("=" + token(signer, es256, h.claims(nil))),
		body(strings.Repeat("A", 161<<10)), body(token(stranger, es256, h.claims(nil))),
		sign(`{"alg":"none"}`, nil), sign(`{"alg":"HS256"}`, nil), sign(`{"alg":"RS256"}`, nil), sign(`{"alg":"ES384"}`, nil), sign(`{}`, nil),
		sign(`{"alg":"ES256","crit":["x"]}`, nil), sign(`{"alg":"ES256","alg":"ES256"}`, nil), sign(`{"alg":"ES256","kid":1}`, nil),
		sign(`{"alg":"ES256","typ":"x"}`, nil), sign(`{"alg":"ES256","kid":"the-kid"}`, object{"exp": 0}),
		sign(es256, object{"iss": "https://evil.io"}), sign(es256, object{"iss": missing}), sign(es256, object{"iss": acme + "/"}),
		sign(es256, object{"exp": now - 70}), sign(es256, object{"nbf": now + 70}), sign(es256, object{"iat": now - 70}), sign(es256, object{"iat": now + 70}),
		sign(es256, object{"iat": "x"}), sign(es256, object{"jti": strings.Repeat("x", 300)}), sign(es256, object{"jti": 1}), used,
	}
	if len(refused) < 30 {
		t.Errorf("%d refusals", len(refused))
	}
	const answer = `{"error":"The request is not authorized."}`
	check := func(h *hook, sent string) {
		t.Helper()
		w := h.send("again", sent)
		if w.Code != http.StatusUnauthorized || w.Body.String() != answer || w.Header().Get("X-Job-Uuid") != "" {
			t.Errorf("answer %d %s %v", w.Code, w.Body, w.Header())
		}
	}
	for _, sent := range refused {
		check(h, sent)
	}
	for _, sent := range []string{body(token(signer, es256, h.claims(object{"iss": srv.URL}))), body(token(signer, `{"alg":"ES256","kid":"k1"}`, h.claims(object{"iss": srv.URL})))} {
		check(discovered, sent) // no key id, and an outage
	}
	for _, log := range []string{h.log.String(), discovered.log.String()} {
		for _, sent := range refused {
			for _, part := range strings.Split(strings.Trim(strings.TrimPrefix(sent, `{"jwt":"`), `"}`), ".") {
				if len(part) > 30 && strings.Contains(log, part[:30]) {
					t.Errorf("the log holds a part of a token: %.40s…", part)
				}
			}
		}
	}
	for _, want := range []string{"the ES256 policy of the issuer " + acme, "has expired", "the-kid", "a replay", "is not signed", "runbook=r"} {
		if !strings.Contains(h.log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if !strings.Contains(discovered.log.String(), "503") {
		t.Error("the log does not tell of the outage")
	}
}

// The generic trigger answers all failures of verification with one text (PLATFORM 6.6).
func TestP59OneText(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	var bodies []string
	for _, sent := range []string{h.good(object{"exp": 0}), body(token(stranger, es256, h.claims(nil))), `{"jwt":"x"}`} {
		bodies = append(bodies, h.wants(401, "", "d", sent).Body.String())
	}
	if bodies[0] != bodies[1] || bodies[1] != bodies[2] {
		t.Error(bodies)
	}
	h.wants(200, "job_uuid", "d", h.good(nil))
}

// Body and policy: all four pairs (PLATFORM 6.3).
func TestP50SignedOrNot(t *testing.T) {
	srv := jwksServer(t, func() bool { return false })
	by := func(h *hook) string {
		return body(token(signer, `{"alg":"ES256","kid":"k1"}`, h.claims(object{"iss": srv.URL + "/webhook_policies/1"})))
	}
	open := newHook(t, hookOptions{account: srv.URL})
	open.wants(200, "job_uuid", "d1", text(data(nil)))
	open.wants(200, "job_uuid", "d2", by(open))
	open.wants(401, "", "d3", open.good(nil)) // of another account
	open.wants(401, "", "d3", body(token(stranger, `{"alg":"ES256","kid":"k1"}`, open.claims(object{"iss": srv.URL}))))
	closed := newHook(t, hookOptions{trigger: policyOf(signer)})
	closed.wants(401, "", "d1", text(data(nil)))
	closed.wants(200, "job_uuid", "d2", closed.good(nil))
	// A policy that is not exact takes the account of the connection.
	loose := newHook(t, hookOptions{trigger: strings.Replace(policyOf(signer), "issuer = \""+acme+"\"", "", 1)})
	loose.wants(200, "job_uuid", "d1", loose.good(object{"iss": acme + "/webhook_policies/9"}))
	loose.wants(401, "", "d2", loose.good(object{"iss": "https://other.xurrent.com"}))
	closed.wants(401, "", "d3", closed.good(object{"iss": acme + "/webhook_policies/9"}))
	audience := newHook(t, hookOptions{trigger: strings.Replace(policyOf(signer), "policy {", "policy {\n audience = \"me\"", 1)})
	audience.wants(401, "", "d1", audience.good(nil))
	audience.wants(200, "job_uuid", "d1", audience.good(object{"aud": []string{"you", "me"}}))
	// No connection and no policy: nothing says whose a signature would be.
	lone := newHook(t, hookOptions{noConn: true})
	lone.wants(401, "", "d1", lone.good(nil))
	lone.wants(200, "job_uuid", "d1", text(data(nil)))
}

// Symmetric algorithms, none and those that are not known (PLATFORM 6.5).
func TestP51Algorithms(t *testing.T) {
	srv := jwksServer(t, func() bool { return false })
	for _, h := range []*hook{newHook(t, hookOptions{trigger: policyOf(signer)}), newHook(t, hookOptions{account: srv.URL})} {
		for _, alg := range []string{"HS256", "HS384", "HS512", "none", "None", "PS256", "EdDSA", "es256", "RS256", "ES512", ""} {
			h.wants(401, "", "d", body(token(signer, fmt.Sprintf(`{"kid":"k1","alg":%q}`, alg), h.claims(object{"iss": srv.URL}))))
		}
		if h.runs() != 0 {
			t.Error("a run")
		}
	}
}

// Sizes: the body, and the token in it (LANGUAGE section 4).
func TestP49Sizes(t *testing.T) {
	h := newHook(t, hookOptions{})
	plain := text(data(nil))
	pad := func(n int) string { return plain + strings.Repeat(" ", n-len(plain)) }
	h.wants(200, "job_uuid", "d1", pad(256<<10))
	h.wants(413, "256 KiB", "d2", pad(256<<10+1))
	h.wants(401, "", "d3", body(strings.Repeat("A", 160<<10+1)))
	signed := newHook(t, hookOptions{trigger: policyOf(signer)})
	long := signed.good(object{"data": data(object{"payload": object{"x": strings.Repeat("x", 110<<10)}})})
	if len(long) < 140<<10 {
		t.Fatal(len(long))
	}
	signed.wants(200, "job_uuid", "d1", long)
}

// A body that is no JSON, or of another type, is told so before anything else is asked.
func TestP64OtherRefusals(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	h.wants(400, "no body", "d", "")
	h.wants(400, "not JSON", "d", "{")
	h.wants(400, "not JSON", "d", `{"jwt":"a.b.c","jwt":"a.b.c"}`)
	h.wants(400, "not JSON", "d", "{\"jwt\":\"\xff\"}")
	w := h.send("d", h.good(nil), "Content-Type", "text/plain")
	if w.Code != 415 {
		t.Errorf("%d", w.Code)
	}
	if h.runs() != 0 {
		t.Error("a run")
	}
}

// Without a Verifier the kind is planned: it checks, and refuses what it cannot receive.
func TestWebhookWithoutVerifierIsPlanned(t *testing.T) {
	if k := xurrent.NewWebhook(xurrent.TriggerDeps{}); !k.Planned || k.Accept != nil {
		t.Errorf("%+v", k)
	}
}

// A trigger that asks for signatures and could accept none is an error of the blueprint.
func TestWebhookNeedsAnIssuer(t *testing.T) {
	o := compileOptions(t, xurrent.TriggerDeps{})
	conn := "connection \"xurrent\" \"%s\" {\n account_id = \"acme\"\n personal_access_token = \"x\"\n}\n"
	key := strings.Replace(policyOf(signer), "issuer = \""+acme+"\"", "", 1)
	for _, c := range []struct {
		name, connections, trigger string
		want                       bool
	}{
		{"unsigned is fine", "", "", true},
		{"required, none", "", "require_signature = true", false},
		{"key, none", "", key, false},
		{"issuer, none", "", policyOf(signer), true},
		{"required, one", fmt.Sprintf(conn, "a"), "require_signature = true", true},
		{"key, one", fmt.Sprintf(conn, "a"), key, true},
		{"key, two", fmt.Sprintf(conn, "a") + fmt.Sprintf(conn, "b"), key, false},
		{"key, two, named", fmt.Sprintf(conn, "a") + fmt.Sprintf(conn, "b"), key + "connection = connection.b", true},
	} {
		_, diags := blueprint(t, o, c.connections+"runbook \"r\" {\n trigger \"webhook\" {\n"+c.trigger+"\n}\n step \"log\" \"l\" { message = \"x\" }\n}")
		if diags.HasErrors() == c.want || !c.want && !strings.Contains(diags.Error(), "write issuer") {
			t.Errorf("%s: %v", c.name, diags)
		}
	}
}
