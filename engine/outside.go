package engine

import (
	"context"

	"currant/engine/run"
)

// Connections are opened connections, for hosts of the interpreter besides the engine. It is safe for concurrent
// use.
type Connections struct{ all connections }

// NewConnections has none open.
func NewConnections() *Connections {
	c := &Connections{}
	c.all.init()
	return c
}

// Open is what a call's connection opens as, or nil where it has none. One stays open as long as its arguments are
// the same. The error is the step's.
func (c *Connections) Open(ctx context.Context, call run.Call) (any, error) {
	return c.all.open(ctx, call)
}

// Close gives up what connections hold.
func (c *Connections) Close() { c.all.close() }
