package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"currant/engine/lang"
)

// simRequest is one request on record, as far as the table shows it.
type simRequest struct {
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Account string    `json:"account"`
	Body    string    `json:"body"`
	Status  int       `json:"status"`
	Fault   string    `json:"fault"`
	Took    float64   `json:"took_ms"`
}

func newSimRequests(t *terminal) *cobra.Command {
	var address, path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "List the requests that a simulated account was asked",
		Long: `Lists the last requests that a simulated account was asked, oldest first. --json prints them whole, with headers and
bodies, as a list; secrets are replaced by fingerprints.

Exit code 1: the simulated account does not answer.`,
		Example: `  currant sim requests
  currant sim requests --path /graphql --json | jq -r '.[].body'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct {
				Requests []json.RawMessage `json:"requests"`
				Dropped  int64             `json:"dropped"`
			}
			from := strings.TrimSuffix(address, "/") + "/sim/requests?" + url.Values{"path": {path}}.Encode()
			if err := controlSim(cmd.Context(), http.MethodGet, from, nil, &answer); err != nil {
				return err
			}
			if asJSON {
				return t.out.json(answer.Requests)
			}
			return showRequests(t.out, answer.Requests, answer.Dropped)
		},
	}
	simURLFlag(cmd.Flags(), &address)
	cmd.Flags().StringVar(&path, "path", "", "only requests whose path begins with this")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them whole, as a JSON list")
	return cmd
}

func showRequests(out stream, requests []json.RawMessage, dropped int64) error {
	if dropped > 0 {
		out.printf("%s older ones are forgotten.\n", itoa(int(dropped)))
	}
	if len(requests) == 0 {
		out.printf("No requests.\n")
		return nil
	}
	rows := [][]string{{"NUMBER", "AT", "STATUS", "REQUEST", "TOOK", "WHAT"}}
	for _, raw := range requests {
		var r simRequest
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("the answer of the simulated account: %w", err)
		}
		status := itoa(r.Status)
		if r.Status == 0 {
			status = "none"
		}
		if r.Fault != "" {
			status += " (fault)"
		}
		rows = append(rows, []string{itoa(int(r.Number)), clock(r.At), status, plain(r.Method + " " + r.Path), fmt.Sprintf("%.1fms", r.Took), r.what()})
	}
	table(out, rows)
	return nil
}

// what is the beginning of a GraphQL text.
func (r simRequest) what() string {
	var body struct{ Query string }
	if json.Unmarshal([]byte(r.Body), &body) != nil {
		return ""
	}
	return runewidth.Truncate(plain(strings.Join(strings.Fields(body.Query), " ")), 60, "…")
}

// simFault is a rule of how requests go wrong (POST /sim/faults).
type simFault struct {
	Kind       string `json:"kind"`
	Path       string `json:"path,omitempty"`
	Operation  string `json:"operation,omitempty"`
	Times      int    `json:"times"`
	RetryAfter string `json:"retry_after,omitempty"`
	Delay      string `json:"delay,omitempty"`
	Skip       int    `json:"skip,omitempty"`
	Field      string `json:"field,omitempty"`
	Message    string `json:"message,omitempty"`
}

func newSimFault(t *terminal) *cobra.Command {
	var address string
	var f simFault
	cmd := &cobra.Command{
		Use:   "fault KIND",
		Short: "Let requests to a simulated account go wrong",
		Long: `Lets the next requests to a simulated account go wrong. KIND is a status from 400 to 599, or
  reset      the connection is reset instead of an answer
  close      the connection is closed without an answer
  slow       the answer comes late
  drip       the answer comes in ten pieces, each late
  truncate   the answer ends early
  json       the answer is no JSON
  empty      the answer has no body
  refuse     the mutation named by --operation changes nothing and is answered with an error about --field
  none       nothing goes wrong any more: all faults are taken back

Exit code 1: the simulated account does not answer, or knows no such fault.`,
		Example: `  currant sim fault 503
  currant sim fault 429 --times 3 --retry-after 2
  currant sim fault slow --operation requestUpdate --delay 5s
  currant sim fault refuse --operation appOfferingAutomationRuleCreate --skip 2 --field trigger --message "Trigger is not a trigger"
  currant sim fault none`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := strings.TrimSuffix(address, "/") + "/sim/faults"
			if args[0] == "none" {
				if err := controlSim(cmd.Context(), http.MethodDelete, at, nil, nil); err != nil {
					return err
				}
				t.out.printf("Nothing goes wrong any more.\n")
				return nil
			}
			if f.Times == 0 {
				return usagef("--times 0: it is at least 1, or below 0 for ever")
			}
			if f.Skip < 0 {
				return usagef("--skip %d: it is at least 0", f.Skip)
			}
			if f.Delay != "" {
				if _, err := lang.ParseDuration(f.Delay); err != nil {
					return usagef("--delay: %w", err)
				}
			}
			f.Kind = args[0]
			if err := controlSim(cmd.Context(), http.MethodPost, at, f, nil); err != nil {
				return err
			}
			often := "The next " + count(f.Times, "matching request")
			if f.Times == 1 {
				often = "The next matching request"
			}
			if f.Times < 0 {
				often = "Every matching request"
			}
			if f.Skip > 0 {
				often += ", after " + count(f.Skip, "good one")
			}
			t.out.printf("%s: %s.\n", often, f.Kind)
			return nil
		},
	}
	simURLFlag(cmd.Flags(), &address)
	cmd.Flags().StringVar(&f.Operation, "operation", "", "only GraphQL requests with this text in them, such as requestUpdate")
	cmd.Flags().IntVar(&f.Skip, "skip", 0, "how many matching requests go well first")
	cmd.Flags().StringVar(&f.Field, "field", "", "of refuse: what the error is about, such as name (default base)")
	cmd.Flags().StringVar(&f.Message, "message", "", "of refuse: the error (default \"The change was refused\")")
	cmd.Flags().StringVar(&f.Path, "path", "", "only requests whose path begins with this, such as /storage/")
	cmd.Flags().IntVar(&f.Times, "times", 1, "how many requests; below 0 for ever")
	cmd.Flags().StringVar(&f.RetryAfter, "retry-after", "", "the answer's Retry-After: seconds, a date, or date+30s")
	cmd.Flags().StringVar(&f.Delay, "delay", "", "how late slow and drip are (default 1s)")
	return cmd
}
