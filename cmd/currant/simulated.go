package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"currant/engine/outbound"
	"currant/steps/xurrent/api"
	"currant/steps/xurrent/sim"
)

// ownSim is what --sim without an address means.
const ownSim = "start"

// simFlag is the flag of commands that can work on a simulated account.
func simFlag(f *pflag.FlagSet, v *string) {
	f.StringVar(v, "sim", "", "use a simulated Xurrent account: one of the command's own, or with --sim=URL one that \"currant sim\" runs")
	f.Lookup("sim").NoOptDefVal = ownSim
}

// simulated is a simulated account that takes the place of every account of a blueprint.
type simulated struct {
	url         string
	environment api.Environment
	network     netip.Prefix // that may be called to reach it
	own         *sim.Running // nil of one that another process runs
	left        string       // the file that its address was left in, or ""
}

// simulate starts the simulated account that the flags ask for, if they do, and leaves its address for "currant
// send".
func (o *sourceOptions) simulate(ctx context.Context) error {
	return o.simulateWith(ctx, sim.Options{})
}

// simStateFile keeps the simulated account of "currant dev --sim", in its data directory.
const simStateFile = "sim.state"

// simulateKept is simulate with an account that is at the next start what it was.
func (o *sourceOptions) simulateKept(ctx context.Context) error {
	return o.simulateWith(ctx, sim.Options{State: filepath.Join(o.simulatedDir(), simStateFile)})
}

func (o *sourceOptions) simulateWith(ctx context.Context, own sim.Options) error {
	if err := o.openSimulationWith(ctx, own); err != nil || o.account == nil {
		return err
	}
	if err := o.account.leave(ctx, o.dataDir); err != nil {
		return errors.Join(err, o.endSimulation())
	}
	return nil
}

// openSimulation is simulate for a command that runs nothing. What runs store with a simulated account is kept
// apart from what belongs to real accounts.
func (o *sourceOptions) openSimulation(ctx context.Context) error {
	return o.openSimulationWith(ctx, sim.Options{})
}

func (o *sourceOptions) openSimulationWith(ctx context.Context, own sim.Options) error {
	if o.simFlag == "" {
		return nil
	}
	s, err := openSimulatedWith(ctx, o.simFlag, own)
	if err != nil {
		return err
	}
	o.account, o.dataDir = s, o.simulatedDir()
	return nil
}

// simulatedDir is the data directory of what works on a simulated account.
func (o *sourceOptions) simulatedDir() string {
	if o.dataDir == "" || o.dataDir == defaultDataDir {
		return filepath.Join(defaultDataDir, "sim")
	}
	return o.dataDir
}

// endSimulation stops what simulate has started.
func (o *sourceOptions) endSimulation() error {
	if o.account == nil {
		return nil
	}
	err := o.account.takeBack()
	if o.account.own != nil {
		err = errors.Join(err, o.account.own.Close())
	}
	return err
}

func openSimulated(ctx context.Context, address string) (*simulated, error) {
	return openSimulatedWith(ctx, address, sim.Options{})
}

// openSimulatedWith finds the simulated account at an address, or starts one of the command's own.
func openSimulatedWith(ctx context.Context, address string, own sim.Options) (*simulated, error) {
	s := &simulated{url: strings.TrimSuffix(address, "/")}
	if address == ownSim {
		running, err := sim.Start(context.WithoutCancel(ctx), "127.0.0.1:0", own)
		if err != nil {
			return nil, err
		}
		s.own, s.url = running, running.URL
	}
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("--sim=%s: write the address that \"currant sim\" shows, such as --sim=http://127.0.0.1:7790", address)
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	allowed, err := outbound.ParseAllow([]string{host})
	if err != nil || len(allowed) != 1 {
		return nil, usagef("--sim=%s: the simulated account is reached by an IP address, such as 127.0.0.1", address)
	}
	s.network = allowed[0]
	s.environment = environmentAt(s.url)
	return s, nil
}

// environmentAt is the environment that a simulated account stands for.
func environmentAt(url string) api.Environment {
	at := sim.AddressesOf(url)
	return api.Environment{GraphQL: at.GraphQL, OAuth2: at.OAuth2, REST: at.REST, Issuer: at.Issuer}
}

// about says, for people, what is simulated.
func (s *simulated) about() string {
	if s.own == nil {
		return fmt.Sprintf("the simulated account at %s", s.url)
	}
	return "a simulated account of its own at " + s.url
}
