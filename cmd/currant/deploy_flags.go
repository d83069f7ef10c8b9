package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

// accountFlags are the flags of every command that looks at accounts or changes them.
type accountFlags struct {
	sourceOptions
	publicURL string
	cmd       *cobra.Command
}

func (o *accountFlags) flagsOf(cmd *cobra.Command) {
	f := cmd.Flags()
	o.runnerFlags(f)
	o.cmd = cmd
}

func (o *accountFlags) publicURLFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.publicURL, "public-url", "", "address under which others reach the runner; needed where runbooks receive events")
}

// with does something while the simulated account that the flags ask for is there.
func (o *accountFlags) with(ctx context.Context, do func() error) error {
	if err := o.openSimulation(ctx); err != nil {
		return err
	}
	return errors.Join(do(), o.endSimulation())
}

// unsetURL stands for a public URL that is not set, so that it is seen where it would be needed.
const unsetURL = "http://public-url.invalid"

// load reads the blueprint to deploy. Where it needs a public URL that others can use, it has one afterwards.
func (o *accountFlags) load(t *terminal, dir string) (*loaded, error) {
	if o.publicURL == "" && o.account != nil {
		listen, err := settingElsewhere(o.cmd, t, "listen")
		if err != nil {
			return nil, err
		}
		if listen == "" {
			listen = defaultListen
		}
		o.publicURL = "http://" + reachable(listen)
	}
	unset := o.publicURL == ""
	if unset {
		o.publicURL = unsetURL
	}
	o.publicURL = strings.TrimSuffix(o.publicURL, "/")
	if u, err := url.Parse(o.publicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("--public-url %q: write an address such as https://hooks.example.com", plain(o.publicURL))
	}
	l, err := loadAt(t, dir, &o.sourceOptions, false, o.publicURL)
	if err == nil {
		err = l.err()
	}
	if err != nil || o.account != nil {
		return l, err
	}
	needed := publicNeed(l.Blueprint, o.publicURL)
	if len(needed) == 0 || !unset && !loopback(o.publicURL) {
		return l, nil
	}
	what := "is not set"
	if !unset {
		what = o.publicURL + " is an address of this machine"
	}
	return nil, usagef("the account sends events to the runner (%s), and the public URL %s: give the address under which the runner is reached from outside, with --public-url, CURRANT_PUBLIC_URL or public_url in %s", strings.Join(needed, ", "), what, settingsFile)
}

// publicNeed says what in a blueprint tells an account where the runner is reached.
func publicNeed(bp *compile.Blueprint, publicURL string) []string {
	var out []string
	for _, needs := range needsOf(bp, publicURL) {
		for _, n := range needs {
			out = append(out, "runbook."+n.Runbook)
		}
	}
	for _, r := range bp.Resources {
		if mentions(r.Args, publicURL+"/inbound/") {
			out = append(out, r.Kind+"."+r.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mentions says whether a text is in a value.
func mentions(v cty.Value, text string) bool {
	found := false
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) { // the function gives no error
		if v.IsKnown() && !v.IsNull() && v.Type() == cty.String && strings.Contains(v.AsString(), text) {
			found = true
		}
		return !found, nil
	})
	return found
}

// loopback says whether an address is one of this machine only.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// runnerTime is how long a runner may take to say that it is there.
const runnerTime = 5 * time.Second

// runnerAt says why no runner seems to be reached at a public URL; "" where one is.
func runnerAt(ctx context.Context, publicURL string) string {
	ctx, cancel := context.WithTimeout(ctx, runnerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, publicURL+"/readyz", nil)
	if err != nil {
		return plain(err.Error())
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	var failed *url.Error
	switch {
	case errors.As(err, &failed) && failed.Timeout():
		return "no answer within " + lang.FormatDuration(runnerTime)
	case errors.As(err, &failed):
		return plain(failed.Err.Error())
	case err != nil:
		return plain(err.Error())
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10)) // only the status counts
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprintf("GET %s/readyz is answered with status %d", publicURL, resp.StatusCode)
	}
	return ""
}
