package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"currant/steps/xurrent/sim"
)

// simulatedAccount runs until the test ends, or until it is closed.
func simulatedAccount(t *testing.T, address string) *sim.Running {
	t.Helper()
	running, err := sim.Start(t.Context(), address, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() }) // it may be closed already
	return running
}

// verified waits until as many webhooks have been confirmed.
func verified(t *testing.T, url, count string) {
	t.Helper()
	var out struct{ Deliveries []struct{ State string } }
	if err := controlSim(t.Context(), http.MethodGet, url+"/sim/deliveries?event=webhook.verify&state=delivered&wait=20s&count="+count, nil, &out); err != nil {
		t.Fatal(err)
	}
	if got := itoa(len(out.Deliveries)); got != count {
		t.Fatalf("%s webhooks are confirmed, want %s", got, count)
	}
}

const providerAccount = `
connection "xurrent" "provider" {
  account_id    = "provider"
  client_id     = "id"
  client_secret = "secret"
}
`

const surveyApp = providerAccount + `
app "survey" {}
runbook "secrets" {
  trigger "secrets_changed" {}
  step "log" "say" { message = "secrets of ${trigger.customer_account_id}" }
}
runbook "changed" {
  trigger "installation_changed" {
    events       = ["app_instance.create"]
    discard_when = trigger.suspended
  }
  step "config" "settings" {
    field "greeting" {}
    field "api_key" {
      secret   = true
      required = true
    }
  }
  step "fail" "wrong" {
    when    = nonsensitive(step.settings.config.api_key) != "k-1" || step.settings.config.greeting != "Hello"
    message = "the settings are others"
  }
}
runbook "ask" {
  trigger "automation_webhook" {
    app_reference  = app.survey.reference
    payload_schema = object({ text = string })
  }
  step "token" "credentials" {}
  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.credentials.client_id
    client_secret = step.credentials.client_secret
  }
  step "query" "account" {
    connection = connection.customer
    object     = "account"
    fields     = "id"
  }
  step "log" "say" { message = "${trigger.payload.text} from ${step.account.id}" }
}
`

// A runner makes what its triggers need, is told of a customer, and works with the customer's credentials. What is
// added later is made then; another runner finds all of it; an account that begins anew gets all of it again.
func TestP76ServeEnablesWhatTriggersNeed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "app", "main.hcl")
	writeFile(t, file, surveyApp)
	account := simulatedAccount(t, "127.0.0.1:0")
	url := account.URL
	order := func(what string, in any) (out simSent) {
		t.Helper()
		out, err := (&simApp{address: url}).order(t.Context(), what, in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	made := func(what string) (n int) {
		t.Helper()
		var out struct{ Requests []struct{ Body string } }
		if err := controlSim(t.Context(), http.MethodGet, url+"/sim/requests?path=/graphql", nil, &out); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Requests {
			if strings.Contains(r.Body, what) {
				n++
			}
		}
		return n
	}

	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--sim="+url)
	p.await(`what="webhook policy" name=provider action=created`)
	p.await(`what=webhook name="Currant: app/secrets app_instance.secrets-update" action=created`)
	p.await(`what=webhook name="Currant: app/changed app_instance.create" action=created`)
	p.await(`what="app offering" name=survey action=created`)
	verified(t, url, "2")
	sent := order("install", map[string]any{"app": "survey", "customer": "acme", "secrets": map[string]string{"api_key": "k-1"}, "custom_fields": map[string]string{"greeting": "Hello"},
		"secrets_delay": "before"})
	if sent.Installation.Provider != "provider" || sent.Count != 2 {
		t.Errorf("%+v", sent)
	}
	for range 2 {
		p.await(`run ended.*runbook=app/(secrets|changed) status=finished`)
	}
	order("automation", map[string]any{"app": "survey", "customer": "acme", "payload": map[string]string{"text": "hello"}})
	p.await(`run ended.*runbook=app/ask status=finished`)

	// More after a reload, and no more than that.
	writeFile(t, file, strings.Replace(surveyApp, `["app_instance.create"]`, `["app_instance.create", "app_instance.update"]`, 1))
	p.await(`what=webhook name="Currant: app/changed app_instance.update" action=created`)
	verified(t, url, "3")
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}

	// The next runner listens elsewhere.
	p = start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--sim="+url)
	for range 3 {
		p.await(`what=webhook name="Currant: app/.*" action=updated`)
	}
	p.await(`what="app offering" name=survey action=updated`)
	verified(t, url, "6")
	for what, want := range map[string]int{"webhookPolicyCreate": 1, "webhookCreate": 3, "appOfferingCreate": 1} {
		if n := made(what); n != want {
			t.Errorf("%s: %d times, want %d", what, n, want)
		}
	}
	order("install", map[string]any{"app": "survey", "customer": "globex", "secrets": map[string]string{"api_key": "k-1"}, "custom_fields": map[string]string{"greeting": "Hello"},
		"secrets_delay": "before"})
	p.await(`run ended.*runbook=app/changed status=finished`)

	// Another account listens at the address.
	if err := account.Close(); err != nil {
		t.Fatal(err)
	}
	simulatedAccount(t, strings.TrimPrefix(url, "http://"))
	p.signal(syscall.SIGHUP)
	p.await(`what="webhook policy" name=provider action=created`)
	verified(t, url, "3")
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// What cannot be enabled is told, and done at the next reading.
func TestServeTellsWhatIsNotEnabled(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), surveyApp)
	account := simulatedAccount(t, "127.0.0.1:0")
	if err := controlSim(t.Context(), http.MethodPost, account.URL+"/sim/faults", map[string]any{"kind": "500", "operation": "webhookCreate", "times": 1}, nil); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--sim="+account.URL)
	p.await(`what="webhook policy" name=provider action=created`)
	p.await(`level=ERROR msg="not all is deployed.*blueprint=app error="connection \\"provider\\": create Webhook 'Currant: app/secrets `)
	p.signal(syscall.SIGHUP)
	p.await(`what=webhook name="Currant: app/secrets app_instance.secrets-update" action=created`)
	p.await(`what="app offering" name=survey action=created`)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// What a blueprint's triggers need, by connection.
func TestNeeds(t *testing.T) {
	const secrets = `runbook "s" {
  trigger "secrets_changed" {}
}
`
	for name, tc := range map[string]struct{ source, want string }{
		"no apps": {providerAccount + secrets, `{"provider":[{"Kind":"secrets_changed","Runbook":"s","AppReferences":null}]}`},
		"apps, of which one has a page": {providerAccount + `
app "b" { configuration_uri_template = "https://page.test" }
app "a" {}
` + secrets + `
runbook "i" {
  trigger "installation_changed" {}
}
runbook "j" {
  trigger "installation_changed" {
    app_reference              = "a"
    events                     = ["app_instance.delete"]
    configuration_uri_template = "https://a.test"
  }
}
runbook "c" {
  trigger "configuration" { app_reference = app.a.reference }
}
runbook "d" {
  trigger "configuration" { app_reference = app.b.reference }
}
runbook "e" {
  trigger "configuration" { app_reference = "c" }
}
runbook "off" {
  enabled = false
  trigger "automation_webhook" { app_reference = "b" }
}
runbook "m" {
  trigger "manual" {}
}`, `{"provider":[{"Kind":"secrets_changed","Runbook":"s","AppReferences":["a","b"]},
{"Kind":"installation_changed","Runbook":"i","Events":["app_instance.create","app_instance.update","app_instance.delete"],"AppReferences":["a","b"]},
{"Kind":"installation_changed","Runbook":"j","Events":["app_instance.delete"],"AppReferences":["a"],"ConfigurationURITemplate":"https://a.test"},
{"Kind":"configuration","Runbook":"c","AppReferences":["a"],"ConfigurationURITemplate":"https://a.test"},
{"Kind":"configuration","Runbook":"d","AppReferences":["b"],"ConfigurationURITemplate":"https://page.test"},
{"Kind":"configuration","Runbook":"e","AppReferences":["c"]}]}`},
		"two connections": {providerAccount + strings.ReplaceAll(providerAccount, `"provider"`, `"other"`) + `
runbook "s" {
  trigger "secrets_changed" { connection = connection.other }
}
runbook "a" {
  trigger "automation_webhook" {
    connection    = connection.provider
    app_reference = "x"
  }
}`, `{"other":[{"Kind":"secrets_changed","Runbook":"s","AppReferences":null}],"provider":[{"Kind":"automation_webhook","Runbook":"a","AppReferences":["x"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "desk")
			writeFile(t, filepath.Join(dir, "main.hcl"), regexp.MustCompile(`(?m)^(runbook .*{)$`).ReplaceAllString(tc.source, "$1\n  step \"log\" \"say\" { message = \"here\" }"))
			l, err := load(&terminal{lookup: func(string) (string, bool) { return "", false }}, dir, &sourceOptions{}, true)
			if err != nil || l.err() != nil {
				t.Fatal(err, l.diags)
			}
			got := needsOf(l.Blueprint, "https://run.test/")
			for _, needs := range got {
				for _, n := range needs {
					if n.Blueprint != "desk" || n.Endpoint != "https://run.test/inbound/desk/"+n.Runbook {
						t.Errorf("%+v", n)
					}
				}
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var is, want map[string][]map[string]any
			if err := json.Unmarshal(text, &is); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			for _, needs := range is {
				for _, n := range needs {
					delete(n, "Blueprint")
					delete(n, "Endpoint")
					if n["Deployed"] == false {
						delete(n, "Deployed")
					}
					for _, field := range []string{"Events", "ConfigurationURITemplate"} {
						if n[field] == nil || n[field] == "" {
							delete(n, field)
						}
					}
				}
			}
			a, _ := json.Marshal(is)
			b, _ := json.Marshal(want)
			if string(a) != string(b) {
				t.Errorf("got\n%s\nwant\n%s", a, b)
			}
		})
	}
}
