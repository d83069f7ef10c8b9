package xurrent

import (
	"context"
	"strings"
	"testing"

	"currant/engine/lang"
)

// damaged keeps values, some of which can be read no more.
type damaged struct {
	*heap
	keys map[string]bool
}

func (d *damaged) Get(ctx context.Context, key string) ([]byte, error) {
	if d.keys[key] {
		return nil, lang.ErrKeptDamaged
	}
	return d.heap.Get(ctx, key)
}

func (d *damaged) ReplaceKept(ctx context.Context, key string, value []byte) error {
	delete(d.keys, key)
	return lang.ReplaceKept(ctx, d.heap, key, value)
}

// What is kept of the account and damaged holds nothing up: webhooks are found by their names, and the policy is
// replaced.
func TestP76DamagedIdsAndPolicy(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	p.enable(needs)
	kept := &damaged{p.kept, map[string]bool{}}
	for key := range p.kept.vals {
		kept.keys[key] = true
	}
	did, err := p.account.Enable(t.Context(), kept, needs)
	if err != nil {
		t.Fatal(err)
	}
	p.want(actions(did), each("created", "updated", "unchanged")...)
	if len(kept.keys) != 0 {
		t.Errorf("still damaged: %v", kept.keys)
	}
	p.want(p.enable(needs), each("unchanged", "unchanged", "unchanged")...)
}

// watched keeps values and tells when the policy is written.
type watched struct {
	*heap
	policy func()
}

func (w *watched) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if strings.HasSuffix(key, "/policy") {
		w.policy()
	}
	return w.heap.Update(ctx, key, change)
}

// The policy is kept before a webhook is created; after an error on the way, another call goes on.
func TestP77PolicyIsKeptBeforeWebhooks(t *testing.T) {
	p := newProvider(t)
	needs := needed("http://127.0.0.1:1")
	writes := 0
	kept := &watched{p.kept, func() {
		writes++
		if n := p.requests("webhookCreate"); n != 0 {
			t.Errorf("%d webhooks were created before the policy is kept", n)
		}
	}}
	p.fault(`{"kind": "500", "operation": "webhookCreate", "times": 1}`)
	did, err := p.account.Enable(t.Context(), kept, needs)
	if err == nil || !strings.Contains(err.Error(), "create Webhook 'Currant: desk/secrets app_instance.secrets-update': ") {
		t.Errorf("the error does not say what failed: %v", err)
	}
	p.want(actions(did), "webhook policy wdc created")
	if writes != 1 || p.policyID() == "" {
		t.Errorf("the policy was written %d times", writes)
	}
	p.want(p.enable(needs), each("unchanged", "created", "created")...)
	if n := p.requests("webhookPolicyCreate"); n != 1 {
		t.Errorf("%d policies were created", n)
	}
}
