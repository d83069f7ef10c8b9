package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/console"
	"currant/engine/ingress"
	"currant/steps/xurrent/verify"
)

// defaultListen is where a runner listens.
const defaultListen = "127.0.0.1:7780"

type serveOptions struct {
	sourceOptions
	dirs      []string
	listen    string
	publicURL string
	workers   int
	logFormat string
	apply     bool
	console   consoleOptions
}

func (o *serveOptions) serverFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	o.runnerFlags(f)
	f.StringVar(&o.listen, "listen", defaultListen, "address that events arrive at")
	f.StringVar(&o.publicURL, "public-url", "", "address under which others reach the runner (default: the one of --listen)")
	f.DurationVar(&o.maxAge, "webhook-max-age", verify.Leeway, "how long ago the token of a signed webhook may have been issued")
	f.BoolVar(&o.apply, "apply", false, "at the start, create, update and enable on the accounts what is missing there, without asking")
	o.console.flags(cmd)
	f.IntVar(&o.workers, "workers", 128, "how many runs may execute at once; waiting ones do not count")
}

func newServe(t *terminal) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve DIR...",
		Short: "Run the runner: receive events and execute runs",
		Long: `Serves the blueprints of one or more directories: receives events, executes runs and fires schedules, until
SIGTERM or SIGINT; then it finishes what it answers and what is being called, parks the rest, and ends. A second
signal ends it at once. Either way no run is lost.

A blueprint is read again when its files change, or on SIGHUP. A bad edit leaves the last good version in
force; a blueprint that is invalid at the start is refused with exit code 2. Log lines go to standard error.
With --sim, the blueprint is deployed to the simulated account, at the start and after a reload. With --apply it is
deployed to the real one at the start, and at SIGHUP, as "currant apply" does: what is missing is created, what differs
is updated, and nothing is deleted or disabled, for which nobody was asked.

Every setting may come from the environment (CURRANT_LISTEN for --listen) or from runner.hcl (listen).`,
		Example: `  currant serve ./survey
  currant serve ./survey ./onboarding --listen :7780 --public-url https://hooks.example.com --log-format json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dirs = args
			if err := o.simulate(cmd.Context()); err != nil {
				return err
			}
			return errors.Join(runServe(cmd.Context(), t, &o), o.endSimulation())
		},
	}
	o.serverFlags(cmd)
	cmd.Flags().StringVar(&o.logFormat, "log-format", "text", "form of log lines: text or json")
	return cmd
}

func runServe(ctx context.Context, t *terminal, o *serveOptions) error {
	var handler slog.Handler
	switch o.logFormat {
	case "text":
		handler = slog.NewTextHandler(t.err, nil)
	case "json":
		handler = slog.NewJSONHandler(t.err, nil)
	default:
		return usagef("--log-format %q: it is text or json", o.logFormat)
	}
	log := slog.New(handler)
	o.log = log
	s := &server{t: t, o: o, log: log, strict: true,
		told:    func(r engine.Reload) { logReload(log, r) },
		enabled: func(d deployed) { logEnabled(log, d) },
		ready: func(s *server) {
			log.Info("ready", "listen", s.address, "public_url", s.publicURL, "blueprints", len(s.engine.Blueprints()), "runbooks", s.runbooks())
		}}
	return s.run(ctx)
}

// server is the life of serve and dev.
type server struct {
	t   *terminal
	o   *serveOptions
	log *slog.Logger
	// strict refuses to start with an invalid blueprint.
	strict bool
	// told is told of each reading of a blueprint, enabled of what was deployed to accounts, ready once
	// events are taken, started before anything runs.
	told    func(engine.Reload)
	enabled func(deployed)
	ready   func(*server)
	started func(ctx context.Context, s *server, group *errgroup.Group)

	engine    *engine.Engine
	enabler   *enabler
	console   *console.Console // nil where it is off
	taken     chan struct{}    // closed once events are taken
	sources   []*engine.Source
	address   string // that is listened at
	publicURL string

	mu      sync.Mutex // guards invalid
	invalid map[string]string
}

func (s *server) run(ctx context.Context) error {
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	ended := make(chan error, 1)
	go func() { ended <- s.serve(in.first) }()
	select {
	case err := <-ended:
		return err
	case <-in.second.Done():
		return errInterrupted
	}
}

// serve starts, runs until ctx ends, and stops in order.
func (s *server) serve(ctx context.Context) (err error) {
	listener, err := net.Listen("tcp", s.o.listen)
	if err != nil {
		return fmt.Errorf("listen at %s: %w; choose another address with --listen", s.o.listen, err)
	}
	s.address = listener.Addr().String()
	s.publicURL = strings.TrimSuffix(s.o.publicURL, "/")
	if s.publicURL == "" {
		s.publicURL = "http://" + reachable(s.address)
	}
	options, files, err := s.o.compile(s.t, false, s.publicURL)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s.engine, err = engine.New(engine.Options{Dir: s.o.dataDir, Compile: options, Workers: s.o.workers, Log: s.log, Keys: keyOptions(s.o.keyURI)})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, s.engine.Close()) }()
	s.enabler, s.taken = newEnabler(s), make(chan struct{})
	if err := openConsole(s); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := s.load(ctx, options, files); err != nil {
		return errors.Join(err, listener.Close(), s.console.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	if s.started != nil {
		s.started(ctx, s, group)
	}
	group.Go(func() error { return s.engine.Run(ctx) })
	for _, src := range s.sources {
		group.Go(func() error { return wrap("watch "+src.Dir, s.engine.Watch(ctx, src)) })
	}
	group.Go(func() error { return s.reloads(ctx) })
	group.Go(func() error { return s.receive(ctx, listener) })
	group.Go(func() error { return s.console.Run(ctx) })
	if s.o.account != nil || s.o.apply {
		group.Go(func() error { return s.enabler.run(ctx, s.taken) })
	}
	return group.Wait()
}

// load puts all blueprints in force.
func (s *server) load(ctx context.Context, options compile.Options, extra map[string][]byte) error {
	s.invalid = map[string]string{}
	bad := &invalidError{files: map[string][]byte{}}
	maps.Copy(bad.files, extra)
	for _, dir := range s.o.dirs {
		src := &engine.Source{Dir: dir, Options: options}
		r := s.engine.LoadDir(ctx, src)
		src.Told = func(r engine.Reload) { s.judge(r); s.told(r); s.enabler.look() }
		s.sources = append(s.sources, src)
		s.judge(r)
		if r.Diags.HasErrors() && s.strict {
			maps.Copy(bad.files, r.Files)
			bad.diags = append(bad.diags, r.Diags...)
			continue
		}
		s.told(r)
	}
	if len(bad.diags) > 0 {
		return bad
	}
	return nil
}

// judge keeps which directories are not what is served.
func (s *server) judge(r engine.Reload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.invalid, r.Dir)
	if r.Diags.HasErrors() {
		s.invalid[r.Dir] = fmt.Sprintf("%s is invalid", r.Dir)
		if r.Blueprint != nil {
			s.invalid[r.Dir] += "; its last good version is served"
		}
	}
}

// readiness is what /readyz tells: events are taken once all that an earlier process left is known.
func (s *server) readiness() (bool, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return true, slices.Sorted(maps.Values(s.invalid))
}

// receive takes events once the runs of an earlier process are known: theirs is the earlier place in line.
func (s *server) receive(ctx context.Context, listener net.Listener) error {
	select {
	case <-s.engine.Recovered():
	case <-ctx.Done():
		return listener.Close()
	}
	front := &ingress.Server{Route: s.engine.Route, Accept: s.engine.Accept, Kept: s.engine.Kept(), Ready: s.readiness, Log: s.log}
	s.ready(s)
	close(s.taken)
	return front.Run(ctx, listener)
}

// reloads reads all blueprints again at each SIGHUP.
func (s *server) reloads(ctx context.Context) error {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGHUP)
	defer signal.Stop(got)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-got:
			for _, src := range s.sources {
				s.engine.LoadDir(ctx, src)
			}
			s.enabler.again()
		}
	}
}

func (s *server) runbooks() (n int) {
	for _, bp := range s.engine.Blueprints() {
		n += len(bp.Runbooks)
	}
	return n
}

// reachable is an address that a client on this host can use: one that listens everywhere is localhost.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// maxLogged is how many diagnostics of one reading are logged.
const maxLogged = 20

func logReload(log *slog.Logger, r engine.Reload) {
	for i, d := range r.Diags {
		if i == maxLogged {
			log.Error("further diagnostics are not logged; see currant validate", "dir", r.Dir, "diagnostics", len(r.Diags))
			break
		}
		level, attrs := slog.LevelWarn, []any{"dir", r.Dir, "summary", d.Summary, "detail", d.Detail}
		if d.Severity == hcl.DiagError {
			level = slog.LevelError
		}
		if d.Subject != nil {
			attrs = append(attrs, "file", d.Subject.Filename, "line", d.Subject.Start.Line)
		}
		log.Log(context.Background(), level, "diagnostic", attrs...)
	}
	switch {
	case r.Diags.HasErrors() && r.Blueprint != nil:
		log.Error("blueprint not reloaded; the last good version stays in force", "dir", r.Dir, "blueprint", r.Blueprint.Name)
	case r.Diags.HasErrors():
		log.Error("blueprint not loaded", "dir", r.Dir)
	case r.Swapped:
		log.Info("blueprint in force", "dir", r.Dir, "blueprint", r.Blueprint.Name, "version", r.Blueprint.Digest[:12],
			"added", r.Added, "changed", r.Changed, "removed", r.Removed, "took", r.Took)
	}
}
