package compile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// nodeReferences resolves reference attributes other than the connection.
func (r *builder) nodeReferences(n *Node, vis visible) {
	for _, a := range n.Body.Attrs {
		if a.Field.Form != lang.FormRunbook {
			continue
		}
		ref, d := a.Reference()
		if d != nil {
			continue // Bind has reported it
		}
		if r.runbooks[ref.Name] == nil {
			r.report(lang.Error(ref.Range, "Reference to undeclared runbook", "There is no runbook named %q.%s", ref.Name, lang.DidYouMean(ref.Name, slices.Sorted(maps.Keys(r.runbooks)))))
			continue
		}
		n.References[a.Name] = ref.Name
	}
}

// connectionOf finds the step's connection: the one it names, else the blueprint's only one of the type.
func (r *builder) connectionOf(n *Node, check *steps.Check, vis visible) {
	if n.Kind.Connection == "" {
		return
	}
	user := fmt.Sprintf("A step of kind %q", n.Kind.Name)
	if a := n.Body.Attr("connection"); a != nil {
		ref, d := a.Reference()
		if d != nil {
			return // Bind has reported it
		}
		conn := r.rb.Connections[ref.Name]
		if conn == nil {
			conn = r.bp.Connections[ref.Name]
		}
		known := slices.Sorted(maps.Keys(r.bp.Connections))
		if d := checkReference(ref, conn, n.Kind.Connection, user, append(known, slices.Sorted(maps.Keys(r.rb.Connections))...)); d != nil {
			r.report(d)
			return
		}
		n.Connection = conn
		if conn.Local {
			n.Needs = n.Needs.with(conn.Needs)
			r.useConnection(conn, ref.Range, vis)
		}
		return
	}
	if n.Kind.WithoutConnection != nil && n.Kind.WithoutConnection(check) {
		return
	}
	conn, d := r.theOnly(n.Kind.Connection, user, n.Range)
	if d != nil && !n.Kind.ConnectionOptional {
		r.report(d)
	}
	n.Connection = conn
}

// connectionArgs are a connection's arguments as far as they are known. What is wrong with them is reported
// with the connection.
func (r *builder) connectionArgs(conn *Connection) cty.Value {
	if !conn.Local {
		return conn.args
	}
	if v, ok := r.connArgs[conn]; ok {
		return v
	}
	ofRun := map[string]cty.Value{}
	for _, root := range []string{"step", "trigger", "state", "job"} {
		ofRun[root] = cty.DynamicVal
	}
	for _, root := range conn.Needs.Roots {
		ofRun[root] = cty.DynamicVal
	}
	v, _ := conn.Body.Eval(r.static().Child(ofRun))
	r.connArgs[conn] = v
	return v
}
