package flow

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Batch runs a block once per chunk of items.
var Batch = batch(steps.Kind{
	Name: "batch",
	Doc:  "Cuts items into chunks of a size and runs its `each` block once per chunk. The last chunk may be smaller.",
	Examples: []steps.Example{{
		Title: "Send in hundreds",
		HCL: `step "batch" "hundreds" {
  items = trigger.input.people
  size  = 100
  each "chunk" {
    step "log" "send" { message = "Sending ${length(chunk.value)}." }
  }
}`,
	}},
	Check:  func(c *steps.Check) hcl.Diagnostics { return checkItems(c) },
	Output: loopType,
})

func batch(k steps.Kind) *steps.Kind {
	kind := steps.Holder[batchArgs, cty.Value](k)
	kind.Loop = &steps.Loop{Block: "each", Items: batchItems, Done: loopDone}
	return kind
}

type batchArgs struct {
	Items cty.Value  `hcl:"items,optional" doc:"What to cut: a list, a set (in sorted order), or the values of a map or object (by key)."`
	Size  int        `hcl:"size" min:"1" doc:"Items per chunk."`
	Each  steps.Each `hcl:"each,block" doc:"Runs once per chunk, which is its value: a list."`
}

func batchItems(args cty.Value) (steps.Items, error) {
	v, marks, err := collection(args)
	if err != nil || v == cty.NilVal {
		return steps.Items{}, err
	}
	size, err := batchSize(args)
	if err != nil {
		return steps.Items{}, err
	}
	values, _ := split(v)
	return steps.Items{
		Len: (len(values) + size - 1) / size,
		At: func(i int) (value, key cty.Value) {
			chunk := cty.TupleVal(values[i*size : min((i+1)*size, len(values))])
			return lang.AsList(chunk).WithMarks(marks), cty.NullVal(cty.String)
		},
	}, nil
}

func batchSize(args cty.Value) (int, error) {
	v, ok := steps.Known(args, "size")
	if !ok || v.Type() != cty.Number {
		return 0, steps.Errorf(steps.InputError, "size: a whole number from 1 is needed")
	}
	// A larger size is one chunk too: so many items never fit into memory.
	n, _ := v.AsBigFloat().Int64()
	if n < 1 {
		return 0, steps.Errorf(steps.InputError, "size: a whole number from 1 is needed")
	}
	return int(min(n, 1<<30)), nil
}
