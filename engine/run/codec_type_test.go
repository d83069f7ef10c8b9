package run

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"pgregory.net/rapid"
)

// TestTypesAsCtyWritesThem compares the encoder with cty's own over random types.
func TestTypesAsCtyWritesThem(t *testing.T) {
	var draw func(rt *rapid.T, depth int) cty.Type
	draw = func(rt *rapid.T, depth int) cty.Type {
		kinds := 4
		if depth > 0 {
			kinds = 9
		}
		switch rapid.IntRange(0, kinds-1).Draw(rt, "kind") {
		case 0:
			return cty.String
		case 1:
			return cty.Number
		case 2:
			return cty.Bool
		case 3:
			return cty.DynamicPseudoType
		case 4:
			return cty.List(draw(rt, depth-1))
		case 5:
			return cty.Set(draw(rt, depth-1))
		case 6:
			return cty.Map(draw(rt, depth-1))
		case 7:
			types := make([]cty.Type, rapid.IntRange(0, 3).Draw(rt, "n"))
			for i := range types {
				types[i] = draw(rt, depth-1)
			}
			return cty.Tuple(types)
		}
		attrs := map[string]cty.Type{}
		for range rapid.IntRange(0, 3).Draw(rt, "n") {
			attrs[rapid.String().Draw(rt, "name")] = draw(rt, depth-1)
		}
		return cty.Object(attrs)
	}
	rapid.Check(t, func(rt *rapid.T) {
		typ := draw(rt, 4)
		want, err := ctyjson.MarshalType(typ)
		if err != nil {
			rt.Skip("cty itself cannot")
		}
		got, err := appendType(nil, typ)
		if err != nil || string(got) != string(want) {
			rt.Errorf("got %s, %v\nwant %s", got, err, want)
		}
	})
	if _, err := appendType(nil, cty.Object(map[string]cty.Type{"x": cty.Capsule("c", nil)})); err == nil {
		t.Error("a capsule was encoded")
	}
}
