package lang

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// PathText is a path into a value as an expression would write it, with a leading dot: .items[2].price.
func PathText(p cty.Path) string {
	out := ""
	for _, step := range p {
		switch step := step.(type) {
		case cty.GetAttrStep:
			out += "." + step.Name
		case cty.IndexStep:
			k, _ := step.Key.Unmark()
			switch {
			case k.Type() == cty.String && k.IsKnown() && !k.IsNull():
				out += fmt.Sprintf("[%q]", k.AsString())
			case k.Type() == cty.Number && k.IsKnown() && !k.IsNull():
				out += "[" + k.AsBigFloat().Text('f', -1) + "]"
			default:
				out += "[…]"
			}
		}
	}
	return out
}
