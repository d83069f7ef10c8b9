package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/engine/lang"
)

// simApp names an installation of an app at a simulated account.
type simApp struct {
	address  string
	Provider string `json:"provider,omitempty"`
	App      string `json:"app"`
	Customer string `json:"customer,omitempty"`
}

// flags are those of every command about an installation.
func (a *simApp) flags(cmd *cobra.Command) {
	simURLFlag(cmd.Flags(), &a.address)
	cmd.Flags().StringVar(&a.Provider, "provider", "", "account that publishes the app (default: the one that has the offering)")
}

func (a *simApp) args(args []string) { a.App, a.Customer = args[0], args[1] }

// simSent is what a simulated account tells of the deliveries that a command has caused.
type simSent struct {
	Installation struct {
		Provider string            `json:"provider"`
		Instance string            `json:"app_instance"`
		URL      string            `json:"webhook_url"`
		Clients  map[string]string `json:"clients"`
		Stopped  string            `json:"stopped"`
	} `json:"installation"`
	Count      int            `json:"count"`
	Installed  int            `json:"installed"`
	Stopped    int            `json:"stopped"`
	Statuses   map[string]int `json:"statuses"`
	Failures   []string       `json:"failures"`
	Deliveries []struct {
		Event    string   `json:"event"`
		Customer string   `json:"customer"`
		URL      string   `json:"url"`
		Status   int      `json:"status"`
		Body     string   `json:"body"`
		Error    string   `json:"error"`
		Parts    []string `json:"parts"`
		State    string   `json:"state"`
	} `json:"deliveries"`
	PerSecond float64 `json:"per_second"`
	Median    float64 `json:"p50_ms"`
	Slow      float64 `json:"p99_ms"`
}

// order sends an order to an endpoint of the simulated account.
func (a *simApp) order(ctx context.Context, endpoint string, in any) (out simSent, err error) {
	return out, controlSim(ctx, http.MethodPost, strings.TrimSuffix(a.address, "/")+"/sim/"+endpoint, in, &out)
}

// show tells what was sent, and how it was answered.
func (s *simSent) show(out stream) {
	if s.Count == 0 {
		out.printf("Nothing was sent: the provider has no active webhook for it.\n")
		return
	}
	if s.Count > len(s.Deliveries) || s.PerSecond > 0 && s.Count > 1 {
		out.printf("%s, %.0f a second; half are answered within %.1fms, 99 of 100 within %.1fms.\n", count(s.Count, "webhook call"), s.PerSecond, s.Median, s.Slow)
		for _, status := range slices.Sorted(maps.Keys(s.Statuses)) {
			out.printf("  %s: %s\n", plain(status), itoa(s.Statuses[status]))
		}
		return
	}
	for _, d := range s.Deliveries {
		what := d.Event
		if len(d.Parts) > 0 {
			what += " (" + strings.Join(d.Parts, ", ") + ")"
		}
		answered := itoa(d.Status) + " " + strings.TrimSpace(d.Body)
		switch {
		case d.Status == 0 && d.Error == "":
			answered = "to be sent later"
		case d.Status == 0:
			answered = d.Error
		}
		out.printf("%s to %s: %s\n", plain(what), plain(d.URL), plain(answered))
	}
}

func newSimInstall(t *terminal) *cobra.Command {
	var in struct {
		simApp
		Secrets   map[string]string `json:"secrets,omitempty"`
		Fields    map[string]any    `json:"custom_fields,omitempty"`
		Disabled  bool              `json:"disabled,omitempty"`
		Late      string            `json:"secrets_delay,omitempty"`
		Count     int               `json:"count,omitempty"`
		Policy    string            `json:"policy,omitempty"`
		DeliverTo struct {
			Secrets      string `json:"secrets,omitempty"`
			Installation string `json:"installation,omitempty"`
			Automation   string `json:"automation,omitempty"`
		} `json:"deliver_to"`
	}
	var secrets, fields []string
	cmd := &cobra.Command{
		Use:   "install APP CUSTOMER",
		Short: "Install an app for a customer of a simulated account",
		Long: `Installs an app for a customer. APP is the reference of its offering, CUSTOMER the id of the customer's account. The
offering is made on the fly where the provider has none. In the customer's account the app gets OAuth credentials, a
webhook with a policy, and its automation rules; the provider's webhooks are told of the installation, and of its
secrets. Without such webhooks, name the addresses.

Exit code 1: the simulated account does not answer, or refuses. 2: wrong usage.`,
		Example: `  currant sim install acme_widget globex --provider acme --secret api_token=s3cret --field sync=true
  currant sim install acme_widget globex --late 5s
  currant sim install acme_widget customer --count 1000`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.args(args)
			if in.Late != "" {
				d, err := lang.ParseDuration(in.Late)
				if err != nil {
					return usagef("--late: %w", err)
				}
				in.Late = d.String()
			}
			in.Secrets, in.Fields = map[string]string{}, map[string]any{}
			for _, pair := range secrets {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || name == "" {
					return usagef("--secret: write NAME=VALUE")
				}
				in.Secrets[name] = value
			}
			for _, pair := range fields {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || name == "" {
					return usagef("--field %q: write NAME=VALUE", pair)
				}
				in.Fields[name] = jsonOrText(value)
			}
			out, err := in.order(cmd.Context(), "install", &in)
			if err != nil {
				return err
			}
			if in.Count > 0 {
				t.out.printf("Installed for %s.\n", count(out.Installed, "customer"))
				for _, failure := range out.Failures {
					t.out.printf("  %s\n", plain(failure))
				}
			} else {
				t.out.printf("Installed for %s by %s: %s.\n", plain(in.Customer), plain(out.Installation.Provider), plain(out.Installation.Instance))
			}
			out.show(t.out)
			return nil
		},
	}
	in.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&secrets, "secret", nil, "secret that the customer types, as NAME=VALUE; repeatable")
	f.StringArrayVar(&fields, "field", nil, "custom field of the installation, as NAME=VALUE, where VALUE is JSON or else text; repeatable")
	f.StringVar(&in.Late, "late", "", "how much later than the installation the secrets are sent, such as 5s")
	f.BoolVar(&in.Disabled, "disabled", false, "disabled at first, as an app with a configuration page is")
	f.IntVar(&in.Count, "count", 0, "install for so many customers: CUSTOMER-1, CUSTOMER-2, …")
	f.StringVar(&in.DeliverTo.Secrets, "secrets-url", "", "send secrets to this address, in place of the provider's webhooks; needs --policy")
	f.StringVar(&in.DeliverTo.Installation, "installation-url", "", "send events of the installation to this address; needs --policy")
	f.StringVar(&in.DeliverTo.Automation, "automation-url", "", "address of the app's own webhook, where the offering has none")
	f.StringVar(&in.Policy, "policy", "", "webhook policy of the provider that signs: its id, as POST /sim/policies answers it")
	return cmd
}

// jsonOrText is a value that is written as JSON, or else as the text that it is.
func jsonOrText(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

func newSimSuspend(t *terminal) *cobra.Command {
	var in struct {
		simApp
		Comment string `json:"comment"`
		Lift    bool   `json:"lift,omitempty"`
	}
	cmd := &cobra.Command{
		Use:   "suspend APP CUSTOMER",
		Short: "Suspend an app of a customer of a simulated account",
		Long: `Suspends the installation of an app: its rules, its webhook and its tokens stop in the customer's account, and the
provider's webhooks are told. --lift ends that.

Exit code 1: the simulated account does not answer, or the app is not installed.`,
		Example: `  currant sim suspend acme_widget globex --comment "not paid"
  currant sim suspend acme_widget globex --lift`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.args(args)
			out, err := in.order(cmd.Context(), "suspend", &in)
			if err != nil {
				return err
			}
			state := "It runs."
			if out.Installation.Stopped != "" {
				state = "It is stopped: " + out.Installation.Stopped + "."
			}
			t.out.printf("%s\n", plain(state))
			out.show(t.out)
			return nil
		},
	}
	in.flags(cmd)
	cmd.Flags().StringVar(&in.Comment, "comment", "", "why")
	cmd.Flags().BoolVar(&in.Lift, "lift", false, "it is suspended no longer")
	return cmd
}

func newSimRemove(t *terminal) *cobra.Command {
	var in simApp
	cmd := &cobra.Command{
		Use:   "remove APP CUSTOMER",
		Short: "Remove an app of a customer of a simulated account",
		Long: `Removes an app as its customer does: credentials, webhook, policy and rules are gone from the customer's account, and
the provider's webhooks are told.

Exit code 1: the simulated account does not answer, or the app is not installed.`,
		Example: `  currant sim remove acme_widget globex`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.args(args)
			out, err := in.order(cmd.Context(), "remove", &in)
			if err != nil {
				return err
			}
			t.out.printf("Removed from %s.\n", plain(in.Customer))
			out.show(t.out)
			return nil
		},
	}
	in.flags(cmd)
	return cmd
}
