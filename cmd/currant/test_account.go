package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"currant/engine/outbound"
	"currant/engine/testrun"
	"currant/steps/standard"
	"currant/steps/xurrent"
	"currant/steps/xurrent/sim"
	"currant/steps/xurrent/verify"
)

// testAccount is a simulated service that begins when it is first called.
type testAccount struct {
	url, host string
	server    *http.Server
	served    chan error

	mu    sync.Mutex // guards what follows
	now   time.Time
	sim   *sim.Sim
	ended bool
}

func newTestAccount(now time.Time) (*testAccount, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated account of the test cannot listen: %w", err)
	}
	a := &testAccount{host: l.Addr().String(), now: now, served: make(chan error, 1)}
	a.url = "http://" + a.host
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	go func() { a.served <- a.server.Serve(l) }()
	return a, nil
}

// ServeHTTP is part of http.Handler.
func (a *testAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := a.begin()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.ServeHTTP(w, r)
}

// begin makes the account at the first call. Its time is the test's.
func (a *testAccount) begin() (*sim.Sim, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sim != nil {
		return a.sim, nil
	}
	if a.ended {
		return nil, errors.New("the test is over")
	}
	now := a.now
	s, err := sim.New(sim.Options{Now: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	s.SetBase(a.url)
	a.sim = s
	return s, nil
}

// advance moves the account's time.
func (a *testAccount) advance(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now = a.now.Add(d); a.sim != nil {
		a.sim.Advance(d)
	}
}

func (a *testAccount) close() error {
	err := a.server.Close()
	if served := <-a.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended = true; a.sim != nil {
		err = errors.Join(err, a.sim.Close())
	}
	return err
}

// deps is what the kinds of a test's steps need from outside: the account, and nothing else.
func (a *testAccount) deps(models *xurrent.Models) (d standard.Deps) {
	d.Outbound = outbound.Policy{UserAgent: "Currant", Allow: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 32)}, Refuse: a.refuse}
	d.Xurrent.Models = models
	d.Xurrent.Environment = environmentAt(a.url)
	d.Xurrent.Verifier = verify.New(verify.Options{InsecureIssuer: a.url, Outbound: d.Outbound})
	return d
}

// refuse says why a test calls nobody else.
func (a *testAccount) refuse(hostPort string) error {
	if hostPort == a.host {
		return nil
	}
	return fmt.Errorf("%s is not called: %s", hostPort, testrun.OutOfReach)
}
