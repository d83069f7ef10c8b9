package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"currant/engine/lang"
)

// rules are texts that two readers could read differently, each with %s where good members stand.
var rules = map[string]string{
	"name twice":              `{%s,"x":1,"x":1}`,
	"name twice, escaped":     `{%s,"x":1,"\u0078":2}`,
	"name twice, inside":      `{%s,"x":{"y":1,"y":2}}`,
	"name twice, in a list":   `{%s,"x":[{"y":1,"y":2}]}`,
	"empty name twice":        `{%s,"":1,"":2}`,
	"among many":              `{%s,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"r":0,"s":0,"t":0,"u":0,"v":0,"w":0,"y":0,"z":0,"a":1}`,
	"late among many":         `{%s,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"r":0,"s":0,"t":0,"u":0,"v":0,"w":0,"y":0,"z":0,"z":1}`,
	"not UTF-8":               "{%s,\"x\":\"\xff\"}",
	"overlong UTF-8":          "{%s,\"x\":\"\xc0\xae\"}",
	"surrogate in UTF-8":      "{%s,\"x\":\"\xed\xa0\x80\"}",
	"name not UTF-8":          "{%s,\"\xfe\":1}",
	"lone high surrogate":     `{%s,"x":"\ud800"}`,
	"lone low surrogate":      `{%s,"x":"\udc00"}`,
	"surrogates swapped":      `{%s,"x":"\udc00\ud800"}`,
	"high and no escape":      `{%s,"x":"\ud800udc00"}`,
	"lone in a name":          `{%s,"\ud800":1}`,
	"after it":                `{%s} {}`,
	"text after it":           `{%s}x`,
	"NUL after it":            "{%s}\x00",
	"comma after it":          `{%s},`,
	"byte order mark":         "\ufeff{%s}",
	"trailing comma":          `{%s,}`,
	"comment":                 `{%s/* */}`,
	"single quotes":           `{%s,'x':1}`,
	"bare name":               `{%s,x:1}`,
	"leading zero":            `{%s,"x":01}`,
	"plus":                    `{%s,"x":+1}`,
	"hexadecimal":             `{%s,"x":0x1}`,
	"NaN":                     `{%s,"x":NaN}`,
	"dot at the end":          `{%s,"x":1.}`,
	"dot at the begin":        `{%s,"x":.1}`,
	"no exponent":             `{%s,"x":1e}`,
	"True":                    `{%s,"x":True}`,
	"control character":       "{%s,\"x\":\"\n\"}",
	"unknown escape":          `{%s,"x":"\x41"}`,
	"short escape":            `{%s,"x":"\u12"}`,
	"signed escape":           `{%s,"x":"\u+041"}`,
	"open text":               `{%s,"x":"}`,
	"open object":             `{%s`,
	"open list":               `{%s,"x":[}`,
	"backslash at the end":    `{%s,"x":"\`,
	"form feed as blank":      "{%s,\f\"x\":1}",
	"no-break space":          "{%s,\u00a0\"x\":1}",
	"65 lists deep":           `{%s,"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	"a million lists":         `{%s,"x":` + strings.Repeat("[", 1_000_000),
	"more values than wanted": `{%s,"x":[0` + strings.Repeat(",0", 30_000) + `]}`,
}

// inPlaces puts members into an envelope's, a header's and a claims' text, and tells whether it is taken.
func inPlaces(t *testing.T, v *Verifier, rule string) map[string]bool {
	t.Helper()
	header, claims := `"alg":"ES256"`, strings.TrimSuffix(strings.TrimPrefix(text(claimsAt(noon, nil)), "{"), "}")
	put := func(members string) string { return strings.Replace(rule, "%s", members, 1) }
	verified := func(token string) bool {
		_, err := v.Verify(t.Context(), token, keyed("ES256"))
		return err == nil
	}
	token, signedBody, err := Envelope([]byte(put(`"jwt":"` + good("ES256") + `"`)))
	return map[string]bool{
		"envelope": err == nil && signedBody && verified(token),
		"header":   verified(signed("ES256", put(header), claimsAt(noon, nil))),
		"claims":   verified(signed("ES256", `{`+header+`}`, put(claims))),
	}
}

func TestJ8StrictJSON(t *testing.T) {
	v := newVerifier(t, Options{})
	for name, rule := range rules {
		for place, taken := range inPlaces(t, v, rule) {
			if taken {
				t.Errorf("%s in the %s is accepted", name, place)
			}
		}
	}
	for name, rule := range map[string]string{
		"nothing more":    `{%s}`,
		"blanks":          "\r\n\t {%s\r\n}\r\n",
		"many names":      `{%s,"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"r":0,"s":0,"t":0,"u":0,"v":0,"w":0,"y":0,"z":0}`,
		"surrogate pair":  `{%s,"x":"\ud83d\ude00\u00e9\"\\\/\b\f\n\r\t"}`,
		"64 deep":         `{%s,"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
		"numbers":         `{%s,"x":[0,-0,1.5e+10,-1E-5,12345678901234567890]}`,
		"words":           `{%s,"x":[true,false,null,{},[]]}`,
		"same, elsewhere": `{%s,"x":{"jwt":1,"alg":2,"iss":3},"y":{"x":1}}`,
	} {
		for place, taken := range inPlaces(t, v, rule) {
			if !taken {
				t.Errorf("%s in the %s is refused", name, place)
			}
		}
	}
}

// A name in other letters is another name: it changes no verdict and gives no value.
func TestJ8NamesHaveCase(t *testing.T) {
	v := newVerifier(t, Options{})
	p := keyed("ES256")
	p.Audience = "currant"
	claims := claimsAt(noon, object{"aud": "currant", "exp": noon.Unix() + 60})
	for name, value := range map[string]any{
		"ISS": "https://evil.example", "Iss": "https://evil.example", "i\u017fs": "https://evil.example", "EXP": 0, "Exp": 0, "NBF": 1 << 40,
		"Nbf": 1 << 40, "IAT": 0, "AUD": "other", "Aud": "other", "JTI": "x", "Jti": strings.Repeat("x", 300), "DATA": "no", "Data": "no",
	} {
		got := accepts(t, v, signed("ES256", `{"alg":"ES256","ALG":"none","Alg":"HS256","Kid":"\u0000","CRIT":["x"],"Zip":"DEF"}`, merged(claims, name, value)), p)
		if got.ID != claims["jti"] || !strings.Contains(string(got.Data), "request.create") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, name := range []string{"iss", "aud"} {
		other := merged(claims, strings.ToUpper(name), claims[name])
		delete(other, name)
		refuses(t, v, signed("ES256", `{"alg":"ES256"}`, other), p, "the")
	}
	refuses(t, v, signed("ES256", `{"ALG":"ES256"}`, claims), p, "names no algorithm")
	for _, body := range []string{`{"JWT":"a.b.c"}`, `{"Jwt":"a.b.c"}`, `{"jwt ":"a.b.c"}`, `{"j\u0057t":"x"}`, `[{"jwt":"x"}]`, `{"x":{"jwt":"x"}}`, `"jwt"`} {
		if token, signed, err := Envelope([]byte(body)); signed || token != "" || err != nil {
			t.Errorf("%s: %q %v %v", body, token, signed, err)
		}
	}
}

func merged(o object, name string, value any) object {
	out := object{name: value}
	for k, v := range o {
		if _, ok := out[k]; !ok {
			out[k] = v
		}
	}
	return out
}

// What the scanner takes, the language's own strict reader takes too, and the other way round, but for numbers
// that are too long for the language.
func TestJ8AsStrictAsTheLanguage(t *testing.T) {
	for name, rule := range rules {
		body := []byte(strings.Replace(rule, "%s", `"q":1`, 1))
		_, ours := members(body)
		_, theirs := lang.ParseJSON(body, lang.DataLimits{Bytes: 1 << 21, Depth: maxDepth, Elements: maxValues})
		if ours == nil || theirs == nil {
			t.Errorf("%s: %v, %v", name, ours, theirs)
		}
	}
}

func FuzzJ8(f *testing.F) {
	for _, rule := range rules {
		if len(rule) < 1000 {
			f.Add(strings.Replace(rule, "%s", `"q":1`, 1))
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := scanner{b: []byte(body)}
		ours := s.whole()
		_, theirs := lang.ParseJSON([]byte(body), lang.DataLimits{Depth: maxDepth, Elements: maxValues})
		if theirs == nil && ours != nil {
			t.Errorf("refused (%v), and the language reads it: %q", ours, body)
		}
		if ours == nil && !json.Valid([]byte(body)) {
			t.Errorf("accepted, and it is no JSON: %q", body)
		}
		for _, m := range s.top {
			if ours == nil && !json.Valid(m.value) {
				t.Errorf("the value of %q: %q", m.name, m.value)
			}
		}
		if ours == nil && theirs != nil && !strings.ContainsAny(body, "0123456789") && !strings.Contains(fmt.Sprint(theirs), "twice") {
			t.Errorf("accepted, and the language refuses it (%v): %q", theirs, body)
		}
	})
}
