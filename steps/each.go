package steps

import "currant/engine/lang"

// Each is the block that a looping step runs once per item.
type Each struct {
	Label    string     `hcl:"label,label,optional,name" doc:"What the iteration is called in expressions; \"each\" by default."`
	Parallel int        `hcl:"parallel,optional" default:"1" min:"1" max:"64" doc:"How many iterations may run at once."`
	Collect  lang.Expr  `hcl:"collect,optional" doc:"An expression of each iteration; the values become the step's collected, in item order, at most 10,000."`
	Steps    lang.Steps `hcl:",steps"`
}
