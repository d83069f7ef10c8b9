package verify

import (
	"fmt"
	"strings"
	"testing"
)

// Every byte of a token replaced by every other one: over 100,000 edits, none accepted.
func TestJ6OneByteEdits(t *testing.T) {
	v := newVerifier(t, Options{})
	edits := 0
	for _, alg := range []string{"ES256", "RS256"} {
		token := []byte(good(alg))
		accepts(t, v, string(token), keyed(alg))
		step := 1
		if alg == "RS256" && !long {
			step = 7
		}
		for i := 0; i < len(token); i += step {
			was := token[i]
			for b := range 256 {
				if byte(b) == was {
					continue
				}
				token[i] = byte(b)
				edits++
				if _, err := v.Verify(t.Context(), string(token), keyed(alg)); err == nil {
					t.Errorf("%s: byte %d as %q is accepted", alg, i, byte(b))
				}
			}
			token[i] = was
		}
	}
	if edits < 100_000 {
		t.Errorf("%d edits", edits)
	}
}

func TestJ6CompactFormOnly(t *testing.T) {
	v := newVerifier(t, Options{})
	real := good("ES256")
	accepts(t, v, real, keyed("ES256"))
	p := strings.Split(real, ".")
	h, c, s := p[0], p[1], p[2]
	for name, token := range map[string]string{
		"empty":           "",
		"two parts":       h + "." + c,
		"four parts":      real + ".AA",
		"five, as a JWE":  h + ".AA.AA." + c + "." + s,
		"dot at the end":  real + ".",
		"dot before":      "." + real,
		"no signature":    h + "." + c + ".",
		"no claims":       h + ".." + s,
		"no header":       "." + c + "." + s,
		"only dots":       "..",
		"padding":         h + "=." + c + "." + s,
		"padded sig":      real + "==",
		"line break":      h + "." + c[:10] + "\n" + c[10:] + "." + s,
		"CR":              h + "." + c + ".\r" + s,
		"LF at the end":   real + "\n",
		"blank at begin":  " " + real,
		"NUL":             real + "\x00",
		"standard base64": h + "." + c + "." + s[:5] + "+/" + s[7:],
		"flattened JSON":  `{"payload":"` + c + `","protected":"` + h + `","signature":"` + s + `"}`,
		"general JSON":    `{"payload":"` + c + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`,
		"Bearer":          "Bearer " + real,
		"non-ASCII":       h + "." + c + "é." + s,
		"full-width dot":  h + "．" + c + "." + s,
	} {
		if _, err := v.Verify(t.Context(), token, keyed("ES256")); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	// A last character with bits that nothing reads is another text of the same bytes.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	tried := 0
	for i, part := range p {
		unused := map[int]int{2: 16, 3: 4}[len(part)%4]
		if unused == 0 {
			continue
		}
		at := strings.IndexByte(alphabet, part[len(part)-1])
		for extra := 1; extra < unused; extra++ {
			q := append([]string(nil), p...)
			q[i] = part[:len(part)-1] + alphabet[at+extra:at+extra+1]
			tried++
			refuses(t, v, strings.Join(q, "."), keyed("ES256"), "not strict base64url")
		}
	}
	if tried == 0 {
		t.Error("no part has unused bits")
	}
}

func TestJ6NoOtherKindsOfToken(t *testing.T) {
	v := newVerifier(t, Options{})
	nested := signed("ES256", `{"alg":"ES256","cty":"JWT"}`, claimsAt(noon, nil))
	refuses(t, v, nested, keyed("ES256"), `"cty"`)
	refuses(t, v, signed("ES256", `{"alg":"ES256"}`, `"`+good("ES256")+`"`), keyed("ES256"), "no JSON object")
	for _, header := range []string{
		`"b64":false,"crit":["b64"]`, `"b64":false`, `"b64":true`, `"zip":"DEF"`, `"zip":null`, `"enc":"A128GCM"`, `"cty":"jwt"`, `"cty":""`,
	} {
		refuses(t, v, signed("ES256", `{"alg":"ES256",`+header+`}`, claimsAt(noon, nil)), keyed("ES256"), "not supported")
	}
	for _, typ := range []string{`"at+jwt"`, `"JWE"`, `"dpop+jwt"`, `""`, `null`, `1`, `["JWT"]`} {
		refuses(t, v, signed("ES256", `{"alg":"ES256","typ":`+typ+`}`, claimsAt(noon, nil)), keyed("ES256"), "another type")
	}
	for _, typ := range []string{`"JWT"`, `"jwt"`, `"application/jwt"`} {
		accepts(t, v, signed("ES256", `{"alg":"ES256","typ":`+typ+`}`, claimsAt(noon, nil)), keyed("ES256"))
	}
}

func TestJ7Crit(t *testing.T) {
	v := newVerifier(t, Options{})
	accepts(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, nil)), keyed("ES256"))
	for _, crit := range []string{
		`["unknown"]`, `["exp"]`, `["b64"]`, `["alg"]`, `["kid"]`, `[]`, `[""]`, `[1]`, `null`, `""`, `"exp"`, `{}`, `true`, `false`, `0`,
		`["exp","exp"]`, `[["exp"]]`,
	} {
		refuses(t, v, signed("ES256", `{"alg":"ES256","crit":`+crit+`,"exp":1,"unknown":true}`, claimsAt(noon, nil)), keyed("ES256"), `"crit"`)
	}
	refuses(t, v, signed("ES256", `{"alg":"ES256","\u0063rit":["x"]}`, claimsAt(noon, nil)), keyed("ES256"), `"crit"`)
}

// Blanks and line breaks in the JSON of a token are the sender's affair.
func TestJ6BlanksInJSON(t *testing.T) {
	v := newVerifier(t, Options{})
	claims := fmt.Sprintf("{\r\n \"iss\" : %q ,\r\n\t\"iat\": %d, \"data\":\r\n{ } }\r\n", acme, noon.Unix())
	got := accepts(t, v, signed("ES256", "{\r\n  \"alg\":\r\n  \"ES256\"\r\n}", claims), keyed("ES256"))
	if string(got.Data) != "{ }" || got.Issuer != acme || got.ID != "" {
		t.Errorf("%+v", got)
	}
}

// FuzzJ6 looks for panics, and for a token that is accepted although it is not, up to its signature, one that
// was signed.
func FuzzJ6(f *testing.F) {
	real := map[string]bool{}
	for _, alg := range Algorithms {
		token := good(alg)
		real[token[:strings.LastIndexByte(token, '.')]] = true
		f.Add(token)
	}
	p := strings.Split(good("ES256"), ".")
	for _, token := range []string{"", "..", "a.b.c", p[0] + "." + p[1], p[0] + "." + b64(`{"iss":"`+acme+`","exp":0}`) + "." + p[2],
		b64(`{"alg":"none"}`) + "." + p[1] + ".", b64(`{"alg":"ES256","crit":["x"]}`) + "." + p[1] + "." + p[2],
		b64(strings.Repeat("[", 70)) + "." + p[1] + "." + p[2], b64(`{"alg":"ES256","a":"\ud800"}`) + "." + p[1] + "." + p[2]} {
		f.Add(token)
	}
	v := newVerifier(f, Options{})
	f.Fuzz(func(t *testing.T, token string) {
		for _, alg := range []string{"ES256", "RS256"} {
			_, err := v.Verify(t.Context(), token, keyed(alg))
			if err == nil && !real[token[:strings.LastIndexByte(token, '.')]] {
				t.Errorf("accepted: %q", token)
			}
		}
		// The parts as JSON, which no random text of base64url would be.
		_, _ = readHeader([]byte(token))
		_, _ = readClaims([]byte(token))
		_, _ = parseKeySet([]byte(token))
		_, _, _ = Envelope([]byte(token))
	})
}
