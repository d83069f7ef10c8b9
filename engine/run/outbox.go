package run

import (
	"strings"
)

// outbox gathers what is to be journaled. A record that is replaced or deleted before it was journaled
// costs nothing.
type outbox struct {
	dirty   map[string]pending
	order   []string
	deletes []string
	lines   []Line
	barrier bool
}

type pending struct {
	rec   *Record
	frame *frame
}

func newOutbox() *outbox { return &outbox{dirty: map[string]pending{}} }

func (o *outbox) put(f *frame, path string, r *Record) {
	if _, ok := o.dirty[path]; !ok {
		o.order = append(o.order, path)
	}
	o.dirty[path] = pending{r, f}
}

// delete takes back what is under a pattern. A frame that has nothing in the journal needs no deletion there.
func (o *outbox) delete(f *frame, pattern string) {
	prefix, wild := strings.CutSuffix(pattern, "*")
	kept := o.order[:0]
	for _, path := range o.order {
		if path == pattern || wild && strings.HasPrefix(path, prefix) {
			delete(o.dirty, path)
		} else {
			kept = append(kept, path)
		}
	}
	o.order = kept
	if f.stored {
		o.deletes = append(o.deletes, pattern)
	}
}

// Take hands over what is to be journaled and done since the last Take.
func (m *Machine) Take() (b Batch, calls []Call, cancels []string) {
	o := m.out
	for _, path := range o.order {
		p := o.dirty[path]
		b.Put = append(b.Put, Entry{Path: path, Record: p.rec})
		for f := p.frame; f != nil && !f.stored; {
			f.stored = true
			if f.owner == nil {
				break
			}
			f = f.owner.frame
		}
	}
	b.Delete, b.Lines, b.Barrier = o.deletes, o.lines, o.barrier
	b.State, b.WakeAt, b.End = m.state(), m.WakeAt(), m.end
	m.out = newOutbox()
	calls, cancels = m.calls, m.cancels
	m.calls, m.cancels = nil, nil
	return b, calls, cancels
}

func (m *Machine) state() State {
	switch {
	case len(m.flight) > 0 || len(m.ready) > 0:
		return StateRunning
	case len(m.held) > 0 && len(m.waiting) == 0:
		return StateHeld
	}
	return StateWaiting
}
