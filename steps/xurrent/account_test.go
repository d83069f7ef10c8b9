package xurrent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
	"currant/steps/xurrent/sim"
	"currant/steps/xurrent/sim/graph"
)

// world is a simulated account and a connection to it.
type world struct {
	t       *testing.T
	sim     *sim.Running
	deps    Deps
	account *Account
	now     time.Time // of the models
}

func newWorld(t *testing.T, o sim.Options) *world {
	t.Helper()
	running, err := sim.Start(t.Context(), "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	at := sim.AddressesOf(running.URL)
	w := &world{t: t, sim: running, now: time.Now()}
	w.deps = Deps{
		Outbound:    outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Environment: api.Environment{GraphQL: at.GraphQL, OAuth2: at.OAuth2, REST: at.REST, Issuer: at.Issuer},
		Models:      NewModels(t.TempDir()),
	}
	w.deps.Models.now = func() time.Time { return w.now }
	w.account = w.open("secret")
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) open(secret string) *Account {
	w.t.Helper()
	v, err := ConnectionKind(w.deps).Open(w.t.Context(), cty.ObjectVal(map[string]cty.Value{
		"account_id": cty.StringVal("wdc"), "client_id": cty.StringVal("id"), "client_secret": cty.StringVal(secret)}))
	if err != nil {
		w.t.Fatal(err)
	}
	a := v.(*Account)
	w.t.Cleanup(func() {
		if err := a.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return a
}

// stored is what the account holds.
func (w *world) stored() *graph.Account {
	w.t.Helper()
	a, ok := w.sim.Sim.Account("wdc")
	if !ok {
		w.t.Fatal("no account")
	}
	return a
}

// call is a step's attempt.
func (w *world) call(k *steps.Kind, src string) *steps.Call {
	w.t.Helper()
	c, diags := bound(w.t, k.Spec(), src, nil)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	return &steps.Call{Args: c.Args, Connection: w.account, Attempt: 1, Now: time.Now()}
}

// pages gets all pages of a query.
func (w *world) pages(src string) (pages []steps.Page, err error) {
	w.t.Helper()
	k := newQuery(w.deps)
	c := w.call(k, src)
	for {
		pg, err := k.Pager.Fetch(w.t.Context(), c)
		if err != nil {
			return pages, err
		}
		pages = append(pages, pg)
		if c.Cursor = pg.Next; pg.Next == nil {
			return pages, nil
		}
	}
}

func (w *world) mustPage(src string) []steps.Page {
	w.t.Helper()
	pages, err := w.pages(src)
	if err != nil {
		w.t.Fatal(err)
	}
	return pages
}

// requests are the requests that the account has had whose body has a text in it.
func (w *world) requests(text string) (n int) {
	w.t.Helper()
	resp, err := http.Get(w.sim.URL + "/sim/requests")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct {
		Requests []struct{ Path, Body string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list.Requests {
		if strings.Contains(r.Path+" "+r.Body, text) {
			n++
		}
	}
	return n
}

// fault lets the account fail requests whose operation has a text in it.
func (w *world) fault(spec string) {
	w.t.Helper()
	resp, err := http.Post(w.sim.URL+"/sim/faults", "application/json", strings.NewReader(spec))
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		w.t.Fatalf("%s: %d", spec, resp.StatusCode)
	}
}

func summary(pg steps.Page, name string) string {
	v := pg.Summary.GetAttr(name)
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	}
	return v.AsBigFloat().Text('f', -1)
}
