package ingress

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/lang"
)

// respondArgs is the `respond` block, of any kind of endpoint.
type respondArgs struct {
	Status  lang.Expr `hcl:"status,optional" doc:"The status, 200 to 599. Default: 200."`
	Headers lang.Expr `hcl:"headers,optional" doc:"Headers of the answer: a map of texts."`
	Body    lang.Expr `hcl:"body,optional" doc:"The answer's body: a text as it is, any other value as JSON."`
}

// Responding is embedded by the arguments of other kinds of endpoint that have a `respond` block.
type Responding struct {
	Respond *respondArgs `hcl:"respond,block" doc:"The answer, instead of the default, once the event is on disk."`
}

var respondTypes = map[string]cty.Type{"status": cty.Number, "headers": cty.Map(cty.String), "body": cty.DynamicPseudoType}

// ownHeaders are set by the server alone.
var ownHeaders = map[string]bool{"content-length": true, "transfer-encoding": true, "connection": true, "date": true,
	"trailer": true, "upgrade": true, "keep-alive": true, "te": true, "x-job-uuid": true}

func checkRespond(b *lang.Body, scope *lang.Scope) (diags hcl.Diagnostics) {
	bl := b.Block("respond")
	if bl == nil || bl.Body == nil {
		return nil
	}
	for _, a := range bl.Body.Attrs {
		t, ok := respondTypes[a.Name]
		if !ok {
			continue
		}
		marked, d := scope.Eval(a.Expr, t)
		diags = append(diags, d...)
		v, _ := marked.UnmarkDeep()
		if d.HasErrors() || !v.IsKnown() || v.IsNull() {
			continue
		}
		switch a.Name {
		case "status":
			if _, err := statusOf(v); err != nil {
				diags = append(diags, lang.Error(a.Expr.Range(), "Invalid value for \"status\"", "%s.", err))
			}
		case "headers":
			for it := v.ElementIterator(); it.Next(); {
				if k, _ := it.Element(); !isToken(k.AsString()) || ownHeaders[strings.ToLower(k.AsString())] {
					diags = append(diags, lang.Error(a.Expr.Range(), "Invalid header", "%q is no header that an answer may set.", cut(k.AsString(), 100)))
				}
			}
		}
	}
	return diags
}

func statusOf(v cty.Value) (int, error) {
	f := v.AsBigFloat()
	n, _ := f.Int64()
	if !f.IsInt() || n < 200 || n > 599 {
		return 0, fmt.Errorf("%s is no status from 200 to 599", cut(f.Text('g', 10), 40))
	}
	return int(n), nil
}

// response is the answer that the trigger's `respond` block makes of an event, or false where it has none.
func (t *Trigger) response(ev Event) (answer, bool, error) {
	if t.Body == nil {
		return answer{}, false, nil
	}
	bl := t.Body.Block("respond")
	if bl == nil || bl.Body == nil {
		return answer{}, false, nil
	}
	scope := t.eventScope(ev)
	out := answer{status: http.StatusOK, header: http.Header{}}
	for _, a := range bl.Body.Attrs {
		marked, diags := scope.Eval(a.Expr, respondTypes[a.Name])
		if diags.HasErrors() {
			return answer{}, true, fmt.Errorf("respond: %s", diagText(diags))
		}
		// Whoever wrote the block says what the caller reads.
		v, _ := marked.UnmarkDeep()
		if v.IsNull() {
			continue
		}
		var err error
		switch a.Name {
		case "status":
			out.status, err = statusOf(v)
		case "headers":
			for it := v.ElementIterator(); it.Next(); {
				k, el := it.Element()
				if isToken(k.AsString()) && !ownHeaders[strings.ToLower(k.AsString())] && !el.IsNull() {
					out.header.Set(k.AsString(), headerText(el.AsString()))
				}
			}
		case "body":
			err = out.setBody(v)
		}
		if err != nil {
			return answer{}, true, fmt.Errorf("respond: %s: %w", a.Name, err)
		}
	}
	return out, true, nil
}

func (a *answer) setBody(v cty.Value) (err error) {
	if v.Type() == cty.String {
		a.contentType, a.body = "text/plain; charset=utf-8", []byte(v.AsString())
		return nil
	}
	a.contentType = "application/json; charset=utf-8"
	a.body, err = ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	return err
}

// headerText is a text that can be a header's value: what would end the line becomes a blank.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
