package xurrent

import (
	"context"
	"strings"
	"sync"
)

// pollsAtOnce is how many polls go at once to one host, of all steps, so that a slow host holds up only its own.
const pollsAtOnce = 32

// slots bounds how many polls are under way to each host.
type slots struct {
	mu    sync.Mutex
	hosts map[string]*hostSlots
}

// hostSlots are those of one host, as long as somebody uses them.
type hostSlots struct {
	taken chan struct{} // holds an element per poll that is under way
	users int           // who have one or wait for one
}

// take waits for a slot of a host, which release gives back. The error is of ctx.
func (s *slots) take(ctx context.Context, host string) (release func(), err error) {
	host = strings.ToLower(host)
	s.mu.Lock()
	if s.hosts == nil {
		s.hosts = map[string]*hostSlots{}
	}
	h := s.hosts[host]
	if h == nil {
		h = &hostSlots{taken: make(chan struct{}, pollsAtOnce)}
		s.hosts[host] = h
	}
	h.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(s.hosts, host)
		}
	}
	select {
	case h.taken <- struct{}{}:
		return func() { <-h.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
