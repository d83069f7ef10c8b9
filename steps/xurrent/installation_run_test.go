package xurrent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/flow"
	"currant/steps/xurrent/sim"
)

// told is a trigger with the output of those of apps.
var told = ingress.Define[struct{}](ingress.Kind{Name: "told", Doc: "Of the tests.", Examples: []lang.Example{{Title: "It", HCL: "trigger \"told\" {}"}},
	Output: func(*ingress.Check) cty.Type { return acme.Type() }})

// runner is an engine with the connector's kinds.
type runner struct {
	*testing.T
	e    *engine.Engine
	stop func()
	rb   *compile.Runbook
	log  *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func compiled(t *testing.T, d Deps, text string) (*compile.Blueprint, compile.Options, hcl.Diagnostics) {
	t.Helper()
	kinds, err := steps.NewRegistry(append(Kinds(d), flow.Log), []*steps.ConnectionKind{ConnectionKind(d)})
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(told, ingress.Manual)
	if err != nil {
		t.Fatal(err)
	}
	o := compile.Options{Steps: kinds, Triggers: triggers}
	src, diags := lang.FromFiles("test", map[string][]byte{"main.hcl": []byte(text)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	bp, diags := compile.Compile(src, o)
	return bp, o, diags
}

// newRunner runs a blueprint with one runbook, "r", over a data directory.
func newRunner(t *testing.T, dir string, d Deps, text string) *runner {
	t.Helper()
	bp, o, diags := compiled(t, d, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := &runner{T: t, log: &syncBuffer{}, rb: bp.Runbook("r")}
	e, err := engine.New(engine.Options{Dir: dir, Compile: o, Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Load(t.Context(), bp); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	r.e, r.stop = e, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	<-e.Recovered()
	return r
}

func (r *runner) start(trigger cty.Value) string {
	r.Helper()
	id, _, err := r.e.Start(r.Context(), r.rb, engine.Start{Value: trigger})
	if err != nil {
		r.Fatal(err)
	}
	return id
}

// ended waits for a run's end.
func (r *runner) ended(id string) engine.View {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	if err := r.e.Wait(ctx, id); err != nil {
		r.Fatalf("%v\n%s", err, r.log)
	}
	v, err := r.e.View(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return v
}

const ofACustomer = `
connection "xurrent" "provider" {
  account_id    = "wdc"
  client_id     = "id"
  client_secret = "secret"
}
runbook "r" {
  trigger "told" {}
  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.token.client_id
    client_secret = step.token.client_secret
  }
  step "token" "token" {}
  step "secret_set" "hook" {
    name  = "hook_key"
    value = "canary-of-our-own"
  }
  step "config" "config" {
    field "form_url" { required = true }
    field "api_key" {
      secret   = true
      required = true
    }
    field "hook_key" {
      secret   = true
      own      = true
      required = true
    }
  }
  step "query" "me" {
    connection = connection.customer
    object     = "me"
    fields     = "id"
  }
  step "config_update" "seen" { custom_fields = { seen = "${step.config.config.form_url}!" } }
  step "log" "keys" { message = "keys: ${step.config.config.api_key} ${step.config.config.hook_key}" }
  output "url" { value = step.config.config.form_url }
  output "secret" {
    value     = step.token.client_secret
    sensitive = true
  }
}
`

// A run for a customer, from the trigger's installation to calls with that customer's own credentials; nothing
// that is secret is seen anywhere, the data directory included.
func TestX1RunForACustomer(t *testing.T) {
	s := &shop{world: newWorld(t, sim.Options{Credentials: map[string]string{"id": "secret", "of-acme": "canary-of-acme"}})}
	s.offering = s.put("AppOffering", map[string]any{"name": "Survey", "reference": "survey"})
	instance := s.install(s.offering, "acme", map[string]any{"form_url": "https://acme.example"})
	dir := filepath.Join(t.TempDir(), "data")
	r := newRunner(t, dir, s.deps, ofACustomer)
	provider, err := s.deps.provider(cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc")}))
	if err != nil {
		t.Fatal(err)
	}
	s.customers = customersOf(r.e.Kept(), provider)
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Secrets: map[string]string{"api_key": "canary-of-the-form"},
		Application: &oauthApplication{NodeID: "n", ClientID: "of-acme", ClientSecret: "canary-of-acme"}})
	v := r.ended(r.start(acme))
	if v.Status != "finished" || !strings.Contains(string(v.Outputs), `"url":"https://acme.example"`) {
		t.Fatalf("%s %s %+v\n%s", v.Status, v.Outputs, v.Error, r.log)
	}
	if got, _ := s.stored().Get("AppInstance", instance); !strings.Contains(fmt.Sprint(got["customFields"]), "https://acme.example!") {
		t.Errorf("the installation is %v", got)
	}
	shown, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	seen := map[string]string{"the view": string(shown), "the log": r.log.String()}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil && f.Type().IsRegular() {
			t.Fatal(err)
		}
		seen[f.Name()] = string(b)
	}
	for where, text := range seen {
		// The blueprint itself writes one of them, which is why its bundle is not looked at.
		for _, secret := range []string{"canary-of-acme", "canary-of-the-form"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s", where, secret)
			}
		}
	}
	if text := seen["the view"] + seen["the log"]; strings.Contains(text, "canary") {
		t.Errorf("a secret is shown: %s", text)
	}
}

// An onboarding whose secrets come late goes on as soon as they are kept: first the credentials, then, in another
// delivery, what the customer has typed.
func TestP74LateSecretsAreNotWaitedForLonger(t *testing.T) {
	s := &shop{world: newWorld(t, sim.Options{Credentials: map[string]string{"id": "secret", "of-acme": "canary-of-acme"}})}
	s.offering = s.put("AppOffering", map[string]any{"name": "Survey", "reference": "survey"})
	s.install(s.offering, "acme", map[string]any{"form_url": "https://acme.example"})
	r := newRunner(t, filepath.Join(t.TempDir(), "data"), s.deps, ofACustomer)
	s.customers = customersOf(r.e.Kept(), s.account.Provider())
	id := r.start(acme)
	waiting := func(reason string) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			v, err := r.e.View(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if v.Status == "waiting" && slices.ContainsFunc(v.Steps, func(s engine.ViewStep) bool { return s.Waiting == reason }) {
				return
			}
			if time.Since(began) > 30*time.Second {
				t.Fatalf("%s, %+v\n%s", v.Status, v.Steps, r.log)
			}
		}
	}
	waiting("Required credentials not available yet: client_credentials of app survey for customer acme")
	s.deliver(secretsDelivery{Customer: "beta", App: "survey", Application: &oauthApplication{ClientID: "x", ClientSecret: "y"}})
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Application: &oauthApplication{NodeID: "n", ClientID: "of-acme", ClientSecret: "canary-of-acme"}})
	waiting("Required secrets not available yet: api_key")
	began := time.Now()
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Secrets: map[string]string{"api_key": "canary-of-the-form"}})
	v := r.ended(id)
	if took := time.Since(began); v.Status != "finished" || took > 10*time.Second {
		t.Errorf("%s after %s: %+v\n%s", v.Status, took, v.Error, r.log)
	} else {
		t.Logf("it went on and ended after %s", took)
	}
}

// A step that takes its customer from a trigger that has none is found before anything runs.
func TestInstallationIsCheckedInBlueprints(t *testing.T) {
	_, _, diags := compiled(t, Deps{}, strings.Replace(ofACustomer, "\"told\"", "\"manual\"", 1))
	found := 0
	for _, d := range diags {
		if strings.Contains(d.Detail, "\"customer_account_id\" is required here: this runbook's trigger has none") {
			found++
		}
	}
	if found != 4 {
		t.Errorf("%d steps are found, want 4: %v", found, diags)
	}
	if _, _, diags := compiled(t, Deps{}, ofACustomer); diags.HasErrors() {
		t.Errorf("the control: %v", diags)
	}
}

// Secret fields are sensitive to who checks a blueprint.
func TestX3SecretFieldsAreSensitiveInBlueprints(t *testing.T) {
	for name, want := range map[string]string{"config.api_key": "Output refers to sensitive values", "config.hook_key": "Output refers to sensitive values",
		"config.form_url": "", "suspended": ""} {
		_, _, diags := compiled(t, Deps{}, strings.Replace(ofACustomer, "value = step.config.config.form_url", "value = step.config."+name, 1))
		expect(t, diags, want)
	}
}
