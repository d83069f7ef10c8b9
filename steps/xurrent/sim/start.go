package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Running is a simulated service that listens.
type Running struct {
	URL string // base URL, for [AddressesOf]
	Sim *Sim

	server *http.Server
	served chan error
	unhook func() bool
}

// Start listens at an address, such as 127.0.0.1:0, until Close or until the context ends. Where any port is good and the service has
// a state of before, it takes the port of before if that is free. Errors: those of [New], and an address that cannot be listened at.
func Start(ctx context.Context, address string, o Options) (*Running, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	l, err := s.listen(ctx, address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the simulated account cannot listen at %s: %w", address, err), s.Close())
	}
	r := &Running{URL: "http://" + reachable(l.Addr().String()), Sim: s, served: make(chan error, 1)}
	s.SetBase(r.URL)
	r.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go func() { r.served <- r.server.Serve(l) }()
	r.unhook = context.AfterFunc(ctx, func() { _ = r.server.Close() })
	return r, nil
}

// listen prefers the port of the last start where any is good: it is in the issuers that runners know.
func (s *Sim) listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	host, port, err := net.SplitHostPort(address)
	if before, unread := url.Parse(s.baseURL()); err == nil && unread == nil && port == "0" && before.Port() != "" {
		if l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, before.Port())); err == nil {
			return l, nil
		}
	}
	return lc.Listen(ctx, "tcp", address)
}

// Close stops listening and all deliveries. It may be called again.
func (r *Running) Close() error {
	r.unhook()
	err := r.server.Close()
	serve := <-r.served
	r.served <- serve
	if !errors.Is(serve, http.ErrServerClosed) {
		err = errors.Join(err, serve)
	}
	return errors.Join(err, r.Sim.Close())
}

// reachable is where one reaches who listens at an address: on this machine, where it listens everywhere.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}
