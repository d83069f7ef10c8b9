package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"currant/engine/lang"
	"currant/steps/xurrent/sim"
)

// defaultSim is where "currant sim" listens and its sub-commands look for it.
const defaultSim = "127.0.0.1:7790"

// maxSeed is the most records that a simulated account begins with.
const maxSeed = 100_000

type simOptions struct {
	listen, logFormat, window string
	options                   sim.Options
}

func newSim(t *terminal) *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated Xurrent account",
		Long: `Runs a simulated Xurrent service on its own, until Ctrl-C: GraphQL with the whole schema, OAuth tokens, attachment
storage, signed webhooks, limits and faults. It takes any account id and any credentials; each account begins as a
small company. Runners are started with its address: currant dev --sim=URL.

Everything is in memory. With --state it is in a file too, from which the accounts go on at the next start, but for
deliveries under way, access tokens, faults, limits, and uploaded files beyond 64 MiB.

It answers whoever reaches it: leave it on a loopback address. The endpoints under /sim/ control it, and the
sub-commands are clients of them.

Exit code 0: ended by Ctrl-C or SIGTERM. 1: the address is in use. 2: wrong usage.`,
		Example: `  currant sim
  currant sim --listen 127.0.0.1:8790 --seed 100000
  currant sim --rate-limit 60 --rate-window 1m
  currant sim requests`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSim(cmd.Context(), t, &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", defaultSim, "address that the service is reached at")
	f.Lookup("listen").Changed = true // the setting of this name is the runner's: it is not to be taken from the environment
	f.IntVar(&o.options.Seed, "seed", 0, "records that each account begins with, up to 100000 (default: about 100)")
	f.IntVar(&o.options.RateLimit, "rate-limit", 3600, "requests that one token may make in each window")
	f.IntVar(&o.options.CostLimit, "cost-limit", 5000, "cost points that one token may use in each window")
	f.StringVar(&o.window, "rate-window", "1h", "window of both limits")
	f.StringVar(&o.options.Storage, "storage", "s3", "provider of attachment storage: s3 or local")
	f.StringVar(&o.options.State, "state", "", "file that keeps the accounts between starts (default: they begin anew)")
	f.StringVar(&o.logFormat, "log-format", "text", "form of log lines: text or json")
	cmd.AddCommand(newSimRequests(t), newSimFault(t), newSimInstall(t), newSimSuspend(t), newSimRemove(t), newSimAutomation(t))
	return cmd
}

// check completes the options of the simulated account.
func (o *simOptions) check() error {
	window, err := lang.ParseDuration(o.window)
	switch {
	case err != nil:
		return usagef("--rate-window: %w", err)
	case window <= 0:
		return usagef("--rate-window %s: it is longer than nothing", o.window)
	case o.options.Seed < 0 || o.options.Seed > maxSeed:
		return usagef("--seed %d: it is from 0 to %d", o.options.Seed, maxSeed)
	case o.options.RateLimit < 1 || o.options.CostLimit < 1:
		return usagef("--rate-limit and --cost-limit are at least 1")
	case o.options.Storage != "s3" && o.options.Storage != "local":
		return usagef("--storage %q: it is s3 or local.%s", o.options.Storage, lang.DidYouMean(o.options.Storage, []string{"s3", "local"}))
	}
	o.options.RateWindow = window
	return nil
}

func runSim(ctx context.Context, t *terminal, o *simOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	handler, err := logHandler(t, o.logFormat)
	if err != nil {
		return err
	}
	log := slog.New(handler)
	o.options.Log = log
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	running, err := sim.Start(context.WithoutCancel(ctx), o.listen, o.options)
	if taken := (*net.OpError)(nil); errors.As(err, &taken) {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	if err != nil {
		return err
	}
	showSim(t.out, running.URL)
	log.Info("ready", "url", running.URL)
	<-in.first.Done()
	return running.Close()
}

// logHandler writes log lines in the form that --log-format asks for, to standard error.
func logHandler(t *terminal, format string) (slog.Handler, error) {
	switch format {
	case "text":
		return slog.NewTextHandler(t.err, nil), nil
	case "json":
		return slog.NewJSONHandler(t.err, nil), nil
	}
	return nil, usagef("--log-format %q: it is text or json", format)
}

// showSim says how the service is reached.
func showSim(out stream, url string) {
	at := sim.AddressesOf(url)
	out.printf("%s\n\n", out.style(styleBold, "A simulated Xurrent service is at "+url))
	for _, line := range [][2]string{{"GraphQL", at.GraphQL}, {"Token", at.OAuth2}, {"REST", at.REST}, {"Issuer", at.Issuer}} {
		out.printf("  %-8s %s\n", line[0], line[1])
	}
	out.printf(`
Any account id and any credentials are good. Start a runner with it:
  currant dev --sim=%[1]s

Look at what it is asked, and let things go wrong:
  currant sim requests --sim %[1]s
  currant sim fault 503 --times 2 --sim %[1]s
  curl %[1]s/sim/state
Install an app for a customer, and let its rules call its webhook:
  currant sim install acme_widget globex --provider acme --sim %[1]s
  currant sim automation acme_widget globex --sim %[1]s
More under /sim/: requests, deliveries, faults, limits, scopes, tokens, policies,
deliver, redeliver, rotate, advance, state, update, configure, installations.

Ctrl-C ends it.
`, url)
}

// simURLFlag names a simulated account that is going.
func simURLFlag(f *pflag.FlagSet, v *string) {
	f.StringVar(v, "sim", "http://"+defaultSim, "address of the simulated account, as \"currant sim\" shows it")
}

// maxControlAnswer bounds an answer of a control endpoint, in bytes: the record of requests keeps 16 MiB of bodies.
const maxControlAnswer = 128 << 20

// controlSim asks a control endpoint of a simulated account. In is sent as JSON unless it is nil; the answer is read
// into out unless that is nil. Its error says what the account has said.
func controlSim(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the simulated account does not answer: %w; start it with \"currant sim\", or name its address with --sim", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxControlAnswer))
	if err != nil {
		return fmt.Errorf("the answer of the simulated account: %w", err)
	}
	if resp.StatusCode > 299 {
		var refused struct{ Error string }
		if json.Unmarshal(text, &refused) != nil || refused.Error == "" {
			return fmt.Errorf("%s answers with status %d; is it a simulated account?", req.URL.Host, resp.StatusCode)
		}
		return fmt.Errorf("the simulated account: %s", plain(refused.Error))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the answer of the simulated account: %w", err)
	}
	return nil
}
