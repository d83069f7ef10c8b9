package verify

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wellKnown answers with a configuration and a key set.
func wellKnown(config, set func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			config(w)
		} else {
			set(w)
		}
	}
}

func writes(s string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fmt.Fprint(w, s) }
}

// Only the configured issuer is asked, only in ways that cannot lead elsewhere.
func TestK1BadServers(t *testing.T) {
	canary := newIssuer(t, jwk("k1", "ES256", nil))
	v := newVerifier(t, Options{})
	v.keys.limit = 400 * time.Millisecond
	set := text(object{"keys": []object{jwk("k1", "ES256", nil)}})
	s := newIssuer(t)
	host := strings.TrimPrefix(s.URL, "https://")
	uri := func(uri string) func(http.ResponseWriter) { return writes(text(object{"jwks_uri": uri})) }
	status := func(code int, location string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.Header().Set("Location", location); w.WriteHeader(code) }
	}
	fine := uri(s.URL + "/jwks")
	drip := func(w http.ResponseWriter) {
		for {
			if _, err := fmt.Fprint(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	bomb := func(w http.ResponseWriter) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		for range 64 {
			fmt.Fprint(z, strings.Repeat(" ", 1<<20))
		}
	}
	servers := map[string]http.HandlerFunc{
		"another issuer":          wellKnown(writes(text(object{"issuer": canary.URL, "jwks_uri": s.URL + "/jwks"})), writes(set)),
		"issuer of another path":  wellKnown(writes(text(object{"issuer": s.URL + "/other", "jwks_uri": s.URL + "/jwks"})), writes(set)),
		"issuer of a wrong type":  wellKnown(writes(text(object{"issuer": 1, "jwks_uri": s.URL + "/jwks"})), writes(set)),
		"keys on another host":    wellKnown(uri(canary.URL+"/jwks"), writes(set)),
		"keys on another port":    wellKnown(uri("https://127.0.0.1/jwks"), writes(set)),
		"keys by http":            wellKnown(uri("http://"+host+"/jwks"), writes(set)),
		"keys with a user":        wellKnown(uri("https://u@"+host+"/jwks"), writes(set)),
		"keys in a file":          wellKnown(uri("file:///etc/passwd"), writes(set)),
		"keys nowhere":            wellKnown(writes("{}"), writes(set)),
		"keys of a wrong type":    wellKnown(writes(`{"jwks_uri":["`+s.URL+`/jwks"]}`), writes(set)),
		"redirect":                wellKnown(status(302, canary.URL+"/jwks"), writes(set)),
		"redirect, own host":      wellKnown(status(301, s.URL+"/jwks"), writes(set)),
		"redirect of the keys":    wellKnown(fine, status(307, canary.URL+"/jwks")),
		"no configuration":        wellKnown(status(404, ""), writes(set)),
		"server error":            wellKnown(fine, status(500, "")),
		"created":                 wellKnown(fine, func(w http.ResponseWriter) { w.WriteHeader(201); fmt.Fprint(w, set) }),
		"large configuration":     wellKnown(writes(text(object{"jwks_uri": s.URL + "/jwks", "x": strings.Repeat("x", maxDocument)})), writes(set)),
		"large key set":           wellKnown(fine, writes(set+strings.Repeat(" ", maxDocument))),
		"a bomb":                  wellKnown(fine, bomb),
		"no JSON":                 wellKnown(writes("<html>"), writes(set)),
		"key set is no JSON":      wellKnown(fine, writes("<html>")),
		"two sets of keys":        wellKnown(fine, writes(strings.Replace(set, "{", `{"keys":[],`, 1))),
		"something after the set": wellKnown(fine, writes(set+"{}")),
		"drips":                   wellKnown(drip, writes(set)),
		"drips keys":              wellKnown(fine, drip),
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		},
	}
	i := 0
	for name, answer := range servers {
		i++
		s.set(answer)
		began := time.Now()
		// A path of its own, so that no failure is remembered.
		token := s.of("k1", "ES256", noon, object{"iss": fmt.Sprint(s.URL, "/", i)})
		if _, err := v.Verify(t.Context(), token, s.policy()); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
	if n := canary.requests(); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"no issuer named": wellKnown(fine, writes(set)),
		"with a query":    wellKnown(uri(s.URL+"/jwks?v=2"), writes(set)),
		"just fits":       wellKnown(fine, writes(set+strings.Repeat(" ", maxDocument-len(set)))),
	} {
		i++
		v := newVerifier(t, Options{}) // for the issuers of a host are counted
		s.set(answer)
		if _, err := v.Verify(t.Context(), s.of("k1", "ES256", noon, object{"iss": fmt.Sprint(s.URL, "/", i)}), s.policy()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The whole exchange has 5 s, and a document 256 KiB (LANGUAGE section 4).
func TestP57Discovery(t *testing.T) {
	s := newIssuer(t, jwk("k1", "ES256", nil), jwk("k2", "RS384", nil))
	v := newVerifier(t, Options{})
	if v.keys.limit != 5*time.Second || maxDocument != 256<<10 {
		t.Error(v.keys.limit, maxDocument)
	}
	got := accepts(t, v, s.of("k1", "ES256", noon, object{"iss": s.URL + "/webhook_policies/7"}), s.policy())
	if got.Issuer != s.URL+"/webhook_policies/7" {
		t.Errorf("%+v", got)
	}
	if s.asked["/webhook_policies/7/.well-known/openid-configuration"] != 1 || s.asked["/jwks"] != 1 {
		t.Errorf("asked %v", s.asked)
	}
	accepts(t, v, s.of("k2", "RS384", noon, object{"iss": s.URL + "/webhook_policies/7"}), s.policy())
	refuses(t, v, s.of("k2", "RS256", noon, object{"iss": s.URL + "/webhook_policies/7"}), s.policy(), "for another algorithm")
	if n := s.requests(); n != 2 {
		t.Errorf("%d requests", n)
	}
	// By default nothing on a loopback address is asked.
	guarded := New(Options{Now: newClock().now})
	defer guarded.Close()
	refuses(t, guarded, s.of("k1", "ES256", noon, nil), s.policy(), "127.0.0.1")
}

// Which published keys are used.
func TestK2KeysOfASet(t *testing.T) {
	ec := func(changes object) object { return jwk("k1", "ES256", changes) }
	oct := object{"kty": "oct", "kid": "k1", "use": "sig", "k": "c2VjcmV0", "alg": "HS256"}
	for name, c := range map[string]struct {
		keys []any
		want bool
	}{
		"as it should be":       {[]any{ec(nil)}, true},
		"no alg":                {[]any{ec(object{"alg": nil})}, true},
		"verify among key_ops":  {[]any{ec(object{"key_ops": []string{"sign", "verify"}})}, true},
		"unknown members":       {[]any{ec(object{"x5t": "AA", "ext": true, "nbf": 1})}, true},
		"unknown kinds too":     {[]any{object{"kty": "OKP", "kid": "k1", "crv": "Ed25519", "x": "AA", "use": "sig"}, object{"kty": "PQC", "kid": "k1"}, ec(nil)}, true},
		"an oct beside it":      {[]any{oct, ec(nil)}, true},
		"things that are none":  {[]any{1, nil, "k1", []int{}, object{}, ec(nil)}, true},
		"among others":          {[]any{jwk("k0", "RS256", nil), ec(nil), jwk("k2", "ES384", nil)}, true},
		"empty set":             {[]any{}, false},
		"another id":            {[]any{ec(object{"kid": "K1"})}, false},
		"id of another form":    {[]any{ec(object{"kid": "k1 "})}, false},
		"no id":                 {[]any{ec(object{"kid": nil})}, false},
		"id of a wrong type":    {[]any{ec(object{"kid": 1})}, false},
		"id twice":              {[]any{ec(nil), ec(nil)}, false},
		"id twice, two kinds":   {[]any{ec(nil), jwk("k1", "RS256", nil)}, false},
		"id twice, for another": {[]any{ec(nil), ec(object{"use": "enc"})}, false},
		"for encryption":        {[]any{ec(object{"use": "enc"})}, false},
		"no use":                {[]any{ec(object{"use": nil})}, false},
		"use of a wrong type":   {[]any{ec(object{"use": []string{"sig"}})}, false},
		"use in capitals":       {[]any{ec(object{"use": "SIG"})}, false},
		"another alg":           {[]any{ec(object{"alg": "ES384"})}, false},
		"empty alg":             {[]any{ec(object{"alg": ""})}, false},
		"alg of a wrong type":   {[]any{ec(object{"alg": 1})}, false},
		"only to sign":          {[]any{ec(object{"key_ops": []string{"sign"}})}, false},
		"no operations":         {[]any{ec(object{"key_ops": []string{}})}, false},
		"operations as text":    {[]any{ec(object{"key_ops": "verify"})}, false},
		"oct":                   {[]any{oct}, false},
		"oct as EC":             {[]any{object{"kty": "EC", "kid": "k1", "use": "sig", "k": "c2VjcmV0"}}, false},
		"another kind":          {[]any{ec(object{"kty": "RSA"})}, false},
		"another curve":         {[]any{jwk("k1", "ES384", object{"alg": nil})}, false},
		"RSA for ES":            {[]any{jwk("k1", "RS256", object{"alg": nil})}, false},
		"kind in small letters": {[]any{ec(object{"kty": "ec"})}, false},
	} {
		s := newIssuer(t)
		s.set(wellKnown(writes(text(object{"jwks_uri": s.URL + "/jwks"})), writes(text(object{"keys": c.keys}))))
		_, err := newVerifier(t, Options{}).Verify(t.Context(), s.of("k1", "ES256", noon, nil), s.policy())
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
