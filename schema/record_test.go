package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func record(t testing.TB, on, fields, data string) (cty.Value, error) {
	t.Helper()
	return fieldsOf(t, on, fields).Record(context.Background(), []byte(data), noFetch(t))
}

func TestRecordIsTyped(t *testing.T) {
	const fields = "id name vip updatedAt costPerHour doNotTranslateLanguages manager { id } customFields { id value } x: __typename"
	typ := cty.Object(map[string]cty.Type{"id": cty.String, "name": cty.String, "vip": cty.Bool, "updatedAt": cty.String, "costPerHour": cty.String,
		"doNotTranslateLanguages": cty.List(cty.String), "manager": cty.Object(map[string]cty.Type{"id": cty.String}), "x": cty.String,
		"customFields": cty.List(cty.Object(map[string]cty.Type{"id": cty.String, "value": cty.DynamicPseudoType}))})
	if got := fieldsOf(t, "Person", fields).Type(); !got.Equals(typ) {
		t.Errorf("%#v", got)
	}
	for data, want := range map[string]string{
		`{"id":"1","name":"A\"\u00e9\ud83d\ude00","vip":true,"updatedAt":"t","costPerHour":12.50,"doNotTranslateLanguages":["en"],"manager":{"id":"2"},"customFields":[],"x":"P"}`: `{"costPerHour":"12.50","customFields":[],"doNotTranslateLanguages":["en"],"id":"1","manager":{"id":"2"},"name":"A\"é😀","updatedAt":"t","vip":true,"x":"P"}`,
		`{"vip":"false","id":7,"name":false,"doNotTranslateLanguages":"en","unasked":{"a":[1,{"b":"]}"}]},"customFields":[{"id":"a","value":1},{"id":"b","value":2}]}`:             `{"costPerHour":null,"customFields":[{"id":"a","value":1},{"id":"b","value":2}],"doNotTranslateLanguages":["en"],"id":"7","manager":null,"name":"false","updatedAt":null,"vip":false,"x":null}`,
		` { "name" : null , "manager" : null , "customFields" : [ { "value" : { "k" : [ ] } } , null ] } `:                                                                         `{"costPerHour":null,"customFields":[{"id":null,"value":{"k":[]}},null],"doNotTranslateLanguages":null,"id":null,"manager":null,"name":null,"updatedAt":null,"vip":null,"x":null}`,
		`null`: `null`,
	} {
		v, err := record(t, "Person", fields, data)
		if err != nil || toJSON(t, v) != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, toJSON(t, v), want)
		}
	}
	v, err := record(t, "Person", fields, `{"customFields":[{"value":1},{"value":"x"}]}`)
	if err != nil || !v.GetAttr("customFields").Type().IsTupleType() {
		t.Errorf("values of different types are no tuple: %#v %v", v, err)
	}
}

func TestRecordRefuses(t *testing.T) {
	for data, at := range map[string]string{
		`{"vip":"maybe"}`: "vip", `{"vip":3}`: "vip", `{"manager":"x"}`: "manager", `{"manager":{"id":"1"`: "manager", `{"name":"a","name":"b"}`: "name",
		`{"name":"\ud800"}`: "name", `{"name":"a` + "\n" + `"}`: "name", `{"customFields":[{"value":[1,]}]}`: "customFields.0.value", `{"name":nope}`: "name",
		`{"name"}`: "", `{"name":"x"} x`: "", `[]`: "", `"x"`: "", ``: "", `{`: "", `{"name":"x",}`: "", "{\"name\":\"\xff\"}": "", `{"unasked":}`: "unasked", `{,}`: "",
	} {
		_, err := record(t, "Person", "name vip manager { id } customFields { value }", data)
		var de *DecodeError
		if !errors.As(err, &de) || strings.Join(de.Path, ".") != at {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// TestH3AnswerLimits: the limits of data from outside hold for answers: depth, digits, exponents, whole numbers
// beyond 53 bits, size, number of values.
func TestH3AnswerLimits(t *testing.T) {
	nested := func(n int) string {
		return `{"value":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	number := func(s string) string { return `{"value":` + s + `}` }
	for name, c := range map[string]struct {
		data string
		ok   bool
	}{
		"depth below":               {nested(62), true},
		"depth at":                  {nested(63), true}, // and the object around it
		"depth above":               {nested(64), false},
		"depth far above":           {nested(100_000), false},
		"depth of what is skipped":  {strings.Replace(nested(63), "value", "other", 1), true},
		"depth above, skipped":      {strings.Replace(nested(64), "value", "other", 1), false},
		"39 digits":                 {number(strings.Repeat("9", 39)), true},
		"40 digits":                 {number(strings.Repeat("9", 40)), true},
		"41 digits":                 {number(strings.Repeat("9", 41)), false},
		"40 digits with a fraction": {number(strings.Repeat("9", 20) + "." + strings.Repeat("9", 20)), true},
		"41 with a fraction":        {number(strings.Repeat("9", 20) + "." + strings.Repeat("9", 21)), false},
		"exponent 307":              {number("1e307"), true},
		"exponent 308":              {number("1e308"), true},
		"exponent 309":              {number("1e309"), false},
		"exponent -308":             {number("1e-308"), true},
		"exponent -309":             {number("1e-309"), false},
		"a million digits":          {number(strings.Repeat("9", 1_000_000)), false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := record(t, "CustomField", "value", c.data); (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
		})
	}
	for _, text := range []string{"9007199254740993", "-9007199254740993", "999999999999999999", "1234567890123456789", "12345678901234567890123", strings.Repeat("7", 40), "0", "-5", "0.1"} {
		for on, key := range map[string]string{"CustomField": "value", "Request": "reopenCount"} {
			v, err := record(t, on, key, fmt.Sprintf(`{%q:%s}`, key, text))
			if err != nil || toJSON(t, v) != fmt.Sprintf(`{%q:%s}`, key, text) {
				t.Errorf("%s: %v %v", text, v, err)
			}
		}
	}
	for text, ok := range map[string]bool{"1e308": true, "1e309": false, strings.Repeat("9", 41): false, "01": false, "1x": false, "-": false, "1.": false} {
		for _, on := range []string{"reopenCount", "subject"} { // a number, and a number in place of text
			if _, err := record(t, "Request", on, fmt.Sprintf(`{%q:%s}`, on, text)); (err == nil) != ok {
				t.Errorf("%s %s: %v", on, text, err)
			}
		}
	}
}

func TestH3AnswerSize(t *testing.T) {
	for n, ok := range map[int]bool{10<<20 - 1: true, 10 << 20: true, 10<<20 + 1: false} {
		data := `{"name":"` + strings.Repeat("x", n-len(`{"name":""}`)) + `"}`
		if _, err := record(t, "Person", "name", data); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	// The object and the list count, and each element.
	for n, ok := range map[int]bool{499_997: true, 499_998: true, 499_999: false} {
		data := `{"doNotTranslateLanguages":[` + strings.Repeat(`"",`, n-1) + `""]}`
		if _, err := record(t, "Person", "doNotTranslateLanguages", data); (err == nil) != ok {
			t.Errorf("%d values: %v", n, err)
		}
	}
	var d lang.DataLimits
	if _, err := lang.ParseJSON([]byte(strings.Repeat("[", maxDataDepth)+strings.Repeat("]", maxDataDepth)), d); err != nil {
		t.Errorf("our limits are not those of the language: %v", err)
	}
}

// TestP28Flattening: only what asks for nothing but nodes becomes a list.
func TestP28Flattening(t *testing.T) {
	for fields, want := range map[string]string{
		"teams { nodes { id } }":                          `{"teams":[{"id":"a"}]}`,
		"teams(first: 5) { nodes { id } }":                `{"teams":[{"id":"a"}]}`,
		"teams { totalCount nodes { id } }":               `{"teams":{"nodes":[{"id":"a"}],"totalCount":1}}`,
		"teams { n: nodes { id } }":                       `{"teams":{"n":null}}`,
		"teams { totalCount }":                            `{"teams":{"totalCount":1}}`,
		"teams { pageInfo { hasNextPage } nodes { id } }": `{"teams":{"nodes":[{"id":"a"}],"pageInfo":{"hasNextPage":false}}}`,
	} {
		v, err := record(t, "Person", fields, `{"id":"p","teams":{"totalCount":1,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{"id":"a"},null]}}`)
		if err != nil || toJSON(t, v) != want {
			t.Errorf("%s: %s %v", fields, toJSON(t, v), err)
		}
	}
	for data, want := range map[string]string{
		`{"teams":null}`: `{"teams":null}`, `{"teams":{"nodes":null}}`: `{"teams":[]}`, `{"teams":{}}`: `{"teams":[]}`, `{}`: `{"teams":null}`,
	} {
		v, err := record(t, "Person", "teams { nodes { id } }", data)
		if err != nil || toJSON(t, v) != want || !v.Type().AttributeType("teams").Equals(cty.List(cty.Object(map[string]cty.Type{"id": cty.String}))) {
			t.Errorf("%s: %s %v", data, toJSON(t, v), err)
		}
	}
}

func TestPage(t *testing.T) {
	q := mustQuery(t, QueryArgs{Object: "people", Fields: "name"})
	page, err := q.Page(context.Background(), []byte(`{"other":1,"people":{"pageInfo":{"hasNextPage":true,"endCursor":"c"},"totalCount":7,"nodes":[{"name":"a"},null,{"name":"b"}]}}`), noFetch(t))
	if err != nil || len(page.Nodes) != 2 || *page.Total != 7 || !page.HasNext || page.Cursor != "c" {
		t.Errorf("%+v %v", page, err)
	}
	for _, data := range []string{`{"people":{"nodes":null}}`, `{"people":{}}`, `{"people":{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":" "}}}`, `{"people":{"pageInfo":null,"totalCount":null}}`} {
		page, err := q.Page(context.Background(), []byte(data), noFetch(t))
		if err != nil || len(page.Nodes) != 0 || page.HasNext {
			t.Errorf("%s: %+v %v", data, page, err)
		}
	}
	for _, data := range []string{`{"people":null}`, `{}`, `null`, `{"poeple":{}}`} {
		_, err := q.Page(context.Background(), []byte(data), nil)
		var none *NoData
		if !errors.As(err, &none) || err.Error() != "No data returned for 'people'" {
			t.Errorf("%s: %v", data, err)
		}
	}
	me := mustQuery(t, QueryArgs{Object: "me", Fields: "name"})
	if v, err := me.Single(context.Background(), []byte(`{"me":{"name":"a"}}`), noFetch(t)); err != nil || toJSON(t, v) != `{"name":"a"}` {
		t.Error(v, err)
	}
	if _, err := me.Single(context.Background(), []byte(`{"me":null}`), nil); err == nil || err.Error() != "No data returned for 'me'" {
		t.Error(err)
	}
	nodes, err := q.Selection.Records(context.Background(), []byte(`[{"name":"a"},null]`), noFetch(t))
	if err != nil || len(nodes) != 1 {
		t.Error(nodes, err)
	}
}

// FuzzAnswer: any answer gives an error or values of the type that was promised.
func FuzzAnswer(f *testing.F) {
	q := mustQuery(f, QueryArgs{Object: "people", Fields: "name vip manager { id } teams { totalCount nodes { id } } customFields { id value }"})
	m := mustMutation(f, MutationArgs{Mutation: "requestCreate"})
	f.Add([]byte(`{"people":{"pageInfo":{"hasNextPage":true,"endCursor":"c"},"totalCount":1,"nodes":[{"name":"a","vip":true,"teams":{"totalCount":1,"nodes":[{"id":"t"}],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}]}}`))
	f.Add([]byte(`{"people":{"nodes":[{"customFields":[{"value":1},{"value":[{}]}]},{"name":1e5}]}}`))
	f.Add([]byte(`{"requestCreate":{"errors":[{"message":"a","path":"b"}],"request":{"id":"x"}}}`))
	more := func(context.Context, More) (json.RawMessage, error) {
		return json.RawMessage(`{"node":{"teams":{"nodes":[{"id":"u"}]}}}`), nil
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		page, err := q.Page(context.Background(), b, more)
		if err == nil {
			for _, v := range page.Nodes {
				if errs := v.Type().TestConformance(q.Selection.Type()); len(errs) > 0 && !hasTuple(v) {
					t.Fatal(errs)
				}
			}
		}
		_, _, _ = m.Payload(context.Background(), b, more)
		_, _ = q.Selection.Record(context.Background(), b, more)
	})
}

// hasTuple says whether custom fields could not be a list, because their values differ in type or are null.
func hasTuple(v cty.Value) bool {
	return v.Type().HasAttribute("customFields") && v.GetAttr("customFields").Type().IsTupleType()
}

func TestListOf(t *testing.T) {
	field := func(v cty.Value) cty.Value { return cty.ObjectVal(map[string]cty.Value{"value": v}) }
	elem := cty.Object(map[string]cty.Type{"value": cty.DynamicPseudoType})
	null := cty.NullVal(cty.DynamicPseudoType)
	for name, c := range map[string]struct {
		elem cty.Type
		vals []cty.Value
		list bool
	}{
		"texts":        {cty.String, []cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}, true},
		"no texts":     {cty.String, nil, true},
		"same types":   {elem, []cty.Value{field(cty.True), field(cty.False)}, true},
		"other types":  {elem, []cty.Value{field(cty.True), field(cty.Zero)}, false},
		"one null":     {elem, []cty.Value{field(cty.True), field(null)}, false},
		"all null":     {elem, []cty.Value{field(null), field(null)}, false},
		"none":         {elem, nil, false},
		"null of JSON": {cty.DynamicPseudoType, []cty.Value{null, cty.True}, false},
	} {
		if v := ListOf(c.elem, c.vals); v.Type().IsListType() != c.list || v.LengthInt() != len(c.vals) {
			t.Errorf("%s: %#v", name, v)
		}
	}
}
