package sim

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"currant/steps/xurrent/sim/graph"
)

// installation is one installation of an app (PLATFORM 7.1): a record in the provider account, and what belongs to it in the customer
// account. The fields above mu do not change.
type installation struct {
	provider, customer *graph.Account
	app                string   // reference of the offering
	id                 string   // node id of the app instance, in the provider account
	person             string   // node id of who installed it, in the customer account
	webhook, policy    string   // node ids in the customer account, "" where the app has no webhook
	to                 destined // of deliveries that no webhook record asks for

	stopped atomic.Bool // one of the switches of PLATFORM 7.2 step 8 is against it

	mu           sync.Mutex // held while it is changed
	rules        []string   // node ids in the customer account
	applications map[string]*application

	// apps.mu guards these.
	code   string // that the confirmation of a configuration needs
	issuer string // base address in the issuer of the policy that the provider was told; "" where it was told of none

	settling sync.Mutex
}

// offering is the node id of the version of the offering that is installed, in the provider account.
func (in *installation) offering() string {
	record, _ := in.provider.Get("AppInstance", in.id)
	return related(record, "appOffering")
}

// destined says where deliveries go in place of the webhooks of the provider account, and the policy that signs them.
type destined struct {
	Secrets      string `json:"secrets"`
	Installation string `json:"installation"`
	Automation   string `json:"automation"` // a template with {account}, where the offering has none
	policy       string
}

// url is where an event of the provider account goes, "" to the webhooks.
func (d destined) url(event string) string {
	if event == eventSecrets {
		return d.Secrets
	}
	return d.Installation
}

// installationKey names an installation.
type installationKey struct{ provider, customer, app string }

func (in *installation) key() installationKey {
	return installationKey{in.provider.ID(), in.customer.ID(), in.app}
}

// apps are the installations and their OAuth applications.
type apps struct {
	planning sync.Mutex // so that one offering is made on the fly, not two

	mu        sync.Mutex
	installed map[installationKey]*installation // nil while it is being made
	instances map[string]*installation          // by node id
	clients   map[string]*application           // by client id
}

func newApps() *apps {
	return &apps{installed: map[installationKey]*installation{}, instances: map[string]*installation{}, clients: map[string]*application{}}
}

// reserve takes an installation's place; false is one that is taken.
func (a *apps) reserve(k installationKey) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, taken := a.installed[k]; taken {
		return false
	}
	a.installed[k] = nil
	return true
}

// release gives a place back that reserve has taken.
func (a *apps) release(k installationKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.installed, k)
}

// add puts an installation in the place that is reserved for it.
func (a *apps) add(in *installation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.installed[in.key()], a.instances[in.id] = in, in
	for _, app := range in.applications {
		a.clients[app.clientID] = app
	}
}

// replace gives an installation a new OAuth application: the old one's secret and tokens are worthless from then on.
func (a *apps) replace(in *installation, with *application) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := in.applications[with.grant]; old != nil {
		delete(a.clients, old.clientID)
	}
	in.applications[with.grant], a.clients[with.clientID] = with, with
}

// toldIssuer notes the base address of the issuer that the provider is told of.
func (a *apps) toldIssuer(in *installation, base string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	in.issuer = base
}

// outdatedIssuer says, once, that the provider was told of an issuer with another base address.
func (a *apps) outdatedIssuer(in *installation, base string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if in.issuer == "" || in.issuer == base {
		return false
	}
	in.issuer = base
	return true
}

// drop forgets an installation; false is one that is gone already.
func (a *apps) drop(in *installation) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.installed[in.key()] != in {
		return false
	}
	delete(a.installed, in.key())
	delete(a.instances, in.id)
	for _, app := range in.applications {
		delete(a.clients, app.clientID)
	}
	return true
}

// instance finds an installation by the node id of its record; nil where it is none of ours.
func (a *apps) instance(id string) *installation {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.instances[id]
}

// find gives the installations that match, by customer, app and provider; "" matches all.
func (a *apps) find(provider, customer, app string) []*installation {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*installation
	for k, in := range a.installed {
		if in != nil && (provider == "" || k.provider == provider) && (customer == "" || k.customer == customer) && (app == "" || k.app == app) {
			all = append(all, in)
		}
	}
	slices.SortFunc(all, func(x, y *installation) int {
		return cmp.Or(cmp.Compare(x.customer.ID(), y.customer.ID()), cmp.Compare(x.app, y.app), cmp.Compare(x.provider.ID(), y.provider.ID()))
	})
	return all
}

// switchedOff says which switch stops an installation, "" for none (PLATFORM 7.2 step 8).
func switchedOff(record map[string]any) string {
	var off []string
	if on, _ := record["enabledByCustomer"].(bool); !on {
		off = append(off, "not enabled by the customer")
	}
	if disabled, _ := record["disabled"].(bool); disabled {
		off = append(off, "disabled by the provider")
	}
	if suspended, _ := record["suspended"].(bool); suspended {
		off = append(off, "suspended")
	}
	return strings.Join(off, ", ")
}

// settleSwitches brings rules, webhook and tokens in the customer account to the state of the installation's switches.
func (s *Sim) settleSwitches(in *installation) {
	in.settling.Lock()
	defer in.settling.Unlock()
	record, found := in.provider.Get("AppInstance", in.id)
	if !found {
		return
	}
	off := switchedOff(record) != ""
	if in.stopped.Swap(off) == off {
		return
	}
	if in.webhook != "" {
		in.customer.Arrange("Webhook", map[string]any{"id": in.webhook, "disabled": off})
		s.hooks.switchTo(in.customer.ID(), in.webhook, off)
	}
	for _, rule := range in.customer.All("AutomationRule") {
		if text(rule, fieldInstance) == in.id {
			in.customer.Arrange("AutomationRule", map[string]any{"id": rule["id"], "disabled": off})
		}
	}
}

// fieldInstance marks an automation rule as that of an installation; GraphQL does not show it.
const fieldInstance = "appInstanceNodeID"
