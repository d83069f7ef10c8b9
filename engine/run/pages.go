package run

import (
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// lastPage is the phase of a Pager whose pages have all come.
const lastPage = "last"

// pages are those of a Pager that have come and are not done with. Each has a record, so that after a crash
// it is what it was: asked for again, it might hold other items.
type pages struct {
	perPage bool // a turn is a page, not an item
	window  []page
	end     int // turns, of all pages that have come

	// What the last call came to, where it was no page.
	notBefore time.Time
	reason    string
	failed    error
}

// page is a page of items. Its turns are counted through all pages.
type page struct {
	first, turns int
	items        []cty.Value
}

func (p *pages) add(first int, items []cty.Value) {
	pg := page{first: first, turns: len(items), items: items}
	if p.perPage {
		pg.turns = 1
	}
	p.window = append(p.window, pg)
	p.end = first + pg.turns
}

// at is the value of a turn.
func (p *pages) at(i int) cty.Value {
	for _, pg := range p.window {
		switch {
		case i >= pg.first+pg.turns:
		case p.perPage:
			return lang.AsList(cty.TupleVal(pg.items))
		default:
			return pg.items[i-pg.first]
		}
	}
	return cty.DynamicVal // not reached: turns begin in the window
}

func pagePath(a *activation, rest string) string { return a.path + ".page[" + rest }

// startPages begins to page, or after a pause goes on.
func (m *Machine) startPages(a *activation) {
	if a.loop == nil {
		if err := m.readyPages(a); err != nil {
			m.failed(a, err)
			return
		}
	}
	m.keepArgs(a)
	m.iterate(a)
}

// readyPages finds out what is done with the pages.
func (m *Machine) readyPages(a *activation) error {
	k := a.node.Kind.Pager
	p := &pages{end: a.rec.Count}
	b := a.node.BlockOf(k.Each, 0)
	if b == nil {
		b = a.node.BlockOf(k.EachPage, 0)
		p.perPage = b != nil
	}
	l, err := m.newLoop(a, b)
	if err != nil {
		return err
	}
	l.pages = p
	a.loop = l
	return nil
}

// pagesInterrupted goes on after a crash.
func (m *Machine) pagesInterrupted(a *activation) {
	if a.rec.Total == 0 && a.rec.Cursor == nil && a.rec.Phase != lastPage {
		m.interrupted(a) // nothing had come yet
		return
	}
	m.iterate(a)
}

// turnPages asks for the next page when it is time, and ends the step when the last one is done with.
func (m *Machine) turnPages(a *activation) {
	idle := len(a.kids) == 0 && m.flight[a.path] == nil
	switch p := a.loop.pages; {
	case a.stop != nil:
		if idle {
			m.drop(a)
			m.giveUp(a, a.stop)
		} else if m.flight[a.path] != nil {
			m.cancels = append(m.cancels, a.path)
		}
	case p.failed != nil:
		if idle {
			err := p.failed
			p.failed = nil
			m.failed(a, err)
		}
	case a.rec.Phase == lastPage:
		if idle {
			m.pagesDone(a)
		}
	case m.flight[a.path] != nil || a.loop.ahead(a.rec.Count):
	case m.now.Before(p.notBefore):
		if idle {
			m.park(a, p.notBefore, p.reason)
			m.trace(a, Trace{Phase: "wait", Until: p.notBefore, Reason: p.reason})
		}
	default:
		if err := m.handOut(a); err != nil {
			p.failed = err
			m.turnPages(a)
		}
	}
}

// maxAhead is how many turns more than run at once may have come while the first of them is not done. Where one
// turn waits for hours, those beside it run on, and each that is done out of order is remembered.
const maxAhead = 1000

// ahead says whether no other page is asked for yet: one has come of which no turn has begun, or too many turns
// wait for one before them. So memory holds a few pages however many there are.
func (l *loop) ahead(done int) bool {
	w := l.pages.window
	if l.block == nil || len(w) == 0 {
		return false
	}
	return l.next <= w[len(w)-1].first || l.pages.end-done >= l.pages.most(l.parallel)
}

// most is how many turns may be in the window when another page is asked for. A page that is a turn counts for
// many: of those no more are kept than run at once, and one.
func (p *pages) most(parallel int) int {
	if p.perPage {
		return parallel + 1
	}
	return parallel + maxAhead
}

// paged takes in what asking for a page came to.
func (m *Machine) paged(a *activation, pg steps.Page, err error) {
	if a.frame.stop != nil && len(a.kids) == 0 {
		m.drop(a)
		m.giveUp(a, a.frame.stop)
		return
	}
	m.out.put(a.frame, a.path, a.rec) // whatever came of it: the run's state is told with it
	p := a.loop.pages
	switch e := err.(type) {
	case nil:
		if a.stop == nil {
			err = m.pageCame(a, pg)
		}
		p.failed = err
	case *steps.PutBack:
		p.notBefore, p.reason = m.now.Add(e.After), e.Reason
		if over := m.countPutBack(a, e); over != nil {
			p.failed = over
		}
	case *steps.Park:
		p.notBefore, p.reason, a.rec.Cursor = e.Until, e.Reason, e.Cursor
	default:
		p.failed = asError(err)
	}
	m.iterate(a)
}

// pageCame adds a page to those that are worked on.
func (m *Machine) pageCame(a *activation, pg steps.Page) error {
	l, k := a.loop, a.node.Kind.Pager
	a.rec.Total += len(pg.Items)
	a.rec.Got, a.rec.PutBack, a.rec.Attempt, a.rec.Output, a.rec.Cursor = m.now, 0, 1, pg.Summary, pg.Next
	if pg.Next == nil {
		a.rec.Phase = lastPage
	}
	if l.block == nil && k.Limit > 0 && a.rec.Total > k.Limit {
		return steps.Errorf(steps.InputError, "more than %d records: %s", k.Limit, k.LimitHelp)
	}
	if len(pg.Items) == 0 {
		return nil
	}
	first := l.pages.end
	l.pages.add(first, pg.Items)
	if l.block != nil || pg.Next != nil { // what is gathered is the output once the last page has come
		m.out.put(a.frame, pagePath(a, strconv.Itoa(first)+"]"), &Record{Status: Value, Output: lang.AsList(cty.TupleVal(pg.Items))})
	}
	return nil
}

// dropPages forgets the pages that are done with.
func (m *Machine) dropPages(a *activation) {
	p := a.loop.pages
	for len(p.window) > 0 && a.rec.Count >= p.window[0].first+p.window[0].turns {
		m.out.delete(a.frame, pagePath(a, strconv.Itoa(p.window[0].first)+"]"))
		p.window = p.window[1:]
	}
}

func (m *Machine) pagesDone(a *activation) {
	l := a.loop
	if l.block != nil && a.rec.Count < l.end() {
		m.giveUp(a, steps.Errorf(steps.InternalError, "%d of %d turns are done, and none is in progress", a.rec.Count, l.end()))
		return
	}
	r := steps.PagesResult{Count: a.rec.Total, Collected: l.gathered(), Summary: a.rec.Output}
	if l.block == nil {
		for _, pg := range l.pages.window {
			r.Items = append(r.Items, pg.items...)
		}
	}
	m.out.delete(a.frame, a.path+".*")
	a.rec.Phase, a.rec.Ahead = "", nil
	m.completed(a, a.node.Kind.Pager.Done(a.args, r))
}
