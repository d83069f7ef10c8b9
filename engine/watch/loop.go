package watch

import (
	"context"
	"errors"
	"os"
	"time"
)

// loop is one Run: it owns all that changes, in one goroutine.
type loop struct {
	dir     string // absolute
	opt     Options
	changed func(Digest)
	hints   *hints

	known Digest // reported last, or loaded by the caller
	last  shot   // settled last

	cause     error // why watching is degraded, nil when it is whole
	said      bool  // the log has the cause
	permanent bool  // trying again is no use: events do not come from this file system
	since     time.Time
	scanned   time.Time
}

// identity is how often the directory at the path is compared with the one that
// is watched. It finds the exchange of a directory further up, which no event
// tells, and costs one stat.
const identity = time.Second

func (l *loop) run(ctx context.Context) {
	if err := l.hints.start(); err != nil {
		l.degrade(err)
	}
	for {
		l.last = l.look()
		if !l.last.torn {
			break
		}
		if !l.quiet(ctx, time.Now()) {
			return
		}
	}
	if l.known.IsZero() {
		l.known = l.last.digest
	} else if l.known != l.last.digest {
		l.last = shot{list: l.last.list} // may be half-written: no measure for what follows
		if !l.settle(ctx) {
			return
		}
	}

	tick := time.NewTimer(l.every())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.hints.wake:
			l.renew()
			l.settle(ctx)
		case <-tick.C:
			l.tick(ctx)
		}
		tick.Reset(l.every())
	}
}

func (l *loop) every() time.Duration {
	if l.cause != nil {
		return l.opt.Poll
	}
	return min(identity, l.opt.Rescan)
}

// tick looks without an event to tell.
func (l *loop) tick(ctx context.Context) {
	now := time.Now()
	if l.cause == nil && now.Sub(l.scanned) < l.opt.Rescan {
		if l.moved() {
			l.settle(ctx)
		}
		return
	}
	if l.cause != nil && !l.permanent && now.Sub(l.since) >= l.opt.Rescan {
		l.recover()
		l.settle(ctx) // what changed before the new watches had no event
		return
	}
	moved, known, events := l.moved(), l.known, l.hints.seen()
	l.settle(ctx)
	if l.cause == nil && !moved && l.known != known && l.hints.seen() == events {
		l.permanent = true
		l.degrade(errors.New("a change came without an event, as on network file systems"))
	}
}

// moved reports whether the path leads to another directory than it did.
func (l *loop) moved() bool {
	now, err := os.Stat(l.dir)
	if err != nil || l.last.list == nil {
		return (err == nil) != (l.last.list != nil)
	}
	return !os.SameFile(now, l.last.list.root)
}

// renew replaces the event source after it lost events: it may have lost those
// by which fsnotify learns that a watch is gone.
func (l *loop) renew() {
	if !l.hints.overflowed() {
		return
	}
	l.degrade(errors.New("the queue of events overflowed"))
	if err := l.hints.start(); err != nil {
		l.degrade(err)
	}
}

// recover tries to have events again.
func (l *loop) recover() {
	l.since = time.Now()
	cause := l.cause
	if err := l.hints.start(); err != nil {
		return
	}
	l.cause = nil
	if l.look(); l.cause == nil {
		l.said = false
		l.opt.Log.Info("watching the blueprint is whole again", "dir", l.dir, "was", cause)
	}
}

// degrade says once that events cannot be relied on.
func (l *loop) degrade(cause error) {
	if !l.said {
		l.said = true
		l.opt.Log.Warn("watching the blueprint is degraded: it is read again and again instead",
			"dir", l.dir, "every", l.opt.Poll, "cause", cause)
	}
	l.cause, l.since = cause, time.Now()
}

// look captures the tree and aims the hints at it.
func (l *loop) look() shot {
	var s shot
	// Each round finds what appeared before its directory was watched. Where one
	// directory has two paths (bind mounts), fsnotify keeps one of them and the
	// other is placed again for ever: hence the bound.
	for range 4 {
		r := follow(l.dir)
		s = capture(l.dir, l.opt.Ignore, false)
		if s.list != nil && !leads(r, s.list) {
			s.torn = true // exchanged between the two: the watches would be another tree's
			continue
		}
		placed, err := l.hints.aim(r, s.list)
		if err != nil && l.cause == nil {
			l.degrade(err)
		}
		if placed == 0 {
			break
		}
	}
	l.scanned = time.Now()
	return s
}

// leads reports whether the way still ends at the directory that was listed.
func leads(r route, l *listing) bool {
	info, err := os.Stat(r.real)
	return err == nil && os.SameFile(info, l.root)
}
