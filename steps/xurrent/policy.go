package xurrent

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/verify"
)

// policy is how a webhook's signature is verified. The symmetric algorithms and none, which the platform
// has too, are refused: who can verify with those can sign.
type policy struct {
	Issuer       string `hcl:"issuer,optional" doc:"The issuer that tokens must name: a web address (https)."`
	Algorithm    string `hcl:"algorithm,optional" enum:"RS256|RS384|RS512|ES256|ES384|ES512" doc:"The only algorithm that is accepted; together with public_key_pem."`
	PublicKeyPEM string `hcl:"public_key_pem,optional" doc:"The policy's public key (PEM); together with algorithm. Without it the issuer publishes its keys."`
	Audience     string `hcl:"audience,optional" doc:"The audience that tokens must name."`
}

func checkPolicy(b *lang.Block, args cty.Value) hcl.Diagnostics {
	if b == nil || b.Body == nil {
		return nil
	}
	diags := steps.Together(b.Body, "algorithm", "public_key_pem")
	diags = append(diags, checkURL(b.Body, args, "issuer", "https")...)
	algorithm, ok := steps.Known(args, "algorithm")
	key, given := steps.Known(args, "public_key_pem")
	if !ok || !given {
		return diags
	}
	if _, err := verify.ParseKey(algorithm.AsString(), key.AsString()); err != nil {
		diags = append(diags, lang.Error(steps.At(b.Body, "public_key_pem"), "Invalid value for \"public_key_pem\"", "The key cannot be used: %s.", err))
	}
	return diags
}
