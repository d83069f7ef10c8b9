package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"currant/engine"
)

// Options are a console's settings, and what it shows beyond the engine.
type Options struct {
	// Listen is the address, host:port. One that is not loopback needs CertFile and KeyFile.
	Listen string
	// Hosts are names under which the console may be asked for, besides those of loopback and of Listen.
	Hosts []string
	// CertFile and KeyFile are files of a TLS certificate and its key, PEM; both or none.
	CertFile, KeyFile string
	// Dir is the data directory, where the token is kept.
	Dir string
	// Pprof serves profiles of the process below /debug/pprof/.
	Pprof bool
	// PublicURL is the address under which events arrive, without a slash at its end.
	PublicURL string
	// Version of the build, for those who are logged in.
	Version string
	Engine  *engine.Engine
	// Secrets are the names of arguments that are secret: their values are not shown in a blueprint's source.
	Secrets []string
	// Ready says whether events are taken, and what is wrong. nil: yes.
	Ready func() (bool, []string)
	// Connections tells of connections, Customers of installations of apps, Apps of what blueprints declare.
	// They hold no secrets. nil: there are none.
	Connections func(context.Context) ([]Connection, error)
	Customers   func(context.Context) ([]Customer, error)
	Apps        func() []App
	Log         *slog.Logger
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Connection is a connection of a blueprint.
type Connection struct {
	Blueprint, Name, Kind string
	// Account says which account, and Address where it is; "" where that is not known.
	Account, Address string
	Open             bool // a step has used it
	// Budgets are the limits that its last answers told, of At.
	Budgets []Budget
	At      time.Time
}

// Budget is one limit of a connection.
type Budget struct {
	Name             string // what is counted, such as "requests"
	Limit, Remaining int64
	Reset            time.Time // when Remaining is Limit again; zero: not known
}

// Customer is an app in a customer's account.
type Customer struct {
	Provider, Account, App string
	// Has names the credentials and secrets that are kept of it.
	Has []string
	// Removed is when the customer removed the app; zero: it is installed.
	Removed time.Time
}

// App is an app that a blueprint declares.
type App struct {
	Blueprint, Reference, Name string
	Disabled                   bool
	Extensions, Rules          []string
	Runbooks                   []string // that handle its events
}

// Console serves the pages. Make one with New before the first blueprint is loaded.
type Console struct {
	o        Options
	log      *slog.Logger
	now      func() time.Time
	started  time.Time
	secure   bool
	hosts    map[string]bool
	sessions *sessions
	token    string
	routes   []route
	mux      *http.ServeMux
	who      map[string]access // of routes, by pattern
	origins  *http.CrossOriginProtection
	hub      *hub
	budgets  *history
	views    views

	mu       sync.Mutex // guards what follows
	listener net.Listener
	reloads  map[string]engine.Reload // the last one, by directory
}

// New checks the settings and makes the token. It listens nowhere yet. The error is of settings that would let
// others in (promise W4), or of the data directory.
func New(o Options) (*Console, error) {
	if err := checkListen(o); err != nil {
		return nil, err
	}
	c := &Console{o: o, log: o.Log, now: o.Now, secure: o.CertFile != "", reloads: map[string]engine.Reload{}, budgets: newHistory(), origins: http.NewCrossOriginProtection()}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.started = c.now()
	c.hosts = hostsOf(o)
	c.sessions = newSessions(c.now)
	var err error
	if c.token, err = makeToken(o.Dir); err != nil {
		return nil, err
	}
	if c.views, err = parseViews(); err != nil {
		return nil, err
	}
	c.register()
	c.hub = newHub(o.Engine)
	return c, nil
}

// Reloaded is to be told of each reading of a blueprint.
func (c *Console) Reloaded(r engine.Reload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reloads[r.Dir] = r
}

// maxConnections is how many connections are served at once, streams too.
const maxConnections = 256

// Listen takes the address. Run serves it.
func (c *Console) Listen() error { return c.ListenAt(c.o.Listen) }

// ListenAt takes another address than that of the options, under the same rules.
func (c *Console) ListenAt(address string) error {
	o := c.o
	o.Listen = address
	if err := checkListen(o); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the console cannot listen at %s: %w; choose another address with --console, or --console off", address, err)
	}
	if err := c.use(ln); err != nil {
		return errors.Join(err, ln.Close())
	}
	return nil
}

// use checks that a name meant loopback, if it had to.
func (c *Console) use(ln net.Listener) error {
	if at, ok := ln.Addr().(*net.TCPAddr); !c.secure && (!ok || !at.IP.IsLoopback()) {
		return fmt.Errorf("the console would listen at %s, which is not loopback: %w", ln.Addr(), errOpen)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener = ln
	return nil
}

// Address is where the console is, after Listen.
func (c *Console) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return ""
	}
	return c.listener.Addr().String()
}

// URL is the address for a browser on this host.
func (c *Console) URL() string {
	scheme := "http://"
	if c.secure {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(c.Address())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
		if len(c.o.Hosts) > 0 {
			host = c.o.Hosts[0]
		}
	}
	return scheme + net.JoinHostPort(host, port)
}

// Close gives up a console that Run does not serve. A nil one needs none.
func (c *Console) Close() error {
	if c == nil {
		return nil
	}
	c.hub.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return nil
	}
	return c.listener.Close()
}

// Run serves until ctx ends, after Listen. A nil console serves nothing.
func (c *Console) Run(ctx context.Context) error {
	if c == nil {
		return nil
	}
	defer c.hub.close()
	srv := &http.Server{
		Handler:                      c,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  15 * time.Second,
		WriteTimeout:                 60 * time.Second, // streams set theirs anew with each line
		IdleTimeout:                  60 * time.Second,
		MaxHeaderBytes:               60 << 10,
		ErrorLog:                     slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		DisableGeneralOptionsHandler: true,
	}
	ln := netutil.LimitListener(c.listener, maxConnections)
	served := make(chan error, 1)
	go func() {
		if c.secure {
			served <- srv.ServeTLS(ln, c.o.CertFile, c.o.KeyFile)
		} else {
			served <- srv.Serve(ln)
		}
	}()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.sample(ctx)
		case err := <-served:
			_ = srv.Close() // there is nobody to tell of a second failure
			return fmt.Errorf("console: %w", err)
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = srv.Shutdown(stop) // pages that are cut off can be asked for again
			_ = srv.Close()
			<-served
			return nil
		}
	}
}
