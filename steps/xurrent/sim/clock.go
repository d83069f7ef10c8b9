package sim

import (
	"sync"
	"time"
)

// clock is the simulated account's time: the machine's, moved ahead on request, with timers that follow it.
type clock struct {
	base func() time.Time

	mu     sync.Mutex
	ahead  time.Duration
	timers map[*timer]struct{}
	set    chan struct{} // closed and replaced when a timer is set
	closed bool
	going  sync.WaitGroup // functions of timers that fired
}

type timer struct {
	due  time.Time
	do   func()
	real *time.Timer
}

func newClock(base func() time.Time) *clock {
	return &clock{base: base, timers: map[*timer]struct{}{}, set: make(chan struct{})}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.ahead)
}

// after calls a function on a goroutine of its own when the time has come, unless stop is called before or the clock is stopped.
func (c *clock) after(d time.Duration, do func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return func() {}
	}
	t := &timer{due: c.base().Add(c.ahead + d), do: do}
	t.real = time.AfterFunc(d, func() { c.fire(t) })
	c.timers[t] = struct{}{}
	close(c.set)
	c.set = make(chan struct{})
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.drop(t)
	}
}

// fire runs a timer's function once, whoever comes first: the machine's timer or advance.
func (c *clock) fire(t *timer) {
	c.mu.Lock()
	fires := c.drop(t)
	if fires {
		c.going.Add(1)
	}
	c.mu.Unlock()
	if fires {
		c.run(t)
	}
}

func (c *clock) run(t *timer) {
	defer c.going.Done()
	t.do()
}

func (c *clock) drop(t *timer) bool {
	_, waiting := c.timers[t]
	delete(c.timers, t)
	t.real.Stop()
	return waiting
}

// advance moves the time ahead and starts what has become due.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	now := c.base().Add(c.ahead)
	for t := range c.timers {
		if left := t.due.Sub(now); left > 0 {
			t.real.Reset(left)
			continue
		}
		c.drop(t)
		c.going.Add(1)
		go c.run(t)
	}
}

// stop drops every timer and waits for the functions that run.
func (c *clock) stop() {
	c.mu.Lock()
	c.closed = true
	for t := range c.timers {
		c.drop(t)
	}
	c.mu.Unlock()
	c.going.Wait()
}
