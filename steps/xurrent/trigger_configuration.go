package xurrent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// Configuration is the trigger kind as long as nothing verifies signatures.
var Configuration = NewConfiguration(TriggerDeps{})

// NewConfiguration is the trigger kind of a customer on the way to configure an app.
func NewConfiguration(d TriggerDeps) *ingress.Kind {
	return ingress.Define[configurationArgs](d.receiving(ingress.Kind{
		Name: "configuration",
		Doc: "A customer who has installed an app comes to its configuration page (GET), verified by the provider's policy. What is not signed is compared with the installation in the provider's account. " +
			"confirmation_url is the way back, which enables the installation.",
		Endpoint:   true,
		App:        true,
		Connection: connectionType,
		Examples: []lang.Example{{
			Title: "Nothing to configure: straight back",
			HCL: `trigger "configuration" {
  app_reference = "survey"
  respond {
    status  = 303
    headers = { Location = trigger.confirmation_url }
  }
}`,
		}},
		Methods: func(cty.Value) []string { return []string{http.MethodGet} },
		Check:   func(c *ingress.Check) hcl.Diagnostics { return append(checkReference(c), checkOnlyApp(c)...) },
		Output: func(*ingress.Check) cty.Type {
			return cty.Object(map[string]cty.Type{
				"customer_account_id": cty.String, "app_instance_nodeID": cty.String, "confirmation_url": cty.String,
			})
		},
	}, TriggerDeps.acceptConfiguration))
}

type configurationArgs struct {
	account
	AppReference string `hcl:"app_reference,optional" doc:"The app's reference; may be left out when the blueprint has exactly one app."`
	ingress.Responding
}

// checkOnlyApp reports a trigger that does not say which app it is for, in a blueprint that does not say it
// either.
func checkOnlyApp(c *ingress.Check) hcl.Diagnostics {
	apps := appsIn(c.Scope)
	if c.Body.Attr("app_reference") != nil || len(apps) == 1 {
		return nil
	}
	return hcl.Diagnostics{lang.Error(c.Body.Range, "Missing argument",
		"The argument \"app_reference\" is required here: the blueprint has %d apps, and only where it has exactly one can it be left out.", len(apps))}
}

func planConfiguration(t *ingress.Trigger) *appPlan {
	return planApp(t, func(p *appPlan, a configurationArgs) {
		if p.apps = []string{a.AppReference}; a.AppReference == "" {
			p.apps = appsIn(t.Scope)
		}
	})
}

// signatureParameter holds the token of the way to the configuration page (PLATFORM 7.2 step 6).
const signatureParameter = "X-4me-Signature"

// acceptConfiguration makes an event of a customer's visit. The token says which installation it is; that it is
// this customer's, of this app, the provider's account knows: the parameters beside the token anyone can change.
func (d TriggerDeps) acceptConfiguration(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
	p := planConfiguration(t)
	if len(p.apps) != 1 {
		return ingress.Event{}, fmt.Errorf("the trigger of %s/%s does not say which app it is for", t.Blueprint, t.Runbook)
	}
	customers, err := d.customers(t, r, p)
	if err != nil {
		return ingress.Event{}, err
	}
	v, err := visitIn(r.Query)
	if err != nil {
		return ingress.Event{}, err
	}
	kept, err := customers.ProviderPolicy(ctx)
	if err != nil {
		return ingress.Event{}, err
	}
	policy, err := usable(kept, "the provider "+customers.provider)
	if err != nil {
		return ingress.Event{}, err
	}
	// A page that is loaded once more is the same visit.
	digest := sha256.Sum256([]byte(v.token))
	w := delivery{TriggerDeps: d, t: t, event: ingress.Event{At: r.At, Delivery: "configuration:" + hex.EncodeToString(digest[:])}}
	if err := w.verify(ctx, v.token, policy); err != nil {
		return ingress.Event{}, err
	}
	var node string
	if json.Unmarshal(w.data, &node) != nil || node == "" || node != v.node {
		return ingress.Event{}, ingress.Unauthorized("the token is not of the installation that the address names")
	}
	args, err := connectionOf(t)
	if err != nil {
		return ingress.Event{}, err
	}
	if err := d.compare(ctx, args, v, p.apps[0]); err != nil {
		return ingress.Event{}, err
	}
	w.event.Context = p.context(v.customer, p.apps[0])
	w.event.Value = cty.ObjectVal(map[string]cty.Value{"customer_account_id": cty.StringVal(v.customer),
		"app_instance_nodeID": cty.StringVal(node), "confirmation_url": cty.StringVal(v.confirmation)})
	return w.event, nil
}

// visit is what the address of the configuration page says. Only token proves itself.
type visit struct{ token, node, customer, confirmation, created string }

func visitIn(query url.Values) (v visit, err error) {
	for name, to := range map[string]*string{signatureParameter: &v.token, "nodeID": &v.node, "account_id": &v.customer,
		"confirmation_url": &v.confirmation, "created_at": &v.created} {
		if len(query[name]) != 1 || query[name][0] == "" {
			return visit{}, ingress.Unauthorized("the address has no parameter %s, or has it twice", name)
		}
		*to = query[name][0]
	}
	if !isAppID(v.customer) {
		return visit{}, ingress.Unauthorized("the address names no customer")
	}
	return v, nil
}

// compare refuses a visit of which the provider's account, or the account that the way back leads to, says
// something else than its address does.
func (d TriggerDeps) compare(ctx context.Context, connection cty.Value, v visit, app string) error {
	provider, err := d.Issuer(connection)
	if err != nil {
		return err
	}
	customer, err := d.IssuerAt(connection, v.customer)
	if err != nil {
		return ingress.Unauthorized("the address names no customer: %s", err)
	}
	if !sameHost(v.confirmation, provider) && !sameHost(v.confirmation, customer) {
		return ingress.Unauthorized("confirmation_url leads neither to the account of the provider nor to that of the customer %s", cut(v.customer))
	}
	node, created, err := d.Installed(ctx, connection, v.customer, app)
	switch {
	case err != nil:
		return fmt.Errorf("asking for the installation of app %s for customer %s: %w", app, cut(v.customer), err)
	case node != v.node:
		return ingress.Unauthorized("the installation is not that of app %s for customer %s", app, cut(v.customer))
	case !sameTime(created, v.created):
		return ingress.Unauthorized("the installation of app %s for customer %s was not made when the address says", app, cut(v.customer))
	}
	return nil
}

// sameHost says whether an address is on the host of an account's address, by the same scheme.
func sameHost(address, account string) bool {
	u, err := outbound.CheckURL(address)
	of, other := url.Parse(account)
	return err == nil && other == nil && u.User == nil && u.Scheme == of.Scheme && u.Host == of.Host
}

// sameTime compares two times as texts (RFC 3339), to the second.
func sameTime(a, b string) bool {
	x, err := time.Parse(time.RFC3339, a)
	y, other := time.Parse(time.RFC3339, b)
	return err == nil && other == nil && x.Unix() == y.Unix()
}

// installed asks the account of a connection for a customer's installation of an app: its node id, "" for none,
// and when it was made.
func (d Deps) installed(ctx context.Context, connection cty.Value, customer, app string) (node, created string, err error) {
	opened, err := ConnectionKind(d).Open(ctx, connection)
	if err != nil {
		return "", "", err
	}
	account := opened.(*Account)
	defer account.Close()
	vars, err := json.Marshal(map[string]string{"appReference": app, "customerAccountId": customer})
	if err != nil {
		return "", "", err
	}
	answer, err := account.client.Do(ctx, api.Request{Text: fmt.Sprintf(instanceQuery, "id createdAt"), Variables: vars, Read: true})
	if err != nil {
		return "", "", err
	}
	var data struct {
		AppInstances struct {
			Nodes []struct{ ID, CreatedAt string }
		}
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil {
		return "", "", steps.Errorf(steps.DecodeError, "the installations cannot be read: another form of answer was expected")
	}
	if len(data.AppInstances.Nodes) == 0 {
		return "", "", nil
	}
	return data.AppInstances.Nodes[0].ID, data.AppInstances.Nodes[0].CreatedAt, nil
}
