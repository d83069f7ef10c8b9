package sim

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// savedKey is a key of an account for OpenID discovery in a snapshot.
type savedKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	Private   []byte `json:"private"` // PKCS #8
}

func (k *keys) save() (map[string][]savedKey, error) {
	k.mu.Lock()
	all := maps.Clone(k.byAccount)
	k.mu.Unlock()
	out := map[string][]savedKey{}
	for account, list := range all {
		for _, key := range list {
			private, err := x509.MarshalPKCS8PrivateKey(key.private)
			if err != nil {
				return nil, err
			}
			out[account] = append(out[account], savedKey{key.kid, key.alg, private})
		}
	}
	return out, nil
}

func (k *keys) restore(saved map[string][]savedKey) error {
	for account, list := range saved {
		for _, from := range list {
			private, err := x509.ParsePKCS8PrivateKey(from.Private)
			if err != nil {
				return fmt.Errorf("a key of the account %s: %w", account, err)
			}
			switch private.(type) {
			case *rsa.PrivateKey, *ecdsa.PrivateKey:
			default:
				return fmt.Errorf("a key of the account %s is of another kind", account)
			}
			k.byAccount[account] = append(k.byAccount[account], &signingKey{kid: from.ID, alg: from.Algorithm, private: private})
		}
	}
	return nil
}

// savedInstallation is an installation in a snapshot. Its rules are found by their records.
type savedInstallation struct {
	Provider     string             `json:"provider"`
	Customer     string             `json:"customer"`
	App          string             `json:"app"`
	ID           string             `json:"id"`
	Person       string             `json:"person"`
	Webhook      string             `json:"webhook,omitempty"`
	Policy       string             `json:"policy,omitempty"`
	To           destined           `json:"to"`
	ToPolicy     string             `json:"to_policy,omitempty"`
	Stopped      bool               `json:"stopped,omitempty"`
	Code         string             `json:"code,omitempty"`
	Issuer       string             `json:"issuer,omitempty"`
	Applications []savedApplication `json:"applications"`
}

type savedApplication struct {
	NodeID string   `json:"node_id"`
	Client string   `json:"client"`
	Secret string   `json:"secret"`
	Grant  string   `json:"grant"`
	Scopes []string `json:"scopes"` // null is everything
}

func (a *apps) save() []savedInstallation {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []savedInstallation{}
	for k, in := range a.installed {
		if in == nil {
			continue
		}
		saved := savedInstallation{Provider: k.provider, Customer: k.customer, App: k.app, ID: in.id, Person: in.person, Webhook: in.webhook,
			Policy: in.policy, To: in.to, ToPolicy: in.to.policy, Stopped: in.stopped.Load(), Code: in.code, Issuer: in.issuer}
		for _, grant := range slices.Sorted(maps.Keys(in.applications)) {
			app := in.applications[grant]
			saved.Applications = append(saved.Applications, savedApplication{app.nodeID, app.clientID, app.secret, app.grant, slices.Clone(app.scopes)})
		}
		out = append(out, saved)
	}
	slices.SortFunc(out, func(x, y savedInstallation) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.App, y.App))
	})
	return out
}

// restoreInstallation takes an installation on; one whose record is gone is left out.
func (s *Sim) restoreInstallation(from savedInstallation) error {
	provider, known := s.existing(from.Provider)
	customer, both := s.existing(from.Customer)
	if !known || !both {
		return fmt.Errorf("an installation is of the unknown accounts %q and %q", from.Provider, from.Customer)
	}
	if _, found := provider.Get("AppInstance", from.ID); !found {
		return nil
	}
	in := &installation{provider: provider, customer: customer, app: from.App, id: from.ID, person: from.Person, webhook: from.Webhook,
		policy: from.Policy, to: from.To, code: from.Code, issuer: from.Issuer, applications: map[string]*application{}}
	in.to.policy = from.ToPolicy
	in.stopped.Store(from.Stopped)
	for _, app := range from.Applications {
		if !strings.HasPrefix(app.Client, clientPrefix) || app.Secret == "" {
			return fmt.Errorf("an installation for %s has credentials that it cannot have", from.Customer)
		}
		in.applications[app.Grant] = &application{nodeID: app.NodeID, clientID: app.Client, secret: app.Secret, grant: app.Grant, scopes: app.Scopes, of: in}
	}
	for _, rule := range customer.All("AutomationRule") {
		if text(rule, fieldInstance) == in.id {
			in.rules = append(in.rules, text(rule, "id"))
		}
	}
	if !s.apps.reserve(in.key()) {
		return fmt.Errorf("the app %s is installed for %s twice", from.App, from.Customer)
	}
	s.apps.add(in)
	return nil
}
