package watch

import (
	"context"
	"time"
)

// settle waits until the content is at rest and reports it when it is new. It
// returns false when ctx ended.
func (l *loop) settle(ctx context.Context) bool {
	began := time.Now()
	soft, hard := began.Add(10*l.opt.Debounce), began.Add(40*l.opt.Debounce)
	var s shot
	for said, done := false, false; !done; {
		if !l.quiet(ctx, soft) {
			return false
		}
		s = l.look()
		now := time.Now()
		if s.torn {
			// A mix of old and new is nobody's content. This ends when a moment
			// without a write is as long as a look, a few milliseconds.
			if now.After(hard) && !said {
				said = true
				l.opt.Log.Warn("the blueprint keeps changing while it is read; the loaded one stays in force", "dir", l.dir)
			}
			continue
		}
		done = !now.Before(l.patience(s, now, soft, hard))
	}
	l.report(ctx, s)
	return true
}

// patience returns until when s is kept back for something better.
func (l *loop) patience(s shot, now, soft, hard time.Time) time.Time {
	if s.digest == l.known {
		return now
	}
	switch l.doubt(s) {
	case unlikely:
		return hard
	case unusual:
		return soft
	}
	if len(l.hints.wake) > 0 {
		return soft // it went on while we looked
	}
	return now
}

func (l *loop) report(ctx context.Context, s shot) {
	l.last = s
	if s.digest == l.known || ctx.Err() != nil {
		return
	}
	l.known = s.digest
	l.changed(s.digest)
}

// doubt is how much content looks like a moment between two others.
type doubt int

const (
	none     doubt = iota
	unusual        // as between truncating and writing: wait a little
	unlikely       // as between deleting a tree and creating it: wait longer
)

func (l *loop) doubt(s shot) doubt {
	was := l.last.sizes
	switch {
	case s.list == nil, len(s.sizes) == 0:
		return unlikely
	case gitBusy(follow(l.dir).real):
		return unlikely
	case s.fresh:
		return unusual
	}
	for rel, size := range s.sizes {
		if size == 0 {
			if before, ok := was[rel]; !ok || before != 0 {
				return unusual
			}
		}
	}
	for rel := range was {
		if _, ok := s.sizes[rel]; !ok {
			return unusual
		}
	}
	return none
}

// quiet returns when nothing happened for as long as Debounce, or at until when
// things go on happening. It waits for one Debounce at least, and returns false
// when ctx ended.
func (l *loop) quiet(ctx context.Context, until time.Time) bool {
	least := time.Now().Add(l.opt.Debounce)
	t := time.NewTimer(l.opt.Debounce)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			return true
		case <-l.hints.wake:
			l.renew()
			now := time.Now()
			next := now.Add(l.opt.Debounce)
			if next.After(until) {
				next = until
				if next.Before(least) {
					next = least
				}
			}
			t.Reset(max(next.Sub(now), 0))
		}
	}
}
