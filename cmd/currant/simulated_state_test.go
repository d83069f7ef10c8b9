package main

import (
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// devOnSim is "currant dev --sim" with a blueprint that is an app, at addresses that tests learn.
type devOnSim struct {
	*process
	account string // URL of the simulated account
	listen  string
}

func startDevOnSim(t *testing.T, dir, listen string) *devOnSim {
	t.Helper()
	d := &devOnSim{process: start(t, dir, "dev", "app", "--listen", listen, "--sim", "--data-dir", "data", "--console", "off")}
	d.account = d.await(`^Works on a simulated account of its own at (http://[^ ]+)[.]$`)[1]
	d.await(`^The account, runs, secrets and schedules are kept in data[.]$`)
	d.listen = d.await(`Listening at http://([^ ]+)[.] `)[1]
	return d
}

// order asks for something at the control endpoints of apps.
func (d *devOnSim) order(what string, in any) {
	d.t.Helper()
	if _, err := (&simApp{address: d.account}).order(d.t.Context(), what, in); err != nil {
		d.t.Fatal(err)
	}
}

func (d *devOnSim) end() {
	d.t.Helper()
	d.signal(os.Interrupt)
	if code := d.exit(); code != exitDone {
		d.t.Errorf("exit code %d: %s", code, d.seen)
	}
}

// The simulated account of dev is at the next start what it was, with its customers, whose rules call the runner still: at the same
// address, and at another one where that is taken. Without the data directory all begins anew.
func TestDevKeepsTheSimulatedAccount(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), surveyApp)
	rule := map[string]any{"app": "survey", "customer": "acme", "payload": map[string]string{"text": "hello"}}
	d := startDevOnSim(t, dir, "127.0.0.1:0")
	d.await(`app offering survey created`)
	if err := controlSim(t.Context(), http.MethodGet, d.account+"/sim/deliveries?event=webhook.verify&state=delivered&wait=20s&count=2", nil, nil); err != nil {
		t.Fatal(err)
	}
	d.order("install", map[string]any{"app": "survey", "customer": "acme", "secrets": map[string]string{"api_key": "k-1"}, "custom_fields": map[string]string{"greeting": "Hello"},
		"secrets_delay": "before"})
	d.await(`app/secrets finished`)
	d.await(`app/changed finished`)
	d.order("automation", rule)
	d.await(`app/ask finished`)
	first, listen := d.account, d.listen
	d.end()

	d = startDevOnSim(t, dir, listen)
	if d.account != first {
		t.Errorf("the account is at %s, and was at %s", d.account, first)
	}
	d.order("automation", rule)
	d.await(`app/ask finished`)
	d.end()
	if text := strings.Join(d.seen, "\n"); strings.Contains(text, "created on") {
		t.Errorf("made again:\n%s", text)
	}

	taken, err := net.Listen("tcp", strings.TrimPrefix(first, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	d = startDevOnSim(t, dir, listen)
	d.await(`webhook policy .* created`) // the issuer is another one
	d.await(`webhook Currant: app/changed .* on the simulated account`)
	d.order("automation", rule)
	d.await(`app/secrets finished`)
	d.await(`app/ask finished`)
	d.end()
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}

	writeFile(t, filepath.Join(dir, "data", simStateFile), "nonsense")
	p := start(t, dir, "dev", "app", "--listen", listen, "--sim", "--data-dir", "data", "--console", "off")
	p.await(`^The account begins anew: .*sim.state cannot be read .* put aside as sim.state.damaged[.]$`)
	p.await(`app offering survey created`)
	p.signal(os.Interrupt)
	p.exit()

	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	d = startDevOnSim(t, dir, listen)
	d.await(`app offering survey created`)
	d.end()
}

// currant sim goes on from the file of --state, which is not read where it cannot be.
func TestSimState(t *testing.T) {
	dir := t.TempDir()
	session := func(what string) (line string) {
		t.Helper()
		p := start(t, dir, "sim", "--listen", "127.0.0.1:0", "--state", "kept.state")
		url := p.await(`A simulated Xurrent service is at (http://[^ ]+)`)[1]
		if err := controlSim(t.Context(), http.MethodPost, url+"/sim/policies", map[string]any{"account": what}, nil); err != nil {
			t.Fatal(err)
		}
		var out struct{ Accounts map[string]int }
		if err := controlSim(t.Context(), http.MethodGet, url+"/sim/state", nil, &out); err != nil {
			t.Fatal(err)
		}
		p.signal(os.Interrupt)
		if code := p.exit(); code != exitDone {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
		names := slices.Sorted(maps.Keys(out.Accounts))
		return strings.Join(names, " ")
	}
	for _, c := range [][2]string{{"one", "one"}, {"two", "one two"}} {
		if got := session(c[0]); got != c[1] {
			t.Errorf("accounts %q, want %q", got, c[1])
		}
	}
	writeFile(t, filepath.Join(dir, "kept.state"), "nonsense")
	if got := session("three"); got != "three" {
		t.Errorf("accounts %q after damage", got)
	}
	p := start(t, dir, "sim", "--listen", "127.0.0.1:0", "--state", ".")
	p.await("is no regular file")
	if code := p.exit(); code != exitFailed || strings.Contains(strings.Join(p.seen, " "), "--listen") {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}
