package xurrent

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// newAsync waits for results of asynchronous queries. All its steps share one client and one cap on polls.
func newAsync(d Deps) *steps.Kind {
	p := newPoller(d.Outbound)
	return steps.Pages(steps.Kind{
		Name:               "async",
		Effect:             steps.Read,
		Connection:         connectionType,
		ConnectionOptional: true,
		Doc:                "Polls web addresses of asynchronous results until each is ready: any JSON but {}, [], null and nothing. What a result says of errors is in its body.",
		Examples: []steps.Example{{
			Title: "The results of two queries",
			HCL: `step "async" "results" {
  urls         = trigger.input.urls
  backoff_time = "30s"
}`,
		}, {
			Title: "One turn per result, as they come",
			HCL: `step "async" "imported" {
  urls = trigger.input.urls
  each "result" {
    step "log" "errors" {
      when    = can(result.value.body.errors)
      level   = "warn"
      message = "The import has failed."
    }
  }
}`,
		}},
		Check:  checkAsync,
		Output: asyncType,
		Item:   func(*steps.Check, string) cty.Value { return cty.UnknownVal(asyncResult) },
	}, steps.Pager{
		Each: "each", Limit: maxNodes, LimitHelp: "use an each block",
		Done: asyncDone,
	}, p.round)
}

// asyncResult leaves the body untyped: any JSON may come.
var asyncResult = cty.Object(map[string]cty.Type{"url": cty.String, "body": cty.DynamicPseudoType})

type asyncArgs struct {
	URLs          []string      `hcl:"urls" doc:"The addresses, in the order in which they are asked."`
	BackoffTime   time.Duration `hcl:"backoff_time,optional" default:"1m" doc:"The pause between two rounds."`
	MaxIterations int           `hcl:"max_iterations,optional" default:"1000" min:"1" doc:"The most rounds."`
	Each          *steps.Each   `hcl:"each,block" doc:"Runs once per address, in the order in which they become ready; its value is { url, body }."`
}

// minBackoff is the shortest pause between two rounds.
const minBackoff = time.Second

// asyncType has no results where they were handed to an each block: memory stays flat.
func asyncType(c *steps.Check) cty.Type {
	attrs := map[string]cty.Type{"count": cty.Number}
	if c.Body.Block("each") == nil {
		attrs["results"] = cty.DynamicPseudoType
	}
	collected(c, attrs)
	return cty.Object(attrs)
}

// asyncDone is the step's output.
func asyncDone(_ cty.Value, r steps.PagesResult) cty.Value {
	out := map[string]cty.Value{"count": cty.NumberIntVal(int64(r.Count))}
	if r.Items != nil || r.Count == 0 {
		out["results"] = lang.AsList(cty.TupleVal(r.Items))
	}
	if r.Collected != cty.NilVal {
		out["collected"] = lang.AsList(r.Collected)
	}
	return cty.ObjectVal(out)
}

func checkAsync(c *steps.Check) hcl.Diagnostics {
	v, ok := steps.Known(c.Args, "backoff_time")
	if !ok {
		return nil
	}
	if d, err := lang.ParseDuration(v.AsString()); err == nil && d < minBackoff {
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, "backoff_time"), "Invalid value for \"backoff_time\"", "The shortest pause is \"1s\".")}
	}
	return nil
}
