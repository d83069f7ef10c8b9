package main

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what some senders sign with
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// authenticate adds to a request what each auth block of the trigger asks for.
func (s *sending) authenticate(header http.Header, body []byte) error {
	specs := ingress.AuthSpecs()
	var signatures []*proof
	keyed := false // the secret in --key was asked for
	for _, block := range s.rb.Trigger.Body.BlocksOf("auth") {
		bound, diags := specs[block.Label()].Bind(block.Source.Body, block.Range)
		if diags.HasErrors() {
			return diags
		}
		p := &proof{sending: s, kind: block.Label(), args: bound, header: header, body: body}
		if err := p.evaluate(); err != nil {
			return err
		}
		if p.kind == "hmac" {
			signatures = append(signatures, p)
		}
		keyed = keyed || p.keyed
		if err := p.add(); err != nil {
			return err
		}
	}
	if s.key != "" && !keyed {
		return usagef("--key is for a webhook, or for an hmac whose secret is a customer's own: the trigger of runbook %q has none", s.rb.Name)
	}
	for _, p := range signatures { // of headers too, so they come last
		if err := p.sign(); err != nil {
			return err
		}
	}
	return nil
}

// proof is one auth block of the trigger, from the sender's side.
type proof struct {
	*sending
	kind   string
	args   *lang.Body
	values cty.Value
	header http.Header
	body   []byte
	keyed  bool // its secret is the one in --key
}

// scope has what the expressions of the block may name: the request, as it is so far.
func (p *proof) scope() *lang.Scope {
	headers := map[string]cty.Value{}
	for name, values := range p.header {
		headers[strings.ToLower(name)] = cty.StringVal(strings.Join(values, ", "))
	}
	postfix, query := p.below()
	request := cty.ObjectVal(map[string]cty.Value{
		"body": cty.StringVal(string(p.body)), "headers": cty.MapVal(headers), "query_params": query, "url_postfix": cty.StringVal(postfix),
	})
	ev := lang.NewEval(lang.EvalLimits{})
	now := time.Now()
	ev.Now = func() (time.Time, bool) { return now, true }
	ev.CustomerSecret = p.customerSecret
	ev.Seed = p.rb.Blueprint.Name + "/" + p.rb.Name
	return p.rb.Trigger.Scope.WithEval(ev, map[string]cty.Value{"request": request})
}

// below is what the request's address has below the endpoint's.
func (p *proof) below() (postfix string, query cty.Value) {
	params := map[string]cty.Value{}
	postfix, rest, _ := strings.Cut(p.path, "?")
	values, err := url.ParseQuery(rest)
	if err != nil {
		values = nil // the runner refuses it
	}
	for name, v := range values {
		params[name] = cty.StringVal(strings.Join(v, ", "))
	}
	if len(params) == 0 {
		return postfix, cty.MapValEmpty(cty.String)
	}
	return postfix, cty.MapVal(params)
}

// customerSecret is what customer_secret() gives: the runner alone knows it, unless --key tells.
func (p *proof) customerSecret(account, name string) (string, bool, error) {
	if p.key == "" {
		return "", false, fmt.Errorf("the secret %q of customer %q is known to the runner only: write it to a file, and name that with --key", name, account)
	}
	p.keyed = true
	b, err := os.ReadFile(p.key)
	if err != nil {
		return "", false, fmt.Errorf("--key: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), true, nil
}

func (p *proof) evaluate() error {
	values, diags := p.args.Eval(p.scope())
	if diags.HasErrors() {
		return fmt.Errorf("auth %q of runbook %q: %w", p.kind, p.rb.Name, diags)
	}
	p.values = values
	for _, a := range p.args.Attrs {
		if _, ok := steps.Known(values, a.Name); !ok && a.Name != "signed" {
			return unknownArgument(p.rb, "auth \""+p.kind+"\"", a.Name)
		}
	}
	return nil
}

// text is an argument, or "".
func (p *proof) text(name string) string {
	if v, ok := steps.Known(p.values, name); ok && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

func (p *proof) add() error {
	switch p.kind {
	case "basic":
		req := http.Request{Header: p.header}
		req.SetBasicAuth(p.text("username"), p.text("password"))
	case "bearer":
		p.header.Set("Authorization", "Bearer "+p.text("token"))
	case "api_key":
		p.header.Set(p.text("header"), p.text("value"))
	case "hmac":
		if name := p.text("timestamp_header"); name != "" {
			p.header.Set(name, strconv.FormatInt(time.Now().Unix(), 10))
		}
	default:
		return usagef("requests for auth %q cannot be made yet", p.kind)
	}
	return nil
}

// sign adds the signature that an hmac block asks for.
func (p *proof) sign() error {
	signed := p.body
	if a := p.args.Attr("signed"); a != nil {
		if text := cty.StringVal(string(p.body)).AsString(); text != string(p.body) {
			// A text of the language is in Unicode's normal form C: it would not be what is sent.
			return invalidf("the body is not in Unicode's normal form C, or not UTF-8, and cannot be signed as \"signed\" says")
		}
		v, diags := p.scope().Eval(a.Expr, cty.String)
		if diags.HasErrors() {
			return fmt.Errorf("auth \"hmac\" of runbook %q: %w", p.rb.Name, diags)
		}
		v, _ = v.Unmark()
		if !v.IsKnown() || v.IsNull() {
			return unknownArgument(p.rb, "auth \"hmac\"", "signed")
		}
		signed = []byte(v.AsString())
	}
	hashes := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	mac := hmac.New(hashes[p.text("algorithm")], []byte(p.text("secret")))
	mac.Write(signed)
	signature := hex.EncodeToString(mac.Sum(nil))
	if p.text("encoding") == "base64" {
		signature = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	p.header.Set(p.text("header"), p.text("prefix")+signature)
	return nil
}
