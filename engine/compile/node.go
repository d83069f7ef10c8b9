package compile

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Blueprint is one loaded, checked set. It does not change.
type Blueprint struct {
	Name, Description, Dir string
	// Digest names the content: sources, the files they read, and the values of variables that are not
	// sensitive. Bundle is that content as text, from which Unbundle makes the sources again.
	Digest string
	Bundle []byte
	// Runbooks in file order.
	Runbooks []*Runbook
	// Scope sees var, local, path, app and runbook.
	Scope       *lang.Scope
	Connections map[string]*Connection
	// Resources are the bound blocks of what is deployed, in file order.
	Resources []BoundResource
	// Variables are the declared variables with their values.
	Variables []lang.Variable
	// Files by the name that diagnostics use, for their excerpts.
	Files map[string][]byte

	byName map[string]*Runbook
}

// Runbook is the runbook of that name, or nil.
func (b *Blueprint) Runbook(name string) *Runbook { return b.byName[name] }

// Runbook is a trigger and what runs when it fires.
type Runbook struct {
	Blueprint   *Blueprint
	Name        string
	Description string
	Enabled     bool
	Concurrency string
	Timeout     time.Duration
	Retention   time.Duration
	Trigger     *ingress.Trigger
	States      []State
	Connections map[string]*Connection
	Steps       []*Node
	Outputs     []Output
	// OutputType is the object of the outputs.
	OutputType cty.Type
	// Range is the runbook's header, Body its whole text.
	Range, Body hcl.Range
	// Nodes are all steps, by name.
	Nodes map[string]*Node
}

// State is a declared mutable value.
type State struct {
	Name    string
	Type    cty.Type
	Default cty.Value
}

// Output is a declared result.
type Output struct {
	Name, Description string
	Expr              hclsyntax.Expression
	Sensitive         bool
	Range             hcl.Range
	Needs             Needs
}

// Connection is a declared connection. Its arguments are evaluated when it is opened: those of a
// blueprint once, those of a runbook in the run that uses it.
type Connection struct {
	Name  string
	Kind  *steps.ConnectionKind
	Body  *lang.Body
	Local bool
	Range hcl.Range
	Needs Needs
	// Scope is the blueprint's names.
	Scope *lang.Scope

	args cty.Value // as far as they were known when it was checked; of a blueprint's own
}

// Known are the evaluated arguments of a blueprint's own connection, as far as they were known when it was
// checked; NilVal of a runbook's.
func (c *Connection) Known() cty.Value { return c.args }

// BoundResource is a checked resource block.
type BoundResource struct {
	Kind, Name string
	Body       *lang.Body
	Args       cty.Value
	Range      hcl.Range
}

// Node is one step.
type Node struct {
	Name  string
	Kind  *steps.Kind
	Body  *lang.Body
	Range hcl.Range
	// When, Timeout and Retry are what is written, or nil.
	When    *lang.Attr
	Timeout *lang.Attr
	Retry   *lang.Body
	// Interrupted is auto, repeat, hold or fail.
	Interrupted string
	Connection  *Connection
	Blocks      []*Block
	// Output is the type of step.NAME.
	Output cty.Type
	// Unknown is an unknown of that type, sensitive in the parts that will be.
	Unknown cty.Value
	Needs   Needs
	// References are the names that reference attributes name (runbook = runbook.x), by attribute.
	References map[string]string
}

// BlockOf is the nth block of a type, or nil.
func (n *Node) BlockOf(typ string, nth int) *Block {
	for _, b := range n.Blocks {
		if b.Type == typ {
			if nth == 0 {
				return b
			}
			nth--
		}
	}
	return nil
}

// Block is a named block of steps inside a step. Type "" is the step's own body.
type Block struct {
	Type string
	// Nth counts the blocks of the type in the step.
	Nth   int
	Label string
	// Key tells the block from the step's others in paths: then, branch.left, case.1.
	Key   string
	Body  *lang.Body
	Steps []*Node
	// Each blocks run once per item; Binding is what the iteration is called.
	Each    bool
	Binding string
	// Item is what an iteration has as its value: an unknown of its type.
	Item    cty.Value
	Collect hclsyntax.Expression
	// Parallel is what is written, or nil.
	Parallel *lang.Attr
	// Catch blocks see `error`.
	Catch bool
	// Inner are the names of all steps in the block that stay visible after it, its own and deeper.
	Inner []string
	// Needs is what Collect and Parallel need.
	Needs Needs
}

// Needs is which values an evaluation uses, so that no others are put together.
type Needs struct {
	Steps  []string
	States bool
	Job    bool
	// Time says that timestamp() is called: its moment is journaled before the call outside.
	Time bool
	// Roots are the other root names in use: trigger, each bindings, error.
	Roots []string
}
