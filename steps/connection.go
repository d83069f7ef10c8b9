package steps

import (
	"context"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// ConnectionKind declares a type of connection.
type ConnectionKind struct {
	Name, Doc string
	Examples  []Example
	// Check looks at a connection beyond what types say; arguments may be unknown. Optional.
	Check func(*Check) hcl.Diagnostics
	// Basis names what is known of the account behind a connection, where steps are checked against that: they
	// are checked anew when it is another. Arguments may be unknown. Optional.
	Basis func(args cty.Value) string
	// Open makes the connection from its evaluated arguments. It calls nobody.
	Open func(ctx context.Context, args cty.Value) (any, error)

	spec *lang.Spec
}

// Connection declares a type of connection from the struct of its arguments.
func Connection[A any](k ConnectionKind, open func(ctx context.Context, args A, secrets []string) (any, error)) *ConnectionKind {
	k.spec = lang.SpecOf[A]()
	k.Open = func(ctx context.Context, v cty.Value) (any, error) {
		var args A
		secrets := k.spec.Decode(v, &args)
		return open(ctx, args, secrets)
	}
	return &k
}

// Spec is the connection's arguments.
func (k *ConnectionKind) Spec() *lang.Spec { return k.spec }
