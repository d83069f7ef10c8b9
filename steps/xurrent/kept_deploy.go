package xurrent

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"currant/engine/lang"
)

// Entries of a provider's account that deployment keeps, beside entryPolicy.
const (
	entryWebhooks = "webhooks" // ids, by blueprint, runbook and event
	entryApplied  = "applied"  // digests of what was written last, by blueprint and address
)

// DeployKey says whether what is kept under a key is for deployment: the policy of a provider's account, with its
// public key, the ids of its webhooks, digests of what was applied. None of it is a secret, or a customer's.
func DeployKey(key string) bool {
	// xurrent/HOST/ACCOUNT/ENTRY...
	parts := strings.Split(key, "/")
	if len(parts) < 4 || parts[0] != "xurrent" {
		return false
	}
	switch parts[3] {
	case entryPolicy:
		return len(parts) == 4
	case entryWebhooks, entryApplied:
		return len(parts) > 4
	}
	return false
}

// Applied remembers what a blueprint's deployment has written to an account: a digest of each field, by the address
// of what was changed. It is a hint: one that cannot be read is none.
type Applied struct {
	kept   lang.Kept
	prefix string
}

// Applied is what is remembered of a blueprint's deployment.
func (a *Account) Applied(kept lang.Kept, blueprint string) *Applied {
	return &Applied{kept: kept, prefix: "xurrent/" + a.Provider() + "/" + joined(entryApplied, blueprint) + "/"}
}

// Last is what was remembered for an address; nil is nothing.
func (a *Applied) Last(ctx context.Context, address string) (map[string]string, error) {
	text, err := a.kept.Get(ctx, a.prefix+joined(address))
	if err != nil && !errors.Is(err, lang.ErrKeptDamaged) {
		return nil, err
	}
	var digests map[string]string
	if json.Unmarshal(text, &digests) != nil {
		return nil, nil
	}
	return digests, nil
}

// Remember remembers digests in place of those before; none forgets the address.
func (a *Applied) Remember(ctx context.Context, address string, digests map[string]string) error {
	if len(digests) == 0 {
		return drop(ctx, a.kept, a.prefix+joined(address))
	}
	return write(ctx, a.kept, a.prefix+joined(address), digests)
}
