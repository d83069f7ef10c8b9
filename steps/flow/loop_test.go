package flow

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"currant/engine/lang"
	"currant/steps"
)

func TestLoopItems(t *testing.T) {
	none := cty.NullVal(cty.String)
	secret := lang.MarkSensitive
	for _, tc := range []struct {
		name         string
		items        cty.Value
		values, keys []cty.Value
	}{
		{"null", cty.NullVal(cty.DynamicPseudoType), nil, nil},
		{"null list", cty.NullVal(cty.List(cty.String)), nil, nil},
		{"sensitive null", secret(cty.NullVal(cty.List(cty.String))), nil, nil},
		{"empty", cty.EmptyTupleVal, nil, nil},
		{"empty map", cty.MapValEmpty(cty.String), nil, nil},
		{"list", cty.ListVal([]cty.Value{str("b"), str("a")}), []cty.Value{str("b"), str("a")}, []cty.Value{none, none}},
		{"tuple", cty.TupleVal([]cty.Value{str("b"), number(1)}), []cty.Value{str("b"), number(1)}, []cty.Value{none, none}},
		{"null inside", cty.TupleVal([]cty.Value{none}), []cty.Value{none}, []cty.Value{none}},
		{"set", cty.SetVal([]cty.Value{str("b"), str("a")}), []cty.Value{str("a"), str("b")}, []cty.Value{none, none}},
		{"map", cty.MapVal(map[string]cty.Value{"y": number(2), "x": number(1)}), []cty.Value{number(1), number(2)}, []cty.Value{str("x"), str("y")}},
		{"object", object("y", str("s"), "x", number(1)), []cty.Value{number(1), str("s")}, []cty.Value{str("x"), str("y")}},
		{"sensitive", secret(cty.ListVal([]cty.Value{str("a")})), []cty.Value{secret(str("a"))}, []cty.Value{none}},
		{"sensitive map", secret(cty.MapVal(map[string]cty.Value{"x": number(1)})), []cty.Value{secret(number(1))}, []cty.Value{secret(str("x"))}},
		{"sensitive element", cty.TupleVal([]cty.Value{secret(str("a")), str("b")}), []cty.Value{secret(str("a")), str("b")}, []cty.Value{none, none}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			items, err := Loop.Loop.Items(args(t, Loop, "items = v\neach {}", map[string]cty.Value{"v": tc.items}))
			if err != nil || items.Len != len(tc.values) {
				t.Fatalf("%d items, %v", items.Len, err)
			}
			for i := range tc.values {
				v, k := items.At(i)
				same(t, v, tc.values[i])
				same(t, k, tc.keys[i])
			}
		})
	}
	for _, v := range []cty.Value{str("a"), cty.True, cty.DynamicVal} {
		if _, err := Loop.Loop.Items(object("items", v)); err == nil {
			t.Errorf("%#v was run over", v)
		}
	}
}

func TestLoopDone(t *testing.T) {
	count := func(n int64, rest ...any) cty.Value { return object(append([]any{"count", number(n)}, rest...)...) }
	for _, tc := range []struct {
		collected, want cty.Value
	}{
		{cty.NilVal, count(2)},
		{cty.TupleVal([]cty.Value{str("a"), str("b")}), count(2, "collected", cty.ListVal([]cty.Value{str("a"), str("b")}))},
		{cty.TupleVal([]cty.Value{str("a"), number(1)}), count(2, "collected", cty.TupleVal([]cty.Value{str("a"), number(1)}))},
		{cty.TupleVal([]cty.Value{str("a"), cty.NullVal(cty.String)}), count(2, "collected", cty.ListVal([]cty.Value{str("a"), cty.NullVal(cty.String)}))},
		{cty.TupleVal([]cty.Value{str("a"), cty.NullVal(cty.DynamicPseudoType)}), count(2, "collected", cty.TupleVal([]cty.Value{str("a"), cty.NullVal(cty.DynamicPseudoType)}))},
		{cty.TupleVal([]cty.Value{lang.MarkSensitive(str("a")), str("b")}), count(2, "collected", cty.ListVal([]cty.Value{lang.MarkSensitive(str("a")), str("b")}))},
		{cty.EmptyTupleVal, count(2, "collected", cty.EmptyTupleVal)},
	} {
		same(t, Loop.Loop.Done(cty.EmptyObjectVal, steps.LoopResult{Count: 2, Collected: tc.collected}), tc.want)
	}
}

func TestLoopOutputType(t *testing.T) {
	for _, tc := range []struct {
		collected cty.Type
		want      map[string]cty.Type
	}{
		{cty.NilType, map[string]cty.Type{"count": cty.Number}},
		{cty.String, map[string]cty.Type{"count": cty.Number, "collected": cty.List(cty.String)}},
		{cty.DynamicPseudoType, map[string]cty.Type{"count": cty.Number, "collected": cty.DynamicPseudoType}},
		{cty.Object(map[string]cty.Type{"x": cty.DynamicPseudoType}), map[string]cty.Type{"count": cty.Number, "collected": cty.DynamicPseudoType}},
	} {
		for _, k := range []*steps.Kind{Loop, Batch} {
			if got := k.OutputType(&steps.Check{Collected: tc.collected}); !got.Equals(cty.Object(tc.want)) {
				t.Errorf("%s: got %#v", k.Name, got)
			}
		}
	}
}

func TestLoopCheck(t *testing.T) {
	unknown := map[string]cty.Value{"v": cty.DynamicVal, "s": cty.UnknownVal(cty.String)}
	for _, tc := range []struct{ src, want string }{
		{"items = []\neach {}", ""},
		{"items = v\neach \"x\" { parallel = 64 }", ""},
		{"items = null\neach {}", ""},
		{"each {}", "\"items\" is required"},
		{"items = []", "\"each\""},
		{"items = s\neach {}", "a list, set, map or object is needed, not string"},
		{"items = \"abc\"\neach {}", "a list, set, map or object is needed"},
		{"items = []\neach { parallel = 65 }", "from 1 to 64"},
		{"items = []\neach \"Big Name\" {}", "Invalid name"},
	} {
		expect(t, checked(t, Loop, tc.src, unknown, nil), tc.want)
	}
}

func TestBatchChunks(t *testing.T) {
	five := cty.TupleVal([]cty.Value{number(1), number(2), number(3), number(4), number(5)})
	a := args(t, Batch, "items = v\nsize = 2\neach {}", map[string]cty.Value{"v": five})
	items, err := Batch.Loop.Items(a)
	if err != nil || items.Len != 3 {
		t.Fatalf("%d chunks, %v", items.Len, err)
	}
	last, key := items.At(2)
	same(t, last, cty.ListVal([]cty.Value{number(5)}))
	same(t, key, cty.NullVal(cty.String))

	items, err = Batch.Loop.Items(object("items", lang.MarkSensitive(cty.ListVal([]cty.Value{str("a")})), "size", number(9)))
	if err != nil || items.Len != 1 {
		t.Fatalf("%d chunks, %v", items.Len, err)
	}
	if v, _ := items.At(0); !lang.IsSensitive(v) {
		t.Error("the chunk of a sensitive list is not sensitive")
	}
	for _, size := range []cty.Value{number(0), number(-1), cty.NullVal(cty.Number), str("x")} {
		if _, err := Batch.Loop.Items(object("items", five, "size", size)); err == nil {
			t.Errorf("size %#v was taken", size)
		}
	}
	expect(t, checked(t, Batch, "items = []\nsize = 0\neach {}", nil, nil), "1 or more")
	expect(t, checked(t, Batch, "items = []\nsize = 1.5\neach {}", nil, nil), "whole number")
}

// Chunks, put together, are the items, and all but the last are full.
func TestBatchLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, size := rapid.IntRange(0, 40).Draw(t, "n"), rapid.IntRange(1, 45).Draw(t, "size")
		var all []cty.Value
		for i := range n {
			all = append(all, number(int64(i)))
		}
		items, err := Batch.Loop.Items(object("items", cty.TupleVal(all), "size", number(int64(size))))
		if err != nil {
			t.Fatal(err)
		}
		var got []cty.Value
		for i := range items.Len {
			v, _ := items.At(i)
			chunk := v.AsValueSlice()
			if len(chunk) > size || i < items.Len-1 && len(chunk) != size {
				t.Fatalf("chunk %d has %d items", i, len(chunk))
			}
			got = append(got, chunk...)
		}
		if !cty.TupleVal(got).RawEquals(cty.TupleVal(all)) {
			t.Fatalf("got %#v", got)
		}
	})
}
