package ingress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// keptTexts is lang.Kept over fixed texts.
type keptTexts map[string]string

func (k keptTexts) Get(_ context.Context, key string) ([]byte, error) {
	if key == "broken/key" {
		return nil, errors.New("the disk is on fire")
	}
	if text, ok := k[key]; ok {
		return []byte(text), nil
	}
	return nil, nil
}

func (k keptTexts) Update(context.Context, string, func([]byte) ([]byte, error)) error {
	return errors.New("only read")
}

func (k keptTexts) Keys(context.Context, string) ([]string, error) { return nil, nil }

// customer_secret() is looked up for each request, in what the server keeps; what is not known lets nobody in.
func TestCustomerSecretInAuth(t *testing.T) {
	kind := *JSONEndpoint
	kind.CustomerSecret = func(ctx context.Context, tr *Trigger, r *Request, account, name string) (string, bool, error) {
		if tr.Blueprint != "shop" || ctx.Err() != nil {
			t.Errorf("blueprint %q, %v", tr.Blueprint, ctx.Err())
		}
		b, err := r.Kept.Get(ctx, account+"/"+name)
		return string(b), b != nil, err
	}
	kinds, err := NewRegistry(&kind)
	if err != nil {
		t.Fatal(err)
	}
	tr, diags := bindTrigger(t, kinds, `trigger "json_endpoint" {
  auth "hmac" {
    header = "X-Sig"
    secret = customer_secret(request.query_params.customer, "key")
  }
}`)
	if diags.HasErrors() {
		t.Fatal(diagText(diags))
	}
	kept := keptTexts{"wdc/key": "first", "acme/key": "CaNaRy"}
	d := newDoor(t, tr)
	d.Kept = kept
	send := func(customer, secret string) int {
		sig := hex.EncodeToString(sign(sha256.New, secret, `{}`))
		w := d.do(request("POST", "/inbound/shop/orders?customer="+customer, `{}`, "X-Sig", sig))
		if accepted := len(d.taken()) == 1; accepted != (w.Code == 200) {
			t.Errorf("%d, accepted: %v", w.Code, accepted)
		}
		if text := w.Body.String(); w.Code != 200 && (strings.Contains(text, "CaNaRy") || strings.Contains(text, "fire")) {
			t.Errorf("the answer is %s", text)
		}
		return w.Code
	}
	for _, c := range []struct {
		customer, secret string
		want             int
	}{
		{"wdc", "first", 200}, {"acme", "CaNaRy", 200}, {"wdc", "CaNaRy", 401}, {"nobody", "first", 401}, {"nobody", "", 401},
		{"broken", "first", 401}, {"", "first", 401},
	} {
		if got := send(c.customer, c.secret); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	kept["wdc/key"] = "second" // set anew meanwhile
	if a, b := send("wdc", "first"), send("wdc", "second"); a != 401 || b != 200 {
		t.Errorf("after a change: %d with the old one, %d with the new one", a, b)
	}
	log := d.log.String()
	if strings.Contains(log, "CaNaRy") || !strings.Contains(log, "no such secret is kept") || !strings.Contains(log, "on fire") {
		t.Errorf("log: %s", log)
	}
}

// What only runs have is not there in a trigger.
func TestRandomSecretIsNotForTriggers(t *testing.T) {
	tr := trigger(t, `trigger "json_endpoint" {
  context = nonsensitive(random_secret(8))
}`)
	d := newDoor(t, tr)
	if w := d.do(post(`{}`)); w.Code != 422 || len(d.taken()) != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
