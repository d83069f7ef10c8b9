package xurrent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// installationKey names one customer's installation of an app.
type installationKey struct {
	provider      string // as Deps.provider says it
	customer, app string // the customer's account id, and the app's reference
}

// key is where an entry of the installation is kept. Its parts are escaped: what a part holds can lead to no
// other installation.
func (k installationKey) key(entry ...string) string {
	return k.prefix() + joined(entry...)
}

func (k installationKey) prefix() string {
	return customersPrefix(k.provider, k.customer) + url.PathEscape(k.app) + "/"
}

// customersPrefix begins the keys of all that is kept of one customer's installations.
func customersPrefix(provider, customer string) string {
	return "xurrent/" + provider + "/customers/" + url.PathEscape(customer) + "/"
}

func joined(parts ...string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = url.PathEscape(p)
	}
	return strings.Join(out, "/")
}

// Entries of an installation.
const (
	entryPolicy  = "policy"
	entrySecrets = "secrets" // what the customer has typed, by name
	entryOwn     = "own"     // secrets of our own, by name
)

// tokenEntries are those of the OAuth applications by their grant.
var tokenEntries = map[string]string{"client_credentials": "token", "authorization_code": "authorization_token"}

// entry is a value as it is kept: with the node id of the app instance that has sent it, "" where that is not
// known, or the value is of our own.
type entry[T any] struct {
	Instance string `json:"instance,omitempty"`
	// Line is the number of the audit line that the delivery was about, 0 where that is not known: a larger one is
	// newer.
	Line  int64 `json:"line,omitempty"`
	Value T     `json:"value"`
}

// oauthApplication is the credentials of an app in a customer's account (PLATFORM 7.3).
type oauthApplication struct {
	NodeID       string `json:"nodeID"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// Customers is what is kept of the installations at one provider's account: secrets, so that nothing read
// from it may be shown. It is safe for concurrent use.
type Customers struct {
	kept     lang.Kept
	provider string
}

// customersOf are the customers of a provider (Deps.provider).
func customersOf(kept lang.Kept, provider string) Customers {
	return Customers{kept: kept, provider: provider}
}

// provider names the account behind a connection among those whose customers are kept: the host of its GraphQL
// endpoint, or "simulated", and its id. It holds no credentials: those may change.
func (d Deps) provider(args cty.Value) (string, error) {
	c := d.partial(args)
	at, err := c.Endpoints()
	if err != nil {
		return "", err
	}
	return providerName(d.modelled(at), c.AccountID), nil
}

// providerName names an account; where is that of its data model (Deps.modelled).
func providerName(where, account string) string {
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		where = strings.ToLower(u.Host)
	}
	return joined(where, account)
}

// issuerAt is the address of a customer's account in the environment of the provider's connection: the default
// issuer of its policies (PLATFORM 7.3).
func (d Deps) issuerAt(args cty.Value, customer string) (string, error) {
	c := d.partial(args)
	c.AccountID = customer
	at, err := c.Endpoints()
	return at.Issuer, err
}

func (c Customers) of(customer, app string) installationKey {
	return installationKey{c.provider, customer, app}
}

// Token is the credentials of an app's OAuth application with a grant: client_credentials or
// authorization_code. nil: none has come yet.
func (c Customers) Token(ctx context.Context, customer, app, grant string) (*oauthApplication, error) {
	return value[oauthApplication](ctx, c.kept, c.of(customer, app).key(tokenEntries[grant]))
}

// Policy is the policy that signs the webhook of an app in a customer's account. nil: none has come yet.
func (c Customers) Policy(ctx context.Context, customer, app string) (*webhookPolicy, error) {
	return value[webhookPolicy](ctx, c.kept, c.of(customer, app).key(entryPolicy))
}

// Secret is what the customer has typed into a secret field of an app's form; false: nothing, or nothing yet.
func (c Customers) Secret(ctx context.Context, customer, app, name string) (string, bool, error) {
	return c.secret(ctx, c.of(customer, app).key(entrySecrets, name))
}

// Own is a secret of our own with an installation; false: it was never set.
func (c Customers) Own(ctx context.Context, customer, app, name string) (string, bool, error) {
	return c.secret(ctx, c.of(customer, app).key(entryOwn, name))
}

// SetOwn keeps a secret of our own with an installation. It is on disk when SetOwn returns without error.
func (c Customers) SetOwn(ctx context.Context, customer, app, name, value string) error {
	return write(ctx, c.kept, c.of(customer, app).key(entryOwn, name), entry[string]{Value: value})
}

// CustomerSecret is the secret of our own that secret_set has kept under a name with a customer of the
// connection's account, for whichever app; false where there is none, or where there is one for several apps.
func (d Deps) CustomerSecret(ctx context.Context, kept lang.Kept, connection cty.Value, customer, name string) (string, bool, error) {
	provider, err := d.provider(connection)
	if err != nil {
		return "", false, err
	}
	prefix := customersPrefix(provider, customer)
	keys, err := kept.Keys(ctx, prefix)
	if err != nil {
		return "", false, err
	}
	keys = slices.DeleteFunc(keys, func(key string) bool {
		_, entry, _ := strings.Cut(key[len(prefix):], "/") // after the app, which may be called as an entry is
		return entry != joined(entryOwn, name)
	})
	if len(keys) != 1 {
		return "", false, nil
	}
	return Customers{kept: kept}.secret(ctx, keys[0])
}

// ProviderPolicy is the policy that signs the webhooks of the provider's own account. nil: none is kept.
func (c Customers) ProviderPolicy(ctx context.Context) (*webhookPolicy, error) {
	return value[webhookPolicy](ctx, c.kept, c.providerPolicy())
}

// SetProviderPolicy keeps the policy that signs the webhooks of the provider's own account, in place of any
// other. The error is of a policy that could verify nothing, or of the store.
func (c Customers) SetProviderPolicy(ctx context.Context, p webhookPolicy) error {
	if _, err := p.verifiable(); err != nil {
		return fmt.Errorf("the webhook policy of the provider's account %w", err)
	}
	return write(ctx, c.kept, c.providerPolicy(), entry[webhookPolicy]{Value: p})
}

func (c Customers) providerPolicy() string { return "xurrent/" + c.provider + "/policy" }

// Forget deletes all that is kept of an installation, secrets of our own too.
func (c Customers) Forget(ctx context.Context, customer, app string) error {
	at := c.of(customer, app)
	keys, err := c.kept.Keys(ctx, at.prefix())
	if err != nil {
		return err
	}
	for _, key := range append(keys, c.removalKey(customer, app)) {
		if err := drop(ctx, c.kept, key); err != nil {
			return err
		}
	}
	return nil
}

// secret is a text that is kept. An empty one, which a customer leaves who clears a field, is none.
func (c Customers) secret(ctx context.Context, key string) (string, bool, error) {
	s, err := value[string](ctx, c.kept, key)
	if err != nil || s == nil || *s == "" {
		return "", false, err
	}
	return *s, true, nil
}

// drop deletes what is kept under a key.
func drop(ctx context.Context, kept lang.Kept, key string) error {
	return lang.ReplaceKept(ctx, kept, key, nil)
}

// write replaces what is kept under a key.
func write(ctx context.Context, kept lang.Kept, key string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return lang.ReplaceKept(ctx, kept, key, b)
}

// value is that of an entry; nil where there is none.
func value[T any](ctx context.Context, kept lang.Kept, key string) (*T, error) {
	e, err := read[entry[T]](ctx, kept, key)
	if err != nil || e == nil {
		return nil, err
	}
	return &e.Value, nil
}

// read is what write has written; nil where there is none. The error names the key and holds nothing of what is
// kept under it.
func read[T any](ctx context.Context, kept lang.Kept, key string) (*T, error) {
	b, err := kept.Get(ctx, key)
	if err != nil || b == nil {
		return nil, err
	}
	out := new(T)
	if json.Unmarshal(b, out) != nil {
		return nil, fmt.Errorf("what is kept under %s cannot be read; was it written by another version of Currant?", key)
	}
	return out, nil
}
