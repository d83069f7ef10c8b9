package console

import (
	"encoding/json"
	"errors"
	"io"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// masked is what stands in views for a secret (engine/lang).
const masked = "(sensitive)"

// hclText writes JSON as an expression of a blueprint. Secrets are left out, with the attribute that holds one;
// left says that there were some.
func hclText(raw json.RawMessage, indent string) (text string, left bool) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || !errors.Is(end(d), io.EOF) {
		return "null", false
	}
	w := hclWriter{}
	w.value(v, indent)
	return w.String(), w.left
}

func end(d *json.Decoder) error { _, err := d.Token(); return err }

type hclWriter struct {
	strings.Builder
	left bool
}

func (w *hclWriter) value(v any, indent string) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		w.WriteString(map[bool]string{true: "true", false: "false"}[v])
	case json.Number:
		w.WriteString(v.String())
	case string:
		if v == masked {
			w.left = true
			w.WriteString("null")
			return
		}
		w.WriteString(quoted(v))
	case []any:
		w.list(v, indent)
	case map[string]any:
		w.object(v, indent)
	}
}

func (w *hclWriter) list(v []any, indent string) {
	if len(v) == 0 {
		w.WriteString("[]")
		return
	}
	w.WriteString("[\n")
	for _, item := range v {
		w.WriteString(indent + "  ")
		w.value(item, indent+"  ")
		w.WriteString(",\n")
	}
	w.WriteString(indent + "]")
}

func (w *hclWriter) object(v map[string]any, indent string) {
	keys := make([]string, 0, len(v))
	for k, item := range v {
		if item == masked {
			w.left = true
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		w.WriteString("{}")
		return
	}
	sort.Strings(keys)
	w.WriteString("{\n")
	for _, k := range keys {
		w.WriteString(indent + "  " + key(k) + " = ")
		w.value(v[k], indent+"  ")
		w.WriteString("\n")
	}
	w.WriteString(indent + "}")
}

// key is a name in an object: as it is where it can be.
func key(k string) string {
	if hclsyntax.ValidIdentifier(k) && k != "for" && k != "null" && k != "true" && k != "false" {
		return k
	}
	return quoted(k)
}

// quoted is a text whose templates mean nothing.
func quoted(s string) string {
	return strings.TrimSpace(string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes()))
}
