package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"currant/engine"
	"currant/engine/console"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps/standard"
)

// defaultConsole is where the console listens where nothing else is said.
const defaultConsole = "127.0.0.1:7781"

// consoleOptions are the settings of the console.
type consoleOptions struct {
	listen    *pflag.Flag
	address   string
	hosts     []string
	cert, key string
	pprof     bool
	open      bool // in a browser, where dev runs on a screen
}

func (o *consoleOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.address, "console", defaultConsole, "address of the console, or \"off\"; one that others can reach needs --console-cert and --console-key")
	f.StringArrayVar(&o.hosts, "console-host", nil, "host name under which the console may be asked for, besides its address; repeatable")
	f.StringVar(&o.cert, "console-cert", "", "file with the TLS certificate of the console (PEM)")
	f.StringVar(&o.key, "console-key", "", "file with the key of that certificate (PEM)")
	f.BoolVar(&o.pprof, "console-pprof", false, "serve profiles of the process below the console's /debug/pprof/")
	o.listen = f.Lookup("console")
	if cmd.Name() == "dev" {
		f.BoolVar(&o.open, "open", true, "open the console in a browser, where dev runs on a terminal")
	}
}

// openConsole makes the console of a server, unless it is off, and takes its address. It is told of what the
// server is told from now on.
func openConsole(s *server) error {
	o := s.o.console
	if o.address == "" || o.address == "off" {
		return nil
	}
	secrets, err := secretArguments()
	if err != nil {
		return err
	}
	c, err := console.New(console.Options{Listen: o.address, Hosts: o.hosts, CertFile: o.cert, KeyFile: o.key, Dir: s.o.dataDir, Pprof: o.pprof,
		PublicURL: s.publicURL, Version: buildVersion(), Engine: s.engine, Log: s.log, Ready: s.consoleReadiness, Secrets: secrets,
		Connections: func(ctx context.Context) ([]console.Connection, error) { return shownConnections(s.engine), nil },
		Customers:   func(ctx context.Context) ([]console.Customer, error) { return shownCustomers(ctx, s.engine) },
		Apps:        func() []console.App { return shownApps(s.engine) }})
	if err != nil {
		return &usageError{err}
	}
	err = c.Listen()
	if errors.Is(err, syscall.EADDRINUSE) && !o.listen.Changed {
		err = c.ListenAt("127.0.0.1:0") // another runner has the usual one
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	told, ready := s.told, s.ready
	s.console = c
	s.told = func(r engine.Reload) { c.Reloaded(r); told(r) }
	s.ready = func(s *server) { ready(s); s.announce(c) }
	return nil
}

// secretArguments are the names of all arguments of this binary's blocks that are secret.
func secretArguments() ([]string, error) {
	options, err := compileOptions(standard.Deps{}, lang.Values{}, "")
	if err != nil {
		return nil, err
	}
	var specs []*lang.Spec
	for _, k := range options.Steps.Kinds() {
		specs = append(specs, k.Spec())
	}
	for _, name := range options.Steps.ConnectionNames() {
		specs = append(specs, options.Steps.Connection(name).Spec())
	}
	for _, k := range options.Triggers.Kinds() {
		specs = append(specs, k.Spec())
	}
	for _, r := range options.Resources {
		specs = append(specs, r.Spec)
	}
	specs = slices.AppendSeq(specs, maps.Values(ingress.AuthSpecs()))
	seen, names := map[*lang.Spec]bool{nil: true}, map[string]bool{}
	for len(specs) > 0 {
		s := specs[0]
		specs = specs[1:]
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, f := range s.Fields {
			if f.Secret {
				names[f.Name] = true
			}
		}
		for _, b := range s.Blocks {
			specs = append(specs, b.Spec)
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// consoleReadiness is readiness, which is not before events are taken.
func (s *server) consoleReadiness() (bool, []string) {
	select {
	case <-s.taken:
		return s.readiness()
	default:
		return false, []string{"the runs of an earlier process are being recovered"}
	}
}

// consoleLink is an address that logs in once; "" where there is no console.
func (s *server) consoleLink() string {
	if s.console == nil {
		return ""
	}
	return s.console.Link()
}

// announce says where the console is, and opens it where a person sits before dev. A link logs in whoever has it: it
// is written to a person's screen only, and into no log (promise W7).
func (s *server) announce(c *console.Console) {
	token, err := filepath.Abs(filepath.Join(s.o.dataDir, console.TokenFile))
	if err != nil {
		token = filepath.Join(s.o.dataDir, console.TokenFile)
	}
	switch {
	case s.strict:
		s.log.Info("console", "url", c.URL(), "token_file", token)
		if s.t.err.live {
			s.t.err.printf("Log in to the console with this link (once, for 15 minutes): %s\n", c.Link())
		}
		return
	case !s.t.out.live:
		s.t.out.printf("Console at %s; the token to log in with is in %s\n", c.URL(), token)
		return
	}
	s.t.out.printf("Console at %s\n", c.Link())
	if s.o.console.open && hasScreen(s.t.lookup) {
		if err := openInBrowser(s.o.dataDir, c.Link()); err != nil {
			s.log.Debug("no browser was opened", "error", err)
		}
	}
}

// hasScreen says whether a browser that is started here can be seen by who sits there.
func hasScreen(lookup func(string) (string, bool)) bool {
	set := func(name string) bool { v, _ := lookup(name); return v != "" }
	if set("SSH_CONNECTION") || set("CI") {
		return false
	}
	return !slices.Contains([]string{"linux", "freebsd", "openbsd", "netbsd"}, goos) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

// openInBrowser opens an address. It goes through a file that only its owner reads: others see the command lines
// of processes.
func openInBrowser(dir, link string) error {
	f, err := os.CreateTemp(dir, "console-*.html") // 0600
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=%s"><a href="%[1]s">Console</a>`, link)
	if err = errors.Join(err, f.Close()); err == nil {
		err = startBrowser(f.Name())
	}
	return err
}
