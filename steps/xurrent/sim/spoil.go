package sim

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// spoil changes what is answered; how it is sent is sendFault's.
func (f *fault) spoil(a *reply, now time.Time) {
	if f.RetryAfter != "" {
		a.header.Set("Retry-After", f.RetryAfter.at(now))
	}
	if status := f.status(); status != 0 {
		a.status = status
		a.body.Reset()
		if f.Body == "" {
			writeMessage(a, status, faultMessage(status))
		}
	}
	switch f.Kind {
	case faultReset, faultClose:
		a.status = 0
	case faultJSON:
		a.status = http.StatusOK
		a.header.Set("Content-Type", "application/json; charset=utf-8")
		a.body.Reset()
		a.body.WriteString(`{"data":{"people":{"nodes":[{"id":`)
	case faultEmpty:
		a.status = http.StatusOK
		a.body.Reset()
	}
	if f.Body != "" {
		a.body.Reset()
		a.body.WriteString(f.Body)
	}
}

func faultMessage(status int) string {
	switch status {
	case http.StatusTooManyRequests:
		return "Too many requests"
	case http.StatusServiceUnavailable:
		return "The service is temporarily unavailable"
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Status " + strconv.Itoa(status)
}

// sendFault sends a spoiled answer in the fault's way.
func (s *Sim) sendFault(w http.ResponseWriter, r *http.Request, f *fault, a *reply) {
	switch f.Kind {
	case faultReset, faultClose:
		hangUp(w, f.Kind == faultReset)
	case faultSlow:
		if s.wait(r, f.delay) {
			a.send(w, r)
		}
	case faultDrip:
		s.drip(w, r, f.delay, a)
	case faultTruncate:
		body := a.finish(r)
		a.header.Set("Content-Length", strconv.Itoa(len(body)+100))
		a.sendHead(w)
		_, _ = w.Write(body[:len(body)/2]) // the server closes the connection, for the rest never comes
	default:
		a.send(w, r)
	}
}

// drip sends ten pieces with a pause before each.
func (s *Sim) drip(w http.ResponseWriter, r *http.Request, pause time.Duration, a *reply) {
	body := a.finish(r)
	a.sendHead(w)
	control := http.NewResponseController(w)
	for i := range 10 {
		if err := control.Flush(); err != nil || !s.wait(r, pause) {
			return
		}
		piece := body[len(body)*i/10 : len(body)*(i+1)/10]
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// wait is false where the client or the simulated account ends first.
func (s *Sim) wait(r *http.Request, d time.Duration) bool {
	done := make(chan struct{})
	stop := s.clock.after(d, func() { close(done) })
	defer stop()
	select {
	case <-done:
		return true
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	return false
}

// hangUp ends the connection without an answer, by a reset or in order.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		writeMessage(w, http.StatusInternalServerError, "This server cannot end the connection without an answer")
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // a connection that ended by itself is as gone
	}
	_ = conn.Close()
}
