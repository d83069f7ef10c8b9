package xurrent

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"currant/engine/lang"
)

// keptAfterRemoval is how long what an installation has sent is kept after the customer has removed the app: the
// runs that say goodbye, of seven days at most by default, may still need it (PLATFORM 7.2 step 9).
const keptAfterRemoval = 30 * 24 * time.Hour

// removal says that a customer has removed an app.
type removal struct {
	Customer string    `json:"customer"`
	App      string    `json:"app"`
	Instance string    `json:"instance"` // node id of the app instance that is gone, or ""
	At       time.Time `json:"at"`
}

func (c Customers) removals() string { return "xurrent/" + c.provider + "/removed/" }

func (c Customers) removalKey(customer, app string) string {
	return c.removals() + joined(customer, app)
}

// removed notes that an installation is gone. What it has sent is forgotten after keptAfterRemoval, or when the
// app is installed anew, whichever is first.
func (c Customers) removed(ctx context.Context, r removal) error {
	// Of one that was removed before, nothing can be wanted any more.
	if err := c.arrived(ctx, r.Customer, r.App, r.Instance); err != nil {
		return err
	}
	key := c.removalKey(r.Customer, r.App)
	if old, err := c.removalAt(ctx, key); err != nil || old != nil {
		return err // told before: the time counts from then
	}
	return write(ctx, c.kept, key, r)
}

// arrived notes a sign of an app instance. Where another one was removed, the app was installed anew: what the
// former one has sent would be taken for what is still on its way. Secrets of our own stay, for the new
// installation's runs may have set them already.
func (c Customers) arrived(ctx context.Context, customer, app, instance string) error {
	key := c.removalKey(customer, app)
	old, err := c.removalAt(ctx, key)
	if err != nil || old == nil || instance == old.Instance {
		return err
	}
	if instance != "" {
		if _, err := c.prune(ctx, c.of(customer, app), func(of string) bool { return of != instance }); err != nil {
			return err
		}
	}
	return drop(ctx, c.kept, key)
}

// removalAt is what is noted under a key; nil where there is nothing, or what is there is damaged.
func (c Customers) removalAt(ctx context.Context, key string) (*removal, error) {
	r, err := read[removal](ctx, c.kept, key)
	if errors.Is(err, lang.ErrKeptDamaged) {
		return nil, nil
	}
	return r, err
}

// forgetRemoved forgets the installations whose removal is long enough ago. It goes on after an error.
func (c Customers) forgetRemoved(ctx context.Context, now time.Time) (failed error) {
	keys, err := c.kept.Keys(ctx, c.removals())
	if err != nil {
		return err
	}
	for _, key := range keys {
		failed = errors.Join(failed, c.forgetOne(ctx, key, now))
	}
	return failed
}

// forgetOne forgets the installation of one removal, if that is long enough ago.
func (c Customers) forgetOne(ctx context.Context, key string, now time.Time) error {
	r, err := read[removal](ctx, c.kept, key)
	if errors.Is(err, lang.ErrKeptDamaged) { // when it was is not known any more: its time begins anew
		of := strings.Split(strings.TrimPrefix(key, c.removals()), "/")
		if len(of) != 2 {
			return err
		}
		customer, _ := url.PathUnescape(of[0])
		app, _ := url.PathUnescape(of[1])
		return write(ctx, c.kept, key, removal{Customer: customer, App: app, At: now})
	}
	if err != nil || r == nil || now.Sub(r.At) < keptAfterRemoval {
		return err
	}
	left, err := c.prune(ctx, c.of(r.Customer, r.App), func(of string) bool { return of == r.Instance || of == "" || r.Instance == "" })
	switch {
	case err != nil:
		return err
	case left:
		return drop(ctx, c.kept, key) // of a newer installation, whose deliveries came before the removal of this
	}
	return c.Forget(ctx, r.Customer, r.App)
}

// prune deletes what app instances that match have sent, and says whether anything that another one has sent is
// left. Each entry is judged while nobody changes it: new ones may arrive meanwhile.
func (c Customers) prune(ctx context.Context, at installationKey, match func(instance string) bool) (left bool, err error) {
	var keys []string
	for _, entry := range []string{tokenEntries["client_credentials"], tokenEntries["authorization_code"], entryPolicy} {
		keys = append(keys, at.key(entry))
	}
	secrets, err := c.kept.Keys(ctx, at.key(entrySecrets)+"/")
	if err != nil {
		return false, err
	}
	for _, key := range append(keys, secrets...) {
		err := c.kept.Update(ctx, key, func(old []byte) ([]byte, error) {
			if old == nil {
				return nil, nil
			}
			var e entry[json.RawMessage]
			if json.Unmarshal(old, &e) == nil && !match(e.Instance) {
				left = true
				return old, nil
			}
			return nil, nil
		})
		if errors.Is(err, lang.ErrKeptDamaged) { // nobody can use it any more
			err = drop(ctx, c.kept, key)
		}
		if err != nil {
			return left, err
		}
	}
	return left, nil
}
