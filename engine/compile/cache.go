package compile

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Cache keeps what the last compilation of a blueprint made, so that the next one parses only the files, and
// checks only the runbooks, that have changed. It holds no Blueprint. It is safe for concurrent use. A nil
// Cache keeps nothing.
type Cache struct {
	mu         sync.Mutex // guards generation
	generation *generation
}

// generation is what one compilation leaves to the next. It does not change once it is kept.
type generation struct {
	files map[string]parsed // by name; files without diagnostics
	// runbooks are those without errors, by their syntax trees: a tree that is the same pointer is the same
	// text at the same place of the same file.
	runbooks map[*hclsyntax.Block]*compiled
	// What their checks depended on, besides their own text.
	env         environment
	connections map[string]string // type and basis by name
	steps       *steps.Registry
	triggers    *ingress.Registry
}

func (c *Cache) last() *generation {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

func (c *Cache) keep(g *generation) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation = g
}

// parsed is a file as read and parsed, ready to be evaluated.
type parsed struct {
	text  []byte
	file  *hcl.File
	diags hcl.Diagnostics
}

// parseAll parses files side by side, or takes over the trees of those whose text is the same as before.
func parseAll(files []lang.File, previous *generation) []parsed {
	out := make([]parsed, len(files))
	var todo []int
	for i, f := range files {
		if previous != nil {
			if p, ok := previous.files[f.Name]; ok && bytes.Equal(p.text, f.Bytes) {
				out[i] = p
				continue
			}
		}
		todo = append(todo, i)
	}
	sideBySide(len(todo), func(i int) {
		f := files[todo[i]]
		file, diags := lang.ParseFile(f.Name, f.Bytes)
		lang.InstrumentBody(file.Body.(*hclsyntax.Body))
		out[todo[i]] = parsed{text: f.Bytes, file: file, diags: diags}
	})
	return out
}

// sideBySide calls do(0) … do(n-1) on as many goroutines as there are processors, and waits for all.
func sideBySide(n int, do func(int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// changes tells what differs between the generation before and this compilation, of all that a runbook may
// depend on.
type changes struct {
	everything bool
	names      map[reference]bool
	// roots are those of which any name has changed.
	roots map[string]bool
}

func (c *compiler) changes() changes {
	g := c.previous
	ch := changes{names: map[reference]bool{}, roots: map[string]bool{}}
	if g == nil || g.steps != c.o.Steps || g.triggers != c.o.Triggers || !maps.Equal(g.connections, c.connectionBases()) {
		ch.everything = true
		return ch
	}
	for root, now := range c.env {
		before := g.env[root]
		for name, v := range now {
			if old, ok := before[name]; !ok || !old.RawEquals(v) {
				ch.names[reference{root, name}], ch.roots[root] = true, true
			}
		}
		for name := range before {
			if _, ok := now[name]; !ok {
				ch.names[reference{root, name}], ch.roots[root] = true, true
			}
		}
	}
	return ch
}

// connectionBases are what checks of steps depend on of the blueprint's connections.
func (c *compiler) connectionBases() map[string]string {
	out := map[string]string{}
	for name, conn := range c.bp.Connections {
		out[name] = conn.Kind.Name
		if conn.Kind.Basis != nil && !c.o.Stored {
			out[name] += " " + conn.Kind.Basis(conn.args)
		}
	}
	return out
}

// touch says whether a runbook depends on anything that has changed, besides what runbooks it calls.
func (ch changes) touch(e *compiled) bool {
	return ch.everything || slices.ContainsFunc(e.uses, func(r reference) bool {
		if r.name == "" {
			return ch.roots[r.root]
		}
		return ch.names[r]
	})
}
