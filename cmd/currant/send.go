package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"currant/engine/compile"
)

type sendOptions struct {
	sourceOptions
	runbook, dir string
	file, event  string
	url, listen  string
	key          string
	path         string
	customer     string
	headers      []string
	json         bool
}

func newSend(t *terminal) *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send [RUNBOOK] [DIR]",
		Short: "Send a sample event to a runner",
		Long: `Sends an event to a runbook of the blueprint in DIR (default: the current directory), at the runner that serves it
on this machine. RUNBOOK may be left out where there is only one.

A webhook's event comes from the simulated account of a runner that was started with --sim, or of the one at --sim=URL:
signed, about a record that is there. Where there is none it is made here and signed with the private key in --key,
which must fit the trigger's policy, or sent unsigned where the trigger lets that in. --file has the event's payload.

Events of an app come from the simulated account too: a customer, --customer, installs the app of a secrets_changed or
installation_changed trigger, and types what the blueprint's config steps ask for; one of its rules calls the app's
automation_webhook, about a record that is there; or the customer comes to the page of a configuration trigger. Where
the app is installed already, secrets are renewed, and --event says what else happens to the installation.

A json_endpoint gets the body in --file, or a sample that fits its body_schema, with what its auth blocks ask for. The
secret of an hmac that is a customer's own is known to the runner only: give it in the file --key.

Exit code 0: the runner has accepted the event. 1: it is not reached, or refuses. 2: the blueprint is invalid, or no
event can be sent to this trigger.`,
		Example: `  currant dev --sim
  currant send triage
  currant send triage --event request.update --file payload.json
  currant send orders ./shop --url http://127.0.0.1:8080 --header 'X-Source: shop'
  currant send triage --key policy.pem
  currant send onboarding --event app_instance.update --customer globex
  currant send answer --path /globex --key chat-key.txt`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.runbook, o.dir = runTarget(args)
			return runSend(cmd.Context(), t, &o)
		},
	}
	f := cmd.Flags()
	o.flags(f)
	dataDirFlag(f, &o.dataDir)
	f.StringVar(&o.file, "file", "", "file of the payload (webhook) or the body (json_endpoint); - is standard input")
	f.StringVar(&o.event, "event", "", "event of a webhook or an installation (default: the first that the trigger takes, or request.create)")
	f.StringVar(&o.url, "url", "", "address of the runner (default: the one of --listen)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:7780", "address that the runner listens at: its setting of this name")
	f.StringVar(&o.simFlag, "sim", "", "let a simulated account send a webhook's event: the runner's own, or with --sim=URL another one")
	f.Lookup("sim").NoOptDefVal = ownSim
	f.StringVar(&o.key, "key", "", "file of the private key (PEM) that a webhook's event is signed with, or of the secret of a json_endpoint's hmac")
	f.StringVar(&o.path, "path", "", "rest of a json_endpoint's address: what its url_postfix is to be, and its query")
	f.StringVar(&o.customer, "customer", "", "account that has the app of an app's trigger (default: acme, or another where it has the app)")
	f.StringArrayVar(&o.headers, "header", nil, "header of a json_endpoint's request, as 'NAME: VALUE'; repeatable")
	f.BoolVar(&o.json, "json", false, "print the answer as JSON")
	return cmd
}

// sending is one event on its way to a runbook's endpoint.
type sending struct {
	*sendOptions
	rb      *compile.Runbook
	content []byte // that --file has, nil without it
	url     string // of the endpoint
	what    string // was sent, for people
}

// sentView is what came of it, in JSON.
type sentView struct {
	URL      string `json:"url"`
	Status   int    `json:"status"`
	JobUUID  string `json:"job_uuid,omitempty"`
	Delivery string `json:"delivery,omitempty"`
	Body     string `json:"body"`
}

func runSend(ctx context.Context, t *terminal, o *sendOptions) error {
	if err := o.findAccount(ctx); err != nil {
		return err
	}
	l, err := load(t, o.dir, &o.sourceOptions, true)
	if err != nil {
		return err
	}
	if err := l.err(); err != nil {
		return err
	}
	rb, err := l.choose(o.runbook)
	if err != nil {
		return err
	}
	s := &sending{sendOptions: o, rb: rb}
	if s.url, err = o.endpoint(rb); err != nil {
		return err
	}
	if s.content, err = o.read(t); err != nil {
		return err
	}
	answer, err := s.send(ctx)
	if err != nil {
		return err
	}
	return s.show(t, answer)
}

// findAccount is the simulated account that sends events, where there is one: the one that --sim names, or that
// the runner in the data directory works on.
func (o *sendOptions) findAccount(ctx context.Context) error {
	address := o.simFlag
	if address == "" || address == ownSim {
		address = simulatedAt(ctx, o.simulatedDir())
		if address == "" && o.simFlag == ownSim {
			return fmt.Errorf("no runner with a simulated account is going in %s; start one with \"currant dev --sim\", or name its address with --sim=URL", o.simulatedDir())
		}
	}
	if address == "" {
		return nil
	}
	account, err := openSimulated(ctx, address)
	if err != nil {
		return err
	}
	o.account, o.dataDir = account, o.simulatedDir()
	return nil
}

// endpoint is where a runbook's events go.
func (o *sendOptions) endpoint(rb *compile.Runbook) (string, error) {
	switch k := rb.Trigger.Kind; {
	case k.Name == "webhook" || k.Name == "json_endpoint" || isAppTrigger(rb.Trigger):
	case k.Schedule != nil:
		return "", usagef("runbook %q starts by its schedule, which nobody sends events to; start it once, now, with \"currant run %s\"", rb.Name, rb.Name)
	case !k.Endpoint:
		return "", usagef("the trigger of runbook %q is of kind %q, which nobody sends events to; start it with \"currant run %s\"", rb.Name, k.Name, rb.Name)
	default:
		return "", usagef("events of a trigger of kind %q cannot be made yet; try the runbook with \"currant run %s --input FILE\"", k.Name, rb.Name)
	}
	if !rb.Enabled {
		return "", invalidf("runbook %q (%s:%d) is not enabled: no event reaches it", rb.Name, rb.Range.Filename, rb.Range.Start.Line)
	}
	base := strings.TrimSuffix(o.url, "/")
	if base == "" {
		base = "http://" + reachable(o.listen)
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", usagef("%q is no address of a runner: write one such as --url http://127.0.0.1:7780", base)
	}
	if o.path != "" && (rb.Trigger.Kind.Name != "json_endpoint" || !strings.HasPrefix(o.path, "/") && !strings.HasPrefix(o.path, "?")) {
		return "", usagef("--path %q: it is the rest of a json_endpoint's address, and begins with / or ?", o.path)
	}
	return base + "/inbound/" + rb.Blueprint.Name + "/" + rb.Name + o.path, nil
}

func (o *sendOptions) read(t *terminal) (b []byte, err error) {
	switch o.file {
	case "":
		return nil, nil
	case "-":
		b, err = io.ReadAll(t.in)
	default:
		b, err = os.ReadFile(o.file)
	}
	if err != nil {
		return nil, invalidf("--file: %w", err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, invalidf("--file %s: there is nothing in it", o.file)
	}
	return b, nil
}

func (s *sending) send(ctx context.Context) (delivered, error) {
	kind := s.rb.Trigger.Kind.Name
	if kind != "json_endpoint" && len(s.headers) > 0 {
		return delivered{}, usagef("--header is for the request of a json_endpoint; a webhook has the headers of the platform")
	}
	if !isAppTrigger(s.rb.Trigger) && s.customer != "" {
		return delivered{}, usagef("--customer is for events of an app; the trigger of runbook %q is of kind %q", s.rb.Name, kind)
	}
	switch {
	case kind == "webhook":
		return s.webhook(ctx)
	case isAppTrigger(s.rb.Trigger):
		return s.fromApp(ctx)
	case s.event != "":
		return delivered{}, usagef("--event is for a webhook; the trigger of runbook %q is a json_endpoint", s.rb.Name)
	}
	return s.jsonEndpoint(ctx)
}

// sendTimeout bounds the waiting for the runner's answer.
const sendTimeout = 2 * time.Minute

// maxSentAnswer bounds the answer that is read, in bytes.
const maxSentAnswer = 1 << 20

// post makes the request.
func (s *sending) post(ctx context.Context, method string, header http.Header, body []byte) (d delivered, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.url, bytes.NewReader(body))
	if err != nil {
		return d, err
	}
	req.Header = header
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return d, unreached(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxSentAnswer))
	if err != nil {
		return d, fmt.Errorf("the answer of the runner: %w", err)
	}
	return delivered{Status: resp.StatusCode, Body: string(text), Job: resp.Header.Get("X-Job-Uuid"), Delivery: header.Get(deliveryHeader)}, nil
}

// unreached is the error of a runner that does not answer.
func unreached(err error) error {
	return fmt.Errorf("the runner is not reached: %w; start it with \"currant dev\", or name its address with --url", err)
}

// show says what the runner has answered.
func (s *sending) show(t *terminal, d delivered) error {
	accepted := d.Status >= 200 && d.Status <= 299 || d.Job != ""
	if s.json {
		if err := t.out.json(sentView{URL: s.url, Status: d.Status, JobUUID: d.Job, Delivery: d.Delivery, Body: d.Body}); err != nil {
			return err
		}
		if !accepted {
			return &silentError{exitFailed}
		}
		return nil
	}
	if !accepted {
		hint := ""
		switch d.Status {
		case http.StatusUnauthorized:
			hint = ". The runner's log says why"
		case http.StatusNotFound:
			hint = fmt.Sprintf(". Is the blueprint served there, under the name %q? \"currant dev %s\" serves it", s.rb.Blueprint.Name, s.dir)
		}
		return fmt.Errorf("the runner refuses %s with status %d: %s%s", s.what, d.Status, plain(strings.TrimSpace(d.Body)), hint)
	}
	t.out.printf("Sent %s to %s\n", s.what, s.url)
	if d.Job == "" {
		t.out.printf("%s %d: %s\n", t.out.style(styleGood, "Status"), d.Status, plain(strings.TrimSpace(d.Body)))
		return nil
	}
	t.out.printf("%s %d: run %s\n", t.out.style(styleGood, "Status"), d.Status, plain(d.Job))
	return nil
}

// errUnsigned is the error of an event that would have to be signed.
var errUnsigned = errors.New(`the trigger takes signed events only. Let a simulated account sign: start the runner with "currant dev --sim", or ` +
	`name the account with --sim=URL; or sign with the private key that fits the trigger's policy, --key FILE`)
