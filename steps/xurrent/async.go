package xurrent

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Async waits for results of asynchronous queries.
var Async = steps.Holder[asyncArgs, cty.Value](steps.Kind{
	Name:               "async",
	Effect:             steps.Read,
	Connection:         connectionType,
	ConnectionOptional: true,
	Planned:            true,
	Doc:                "Polls web addresses of asynchronous results until each is ready: any JSON but {}, [], null and nothing.",
	Examples: []steps.Example{{
		Title: "The results of two queries",
		HCL: `step "async" "results" {
  urls         = trigger.input.urls
  backoff_time = "30s"
}`,
	}},
	Check:  checkAsync,
	Output: asyncType,
})

type asyncArgs struct {
	URLs          []string      `hcl:"urls" doc:"The addresses, in the order in which they are asked."`
	BackoffTime   time.Duration `hcl:"backoff_time,optional" default:"1m" doc:"The pause between two rounds."`
	MaxIterations int           `hcl:"max_iterations,optional" default:"1000" min:"1" doc:"The most rounds."`
	Each          *steps.Each   `hcl:"each,block" doc:"Runs once per address, in the order in which they become ready; its value is { url, body }."`
}

// asyncType leaves the bodies untyped: any JSON may come.
func asyncType(c *steps.Check) cty.Type {
	attrs := map[string]cty.Type{"results": cty.DynamicPseudoType, "count": cty.Number}
	collected(c, attrs)
	return cty.Object(attrs)
}

func checkAsync(c *steps.Check) hcl.Diagnostics {
	v, ok := steps.Known(c.Args, "backoff_time")
	if !ok {
		return nil
	}
	if d, err := lang.ParseDuration(v.AsString()); err == nil && d < time.Second {
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, "backoff_time"), "Invalid value for \"backoff_time\"", "The shortest pause is \"1s\".")}
	}
	return nil
}
