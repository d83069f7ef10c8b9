package xurrent

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"currant/engine/lang"
)

// secretsDelivery is what one app_instance.secrets-update brings (PLATFORM 7.3): any part may be missing.
type secretsDelivery struct {
	Customer, App string
	// Instance is the node id of the app instance, or "".
	Instance string
	// Line is the number of the audit line (PLATFORM 6.2), or 0.
	Line int64
	// Application and Authorization are of the grants client_credentials and authorization_code.
	Application, Authorization *oauthApplication
	Policy                     *webhookPolicy
	Secrets                    map[string]string
}

// Store keeps what a delivery brings: credentials and policy in place of older ones, secrets beside those of
// other names. What it does not bring stays as it is, and so does what a newer delivery has brought, for one that
// failed at first may come after it. All is on disk when Store returns without error; after an error, a part may
// be, and the same delivery once more completes it.
func (c Customers) Store(ctx context.Context, d secretsDelivery) error {
	if err := c.arrived(ctx, d.Customer, d.App, d.Instance); err != nil {
		return err
	}
	at := c.of(d.Customer, d.App)
	for grant, application := range map[string]*oauthApplication{"client_credentials": d.Application, "authorization_code": d.Authorization} {
		if application == nil {
			continue
		}
		if err := renew(ctx, c, at.key(tokenEntries[grant]), entry[oauthApplication]{d.Instance, d.Line, *application}); err != nil {
			return err
		}
	}
	if d.Policy != nil {
		if err := renew(ctx, c, at.key(entryPolicy), entry[webhookPolicy]{d.Instance, d.Line, *d.Policy}); err != nil {
			return err
		}
	}
	for name, text := range d.Secrets {
		if err := renew(ctx, c, at.key(entrySecrets, name), entry[string]{d.Instance, d.Line, text}); err != nil {
			return err
		}
	}
	return nil
}

// renew keeps an entry in place of the one under its key, unless that one is known to be newer.
func renew[T any](ctx context.Context, c Customers, key string, e entry[T]) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	err = c.kept.Update(ctx, key, func(old []byte) ([]byte, error) {
		var is entry[json.RawMessage]
		if e.Line > 0 && !c.simulated() && old != nil && json.Unmarshal(old, &is) == nil && is.Line > e.Line {
			return old, nil
		}
		return b, nil
	})
	if errors.Is(err, lang.ErrKeptDamaged) {
		return lang.ReplaceKept(ctx, c.kept, key, b)
	}
	return err
}

// simulated says whether the provider's account is a simulated one: its numbers begin anew when it does.
func (c Customers) simulated() bool { return strings.HasPrefix(c.provider, "simulated/") }
