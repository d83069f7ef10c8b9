package run_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/lang"
	"currant/engine/run"
)

// plainSealer hides nothing; it tells what would be sealed.
type plainSealer struct{ sealed []byte }

func (p *plainSealer) Seal(plain, bind []byte) ([]byte, error) {
	p.sealed = plain
	return append(append([]byte(nil), bind...), plain...), nil
}

func (p *plainSealer) Unseal(sealed, bind []byte) ([]byte, error) {
	return bytes.TrimPrefix(sealed, bind), nil
}

func values() map[string]cty.Value {
	null := cty.NullVal(cty.DynamicPseudoType)
	return map[string]cty.Value{
		"null": null, "typed null": cty.NullVal(cty.String), "text": cty.StringVal("a<b>&\u2028\x00é"), "true": cty.True,
		"big": cty.MustParseNumberVal("9007199254740993"), "third": cty.NumberIntVal(1).Divide(cty.NumberIntVal(3)),
		"huge": cty.MustParseNumberVal("1e300"), "small": cty.MustParseNumberVal("-1.5e-20"),
		"tuple": cty.TupleVal([]cty.Value{cty.Zero, null, cty.EmptyObjectVal, cty.EmptyTupleVal}),
		"list":  cty.ListVal([]cty.Value{cty.StringVal("x")}), "empty list": cty.ListValEmpty(cty.Number),
		"set": cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), "empty map": cty.MapValEmpty(cty.Bool),
		"map":    cty.MapVal(map[string]cty.Value{"k\"": cty.True}),
		"object": cty.ObjectVal(map[string]cty.Value{"value": null, "sealed": cty.StringVal("eA=="), "type": cty.ListVal([]cty.Value{cty.MapValEmpty(cty.String)})}),
	}
}

// TestCodecKeepsValues also compares with cty's own decoder: the stored form is the one that it knows.
func TestCodecKeepsValues(t *testing.T) {
	c := &run.Codec{Run: "r"}
	for name, v := range values() {
		b, err := c.Write("p", v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := c.Read("p", b); err != nil || !got.RawEquals(v) {
			t.Errorf("%s: %s read as %#v, %v", name, b, got, err)
		}
		if got, err := ctyjson.Unmarshal(b, cty.DynamicPseudoType); err != nil || !got.RawEquals(v) {
			t.Errorf("%s: cty reads %s as %#v, %v", name, b, got, err)
		}
	}
}

func TestX4CodecKeepsMarks(t *testing.T) {
	const canary = "c4n4ry"
	secret := lang.MarkSensitive(cty.StringVal(canary))
	c := &run.Codec{Run: "r", Sealer: &plainSealer{}}
	for name, v := range map[string]cty.Value{
		"whole": secret, "null": lang.MarkSensitive(cty.NullVal(cty.String)), "object": cty.ObjectVal(map[string]cty.Value{"a": secret, "b": cty.True}),
		"list": cty.ListVal([]cty.Value{cty.StringVal("x"), secret}), "map": cty.MapVal(map[string]cty.Value{"k": secret}),
		"set":  cty.SetVal([]cty.Value{secret, cty.StringVal("y")}),
		"deep": cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"a": cty.ListVal([]cty.Value{secret})})}),
	} {
		b, err := c.Write("p", v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(string(b), canary) || strings.Contains(string(run.Shown(b)), canary) {
			t.Errorf("%s: stored in clear: %s", name, b)
		}
		if got, err := c.Read("p", b); err != nil || !got.RawEquals(v) {
			t.Errorf("%s: read as %#v, %v", name, got, err)
		}
	}
	if _, err := (&run.Codec{Run: "r"}).Write("p", secret); err == nil {
		t.Error("a secret was stored without a key")
	}
}
