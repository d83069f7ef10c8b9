package lang

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxRandomSecret is the most bytes that random_secret() makes.
const maxRandomSecret = 1024

// journaledFunctions answer an unknown text, which is right for a check. In a run their calls are answered
// by the node that Instrument makes of them.
func journaledFunctions() []entry {
	return []entry{
		{name: "customer_secret", summary: "A secret that secret_set keeps with a customer: in the auth blocks of a json_endpoint.", kind: JournaledFunction,
			params: []string{"account: the customer's account", "name: the secret's name"}, fn: unknownText(true, textParam("account"), textParam("name"))},
		{name: "random_secret", summary: "Random bytes in base64 (its URL alphabet, without padding), sensitive; a resumed run gets the same.", kind: JournaledFunction,
			params: []string{"bytes: how many, from 1 to 1024"}, fn: unknownText(true, numberParam("bytes")),
			before: func(args []cty.Value) error {
				_, err := wholeNumber(args[0], 1, maxRandomSecret)
				return err
			}},
		{name: "timestamp", summary: "The moment at which the current step first began (RFC 3339, UTC).", kind: JournaledFunction, fn: unknownText(false)},
		{name: "uuid", summary: "A UUID that is the same when the step is resumed.", kind: JournaledFunction, fn: unknownText(false)},
	}
}

func unknownText(secret bool, params ...function.Parameter) function.Function {
	for i := range params {
		params[i].AllowUnknown, params[i].AllowDynamicType = true, true
	}
	return function.New(&function.Spec{
		Params: params,
		Type:   function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			v := cty.UnknownVal(cty.String).RefineNotNull()
			if secret {
				v = MarkSensitive(v)
			}
			return v, nil
		},
	})
}
