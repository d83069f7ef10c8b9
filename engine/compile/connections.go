package compile

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/steps"
)

func (c *compiler) connections() {
	for _, b := range c.body.BlocksOf("connection") {
		conn, diags := c.connection(b, false)
		c.report(diags...)
		if conn == nil {
			continue
		}
		if prev := c.bp.Connections[conn.Name]; prev != nil {
			c.report(lang.Error(b.Range, "Duplicate connection", "The connection %q is declared at %s:%d already; names are unique across types. Give this one another name.", conn.Name, prev.Range.Filename, prev.Range.Start.Line))
			continue
		}
		c.bp.Connections[conn.Name] = conn
		c.report(conn.check(c.static())...)
	}
}

// connection binds a connection block; nil where its type is not known.
func (c *compiler) connection(b *lang.Block, local bool) (*Connection, hcl.Diagnostics) {
	kind := c.o.Steps.Connection(b.Labels[0])
	if kind == nil {
		return nil, hcl.Diagnostics{lang.Error(b.LabelRanges[0], "Unknown connection type", "There is no connection type %q; there is %s.%s",
			b.Labels[0], strings.Join(c.o.Steps.ConnectionNames(), ", "), lang.DidYouMean(b.Labels[0], c.o.Steps.ConnectionNames()))}
	}
	body, diags := kind.Spec().Bind(b.Source.Body, b.Range)
	return &Connection{Name: b.Labels[1], Kind: kind, Body: body, Local: local, Range: b.Range, Needs: looked(nil).needsOf(body.Exprs()...), Scope: c.bp.Scope}, diags
}

func (conn *Connection) check(scope *lang.Scope) hcl.Diagnostics {
	args, diags := conn.Body.Eval(scope)
	if !conn.Local {
		conn.args = args
	}
	if conn.Kind.Check != nil {
		diags = append(diags, conn.Kind.Check(&steps.Check{Body: conn.Body, Args: args, Scope: scope})...)
	}
	return diags
}

// ofType are the blueprint's connections of a type, by name.
func (c *compiler) ofType(typ string) (fitting []*Connection) {
	for _, name := range slices.Sorted(maps.Keys(c.bp.Connections)) {
		if conn := c.bp.Connections[name]; conn.Kind.Name == typ {
			fitting = append(fitting, conn)
		}
	}
	return fitting
}

// theOnly is the blueprint's only connection of a type. There being none, or several, is a diagnostic.
func (c *compiler) theOnly(typ, user string, at hcl.Range) (*Connection, *hcl.Diagnostic) {
	fitting := c.ofType(typ)
	switch len(fitting) {
	case 1:
		return fitting[0], nil
	case 0:
		return nil, lang.Error(at, "No connection", "%s needs a connection of type %q, and the blueprint has none: add connection %q \"NAME\" { … }.", user, typ, typ)
	}
	var names []string
	for _, conn := range fitting {
		names = append(names, "connection."+conn.Name)
	}
	return nil, lang.Error(at, "Which connection?", "The blueprint has %d connections of type %q; name one with connection = %s.", len(fitting), typ, strings.Join(names, " or "))
}

// checkReference says what is wrong with a reference to a connection that a thing of the user's kind makes.
// Typ is the type that it must have, or "".
func checkReference(ref lang.Ref, conn *Connection, typ, user string, known []string) *hcl.Diagnostic {
	switch {
	case conn == nil:
		return lang.Error(ref.Range, "Reference to undeclared connection", "There is no connection named %q here.%s", ref.Name, lang.DidYouMean(ref.Name, known))
	case typ != "" && conn.Kind.Name != typ:
		return lang.Error(ref.Range, "Wrong type of connection", "%s uses a connection of type %q; %q (%s:%d) is of type %q. Name another.", user, typ, conn.Name, conn.Range.Filename, conn.Range.Start.Line, conn.Kind.Name)
	}
	return nil
}

func (c *compiler) resources() {
	kinds := map[string]Resource{}
	for _, r := range c.o.Resources {
		kinds[r.Name] = r
	}
	first := map[string]hcl.Range{}
	for _, b := range c.body.Blocks {
		r, ok := kinds[b.Spec.Name]
		if !ok {
			continue
		}
		key := r.Name + " " + b.Label()
		if prev, dup := first[key]; dup {
			c.report(lang.Error(b.Range, "Duplicate "+r.Name, "The %s %q is declared at %s:%d already. Give this one another name.", r.Name, b.Label(), prev.Filename, prev.Start.Line))
			continue
		}
		first[key] = b.Range
		body, diags := r.Spec.Bind(b.Source.Body, b.Range)
		c.report(diags...)
		args, diags := body.Eval(c.static())
		c.report(diags...)
		c.references(body)
		if r.Check != nil {
			c.report(r.Check(body, args, c.directory())...)
		}
		c.bp.Resources = append(c.bp.Resources, BoundResource{Kind: r.Name, Name: b.Label(), Body: body, Args: args, Range: b.Range})
	}
}

// references checks that the connections that a resource names exist.
func (c *compiler) references(body *lang.Body) {
	for _, a := range body.Attrs {
		if a.Field.Form != lang.FormConnection {
			continue
		}
		if ref, d := a.Reference(); d == nil {
			if d := checkReference(ref, c.bp.Connections[ref.Name], "", "", slices.Sorted(maps.Keys(c.bp.Connections))); d != nil {
				c.report(d)
			}
		}
	}
}
