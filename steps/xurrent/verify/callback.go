package verify

import (
	"context"
	"fmt"
	"net/url"
)

// maxCallbacks is how many callbacks of one host may be under way.
const maxCallbacks = 8

// Callback confirms a webhook: it fetches, once and without credentials, the address that a webhook.verify
// event names (PLATFORM 6.9). The address must be https on the host of the issuer, which is that of the
// verified token or, of an unsigned body, of the connection's account.
//
// A *Rejected is an address that is not called; any other error is of the call, which answers 200 or fails.
func (v *Verifier) Callback(ctx context.Context, address, issuer string) error {
	u, err := v.callback(address, issuer)
	if err != nil {
		return reject("the callback: %s", err)
	}
	if err := v.keys.enter(u.Host); err != nil {
		return err
	}
	defer v.keys.leave(u.Host)
	_, err = v.document(ctx, u.String())
	return err
}

func (v *Verifier) callback(address, issuer string) (*url.URL, error) {
	of, err := normal(issuer)
	if err != nil {
		return nil, err
	}
	return v.beside(of, address)
}

// enter counts a callback of a host.
func (k *keys) enter(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.host(name)
	if h.callbacks >= maxCallbacks {
		return fmt.Errorf("too many callbacks of %s are under way", name)
	}
	h.callbacks++
	return nil
}

func (k *keys) leave(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hosts[name].callbacks--
}
