package main

import (
	"errors"
	"maps"
	"slices"
	"time"

	"currant/engine/compile"
	"currant/steps"
)

// How long a deployment to a real account is put off that the account, or the way to it, has let fail, where the account
// does not say it.
const (
	firstPause = time.Second // it doubles each time
	maxPause   = 5 * time.Minute
)

// postponed is the deployment of a blueprint that is tried again later.
type postponed struct {
	version string // of the blueprint
	at      time.Time
	tries   int // that have failed
}

// pauseAfter is how long to wait until what has failed for some times is tried again; 0 where that is of no use before
// something else is changed.
func pauseAfter(err error, tries int) time.Duration {
	var back *steps.PutBack
	if errors.As(err, &back) {
		return max(back.After, firstPause)
	}
	var failed *steps.Error
	if !errors.As(err, &failed) {
		return 0
	}
	if failed.Kind != steps.NetworkError && failed.Kind != steps.TimeoutError && failed.Status < 500 {
		return 0
	}
	pause := firstPause
	for i := 1; i < tries && pause < maxPause; i++ {
		pause *= 2
	}
	return min(pause, maxPause)
}

// settle keeps what became of a deployment: it is done, or tried again after the time that it gives. One that a
// person must do something about counts as done on a real account; a simulated one is tried again with each version.
func (e *enabler) settle(bp *compile.Blueprint, d deployed) (again time.Duration) {
	late := e.later[bp.Name]
	delete(e.later, bp.Name)
	if d.err != nil && d.real {
		if late.version != bp.Digest {
			late = postponed{version: bp.Digest}
		}
		late.tries++
		if again = pauseAfter(d.err, late.tries); again > 0 {
			late.at = time.Now().Add(again)
			e.later[bp.Name] = late
			return again
		}
	}
	if d.err == nil || d.real {
		e.done[bp.Name] = bp.Digest
	}
	return 0
}

// due says whether a blueprint is to be deployed now.
func (e *enabler) due(bp *compile.Blueprint) bool {
	if late, put := e.later[bp.Name]; put && late.version == bp.Digest {
		return !time.Now().Before(late.at)
	}
	version, done := e.done[bp.Name]
	return !done || version != bp.Digest && e.server.o.account != nil
}

// forget drops what was put off of blueprints that are in force no more.
func (e *enabler) forget(inForce []*compile.Blueprint) {
	maps.DeleteFunc(e.later, func(name string, _ postponed) bool {
		return !slices.ContainsFunc(inForce, func(bp *compile.Blueprint) bool { return bp.Name == name })
	})
}

// next tells when the next deployment that was put off is due, never where there is none, until it is stopped.
func (e *enabler) next() (<-chan time.Time, func() bool) {
	var first time.Time
	for _, late := range e.later {
		if first.IsZero() || late.at.Before(first) {
			first = late.at
		}
	}
	if first.IsZero() {
		return nil, func() bool { return true }
	}
	timer := time.NewTimer(time.Until(first))
	return timer.C, timer.Stop
}
