package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// variants are texts near https://acme.xurrent.com that are not it.
var variants = []string{
	"https://acme.xurrent.com.evil.io", "https://acme.xurrent.com@evil.io", "https://evil.io/https://acme.xurrent.com",
	"https://acme.xurrent.co", "https://acme.xurrent.comm", "https://xacme.xurrent.com", "https://acme.xurrent.com:443",
	"https://acme.xurrent.com:8443", "https://ACME.xurrent.com", "HTTPS://acme.xurrent.com", "http://acme.xurrent.com",
	"https://user@acme.xurrent.com", "https://user:pw@acme.xurrent.com", "https:acme.xurrent.com", "//acme.xurrent.com", "acme.xurrent.com",
	"https://acme.xurrent.com.", " https://acme.xurrent.com", "https://acme.xurrent.com ", "https://acme.xurrent.com\u0000",
	"https://acme.xurrent.com?x=1", "https://acme.xurrent.com#x", "https://acme.xurrent.com\\@evil.io", "https://acme.4me.com",
	"https://acme%2exurrent.com", "https://acme\u3002xurrent.com", "ftp://acme.xurrent.com", "",
}

func TestJ9IssuerExact(t *testing.T) {
	v := newVerifier(t, Options{})
	for _, issuer := range append(variants, acme+"/", acme+"/x") {
		if _, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": issuer})), keyed("ES256")); err == nil {
			t.Errorf("the issuer %q is accepted", issuer)
		}
	}
	for _, wrong := range []any{nil, 1, true, []string{acme}, object{"iss": acme}} {
		refuses(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": wrong})), keyed("ES256"), "iss")
	}
	refuses(t, v, signed("ES256", `{"alg":"ES256"}`, strings.Replace(text(claimsAt(noon, nil)), `"`+acme+`"`, "null", 1)), keyed("ES256"), `"iss"`)
	// Old and new domain: both are listed, neither is guessed.
	p := keyed("ES256")
	p.Issuers = []string{acme, "https://acme.4me.com"}
	for _, issuer := range p.Issuers {
		accepts(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": issuer})), p)
	}
	p.Issuers, p.IssuerPrefix = []string{acme}, "https://other.xurrent.com"
	refuses(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": p.IssuerPrefix})), p, "none of those configured")
	p.Issuers, p.IssuerPrefix = nil, ""
	refuses(t, v, good("ES256"), p, "no issuer can be accepted")
}

// Exact where it is configured; else https, the same host and port, a path below (PLATFORM 6.7).
func TestP52IssuerByPrefix(t *testing.T) {
	v := newVerifier(t, Options{})
	p := Policy{IssuerPrefix: acme, Algorithm: "ES256", Key: public("ES256")}
	try := func(issuer string) error {
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": issuer})), p)
		return err
	}
	for _, issuer := range []string{acme, acme + "/", acme + "/webhook_policies/NG1l-_~.1", acme + "/a/b/"} {
		if err := try(issuer); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	for _, issuer := range append(variants, acme+"x", acme+"/../x", acme+"/./x", acme+"/x/..", acme+"//x", acme+"/x?y", acme+"/x#y", acme+"/x@evil.io",
		acme+"/%2e%2e", acme+"/x\\y", acme+"/x y", acme+"/é") {
		if try(issuer) == nil {
			t.Errorf("the issuer %q is accepted", issuer)
		}
	}
	for _, c := range []struct {
		prefix, issuer string
		want           bool
	}{
		{acme + "/", acme, true}, {acme + "/", acme + "/x", true}, {acme + "/a", acme + "/a/b", true}, {acme + "/a", acme + "/ab", false},
		{acme + "/a", acme, false}, {acme + ":8443", acme + ":8443/x", true}, {acme + ":8443", acme, false}, {acme, acme + ":443", false},
		{"http://acme.xurrent.com", "http://acme.xurrent.com", false},
	} {
		p.IssuerPrefix = c.prefix
		if err := try(c.issuer); (err == nil) != c.want {
			t.Errorf("%s below %s: %v", c.issuer, c.prefix, err)
		}
	}
}

// http is taken of a simulated account alone.
func TestP52SimulatedAccount(t *testing.T) {
	v := newVerifier(t, Options{InsecureIssuer: "http://127.0.0.1:4000"})
	for issuer, want := range map[string]bool{"http://127.0.0.1:4000": true, "http://127.0.0.1:4000/acme": true, "http://127.0.0.1:40001": false,
		"http://127.0.0.2:4000": false, "http://127.0.0.1:4000@evil.io": false, "http://acme.xurrent.com": false} {
		p := Policy{IssuerPrefix: issuer, Algorithm: "ES256", Key: public("ES256")}
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": issuer})), p)
		if (err == nil) != want {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func TestP53LookAlikeHosts(t *testing.T) {
	v := newVerifier(t, Options{})
	for _, p := range []Policy{keyed("ES256"), {IssuerPrefix: acme, Algorithm: "ES256", Key: public("ES256")}} {
		for _, issuer := range []string{"https://acme.xurrent.com.evil.io", "https://acme.xurrent.com@evil.io"} {
			refuses(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iss": issuer})), p, "issuer")
		}
		accepts(t, v, good("ES256"), p)
	}
}

func TestJ9Audience(t *testing.T) {
	v := newVerifier(t, Options{})
	p := keyed("ES256")
	p.Audience = "https://runner.example/x"
	try := func(aud any) error {
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"aud": aud})), p)
		return err
	}
	for _, aud := range []any{p.Audience, []string{p.Audience}, []string{"other", p.Audience}} {
		if err := try(aud); err != nil {
			t.Errorf("%v: %v", aud, err)
		}
	}
	for _, aud := range []any{
		nil, "", "https://runner.example", "https://runner.example/", "https://runner.example/x/", "https://runner.example/xy", "https://runner.example/X",
		"HTTPS://runner.example/x", "http://runner.example/x", "https://runner.example:443/x", "https://u@runner.example/x", " https://runner.example/x",
		"https://runner.example/x ", "https://runner.example/x\u0000", "runner.example/x", []string{}, []string{"other"}, [][]string{{p.Audience}},
		object{p.Audience: true}, 1, true, []any{p.Audience, 1}, "*", "https://runner.example/x,other",
	} {
		if try(aud) == nil {
			t.Errorf("the audience %v is accepted", aud)
		}
	}
	p.Audience = "" // nothing is asked for, but what is there must be an audience
	for aud, want := range map[any]bool{nil: true, "any": true, 1: false} {
		if err := try(aud); (err == nil) != want {
			t.Errorf("%v: %v", aud, err)
		}
	}
}

// Each edge at one second before, at it, and after.
func TestJ10Times(t *testing.T) {
	type times struct{ exp, nbf, iat any }
	at := func(d time.Duration) any { return noon.Add(d).Unix() }
	raw := func(s string) any { return jsonText(s) }
	cases := []struct {
		times
		age  time.Duration
		want bool
	}{}
	add := func(want bool, ts ...times) {
		for _, x := range ts {
			cases = append(cases, struct {
				times
				age  time.Duration
				want bool
			}{x, 0, want})
		}
	}
	const s = time.Second
	add(true, times{}, times{exp: at(time.Hour)}, times{exp: at(s)}, times{exp: at(0)}, times{exp: at(-s)}, times{exp: at(-59 * s)}, times{exp: at(-60 * s)},
		times{nbf: at(0)}, times{nbf: at(-time.Hour)}, times{nbf: at(59 * s)}, times{nbf: at(60 * s)}, times{nbf: 0},
		times{iat: at(0)}, times{iat: at(59 * s)}, times{iat: at(60 * s)}, times{iat: at(-59 * s)}, times{iat: at(-60 * s)},
		times{iat: raw(fmt.Sprintf("%d.5", noon.Unix()))}, times{exp: raw(fmt.Sprintf("%de0", noon.Unix()))}, times{exp: raw("253402300799")},
		times{exp: raw(fmt.Sprintf("%d.0", noon.Unix()-60))})
	add(false, times{exp: at(-61 * s)}, times{exp: 0}, times{exp: raw("0.0")}, times{exp: raw("-0")}, times{exp: raw("-1")}, times{exp: raw("1e400")},
		times{exp: raw("253402300800")}, times{exp: raw("9007199254740993")}, times{exp: fmt.Sprint(noon.Unix() + 60)}, times{exp: raw("null")},
		times{exp: true}, times{exp: []int{1}}, times{exp: raw(fmt.Sprintf("%d.5", noon.Unix()-61))},
		times{exp: raw("1" + strings.Repeat("0", 50))},
		times{nbf: at(61 * s)}, times{nbf: raw("null")}, times{nbf: "0"}, times{nbf: raw("-5")},
		times{iat: at(61 * s)}, times{iat: at(-61 * s)}, times{iat: 0}, times{iat: raw("null")}, times{iat: fmt.Sprint(noon.Unix())},
		times{iat: at(time.Hour)}, times{exp: at(time.Hour), iat: at(-61 * s)}, times{iat: raw(fmt.Sprintf("%d.5", noon.Unix()+60))})
	if len(cases) < 40 {
		t.Errorf("%d cases", len(cases))
	}
	v := newVerifier(t, Options{})
	for _, c := range cases {
		claims := object{"exp": c.exp, "nbf": c.nbf, "iat": c.iat}
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, claims)), keyed("ES256"))
		if (err == nil) != c.want {
			t.Errorf("exp %v, nbf %v, iat %v: %v", c.exp, c.nbf, c.iat, err)
		}
	}
	// A setting allows older ones, and none of the future.
	v = newVerifier(t, Options{MaxAge: time.Hour})
	for age, want := range map[time.Duration]bool{time.Hour: true, time.Hour + s: false, time.Hour - s: true, -60 * s: true, -61 * s: false} {
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iat": at(-age)})), keyed("ES256"))
		if (err == nil) != want {
			t.Errorf("issued %s ago: %v", age, err)
		}
	}
}

// jsonText is a value that is written as it is.
type jsonText string

func (j jsonText) MarshalJSON() ([]byte, error) {
	if strings.HasPrefix(string(j), "1e400") {
		return []byte("1e400"), nil
	}
	return []byte(j), nil
}

// Missing iat and jti are accepted; an id has 256 characters at most.
func TestP55MissingTimeAndID(t *testing.T) {
	v := newVerifier(t, Options{})
	got := accepts(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iat": nil, "jti": nil})), keyed("ES256"))
	if got.ID != "" || !got.Until.IsZero() {
		t.Errorf("%+v", got)
	}
	accepts(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iat": nil, "nbf": nil, "sub": nil})), keyed("ES256"))
	refuses(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iat": noon.Unix() - 61})), keyed("ES256"), "ago")
	refuses(t, v, signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"iat": noon.Unix() + 61})), keyed("ES256"), "in the future")
}

func TestP56IDLength(t *testing.T) {
	v := newVerifier(t, Options{})
	for id, want := range map[any]bool{
		strings.Repeat("x", 256): true, strings.Repeat("é", 256): true, "x": true,
		strings.Repeat("x", 257): false, strings.Repeat("é", 257): false, "": false, 1: false, true: false,
	} {
		_, err := v.Verify(t.Context(), signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, object{"jti": id})), keyed("ES256"))
		if (err == nil) != want {
			t.Errorf("%v: %v", id, err)
		}
	}
}

// An id is kept until its token cannot be accepted, with a minute for requests that are under way.
func TestJ11HowLongAnIDIsKept(t *testing.T) {
	for _, c := range []struct {
		iat, exp any
		age      time.Duration
		want     time.Duration
		ever     bool
	}{
		{iat: 0 * time.Second, want: 120 * time.Second},
		{iat: -30 * time.Second, want: 90 * time.Second},
		{iat: 0 * time.Second, age: time.Hour, want: time.Hour + time.Minute},
		{iat: 0 * time.Second, exp: -20 * time.Second, want: 100 * time.Second},
		{iat: 0 * time.Second, exp: time.Hour, want: 120 * time.Second},
		{exp: time.Hour, want: time.Hour + 2*time.Minute},
		{ever: true},
	} {
		clock := newClock()
		v := newVerifier(t, Options{MaxAge: c.age, Now: clock.now})
		claims := object{"iat": nil, "nbf": nil}
		for name, d := range map[string]any{"iat": c.iat, "exp": c.exp} {
			if d, ok := d.(time.Duration); ok {
				claims[name] = noon.Add(d).Unix()
			}
		}
		token := signed("ES256", `{"alg":"ES256"}`, claimsAt(noon, claims))
		got := accepts(t, v, token, keyed("ES256"))
		if c.ever {
			if !got.Until.IsZero() {
				t.Errorf("until %s", got.Until)
			}
			continue
		}
		if !got.Until.Equal(noon.Add(c.want)) {
			t.Errorf("iat %v, exp %v: until %s after noon", c.iat, c.exp, got.Until.Sub(noon))
		}
		clock.turn(c.want - 59*time.Second)
		refuses(t, v, token, keyed("ES256"), "the token")
	}
}
