package ingress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"currant/engine/lang"
)

// Server is the HTTP server that events arrive at. Its fields are set before its first use.
type Server struct {
	// Route finds the trigger of a runbook in the set in force. It is asked once per request.
	Route func(blueprint, runbook string) (*Trigger, bool)
	// Accept takes an event over: when it returns nil, the event is on disk. A *Refusal is answered as it
	// is; any other error is logged and answered with 503.
	Accept func(context.Context, *Trigger, Event) (Receipt, error)
	// Kept is what outlives runs, for the kinds that ask it. nil: nothing is.
	Kept lang.Kept
	// Ready says whether the runner can take work, and what keeps it from that. nil: always.
	Ready func() (bool, []string)
	// Log takes a line per refusal, and per request at debug level. nil: none.
	Log    *slog.Logger
	Limits Limits
	// Now is the clock for times in requests. nil: time.Now.
	Now func() time.Time

	once     sync.Once
	slots    chan struct{} // requests being handled
	draining atomic.Bool
}

// Limits bound what callers can make the server hold. A zero field is its default.
type Limits struct {
	Header      time.Duration // to read a request's headers: 5 s
	Request     time.Duration // to read a request whole, and again to handle it: 15 s
	Idle        time.Duration // between two requests of a connection: 60 s
	Drain       time.Duration // to finish answers when the server stops: 10 s
	HeaderBytes int           // 64 KiB
	BodyBytes   int64         // DefaultBodyBytes
	Connections int           // 1,000
	InFlight    int           // requests being handled: 512
}

// DefaultBodyBytes is what the body of a request may have, in bytes.
const DefaultBodyBytes = 256 << 10

func (l Limits) withDefaults() Limits {
	set(&l.Header, 5*time.Second)
	set(&l.Request, 15*time.Second)
	set(&l.Idle, 60*time.Second)
	set(&l.Drain, 10*time.Second)
	set(&l.HeaderBytes, 64<<10)
	set(&l.BodyBytes, DefaultBodyBytes)
	set(&l.Connections, 1000)
	set(&l.InFlight, 512)
	return l
}

func set[T int | int64 | time.Duration](field *T, def T) {
	if *field <= 0 {
		*field = def
	}
}

func (s *Server) setup() {
	s.once.Do(func() {
		s.Limits = s.Limits.withDefaults()
		s.slots = make(chan struct{}, s.Limits.InFlight)
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		if s.Now == nil {
			s.Now = time.Now
		}
	})
}

// Handler answers requests, without the limits that Run puts on connections.
func (s *Server) Handler() http.Handler {
	s.setup()
	return http.HandlerFunc(s.serve)
}

// Run serves a listener, which it closes, until ctx ends; then it takes nothing new, finishes the answers
// that are under way, for at most Limits.Drain, and returns nil, or an error if it could not finish them.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	s.setup()
	limited := newLimiter(ln, s.Limits.Connections)
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: s.Limits.Header,
		ReadTimeout:       s.Limits.Request,
		WriteTimeout:      2 * s.Limits.Request,
		IdleTimeout:       s.Limits.Idle,
		// The library adds 4 KiB to what it is told.
		MaxHeaderBytes:               s.Limits.HeaderBytes - 4096,
		ConnState:                    limited.stateChanged,
		ErrorLog:                     slog.NewLogLogger(linesHandler{s.Log.Handler()}, slog.LevelDebug),
		BaseContext:                  func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		DisableGeneralOptionsHandler: true,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(limited) }()
	defer limited.wait()
	select {
	case err := <-served:
		_ = srv.Close() // the listener failed; there is nobody to tell of a second failure
		return fmt.Errorf("ingress: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	limited.closeUnused()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limits.Drain)
	defer cancel()
	err := srv.Shutdown(stop)
	<-served
	if err != nil {
		_ = srv.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("ingress: some answers were not finished within %s", s.Limits.Drain)
		}
		return fmt.Errorf("ingress: %w", err)
	}
	return nil
}

// linesHandler makes the texts of the HTTP library, which quote what callers sent, fit for a log line.
type linesHandler struct{ slog.Handler }

func (h linesHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = shown(r.Message)
	return h.Handler.Handle(ctx, r)
}
