package lang

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

func TestH3JSONValues(t *testing.T) {
	num := cty.MustParseNumberVal
	for _, c := range []struct {
		in   string
		want cty.Value
	}{
		{`null`, cty.NullVal(cty.DynamicPseudoType)}, {` true `, cty.True}, {"false\n", cty.False}, {`""`, cty.StringVal("")}, {`{}`, cty.EmptyObjectVal}, {`[]`, cty.EmptyTupleVal},
		{`9007199254740993`, num("9007199254740993")}, {`123456789012345678901234567890`, num("123456789012345678901234567890")}, {`-0`, cty.Zero}, {`-0.0`, cty.Zero}, {`1.50`, num("1.5")}, {`1E+2`, cty.NumberIntVal(100)},
		{`"\u00e9\ud83d\ude00\n\/\"\\"`, cty.StringVal("é😀\n/\"\\")},
		{`"\u0000"`, cty.StringVal("\x00")},
		{`{"a":[1,"x",null],"b":{"c":true}}`, cty.ObjectVal(map[string]cty.Value{
			"a": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("x"), cty.NullVal(cty.DynamicPseudoType)}),
			"b": cty.ObjectVal(map[string]cty.Value{"c": cty.True})})},
	} {
		got, err := ParseJSON([]byte(c.in), DataLimits{})
		if err != nil || !got.RawEquals(c.want) {
			t.Errorf("%s: %#v, %v", c.in, got, err)
		}
	}
}

func TestH3JSONRefused(t *testing.T) {
	for _, c := range []struct{ in, problem string }{
		{"", "ends"}, {"  ", "ends"}, {"nul", `"null"`}, {"True", "begins"}, {"[1,]", "begins"}, {"[1 2]", `","`}, {`{"a":1,}`, "name"}, {`{a:1}`, "name"}, {`{"a" 1}`, `":"`}, {"[", "ends"}, {`{"a":`, "ends"},
		{"1 1", "after"}, {"{}{}", "after"}, {"{}\x00", "after"}, {"01", "after"}, {"1.", "digit"}, {"-", "digit"}, {".5", "begins"}, {"1e", "digit"}, {"+1", "begins"}, {"0x1", "after"}, {"NaN", "begins"}, {"Infinity", "begins"},
		{`"a`, "closed"}, {`"\x"`, "escape"}, {`"\u12"`, "hexadecimal"}, {"\"\n\"", "control"}, {"\"\x00\"", "control"}, {`"\`, "closed"}, {`'a'`, "begins"}, {"// x\n1", "begins"},
		{`{"a":1,"a":2}`, "twice"}, {`{"a":1,"\u0061":2}`, "twice"}, {"{\"\u00e9\":1,\"e\u0301\":2}", "twice"},
		{`"\ud800"`, "surrogate"}, {`"\udc00"`, "surrogate"}, {`"\ud800\u0041"`, "surrogate"}, {`"\udc00\ud800"`, "surrogate"}, {`"\ud800x"`, "surrogate"},
		{"\"\xff\"", "UTF-8"}, {"\"\xed\xa0\x80\"", "UTF-8"}, {"\"\xc0\x80\"", "UTF-8"}, {"\ufeff{}", "begins"}, {"\xff\xfe{\x00}\x00", "UTF-8"},
	} {
		v, err := ParseJSON([]byte(c.in), DataLimits{})
		var de *DataError
		if !errors.As(err, &de) || !strings.Contains(de.Problem, c.problem) || v != cty.NilVal {
			t.Errorf("%q: %v", c.in, err)
		}
	}
	_, err := ParseJSON([]byte("{\n  \"a\": 1,\n  \"b\": x\n}"), DataLimits{})
	if err == nil || err.Error() != "line 3, column 8: no JSON value begins like this" {
		t.Error(err)
	}
}

func TestH3JSONLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, c := range []struct {
		name      string
		lim       DataLimits
		good, bad []string
	}{
		{"depth", DataLimits{}, []string{nested(63), nested(64), objects(64)}, []string{nested(65), objects(65), nested(100_000), strings.Repeat("[", 1_000_000)}},
		{"digits", DataLimits{}, []string{strings.Repeat("1", 39), strings.Repeat("1", 40), "0." + strings.Repeat("1", 39), "-" + strings.Repeat("1", 40)}, []string{strings.Repeat("1", 41), "0." + strings.Repeat("1", 40), strings.Repeat("9", 1_000_000)}},
		{"exponent", DataLimits{}, []string{"1e307", "1e308", "1e-308", "1E+308"}, []string{"1e309", "1e-309", "1e999999999999999999999"}},
		{"bytes", DataLimits{Bytes: 10}, []string{`"1234567"`, `"12345678"`}, []string{`"123456789"`}},
		{"elements", DataLimits{Elements: 5}, []string{"[1,2,3]", "[1,2,3,4]"}, []string{"[1,2,3,4,5]", `[{},{},{}]`}},
	} {
		for _, in := range c.good {
			if _, err := ParseJSON([]byte(in), c.lim); err != nil {
				t.Errorf("%s: %.30s: %v", c.name, in, err)
			}
		}
		for _, in := range c.bad {
			if _, err := ParseJSON([]byte(in), c.lim); err == nil {
				t.Errorf("%s: %.30s is accepted", c.name, in)
			}
		}
	}
}

// TestH3JSONBudget: what fits the limits costs little, however it is nested.
func TestH3JSONBudget(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 31) + strings.Repeat(`{"x":1,"y":"z"},`, 16_000) + "1" + strings.Repeat("]}", 31)
	for name, in := range map[string]string{
		"deep":    deep,
		"objects": "[" + strings.Repeat(`{"id":1},`, 99_999) + `{"id":1}]`,
		"wide":    wideObject(20_000),
		"numbers": "[" + strings.Repeat("1,", 400_000) + "1]",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		v, err := ParseJSON([]byte(in), DataLimits{})
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		alloc := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %d bytes, %s, %d MiB", name, len(in), took.Round(time.Millisecond), alloc)
		if err != nil || v == cty.NilVal || took > 5*time.Second || alloc > 512 {
			t.Errorf("%s: %v, %s, %d MiB", name, err, took, alloc)
		}
	}
}

func wideObject(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"n%d":%d,`, i, i)
	}
	return b.String() + `"z":0}`
}

func FuzzH3JSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"x\u00e9\n",true,null]}`, `"\ud83d\ude00"`, `[]`, `{}`, ` 0 `, `{"a":1,"a":2}`, `[[[]]]`, `1e5`, `2E40`, "\"\u2028\"", `{"":""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseJSON(b, DataLimits{})
		if err != nil {
			var de *DataError
			if !errors.As(err, &de) || de.Line < 1 || de.Column < 1 || de.Offset > len(b) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !utf8.Valid(b) {
			t.Fatal("accepted what is not UTF-8")
		}
		want := decodeAny(t, b)
		if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, encoding/json: %#v", b, got, want)
		}
		out, err := ToJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseJSON(out, DataLimits{})
		if err != nil || !again.RawEquals(v) {
			t.Fatalf("%q was written as %q: %v", b, out, err)
		}
	})
}

// decodeAny decodes as encoding/json does, numbers kept as text.
func decodeAny(t *testing.T, b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: encoding/json refuses it: %v", b, err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("%q: something follows", b)
	}
	return normal(v)
}

func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _, _ := big.ParseFloat(v.String(), 10, 512, big.ToNearestEven)
		if f.Sign() == 0 {
			return "0"
		}
		return f.Text('g', 60)
	case string:
		return "s" + cty.NormalizeString(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = normal(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[cty.NormalizeString(k)] = normal(e)
		}
		return out
	}
	return v
}

func plain(v cty.Value) any {
	t := v.Type()
	switch {
	case v.IsNull():
		return nil
	case t == cty.String:
		return "s" + v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		if v.AsBigFloat().Sign() == 0 {
			return "0"
		}
		return v.AsBigFloat().Text('g', 60)
	case t.IsTupleType():
		out := make([]any, 0, v.LengthInt())
		for _, e := range v.AsValueSlice() {
			out = append(out, plain(e))
		}
		return out
	}
	out := map[string]any{}
	for k, e := range v.AsValueMap() {
		out[k] = plain(e)
	}
	return out
}

func TestParseForm(t *testing.T) {
	v, err := ParseForm([]byte("a=1&b=x+y%C3%A9&&c&a=2&=e"))
	want := cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("1"), "b": cty.StringVal("x yé"), "c": cty.StringVal(""), "": cty.StringVal("e")})
	if err != nil || !v.RawEquals(want) {
		t.Errorf("%#v, %v", v, err)
	}
	if v, err := ParseForm(nil); err != nil || !v.RawEquals(cty.EmptyObjectVal) {
		t.Errorf("%#v, %v", v, err)
	}
	for _, bad := range []string{"a=%", "a=%zz", "a=%ff", "%ff=1", strings.Repeat("a=1&", 1001)} {
		if _, err := ParseForm([]byte(bad)); err == nil {
			t.Errorf("%.20s is accepted", bad)
		}
	}
	if _, err := ParseForm([]byte(strings.Repeat("a=1&", 1000))); err != nil {
		t.Error(err)
	}
}

func TestToJSON(t *testing.T) {
	secret := cty.StringVal("hunter2").Mark("any mark")
	v := cty.ObjectVal(map[string]cty.Value{
		"b": cty.ListVal([]cty.Value{cty.StringVal("<é\"\n>")}), "a": cty.MapVal(map[string]cty.Value{"z": cty.NumberIntVal(1), "y": cty.NumberFloatVal(0.1)}),
		"s": secret, "t": cty.TupleVal([]cty.Value{secret, cty.True}), "u": cty.UnknownVal(cty.String), "n": cty.NullVal(cty.String),
		"x": cty.SetVal([]cty.Value{cty.StringVal("q"), cty.StringVal("p")}), "big": cty.MustParseNumberVal("12345678901234567890123"), "tiny": cty.MustParseNumberVal("1e-300"),
	})
	got, err := ToJSON(v)
	want := `{"a":{"y":0.1,"z":1},"b":["<é\"\n>"],"big":12345678901234567890123,"n":null,"s":"(sensitive)","t":["(sensitive)",true],"tiny":1e-300,"u":"(unknown)","x":["p","q"]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := ToJSON(cty.ObjectVal(map[string]cty.Value{"a": cty.True}).Mark(1)); err != nil || string(got) != `"(sensitive)"` {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []cty.Value{cty.PositiveInfinity, cty.CapsuleVal(cty.Capsule("c", reflect.TypeFor[int]()), new(int))} {
		if _, err := ToJSON(bad); err == nil {
			t.Errorf("%#v is written", bad)
		}
	}
}

// sampleJSON is about n bytes, as a webhook's body or a page of records looks.
func sampleJSON(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"event":"request.update","nodes":[`)
	for i := 0; b.Len() < n-160; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"r%d","count":%d,"subject":"A printer is on fire","open":true,"team":{"id":"t1","name":"Desk"},"tags":["a","b"],"closed":null}`, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func BenchmarkParseJSON(b *testing.B) {
	for _, n := range []int{1 << 10, 256 << 10} {
		in := sampleJSON(n)
		b.Run(fmt.Sprintf("ours/%dKB", n>>10), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseJSON(in, DataLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("encoding/%dKB", n>>10), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := json.Unmarshal(in, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
