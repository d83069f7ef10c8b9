package compile_test

import (
	"strings"
	"testing"

	"currant/engine/compile"
	"currant/engine/lang"
)

// Whatever is computed from a sensitive variable is sensitive, wherever it has been.
func TestSensitiveStaysMarked(t *testing.T) {
	locals := map[string]string{
		"direct":       `var.secret`,
		"template":     `"a ${var.secret} b"`,
		"directive":    `"%{ if true }${var.secret}%{ endif }"`,
		"loop_text":    `"%{ for x in [var.secret] }${x}%{ endfor }"`,
		"chosen":       `true ? var.secret : "x"`,
		"condition":    `var.secret == "a" ? 1 : 2`,
		"for_list":     `[for x in ["a"] : "${x}${var.secret}"]`,
		"for_over":     `[for x in split(",", var.secret) : x]`,
		"for_map":      `{ for k in ["a"] : k => var.secret }`,
		"object":       `{ a = { b = var.secret } }`,
		"tuple":        `[1, [var.secret]]`,
		"function":     `upper(var.secret)`,
		"nested":       `length(join(",", [var.secret]))`,
		"through":      `local.template`,
		"attribute":    `local.object.a.b`,
		"index":        `local.tuple[1][0]`,
		"by_key":       `{ a = 1, b = 2 }[var.letter]`,
		"splat":        `[{ s = var.secret }][*].s`,
		"operator":     `var.number + 1`,
		"comparison":   `var.number > 3`,
		"not":          `!(var.number > 3)`,
		"encoded":      `jsonencode({ a = var.secret })`,
		"decoded":      `jsondecode("{\"a\":\"${var.secret}\"}")`,
		"tried":        `try(var.secret, "x")`,
		"can":          `can(tonumber(var.secret))`,
		"merged":       `merge({ a = 1 }, { b = var.secret })`,
		"hash":         `sha256(var.secret)`,
		"marked":       `sensitive("x")`,
		"coalesced":    `coalesce(null, var.secret)`,
		"formatted":    `format("%s-%d", var.secret, 1)`,
		"of_an_object": `var.object.a`,
	}
	var b strings.Builder
	b.WriteString("variable \"secret\" {\n  default   = \"abc\"\n  sensitive = true\n}\nvariable \"letter\" {\n  default   = \"a\"\n  sensitive = true\n}\n" +
		"variable \"number\" {\n  default   = 7\n  sensitive = true\n}\nvariable \"object\" {\n  default   = { a = 1 }\n  sensitive = true\n}\nlocals {\n  plain = nonsensitive(var.secret)\n")
	for name, e := range locals {
		b.WriteString("  " + name + " = " + e + "\n")
	}
	b.WriteString("}\n")
	bp, diags := compile.Compile(source(t, b.String()), options(t))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	scope, _ := bp.Scope.Lookup("local")
	for name := range locals {
		if !lang.IsSensitive(scope.GetAttr(name)) {
			t.Errorf("local.%s = %s is not sensitive: %#v", name, locals[name], scope.GetAttr(name))
		}
	}
	if lang.IsSensitive(scope.GetAttr("plain")) {
		t.Error("nonsensitive() has no effect")
	}
}

// A sensitive value is not kept with a blueprint's content, nor told by a mistake in what uses it.
func TestSensitiveIsNotTold(t *testing.T) {
	const secret = "tOpSeCrEt"
	text := `
variable "secret" {
  type      = string
  sensitive = true
}
variable "count" {
  type      = number
  sensitive = true
}
locals {
  a = tonumber(var.secret)
  b = var.secret.x
  c = file(var.secret)
  d = { a = 1 }[var.secret]
  e = [1][var.secret]
  f = jsondecode(var.secret)
  g = regex("[", var.secret)
  h = var.secret ? 1 : 2
  i = formatdate(var.secret, "2020-01-01T00:00:00Z")
  j = [for k, v in var.secret : v]
}
connection "xurrent" "c" {
  account_id            = "x"
  personal_access_token = var.secret
  stage                 = var.secret
  timeout               = var.secret
  oauth2_endpoint       = var.secret
}
`
	o := options(t)
	o.Values = lang.Values{Set: map[string]string{"secret": secret, "count": secret}}
	src := source(t, text)
	src.Vars = append(src.Vars, lang.File{Name: "x.auto.vars.hcl", Bytes: []byte("count = \"" + secret + "\"\n")})
	bp, diags := compile.Compile(src, o)
	if len(onlyErrors(diags)) < 10 {
		t.Errorf("%d errors only: %s", len(diags), diags)
	}
	var b strings.Builder
	lang.Render(&b, bp.Files, diags, lang.RenderOptions{})
	for _, shown := range []string{b.String(), diags.Error()} {
		if i := strings.Index(shown, secret); i >= 0 {
			t.Errorf("the secret is told: …%s…", shown[max(0, i-300):i+20])
		}
	}
	o.Values = lang.Values{Set: map[string]string{"secret": secret, "count": "1"}}
	bp, diags = compile.Compile(source(t, "variable \"secret\" { sensitive = true }\nvariable \"count\" { default = 2 }\n"), o)
	if diags.HasErrors() || strings.Contains(string(bp.Bundle), secret) {
		t.Errorf("the secret is kept with the content: %v", diags)
	}
}
