package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

func newSimAutomation(t *terminal) *cobra.Command {
	var in struct {
		simApp
		Payload  json.RawMessage `json:"payload,omitempty"`
		Rule     string          `json:"rule,omitempty"`
		URL      string          `json:"url,omitempty"`
		Count    int             `json:"count,omitempty"`
		Parallel int             `json:"parallel,omitempty"`
		NumberAs string          `json:"number_as,omitempty"`
	}
	var payload string
	cmd := &cobra.Command{
		Use:   "automation APP [CUSTOMER]",
		Short: "Let an automation rule of an app call its webhook at a simulated account",
		Long: `Lets a rule of an app run in a customer's account: it calls the app's webhook, signed by the customer's policy. Without
CUSTOMER it runs for every customer who has the app, and --count spreads so many deliveries over them: those of one
customer come in order, different customers at the same time.

Exit code 1: the simulated account does not answer, the app is not installed, or its rules are stopped. 2: wrong usage.`,
		Example: `  currant sim automation acme_widget globex --payload '{"request_id": 7001, "text": "a note"}'
  currant sim automation acme_widget --count 20000 --parallel 16`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.App = args[0]
			if len(args) > 1 {
				in.Customer = args[1]
			}
			if payload != "" {
				var object map[string]any
				if err := json.Unmarshal([]byte(payload), &object); err != nil {
					return usagef("--payload is a JSON object: %w", err)
				}
				in.Payload = json.RawMessage(payload)
			}
			out, err := in.order(cmd.Context(), "automation", &in)
			if err != nil {
				return err
			}
			if out.Stopped > 0 {
				t.out.printf("The rules of %s are stopped.\n", count(out.Stopped, "installation"))
			}
			for _, failure := range out.Failures {
				t.out.printf("%s\n", plain(failure))
			}
			out.show(t.out)
			return nil
		},
	}
	in.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&payload, "payload", "", "payload of the webhook: a JSON object")
	f.StringVar(&in.Rule, "rule", "", "name of the rule (default: the first that calls a webhook)")
	f.StringVar(&in.URL, "url", "", "address in place of the webhook's, in which {account} is the customer")
	f.IntVar(&in.Count, "count", 0, "how many deliveries (default: one for each customer)")
	f.IntVar(&in.Parallel, "parallel", 0, "customers at a time, up to 64 (default 8)")
	f.StringVar(&in.NumberAs, "number-as", "", "field of the payload that counts the deliveries of a customer")
	return cmd
}
