package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestEncodeDecode(t *testing.T) {
	s := whole()
	got, err := Decode(s.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != s.Digest() || !bytes.Equal(got.Encode(), s.Encode()) {
		t.Error("what is decoded is not what was encoded")
	}
	if builtIn := 4; len(got.names) != 1127+builtIn || len(got.Objects()) != 78 || len(got.Mutations()) != 153 {
		t.Errorf("%d types, %d objects, %d mutations", len(got.names), len(got.Objects()), len(got.Mutations()))
	}
	again, err := FromIntrospection(answer())
	if err != nil || again.Digest() != s.Digest() {
		t.Errorf("the digest of the same schema is another: %v", err)
	}
	changed := bytes.Replace(answer(), []byte(`"name":"jobTitle"`), []byte(`"name":"jobTitel"`), 1)
	other, err := FromIntrospection(changed)
	if err != nil || other.Digest() == s.Digest() {
		t.Errorf("another schema has the same digest: %v", err)
	}
}

func TestEveryTypeIsReadAsTheAnswerHasIt(t *testing.T) {
	var doc struct {
		Data struct {
			Schema rawSchema `json:"__schema"`
		}
	}
	if err := json.Unmarshal(answer(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Data.Schema.Types {
		if strings.HasPrefix(r.Name, "__") {
			continue
		}
		got := whole().lookup(r.Name)
		fields := len(r.Fields) + len(r.InputFields)
		if got == nil || len(got.fields) != fields || len(got.values) != len(r.EnumValues) || len(got.possible) != len(r.PossibleTypes) {
			t.Errorf("%s is not read whole: %+v", r.Name, got)
		}
	}
	order := find(whole().root("Query", "people").args, "order")
	if order == nil || order.typ.String() != "[PersonOrder!]" {
		t.Errorf("the type of an argument is %v", order)
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	good := whole().Encode()
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"magic only":      []byte(magic),
		"cut":             good[:len(good)-1],
		"longer":          append(bytes.Clone(good), 0),
		"another version": bytes.Replace(good, []byte("schema 1"), []byte("schema 9"), 1),
	} {
		if _, err := Decode(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for at := 0; at < len(good); at += 997 {
		b := bytes.Clone(good)
		b[at] ^= 0x40
		if _, err := Decode(b); err == nil {
			t.Errorf("a bit flipped at %d: no error", at)
		}
	}
	if _, err := Decode(good); err != nil {
		t.Error(err)
	}
}

func TestDamagedRecordsAreTypesWithoutFields(t *testing.T) {
	for _, record := range []string{"", "\xff\xff\xff\xff\xff\xff", "\x00\xff\xff\x01", "\x00\x01\x01a\x00\x01S\x00\x01"} {
		if got := readType("X", objectKind, record); got == nil || got.name != "X" || len(got.fields) > 0 {
			t.Errorf("%q gives %+v", record, got)
		}
	}
	var w writer
	w.record(&typ{fields: []*field{{name: "a", typ: parseRef("[S!]!")}}})
	if got := readType("X", objectKind, string(w.b)); len(got.fields) != 1 || got.fields[0].typ.String() != "[S!]!" {
		t.Errorf("a good record gives %+v", got)
	}
}

// small is an answer whose type Query has the given JSON members besides its name.
func small(query, more string) string {
	return `{"__schema":{"queryType":{"name":"Query"},"types":[{"kind":"OBJECT","name":"Query",` + query + `}` + more + `]}}`
}

const oneField = `"fields":[{"name":"a","args":[],"type":{"kind":"SCALAR","name":"String"}}]`

func TestH3IntrospectionRefuses(t *testing.T) {
	if _, err := FromIntrospection([]byte(small(oneField, ""))); err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"kind":"LIST","ofType":`, 2000) + "null" + strings.Repeat("}", 2000)
	for name, text := range map[string]string{
		"not JSON":         `<html>`,
		"nothing":          ``,
		"null":             `null`,
		"a list":           `[]`,
		"errors":           `{"errors":[{"message":"secret"}]}`,
		"no types":         `{"__schema":{"queryType":{"name":"Query"},"types":[]}}`,
		"no query type":    `{"__schema":{"types":[{"kind":"OBJECT","name":"Query"}]}}`,
		"another query":    `{"__schema":{"queryType":{"name":"Other"},"types":[{"kind":"OBJECT","name":"Query"}]}}`,
		"query of scalars": `{"__schema":{"queryType":{"name":"Query"},"types":[{"kind":"SCALAR","name":"Query"}]}}`,
		"type twice":       small(oneField, `,{"kind":"OBJECT","name":"Query"}`),
		"field twice":      small(strings.Replace(oneField, "[{", `[{"name":"a"},{`, 1), ""),
		"name with escape": small(`"fields":[{"name":"a\u001b[2J"}]`, ""),
		"no name":          small(`"fields":[{"name":""}]`, ""),
		"long name":        small(`"fields":[{"name":"`+strings.Repeat("a", maxName+1)+`"}]`, ""),
		"unknown kind":     small(oneField, `,{"kind":"THING","name":"X"}`),
		"wrong shape":      small(`"fields":{"name":"a"}`, ""),
		"value of an enum": small(oneField, `,{"kind":"ENUM","name":"E","enumValues":[{"name":"a b"}]}`),
		"member":           small(oneField, `,{"kind":"UNION","name":"U","possibleTypes":[{"name":"\n"}]}`),
	} {
		if s, err := FromIntrospection([]byte(text)); err == nil {
			t.Errorf("%s: no error, but %v", name, s.names)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the answer: %v", name, err)
		}
	}
	s, err := FromIntrospection([]byte(small(`"fields":[{"name":"a","type":`+deep+`}]`, "")))
	if err != nil || s.root("Query", "a").typ.base() != "String" {
		t.Errorf("wrappers that are too deep are no text: %v", err)
	}
}

func TestDescriptionsAreFitForATerminal(t *testing.T) {
	s, err := FromIntrospection([]byte(small(strings.Replace(oneField, `"name":"a"`, `"name":"a","description":"x\u001b[31m\ny \u202e`+strings.Repeat("z", maxDoc)+`"`, 1), "")))
	if err != nil {
		t.Fatal(err)
	}
	doc := s.root("Query", "a").doc
	if !strings.HasPrefix(doc, "x[31m y z") || len(doc) > maxDoc {
		t.Errorf("the description is %.20q, %d bytes", doc, len(doc))
	}
}

func TestSchemaIsSafeForConcurrentUse(t *testing.T) {
	s, err := Decode(whole().Encode())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	texts := make([]string, 8)
	for i := range texts {
		wg.Go(func() {
			for _, e := range s.Objects()[:30] {
				q, ps := s.Query(QueryArgs{Object: e.Name, Arguments: argsOf(s.root("Query", e.Name))})
				if len(ps) > 0 {
					t.Error(ps)
					return
				}
				texts[i] += q.Text(false)
			}
		})
	}
	wg.Wait()
	for _, text := range texts[1:] {
		if text != texts[0] || text == "" {
			t.Error("two goroutines got different texts")
		}
	}
}

// FuzzH3Introspection: any answer gives an error or a schema that can be used, encoded and decoded.
func FuzzH3Introspection(f *testing.F) {
	f.Add([]byte(small(oneField, "")))
	f.Add([]byte(small(oneField, `,{"kind":"INTERFACE","name":"I","possibleTypes":[{"name":"I"},{"name":"Query"},{"name":"None"}]}`)))
	f.Add([]byte(small(`"fields":[{"name":"a","args":[{"name":"first"},{"name":"after"}],"type":{"kind":"OBJECT","name":"C"}}]`,
		`,{"kind":"OBJECT","name":"C","fields":[{"name":"nodes","type":{"kind":"LIST","ofType":{"kind":"OBJECT","name":"C"}}},{"name":"pageInfo","type":{"kind":"OBJECT","name":"C"}}]}`)))
	f.Add([]byte(small(`"fields":[{"name":"q","type":{"kind":"UNION","name":"U"}}]`, `,{"kind":"UNION","name":"U","possibleTypes":[{"name":"U"}]},{"kind":"INPUT_OBJECT","name":"In","inputFields":[{"name":"x","type":{"kind":"NON_NULL","ofType":{"kind":"INPUT_OBJECT","name":"In"}}}]}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := FromIntrospection(b)
		if err != nil {
			return
		}
		if again, err := Decode(s.Encode()); err != nil || again.Digest() != s.Digest() {
			t.Fatalf("it cannot be decoded: %v", err)
		}
		for _, e := range append(s.Objects(), s.Mutations()...) {
			if _, err := s.Show(e.Name); err != nil {
				t.Fatal(err)
			}
			if q, ps := s.Query(QueryArgs{Object: e.Name, Include: []string{e.Name, "nodes", "a.a.a"}}); len(ps) == 0 {
				data := fmt.Sprintf(`{%q:{"nodes":[{}],"a":{}}}`, e.Name)
				if q.Connection {
					_, _ = q.Page(t.Context(), []byte(data), nil)
				} else {
					_, _ = q.Single(t.Context(), []byte(data), nil)
				}
			}
			_, _ = s.Query(QueryArgs{Object: e.Name, Fields: "id nodes { id } ... on I { a }"})
			if m, ps := s.Mutation(MutationArgs{Mutation: e.Name}); len(ps) == 0 {
				_, _, _ = m.Payload(t.Context(), []byte(fmt.Sprintf(`{%q:{"errors":[{}]}}`, e.Name)), nil)
				s.Lookup(m)
			}
		}
	})
}
