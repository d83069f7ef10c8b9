package ingress

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// limiter is a listener with a limit on open connections. When it is reached, a connection that waits
// unused (no request yet, or between two) for over a second gives way to a new one; where there is none, the
// new one is told 503 at once. So neither half-open nor kept-alive connections shut honest callers out.
type limiter struct {
	net.Listener
	most     int
	refusals chan struct{} // bounds the goroutines that say 503
	pending  sync.WaitGroup

	mu   sync.Mutex
	open map[*conn]struct{}
}

func newLimiter(ln net.Listener, most int) *limiter {
	return &limiter{Listener: ln, most: most, refusals: make(chan struct{}, 64), open: map[*conn]struct{}{}}
}

// unusedFor is how long a connection may wait before it can give way.
const unusedFor = time.Second

func (l *limiter) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.admit(nc); c != nil {
			return c, nil
		}
		l.turnAway(nc)
	}
}

func (l *limiter) admit(nc net.Conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		oldest := l.oldestUnused(time.Now().Add(-unusedFor))
		if oldest == nil {
			return nil
		}
		delete(l.open, oldest)
		// Its reader sees the end; what else could be done about a failure to close is done by its timeout.
		_ = oldest.Conn.Close()
	}
	c := &conn{Conn: nc, owner: l, unused: true, since: time.Now()}
	l.open[c] = struct{}{}
	return c
}

func (l *limiter) oldestUnused(before time.Time) *conn {
	var oldest *conn
	for c := range l.open {
		if c.unused && c.since.Before(before) && (oldest == nil || c.since.Before(oldest.since)) {
			oldest = c
		}
	}
	return oldest
}

const busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// turnAway says 503 and closes. It reads a little first: closing a socket with unread data would reset it
// before the answer is read.
func (l *limiter) turnAway(nc net.Conn) {
	select {
	case l.refusals <- struct{}{}:
	default:
		_ = nc.Close()
		return
	}
	l.pending.Add(1)
	go func() {
		defer func() {
			_ = nc.Close()
			<-l.refusals
			l.pending.Done()
		}()
		_ = nc.SetDeadline(time.Now().Add(250 * time.Millisecond))
		buf := make([]byte, 4096)
		_, _ = nc.Read(buf)
		_, _ = nc.Write([]byte(busy))
	}()
}

// wait waits for the goroutines of turnAway, at most their deadline.
func (l *limiter) wait() { l.pending.Wait() }

// stateChanged is the http.Server's ConnState.
func (l *limiter) stateChanged(nc net.Conn, state http.ConnState) {
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		c.unused, c.since = true, time.Now()
	case http.StateActive:
		c.unused = false
	}
}

// closeUnused closes the connections that have sent nothing yet: the server would wait 5 s for them.
func (l *limiter) closeUnused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		if c.unused && !c.heard.Load() {
			_ = c.Conn.Close()
		}
	}
}

func (l *limiter) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}
