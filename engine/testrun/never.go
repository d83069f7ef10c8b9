package testrun

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// What a step could never give is told by its arguments: one that has "expect" has a status, and one that has
// "mutation" fails where its answer has errors.

func hasExpect(n *compile.Node) bool { return n.Kind.Spec().Field("expect") != nil }

// expectOf are the statuses that a step takes for no error, as far as they are written; NilVal where its kind knows
// of none, and null where it takes the usual ones.
func (b *binder) expectOf(n *compile.Node) cty.Value {
	if !hasExpect(n) {
		return cty.NilVal
	}
	t := n.Kind.Spec().Field("expect").Type
	a := n.Body.Attr("expect")
	if a == nil {
		return cty.NullVal(t)
	}
	v, diags := b.static().Eval(a.Expr, t)
	if diags.HasErrors() {
		return cty.UnknownVal(t) // it depends on the run
	}
	return v
}

// isExpected says whether a status is no error; sure is false where that is not known. By default all of 2xx are none.
func isExpected(expect cty.Value, status int) (yes, sure bool) {
	if expect == cty.NilVal {
		return false, false
	}
	v, _ := expect.UnmarkDeep()
	switch {
	case !v.IsWhollyKnown():
		return false, false
	case v.IsNull():
		return status >= 200 && status <= 299, true
	}
	return slices.ContainsFunc(v.AsValueSlice(), func(el cty.Value) bool { return el.RawEquals(cty.NumberIntVal(int64(status))) }), true
}

// statusOf reads an HTTP status; 0 where there is none, or it is not known.
func statusOf(marked cty.Value) (int, error) {
	v, _ := marked.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return 0, nil
	}
	n, _ := v.AsBigFloat().Int64()
	if !v.AsBigFloat().IsInt() || n < 100 || n > 599 {
		return 0, &misfit{path: cty.GetAttrPath("status"), text: v.AsBigFloat().Text('g', 10) + " is no HTTP status: they are whole numbers from 100 to 599"}
	}
	return int(n), nil
}

// neverOutput says why a step could not give an output.
func neverOutput(marked cty.Value, n *compile.Node, expect cty.Value) error {
	v, _ := marked.Unmark()
	switch {
	case v.IsKnown() && v.IsNull():
		return &misfit{text: "a step that was executed has an output: null is none"}
	case !v.IsKnown() || !v.Type().IsObjectType():
		return nil
	}
	if expect != cty.NilVal && v.Type().HasAttribute("status") {
		status, err := statusOf(v.GetAttr("status"))
		if err != nil {
			return err
		}
		if yes, sure := isExpected(expect, status); status != 0 && sure && !yes {
			return &misfit{path: cty.GetAttrPath("status"), text: fmt.Sprintf("the step does not expect an answer %d, and fails: write error = { kind = \"http\", status = %d }", status, status)}
		}
	}
	if n.Kind.Spec().Field("mutation") != nil && v.Type().HasAttribute("errors") {
		if list, _ := v.GetAttr("errors").Unmark(); list.IsKnown() && !list.IsNull() && list.CanIterateElements() && list.LengthInt() > 0 {
			return &misfit{path: cty.GetAttrPath("errors"), text: "a mutation whose answer has errors fails: write error = { kind = \"mutation\", message = \"...\" }"}
		}
	}
	return nil
}

// neverRecords says why a step could not give records.
func neverRecords(marked cty.Value) error {
	v, _ := marked.Unmark()
	switch {
	case !v.IsKnown():
		return nil
	case v.IsNull():
		return &misfit{text: "a list is needed; [] is one without records"}
	}
	for i, el := range v.AsValueSlice() {
		if plain, _ := el.Unmark(); plain.IsKnown() && plain.IsNull() {
			return &misfit{path: cty.IndexIntPath(i), text: "a record is never null"}
		}
	}
	return nil
}

// withStatus are the kinds of error that an HTTP answer leads to.
var withStatus = []string{string(steps.HTTPError), string(steps.AuthError), string(steps.NotFoundError), string(steps.DecodeError)}

// fitError makes a mocked error of what is written, which null is none of.
func fitError(v cty.Value) (cty.Value, error) {
	v, err := fit(v, errorType)
	if err != nil || !v.IsWhollyKnown() || v.IsNull() {
		return v, err
	}
	plain, _ := v.UnmarkDeep()
	if plain.GetAttr("kind").IsNull() {
		return v, &misfit{text: "it needs a kind, such as \"http\""}
	}
	kind := plain.GetAttr("kind").AsString()
	if !slices.Contains(steps.ErrorKinds, kind) {
		return v, &misfit{path: cty.GetAttrPath("kind"), text: strconv.Quote(kind) + " is no kind of error." + lang.DidYouMean(kind, steps.ErrorKinds)}
	}
	status, err := statusOf(plain.GetAttr("status"))
	if err != nil || status == 0 {
		return v, err
	}
	if !slices.Contains(withStatus, kind) {
		return v, &misfit{path: cty.GetAttrPath("status"), text: fmt.Sprintf("an error of kind %q has no status", kind)}
	}
	return v, nil
}

// putBackFor is how long a step is put back where an answer does not say it (LANGUAGE 3).
const putBackFor = time.Minute

// errorOf is the outcome of a mocked error; nil of null. A sensitive message is masked. An answer 429 or 503 that is
// not expected puts the step back, but for one that only calls another runbook (LANGUAGE 3).
func errorOf(marked cty.Value, n *compile.Node, expect cty.Value) error {
	v, _ := marked.UnmarkDeep()
	if v.IsNull() {
		return nil
	}
	message := "mocked error"
	if m := v.GetAttr("message"); lang.IsSensitive(marked) {
		message = "(sensitive value)"
	} else if !m.IsNull() {
		message = m.AsString()
	}
	kind := steps.ErrorKind(v.GetAttr("kind").AsString())
	status, _ := statusOf(v.GetAttr("status")) // checked by fitError
	expected, _ := isExpected(expect, status)
	if kind == steps.HTTPError && (status == 429 || status == 503) && !expected && n.References["runbook"] == "" {
		return &steps.PutBack{After: putBackFor, Reason: message, Status: status}
	}
	return &steps.Error{Kind: kind, Message: message, Status: status}
}
