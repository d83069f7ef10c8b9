package blueprints

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps/xurrent/api"
	"currant/steps/xurrent/sim"
	"currant/steps/xurrent/sim/graph"
)

// account is a simulated account, what it was asked, and a blueprint's directory.
type account struct {
	t       testing.TB
	at      *sim.Running
	records *graph.Account
	client  *api.Client
	dir     string

	mu       sync.Mutex
	requests []api.Request
	uploads  int
	// before and after are called around each request; their errors become the request's.
	before, after func(n int, r api.Request) error
}

func simulated(t testing.TB) *account {
	t.Helper()
	at, err := sim.Start(t.Context(), "127.0.0.1:0", sim.Options{RateLimit: 1_000_000, CostLimit: 100_000_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = at.Close() })
	a := &account{t: t, at: at, dir: t.TempDir()}
	a.records, _ = at.Sim.Account("acme")
	a.client = a.opened(a.config())
	return a
}

func (a *account) config() api.Config {
	to := sim.AddressesOf(a.at.URL)
	return api.Config{AccountID: "acme", PersonalAccessToken: "pat-canary", GraphQLEndpoint: to.GraphQL, OAuth2Endpoint: to.OAuth2,
		RESTEndpoint: to.REST, NoPacing: true, Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
}

func (a *account) opened(config api.Config) *api.Client {
	a.t.Helper()
	c, err := api.New(config)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Do counts requests, and fails where the test says so.
func (a *account) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	a.mu.Lock()
	a.requests = append(a.requests, r)
	n, before, after := len(a.requests), a.before, a.after
	a.mu.Unlock()
	if before != nil {
		if err := before(n, r); err != nil {
			return nil, err
		}
	}
	answer, err := a.client.Do(ctx, r)
	if err == nil && after != nil {
		err = after(n, r)
	}
	return answer, err
}

func (a *account) Upload(ctx context.Context, f api.File) (*api.Stored, error) {
	a.mu.Lock()
	a.uploads++
	a.mu.Unlock()
	return a.client.Upload(ctx, f)
}

func (a *account) Fetch(ctx context.Context, address string, limit int64) (io.ReadCloser, int64, error) {
	return a.client.Fetch(ctx, address, limit)
}

// asked forgets what was asked, and returns it.
func (a *account) asked() []api.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.requests
	a.requests = nil
	return r
}

func (a *account) put(typ string, fields map[string]any) string {
	a.t.Helper()
	id := a.records.Put(typ, fields)
	if id == "" {
		a.t.Fatalf("no %s was put", typ)
	}
	return id
}

// draft is the app offering of a reference.
func (a *account) draft(reference string) map[string]any {
	a.t.Helper()
	var data struct {
		AppOfferings struct{ Nodes []map[string]any }
	}
	a.query(`query { appOfferings(first: 1, filter: {published: false, reference: {values: ["`+reference+`"]}}) { nodes {
  id name reference source sourceID disabled cardDescription description descriptionAttachments(first: 10) { nodes { key } } features pictureUri webhookUriTemplate
  configurationUriTemplate policyJwtAlg serviceInstance { name } scopes { id actions effect grantType }
  uiExtensionVersion { id html status uiExtension { id name source sourceID } }
  automationRules(first: 100) { nodes { id name generic position trigger condition description expressions { name value } actions { name value } } } } } }`, &data)
	if len(data.AppOfferings.Nodes) == 0 {
		return nil
	}
	return data.AppOfferings.Nodes[0]
}

func (a *account) query(text string, into any) {
	a.t.Helper()
	answer, err := a.client.Do(context.Background(), api.Request{Text: text, Read: true})
	if err != nil {
		a.t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) write(name string, content []byte) {
	a.t.Helper()
	at := filepath.Join(a.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(at, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// target is the blueprint "shop" with these blocks.
func (a *account) target(src string) Target {
	a.t.Helper()
	file, diags := lang.ParseFile("main.hcl", []byte(src))
	if diags.HasErrors() {
		a.t.Fatal(diags)
	}
	t := Target{Blueprint: "shop", Dir: a.dir}
	scope := lang.NewScope(lang.Functions(lang.FunctionOptions{}), map[string]cty.Value{
		"secret": lang.MarkSensitive(cty.StringVal("hunter2-is-secret")), "unknown": cty.UnknownVal(cty.String)})
	for _, bl := range file.Body.(*hclsyntax.Body).Blocks {
		i := slices.IndexFunc(Kinds(), func(r Resource) bool { return r.Name == bl.Type })
		body, diags := Kinds()[i].Spec.Bind(bl.Body, bl.DefRange())
		args, more := body.Eval(scope)
		if diags = append(diags, more...); diags.HasErrors() {
			a.t.Fatal(diags)
		}
		t.Resources = append(t.Resources, Declared{Kind: bl.Type, Name: bl.Labels[0], Body: body, Args: args, Range: bl.DefRange()})
	}
	return t
}

func (a *account) plan(t Target) *Plan {
	a.t.Helper()
	p, err := Compare(context.Background(), a, t)
	if err != nil {
		a.t.Fatal(err)
	}
	return p
}

// apply plans and applies.
func (a *account) apply(t Target) *Plan {
	a.t.Helper()
	p := a.plan(t)
	if err := p.Apply(context.Background(), a, nil); err != nil {
		a.t.Fatal(err)
	}
	return p
}

// empty says what a plan would change.
func (a *account) empty(t Target) {
	a.t.Helper()
	if got := told(a.plan(t)); got != "" {
		a.t.Errorf("the plan is not empty:\n%s", got)
	}
}

// told is a plan in short, without what does not change.
func told(p *Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		if c.Action == None {
			continue
		}
		fmt.Fprintf(&b, "%s %s", c.Action, c.Address)
		for _, f := range c.Fields {
			fmt.Fprintf(&b, "\n  %s: %s -> %s", f.Path, encoded(f.Before), encoded(f.After))
			if f.Drift {
				b.WriteString(" drift")
			}
			if f.Sensitive {
				b.WriteString(" sensitive")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// expectPlan compares a plan in short.
func (a *account) expectPlan(t Target, want string) *Plan {
	a.t.Helper()
	p := a.plan(t)
	if got := strings.TrimSpace(told(p)); got != strings.TrimSpace(want) {
		a.t.Errorf("planned:\n%s\nwanted:\n%s", got, want)
	}
	return p
}

// applied is what was remembered.
type applied struct {
	mu sync.Mutex
	of map[string]map[string]string
}

func (m *applied) Last(_ context.Context, address string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.of[address]), nil
}

func (m *applied) Remember(_ context.Context, address string, digests map[string]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[string]map[string]string{}
	}
	m.of[address] = maps.Clone(digests)
	return nil
}

var errCut = errors.New("the line was cut")

// png is an image of our own.
func png(seed byte) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{seed}, 100)...)
}
