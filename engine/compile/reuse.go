package compile

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// compiled is a checked runbook that belongs to no blueprint yet. It does not change: each blueprint gets an
// instance of its own, so that no version keeps another alive.
type compiled struct {
	block *lang.Block
	// plan is the runbook without its blueprint, and its connections without their scope; nil where it has no
	// more than a name.
	plan *Runbook
	// triggerConn is the name of the connection that the trigger belongs to, or "".
	triggerConn string
	// connected says that a step uses a connection, so that an instance needs steps of its own.
	connected bool
	signature signature
	diags     hcl.Diagnostics
	// What the check depended on, besides the runbook's text and the kinds.
	uses  []reference
	calls map[string]signature
	// reads says that it calls a function that reads files: it is checked anew each time.
	reads bool
}

// reference is a name of the blueprint: root and name, or a root as a whole.
type reference struct{ root, name string }

// finish makes a checked runbook independent of the blueprint that it was checked in.
func (e *compiled) finish(rb *Runbook, looked looked) {
	stubs := map[*Connection]*Connection{}
	for _, n := range rb.Nodes {
		if n.Connection != nil {
			if stubs[n.Connection] == nil {
				stubs[n.Connection] = &Connection{Name: n.Connection.Name, Local: n.Connection.Local}
			}
			n.Connection, e.connected = stubs[n.Connection], true
		}
	}
	for _, conn := range rb.Connections {
		conn.Scope = nil
	}
	rb.Blueprint = nil
	e.plan = rb
	e.uses, e.reads = looked.usesIn(e.block.Source.Body, nil)
}

// instance is the runbook as part of a blueprint.
func (e *compiled) instance(bp *Blueprint) *Runbook {
	rb := *e.plan
	rb.Blueprint = bp
	if t := rb.Trigger; t != nil {
		rb.Trigger = &ingress.Trigger{Blueprint: bp.Name, Runbook: rb.Name, Kind: t.Kind, Body: t.Body, Args: t.Args,
			Output: t.Output, Scope: bp.Scope, Enabled: t.Enabled, Only: bp.only}
		if conn := bp.Connections[e.triggerConn]; conn != nil {
			rb.Trigger.Connection = conn.arguments
		}
	}
	if !e.connected {
		return &rb
	}
	rb.Connections = make(map[string]*Connection, len(e.plan.Connections))
	for name, conn := range e.plan.Connections {
		own := *conn
		own.Scope = bp.Scope
		rb.Connections[name] = &own
	}
	rb.Nodes = make(map[string]*Node, len(e.plan.Nodes))
	rb.Steps = rb.adopt(e.plan.Steps)
	return &rb
}

// adopt copies steps, those inside them too, and gives them the runbook's connections.
func (rb *Runbook) adopt(nodes []*Node) []*Node {
	out := make([]*Node, len(nodes))
	for i, n := range nodes {
		own := *n
		if n.Connection != nil {
			if n.Connection.Local {
				own.Connection = rb.Connections[n.Connection.Name]
			} else {
				own.Connection = rb.Blueprint.Connections[n.Connection.Name]
			}
		}
		if len(n.Blocks) > 0 {
			own.Blocks = make([]*Block, len(n.Blocks))
			for j, b := range n.Blocks {
				block := *b
				block.Steps = rb.adopt(b.Steps)
				own.Blocks[j] = &block
			}
		}
		out[i] = &own
		rb.Nodes[n.Name] = &own
	}
	return out
}

// usesIn are the blueprint's names that anything in a body refers to, and whether it calls a function that
// reads files.
func (l looked) usesIn(body *hclsyntax.Body, uses []reference) (_ []reference, reads bool) {
	for _, a := range body.Attributes {
		w := l.through(a.Expr)
		for _, t := range w.References {
			r := reference{root: t.RootName()}
			switch r.root {
			case "var", "local", "path", "app", "runbook":
				r.name, _ = second(t)
				if !slices.Contains(uses, r) {
					uses = append(uses, r)
				}
			}
		}
		reads = reads || slices.ContainsFunc(w.Functions, lang.ReadsFiles)
	}
	for _, b := range body.Blocks {
		var r bool
		uses, r = l.usesIn(b.Body, uses)
		reads = reads || r
	}
	return uses, reads
}

// signature is what a call of a runbook takes and gives.
type signature struct {
	trigger string
	input   cty.Type
	outputs cty.Type
	// secret are the names of the outputs that are sensitive, sorted.
	secret []string
}

func (s signature) equals(o signature) bool {
	return s.trigger == o.trigger && s.input.Equals(o.input) && s.outputs.Equals(o.outputs) && slices.Equal(s.secret, o.secret)
}
