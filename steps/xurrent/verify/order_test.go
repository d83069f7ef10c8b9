package verify

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What costs little is checked first: nothing is fetched for a token that fails it.
func TestJ14CheapChecksFirst(t *testing.T) {
	s := newIssuer(t, jwk("k1", "ES256", nil))
	v := newVerifier(t, Options{})
	real := s.of("k1", "ES256", noon, nil)
	parts := strings.Split(real, ".")
	p := s.policy()
	p.Audience = "currant"
	with := func(changes object) string { return s.of("k1", "ES256", noon, merged(changes, "aud", "currant")) }
	header := func(h string) string {
		return signed("ES256", h, claimsAt(noon, object{"iss": s.URL, "aud": "currant"}))
	}
	for name, token := range map[string]string{
		"size":               real + strings.Repeat("A", MaxToken),
		"form":               real + ".x",
		"base64":             "=" + real,
		"header":             b64("{") + "." + parts[1] + "." + parts[2],
		"claims":             parts[0] + "." + b64("{") + "." + parts[2],
		"crit":               header(`{"alg":"ES256","kid":"k1","crit":["x"]}`),
		"algorithm":          header(`{"alg":"HS256","kid":"k1"}`),
		"none":               header(`{"alg":"none","kid":"k1"}`),
		"kid":                header(`{"alg":"ES256"}`),
		"long kid":           header(`{"alg":"ES256","kid":"` + strings.Repeat("k", 1025) + `"}`),
		"issuer":             with(object{"iss": "https://evil.example"}),
		"issuer's user":      with(object{"iss": strings.Replace(s.URL, "https://", "https://u@", 1)}),
		"no issuer":          with(object{"iss": nil}),
		"audience":           s.of("k1", "ES256", noon, nil),
		"expired":            with(object{"exp": noon.Unix() - 61}),
		"not yet":            with(object{"nbf": noon.Unix() + 61}),
		"issued long ago":    with(object{"iat": noon.Unix() - 61}),
		"issued in future":   with(object{"iat": noon.Unix() + 61}),
		"long id":            with(object{"jti": strings.Repeat("x", 257)}),
		"signature's length": with(nil) + "AAAA",
	} {
		if _, err := v.Verify(t.Context(), token, p); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := s.requests(); n != 0 {
			t.Fatalf("%s: %d requests", name, n)
		}
	}
	accepts(t, v, with(nil), p)
	if n := s.requests(); n != 2 {
		t.Errorf("%d requests for a good one", n)
	}
}

// Refused before any network call (PLATFORM 6.6).
func TestP54TimesBeforeNetwork(t *testing.T) {
	s := newIssuer(t, jwk("k1", "ES256", nil))
	v := newVerifier(t, Options{})
	for _, changes := range []object{{"exp": noon.Unix() - 61}, {"nbf": noon.Unix() + 61}, {"iat": noon.Unix() + 61}} {
		refuses(t, v, s.of("k1", "ES256", noon, changes), s.policy(), "the token")
	}
	if n := s.requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
	accepts(t, v, s.of("k1", "ES256", noon, nil), s.policy())
}

// A token has 160 KiB at most; a long one is refused before any of it is read.
func TestP49TokenSize(t *testing.T) {
	v := newVerifier(t, Options{})
	sized := func(n int) string {
		fill := n
		for {
			token := signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"jti": "x", "data": object{"x": strings.Repeat("x", fill)}}))
			if len(token) <= n {
				return token + strings.Repeat("A", n-len(token))
			}
			fill -= (len(token)-n)*3/4 + 1
		}
	}
	// The length to the byte is reached behind the signature, so that the size alone is what differs.
	if _, err := v.Verify(t.Context(), sized(MaxToken), keyed("ES256")); err != nil && strings.Contains(err.Error(), "larger") {
		t.Error(err)
	}
	refuses(t, v, sized(MaxToken+1), keyed("ES256"), "larger than 160 KiB")
	big := signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"data": object{"x": strings.Repeat("x", 110<<10)}}))
	if len(big) < 140<<10 {
		t.Fatal(len(big))
	}
	accepts(t, v, big, keyed("ES256"))
}

// Oversized inputs are refused within a second and 10 MB of memory.
func TestJ15OversizedInputs(t *testing.T) {
	v := newVerifier(t, Options{})
	s := newIssuer(t, jwk("k1", "ES256", nil))
	const most = MaxToken * 3 / 4
	claims := func(data string) string {
		return signed("ES256", `{"alg":"ES256"}`, `{"iss":"`+acme+`","data":`+data+`}`)
	}
	header := func(h string) string { return b64(h) + "." + b64("{}") + ".AAAA" }
	many := func(item string, n int) string { return strings.Repeat(item, n/len(item)) }
	inputs := map[string]string{
		"a million dots":         strings.Repeat(".", 1_000_000),
		"160 Ki dots":            strings.Repeat(".", MaxToken),
		"a million letters":      strings.Repeat("A", 1_000_000),
		"three parts of letters": many("A", 50_000) + "." + many("A", 50_000) + "." + many("A", 50_000),
		"deep header":            header(many("[", most-100)),
		"deep objects":           header(many(`{"a":`, most-100)),
		"deep claims":            claims(many("[", most-1000)),
		"65 deep":                claims(strings.Repeat("[", 64) + strings.Repeat("]", 64)),
		"many names":             claims("{" + manyNames(most-1000) + "}"),
		"many names in header":   header(`{"alg":"ES256",` + manyNames(most-1000) + "}"),
		"one name, many times":   claims("{" + many(`"":0,`, most-1000) + `"":0}`),
		"many empty objects":     claims("[" + many("{},", most-1000) + "{}]"),
		"many zeros":             claims("[" + many("0,", most-1000) + "0]"),
		"a long number":          claims(many("9", most-1000)) + "A",
		"a long exp":             signed("ES256", `{"alg":"ES256"}`, `{"iss":"`+acme+`","exp":`+many("9", most-1000)+`}`),
		"a long text of escapes": claims(`"`+many(`\u00e9`, most-1000)+`"`) + "A",
		"a long kid":             signed("ES256", `{"alg":"ES256","kid":"`+many("k", 1025)+`"}`, claimsAt(noon, nil)),
		"a long id":              signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"jti": many("x", 100_000)})),
		"a long issuer":          signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": acme + "/" + many("x", 100_000)})),
		"many audiences":         claims("0") + "A",
		"a long signature":       good("ES256") + many("A", 100_000),
		"a long algorithm":       header(`{"alg":"` + many("A", most-1000) + `"}`),
		"blanks":                 header(many(" ", most-100)),
	}
	if len(inputs) < 20 {
		t.Errorf("%d inputs", len(inputs))
	}
	for name, token := range inputs {
		for _, p := range []Policy{keyed("ES256"), s.policy()} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, err := v.Verify(t.Context(), token, p)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%s is accepted", name)
			} else if len(err.Error()) > 2000 {
				t.Errorf("%s: a reason of %d bytes", name, len(err.Error()))
			}
			if grown := after.TotalAlloc - before.TotalAlloc; took > time.Second || grown > 10<<20 {
				t.Errorf("%s: %s, %d bytes", name, took, grown)
			}
		}
	}
	for name, body := range map[string]string{
		"deep":       strings.Repeat("[", 256<<10),
		"many names": "{" + manyNames(250<<10) + "}",
		"many jwts":  "{" + many(`"jwt":"",`, 250<<10) + `"jwt":""}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, _, err := Envelope([]byte(body))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; took > time.Second || grown > 10<<20 || err == nil {
			t.Errorf("%s: %s, %d bytes, %v", name, took, grown, err)
		}
	}
	accepts(t, v, good("ES256"), keyed("ES256"))
	if n := s.requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func manyNames(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteByte('"')
		for n := i; n > 0; n /= 26 {
			b.WriteByte(byte('a' + n%26))
		}
		b.WriteString(`":0,`)
	}
	return b.String() + `"end":0`
}

// The reason of a refusal names the key id, made harmless, and nothing of the token.
func TestJ16Reasons(t *testing.T) {
	v := newVerifier(t, Options{})
	_, err := v.Verify(t.Context(), signed("ES256", object{"alg": "ES256", "kid": "a\n\u202eb" + strings.Repeat("c", 900)}, claimsAt(noon, object{"exp": 0})), keyed("ES256"))
	var r *Rejected
	if !errors.As(err, &r) || !strings.Contains(err.Error(), `(kid "a`) || strings.ContainsAny(err.Error(), "\n\u202e") || len(err.Error()) > 400 {
		t.Errorf("%q", err)
	}
}
