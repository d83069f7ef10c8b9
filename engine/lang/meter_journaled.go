package lang

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// journaledNode holds a call whose answer must be the same when a run is resumed.
type journaledNode struct {
	metered
	name  string
	place string // file and byte of the call
}

func (n *journaledNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := evalOf(ctx)
	if e == nil {
		return cty.UnknownVal(cty.String).RefineNotNull(), nil
	}
	if d := e.spend(1, n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	if e.Forbid != "" {
		return cty.DynamicVal, n.fail(fmt.Sprintf("%s() cannot be used here: %s.", n.name, strings.TrimSuffix(e.Forbid, ".")))
	}
	var now time.Time
	running := false
	if e.Now != nil {
		now, running = e.Now()
	}
	switch n.name {
	case "timestamp":
		if !running {
			return cty.UnknownVal(cty.String).RefineNotNull(), nil
		}
		e.UsedTime = true
		return cty.StringVal(now.UTC().Format(time.RFC3339)), nil
	case "uuid":
		if !running {
			return cty.UnknownVal(cty.String).RefineNotNull(), nil
		}
		return cty.StringVal(uuid.NewSHA1(uuidSpace, []byte(n.purpose(e))).String()), nil
	}
	v, diags := n.Expression.Value(ctx) // the secrets: checks the arguments
	if !running || diags.HasErrors() {
		return v, diags
	}
	args, more := n.arguments(ctx)
	if diags = append(diags, more...); more.HasErrors() || args == nil {
		return v, diags
	}
	text, err := n.secret(e, args)
	if err != nil {
		return cty.DynamicVal, append(diags, n.fail(err.Error()+".")...)
	}
	return MarkSensitive(cty.StringVal(text)), diags
}

// purpose names this evaluation of the call: the same when a run is resumed.
func (n *journaledNode) purpose(e *Eval) string {
	if e.calls == nil {
		e.calls = map[string]int{}
	}
	e.calls[n.place]++
	return fmt.Sprintf("%s\x00%s\x00%d", e.Seed, n.place, e.calls[n.place])
}

// arguments are those of a call that has been checked, as plain values; nil where one is not known.
func (n *journaledNode) arguments(ctx *hcl.EvalContext) (args []cty.Value, diags hcl.Diagnostics) {
	call, ok := n.Expression.(*hclsyntax.FunctionCallExpr)
	if !ok || call.ExpandFinal {
		return nil, n.fail(fmt.Sprintf("%s() takes its arguments one by one, without \"...\".", n.name))
	}
	for _, e := range call.Args {
		v, d := e.Value(ctx)
		if diags = append(diags, d...); d.HasErrors() {
			return nil, diags
		}
		if v, _ = v.Unmark(); !v.IsKnown() {
			return nil, diags
		}
		args = append(args, v)
	}
	return args, diags
}

// secret answers random_secret() and customer_secret(). Its errors hold no secret.
func (n *journaledNode) secret(e *Eval, args []cty.Value) (string, error) {
	if n.name == "random_secret" {
		if e.Random == nil {
			return "", errors.New("random_secret() can be used only in a runbook's steps")
		}
		number, err := convert.Convert(args[0], cty.Number)
		if err != nil {
			return "", err
		}
		count, err := wholeNumber(number, 1, maxRandomSecret)
		if err != nil {
			return "", err
		}
		b, err := e.Random("random_secret\x00"+n.purpose(e), count)
		return base64.RawURLEncoding.EncodeToString(b), err
	}
	if e.CustomerSecret == nil {
		return "", errors.New("customer_secret() can be used only in an auth block of a trigger, of a blueprint with one xurrent connection, while a runner serves it")
	}
	var texts [2]string
	for i := range texts {
		text, err := convert.Convert(args[i], cty.String)
		if err != nil || text.IsNull() {
			return "", errors.New("customer_secret() takes two texts")
		}
		texts[i] = text.AsString()
	}
	value, known, err := e.CustomerSecret(texts[0], texts[1])
	switch {
	case err != nil:
		return "", err
	case !known:
		return "", errors.New("no such secret is kept with the customer")
	}
	return value, nil
}

func (n *journaledNode) fail(detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Error in function call", Detail: detail, Subject: n.Range().Ptr()}}
}

// uuidSpace is the name space of uuid(), the version 5 UUID of "currant" in the DNS name space. It is part
// of what runs have journaled: it must not change.
var uuidSpace = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("currant"))

// callPlace is where a call stands. Only the file's base name counts: a run may be resumed elsewhere.
func callPlace(r hcl.Range) string {
	return fmt.Sprintf("%s:%d", path.Base(strings.ReplaceAll(r.Filename, "\\", "/")), r.Start.Byte)
}
