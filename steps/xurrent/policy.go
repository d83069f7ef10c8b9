package xurrent

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
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
	if problem := checkKey(algorithm.AsString(), key.AsString()); problem != "" {
		diags = append(diags, lang.Error(steps.At(b.Body, "public_key_pem"), "Invalid value for \"public_key_pem\"", "%s", problem))
	}
	return diags
}

// checkKey is what is wrong with a key for an algorithm, or "".
func checkKey(algorithm, text string) string {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "It is no PEM block: \"-----BEGIN PUBLIC KEY-----\" is needed."
	}
	var public any
	switch block.Type {
	case "PUBLIC KEY":
		public, _ = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, _ = x509.ParsePKCS1PublicKey(block.Bytes)
	case "EC PRIVATE KEY":
		// Some accounts have delivered this for the public key of an es512 policy.
		if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			public = &k.PublicKey
		}
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if !strings.HasPrefix(algorithm, "RS") {
			return "It is an RSA key, which does not fit " + algorithm + "."
		}
	case *ecdsa.PublicKey:
		curves := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
		if want := curves[algorithm]; want != key.Curve.Params().Name {
			return "It is a key on the curve " + key.Curve.Params().Name + ", which does not fit " + algorithm + "."
		}
	default:
		return "It cannot be read as an RSA or EC public key."
	}
	return ""
}
