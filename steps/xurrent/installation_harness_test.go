package xurrent

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/sim"
)

// The kinds as they are where nothing is known of an account.
var (
	Token     = newToken(Deps{})
	Config    = newConfig(Deps{})
	SecretSet = newSecretSet(Deps{})
	Async     = newAsync(Deps{})
)

// heap keeps in memory what outlives runs.
type heap struct {
	mu   sync.Mutex
	vals map[string][]byte
}

func newHeap() *heap { return &heap{vals: map[string][]byte{}} }

func (h *heap) Get(_ context.Context, key string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.vals[key]), nil
}

func (h *heap) Update(_ context.Context, key string, change func([]byte) ([]byte, error)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, err := change(bytes.Clone(h.vals[key]))
	switch {
	case err != nil:
		return err
	case b == nil:
		delete(h.vals, key)
	default:
		h.vals[key] = b
	}
	return nil
}

func (h *heap) Keys(_ context.Context, prefix string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	keys := slices.Sorted(maps.Keys(h.vals))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) }), nil
}

// shop is a provider's account, wdc, whose app survey the customer acme has installed, and what is kept of its
// customers.
type shop struct {
	*world
	kept      *heap
	customers Customers
	offering  string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{world: newWorld(t, sim.Options{}), kept: newHeap()}
	provider, err := s.deps.provider(cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc")}))
	if err != nil {
		t.Fatal(err)
	}
	s.customers = customersOf(s.kept, provider)
	s.offering = s.put("AppOffering", map[string]any{"name": "Survey", "reference": "survey"})
	return s
}

func (s *shop) put(typ string, fields map[string]any) string {
	s.t.Helper()
	id := s.stored().Put(typ, fields)
	if id == "" {
		s.t.Fatalf("no %s could be made of %v", typ, fields)
	}
	return id
}

// install makes an installation of an offering; custom are its custom fields.
func (s *shop) install(offering, customer string, custom map[string]any) string {
	s.t.Helper()
	var list []map[string]any
	for _, id := range slices.Sorted(maps.Keys(custom)) {
		list = append(list, map[string]any{"id": id, "value": custom[id]})
	}
	return s.put("AppInstance", map[string]any{"appOffering": offering, "customerAccount": customer, "customFields": list,
		"disabled": false, "enabledByCustomer": true, "suspended": false})
}

// deliver keeps what a customer's account sends.
func (s *shop) deliver(d secretsDelivery) {
	s.t.Helper()
	if err := s.customers.Store(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

// acme is the trigger's output of the tests: a customer and an app.
var acme = cty.ObjectVal(map[string]cty.Value{"customer_account_id": cty.StringVal("acme"), "app_reference": cty.StringVal("survey")})

// attempt is a step's attempt with the trigger's output acme.
func (s *shop) attempt(k *steps.Kind, src string, vars map[string]cty.Value) *steps.Call {
	s.t.Helper()
	c, diags := bound(s.t, k.Spec(), src, vars)
	if diags.HasErrors() {
		s.t.Fatal(diags)
	}
	return &steps.Call{Args: c.Args, Body: c.Body, Trigger: acme, Connection: s.account, Kept: s.kept, Attempt: 1, Now: time.Now()}
}

// do runs a step.
func (s *shop) do(k *steps.Kind, src string) (cty.Value, error) {
	s.t.Helper()
	return k.Do(s.t.Context(), s.attempt(k, src, nil))
}

func (s *shop) must(k *steps.Kind, src string) cty.Value {
	s.t.Helper()
	v, err := s.do(k, src)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// fails wants an error of a kind with a text in it.
func fails(t *testing.T, err error, kind steps.ErrorKind, part string) {
	t.Helper()
	var e *steps.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Message, part) {
		t.Errorf("got %v, want %s: %s", err, kind, part)
	}
}

// waits wants the step to look again in a minute, and gives what it leaves.
func waits(t *testing.T, c *steps.Call, err error, reason string) []byte {
	t.Helper()
	var p *steps.Park
	if !errors.As(err, &p) || p.Reason != reason || !p.Until.Equal(c.Now.Add(time.Minute)) {
		t.Fatalf("got %#v, want it to wait a minute: %s", err, reason)
	}
	return p.Cursor
}

// plain is a value as JSON, with what is sensitive masked.
func plain(t *testing.T, v cty.Value) string {
	t.Helper()
	b, err := lang.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
