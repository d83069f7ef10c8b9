package runtest

import "github.com/zclconf/go-cty/cty"

// Canary is a text that must not be stored in clear.
const Canary = "c4n4ry-s3cr3t"

// valueScenarios are about what is journaled of values.
func valueScenarios() []Scenario {
	return []Scenario{{
		Name: "values/uuid and timestamp stay",
		HCL: `
  step "probe" "a" {
    value  = "${uuid()} ${timestamp()}"
    effect = "idempotent"
  }
  step "probe" "b" { value = uuid() }
  step "compute" "c" { v = uuid() }
  step "loop" "l" {
    items = [1, 2]
    each {
      collect = step.d.value
      step "probe" "d" {
        value  = uuid()
        effect = "idempotent"
      }
    }
  }
  output "r" { value = length(toset(concat([split(" ", step.a.value)[0], step.b.value, step.c.v], step.l.collected))) }`,
		Want: `finished {"r":5}`, Calls: "a=1 b=1 d=2",
	}, {
		Name: "values/sensitive",
		HCL: `
  state "s" { default = "" }
  step "compute" "c" { secret = sensitive(trigger.input.secret) }
  step "probe" "a" {
    value  = { open = "o", hidden = step.c.secret, list = [step.c.secret, "x"] }
    effect = "write"
  }
  step "set" "s" { s = "${step.c.secret}!" }
  step "loop" "l" {
    items = [step.c.secret, "y"]
    each {
      collect = each.value
      step "probe" "b" { value = each.value }
      step "log" "say" { message = "it is ${each.value}" }
    }
  }
  step "if" "i" {
    condition = step.c.secret == trigger.input.want
    then {
      step "probe" "d" { value = step.a.value.hidden }
    }
  }
  output "secret" {
    value     = [step.d.value, state.s, step.l.collected]
    sensitive = true
  }
  output "open" { value = nonsensitive(step.a.value.open) }`,
		Input: `{"secret": "` + Canary + `", "want": "` + Canary + `"}`,
		Want:  `finished {"open":"o","secret":["(sensitive)","(sensitive)",["(sensitive)","y"]]}`, Calls: "a=1 b=2 d=1",
		Lines: []string{"info say: (sensitive value)", "info say: it is y"},
	}, {
		Name: "values/an output declared sensitive is masked",
		HCL: `
  step "probe" "a" { value = "plain" }
  output "o" {
    value     = step.a.value
    sensitive = true
  }`,
		Want: `finished {"o":"(sensitive)"}`, Calls: "a=1",
	}, {
		Name: "values/all types come back",
		HCL: `
  step "probe" "a" {}
  step "compute" "b" { v = step.a.value }
  step "probe" "c" { value = step.b.v }
  output "r" { value = [step.c.value.big, step.c.value.set, step.c.value.null, step.c.value.empty, step.c.value.map.k, type(step.b.v.set) == type(step.c.value.set)] }`,
		Answers: Answers{"a": func(Call) Answer {
			return Answer{Value: cty.ObjectVal(map[string]cty.Value{
				"big": cty.MustParseNumberVal("9007199254740993"), "set": cty.SetVal([]cty.Value{text("b"), text("a")}),
				"null": cty.NullVal(cty.DynamicPseudoType), "empty": cty.EmptyTupleVal, "map": cty.MapVal(map[string]cty.Value{"k": cty.True}),
			})}
		}},
		Want: `finished {"r":[9007199254740993,["a","b"],null,[],true,true]}`, Calls: "a=1 c=1",
	}}
}
