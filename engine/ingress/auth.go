package ingress

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

type basicArgs struct {
	Username string `hcl:"username" doc:"The user's name."`
	Password string `hcl:"password,secret" doc:"The user's password."`
}

type bearerArgs struct {
	Token string `hcl:"token,secret" doc:"The token that \"Authorization: Bearer …\" must have."`
}

type apiKeyArgs struct {
	Header string `hcl:"header" default:"X-Api-Key" doc:"The header that has the key."`
	Value  string `hcl:"value,secret" doc:"The key."`
}

type hmacArgs struct {
	Header          string        `hcl:"header" doc:"The header that has the signature."`
	Secret          string        `hcl:"secret,secret" doc:"The secret shared with the sender."`
	Algorithm       string        `hcl:"algorithm" enum:"sha256|sha1|sha512" default:"sha256" doc:"The hash."`
	Prefix          string        `hcl:"prefix" default:"" doc:"What stands before the signature in the header, such as \"sha256=\"."`
	Encoding        string        `hcl:"encoding" enum:"hex|base64" default:"hex" doc:"How the signature is written."`
	Signed          lang.Expr     `hcl:"signed,optional" doc:"What is signed. Default: the raw body."`
	TimestampHeader string        `hcl:"timestamp_header,optional" doc:"The header that has the time of sending, in seconds since 1970 or as RFC 3339. It should be part of \"signed\"."`
	Tolerance       time.Duration `hcl:"tolerance" default:"5m" doc:"How far that time may be from now; an older request is refused."`
}

// authSpecs are the kinds of `auth` block.
var authSpecs = map[string]*lang.Spec{
	"basic":   lang.SpecOf[basicArgs](),
	"bearer":  lang.SpecOf[bearerArgs](),
	"api_key": lang.SpecOf[apiKeyArgs](),
	"hmac":    lang.SpecOf[hmacArgs](),
}

// AuthSpecs are the specs of `auth` blocks by their label, for the reference.
func AuthSpecs() map[string]*lang.Spec { return maps.Clone(authSpecs) }

// auth is one `auth` block.
type auth struct {
	kind string
	body *lang.Body
	// fixed are the arguments, where they are the same for every request; else nil.
	fixed any
}

func bindAuth(b *lang.Body) (out []*auth, diags hcl.Diagnostics) {
	for _, bl := range b.BlocksOf("auth") {
		spec := authSpecs[bl.Label()]
		if spec == nil {
			kinds := slices.Sorted(maps.Keys(authSpecs))
			diags = append(diags, lang.Error(bl.LabelRanges[0], "Unknown kind of auth",
				"%q is none of \"api_key\", \"basic\", \"bearer\" and \"hmac\".%s", cut(bl.Label(), 100), lang.DidYouMean(bl.Label(), kinds)))
			continue
		}
		body, d := spec.Bind(bl.Source.Body, bl.Range)
		diags = append(diags, d...)
		out = append(out, &auth{kind: bl.Label(), body: body})
	}
	return out, diags
}

var requestType = cty.Object(map[string]cty.Type{
	"body": cty.String, "headers": cty.Map(cty.String), "query_params": cty.Map(cty.String), "url_postfix": cty.String,
})

func checkAuth(c *Check) hcl.Diagnostics {
	auths, diags := bindAuth(c.Body)
	scope := c.Scope.Child(map[string]cty.Value{"request": cty.UnknownVal(requestType)})
	for _, a := range auths {
		args, d := a.body.Eval(scope)
		diags = append(diags, d...)
		if s := a.body.Attr("signed"); s != nil {
			_, d := scope.Eval(s.Expr, cty.String)
			diags = append(diags, d...)
		}
		for _, at := range a.body.Attrs {
			v := argument(args, at.Name)
			if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
				continue
			}
			switch name := at.Name; {
			case (name == "header" || name == "timestamp_header") && !isToken(v.AsString()):
				diags = append(diags, lang.Error(at.Expr.Range(), "Invalid header", "%q is no name of a header.", cut(v.AsString(), 100)))
			case at.Field.Secret && v.AsString() == "":
				diags = append(diags, lang.Error(at.Expr.Range(), "Empty secret", "%q is empty; nobody could be let in by it.", name))
			}
		}
		if a.kind == "hmac" {
			diags = append(diags, checkTimestamp(a.body)...)
		}
	}
	return diags
}

func checkTimestamp(b *lang.Body) (diags hcl.Diagnostics) {
	stamp, tolerance := b.Attr("timestamp_header"), b.Attr("tolerance")
	if tolerance != nil && stamp == nil {
		diags = append(diags, lang.Error(tolerance.NameRange, "Missing argument",
			"\"tolerance\" needs \"timestamp_header\", the header that has the time of sending."))
	}
	if stamp != nil && b.Attr("signed") == nil {
		d := lang.Error(stamp.NameRange, "The time is not signed",
			"Only the body is signed, so whoever has an old request can send it again with another time. If the sender signs the time too, say so with \"signed\".")
		d.Severity = hcl.DiagWarning
		diags = append(diags, d)
	}
	return diags
}

// prepare evaluates the arguments once, where they neither use the request nor call a function (which may
// look something up).
func (a *auth) prepare(scope *lang.Scope) {
	for _, at := range a.body.Attrs {
		if at.Name != "signed" && !isFixed(at.Expr) {
			return
		}
	}
	if args, err := a.evaluate(scope); err == nil {
		a.fixed = args
	}
}

func isFixed(e hclsyntax.Expression) bool {
	fixed := true
	// VisitAll's diagnostics are those of the function, which returns none.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if e, ok := n.(hclsyntax.Expression); ok {
			n = plain(e)
		}
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			fixed = false
		case *hclsyntax.ScopeTraversalExpr:
			fixed = fixed && n.Traversal.RootName() != "request"
		}
		return nil
	})
	return fixed
}

// plain is an expression without what counts its evaluation around it.
func plain(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		u, ok := e.(interface{ UnwrapExpression() hcl.Expression })
		if !ok {
			return e
		}
		inner, ok := u.UnwrapExpression().(hclsyntax.Expression)
		if !ok {
			return e
		}
		e = inner
	}
}

// evaluate gives a pointer to the kind's arguments.
func (a *auth) evaluate(scope *lang.Scope) (any, error) {
	v, diags := a.body.Eval(scope)
	if diags.HasErrors() {
		return nil, errors.New(diagText(diags))
	}
	var args any
	switch a.kind {
	case "basic":
		args = &basicArgs{}
	case "bearer":
		args = &bearerArgs{}
	case "api_key":
		args = &apiKeyArgs{}
	case "hmac":
		args = &hmacArgs{}
	}
	authSpecs[a.kind].Decode(v, args)
	return args, nil
}

// secretHeader is the header, in lower case, that carries a secret and is therefore marked sensitive: "" if
// it is Authorization, "*" if it is another one for each request.
func (a *auth) secretHeader(scope *lang.Scope) string {
	if a.kind != "api_key" {
		return ""
	}
	at := a.body.Attr("header")
	if at == nil {
		return "x-api-key"
	}
	if !isFixed(at.Expr) {
		return "*"
	}
	marked, diags := scope.EvalAttr(at)
	v, _ := marked.Unmark()
	if diags.HasErrors() || !v.IsKnown() || v.IsNull() {
		return "*"
	}
	return strings.ToLower(v.AsString())
}

// verify returns the Unauthorized refusal of a request that does not prove what the block asks for.
func (a *auth) verify(ctx context.Context, t *Trigger, r *Request) *Refusal {
	args := a.fixed
	var scope *lang.Scope
	if args == nil || a.body.Attr("signed") != nil {
		scope = t.authScope(ctx, r)
	}
	if args == nil {
		var err error
		if args, err = a.evaluate(scope); err != nil {
			return Unauthorized("auth %q: %s", a.kind, err)
		}
	}
	switch args := args.(type) {
	case *basicArgs:
		return args.verify(r)
	case *bearerArgs:
		return args.verify(r)
	case *apiKeyArgs:
		return args.verify(r)
	case *hmacArgs:
		var signed hclsyntax.Expression
		if s := a.body.Attr("signed"); s != nil {
			signed = s.Expr
		}
		return args.verify(r, scope, signed)
	}
	return Unauthorized("auth %q is not known", a.kind)
}

// authScope is what the expressions of auth blocks see.
func (t *Trigger) authScope(ctx context.Context, r *Request) *lang.Scope {
	ev := t.newEval(r.At)
	if look := t.Kind.CustomerSecret; look != nil {
		ev.CustomerSecret = func(account, name string) (string, bool, error) { return look(ctx, t, r, account, name) }
	}
	return t.Scope.WithEval(ev, map[string]cty.Value{"request": requestValue(r)})
}

func requestValue(r *Request) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"body":         cty.StringVal(strings.ToValidUTF8(string(r.Body), "\uFFFD")),
		"headers":      texts(r.Header, strings.ToLower, notSecret),
		"query_params": texts(r.Query, asIs, notSecret),
		"url_postfix":  cty.StringVal(r.Postfix),
	})
}

func (a *basicArgs) verify(r *Request) *Refusal {
	if a.Password == "" {
		return Unauthorized("auth \"basic\": the password is empty or null")
	}
	if len(r.Header.Values("Authorization")) != 1 {
		return Unauthorized("auth \"basic\": not one Authorization header")
	}
	user, password, ok := (&http.Request{Header: r.Header}).BasicAuth()
	if !ok {
		return Unauthorized("auth \"basic\": the Authorization header is not Basic")
	}
	// Both are compared, so that the time does not say which differs.
	if !equal(user, a.Username) || !equal(password, a.Password) {
		return Unauthorized("auth \"basic\": wrong user name or password")
	}
	return nil
}

func (a *bearerArgs) verify(r *Request) *Refusal {
	if a.Token == "" {
		return Unauthorized("auth \"bearer\": the token is empty or null")
	}
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return Unauthorized("auth \"bearer\": not one Authorization header")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Unauthorized("auth \"bearer\": the Authorization header is not Bearer")
	}
	if !equal(strings.Trim(token, " "), a.Token) {
		return Unauthorized("auth \"bearer\": wrong token")
	}
	return nil
}

func (a *apiKeyArgs) verify(r *Request) *Refusal {
	if a.Value == "" || a.Header == "" {
		return Unauthorized("auth \"api_key\": the key or its header is empty or null")
	}
	values := r.Header.Values(a.Header)
	if len(values) != 1 {
		return Unauthorized("auth \"api_key\": not one header %s", shown(a.Header))
	}
	if !equal(values[0], a.Value) {
		return Unauthorized("auth \"api_key\": wrong key")
	}
	return nil
}

// equal compares in a time that depends on neither text's content nor on where they differ.
func equal(got, want string) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1
}

// challenge says how to authenticate. It depends on the blueprint alone, not on what was wrong.
func (p *endpointPlan) challenge(r *Refusal) *Refusal {
	for _, a := range p.auth {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		switch a.kind {
		case "basic":
			r.Header.Add("WWW-Authenticate", `Basic realm="currant", charset="UTF-8"`)
		case "bearer":
			r.Header.Add("WWW-Authenticate", "Bearer")
		}
	}
	return r
}
