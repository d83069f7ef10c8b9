package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// page asks the console for a page.
func page(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// serve has a console: its log names the token's file, and holds nothing that lets others in; the console shows what
// is served and what ran.
func TestW7Console(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "app", "main.hcl")
	writeFile(t, file, hook)
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
	hooks := p.await(`msg=ready .*public_url=(http://\S+)`)[1]
	m := p.await(`msg=console url=(http://\S+) token_file="?([^"]+)"?`)
	console := m[1]
	person := operator(t, console, m[2])
	if code, body := page(t, person, console); code != 200 || !strings.Contains(body, "json_endpoint") || !strings.Contains(body, hooks+"/inbound/app/hook") {
		t.Fatalf("%d %s", code, body)
	}
	if _, body := page(t, &http.Client{}, console); strings.Contains(body, "json_endpoint") {
		t.Error("a stranger sees what is served")
	}
	if code, body := post(t, hooks+"/inbound/app/hook", "{}"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	p.await("run ended")
	if code, body := page(t, person, console+"/runs"); code != 200 || !strings.Contains(body, "app/hook") || !strings.Contains(body, "finished") {
		t.Errorf("%d %s", code, body)
	}
	writeFile(t, file, "runbook {")
	p.await("blueprint not reloaded")
	if _, body := page(t, person, console+"/readyz"); !strings.Contains(body, "app is invalid; its last good version is served") {
		t.Errorf("%s", body)
	}
	if _, body := page(t, &http.Client{}, console+"/readyz"); body != "ok\n" {
		t.Errorf("a stranger is told %q", body)
	}
	if info, err := os.Stat(filepath.Join(dir, ".currant", "console.token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
	token, err := os.ReadFile(m[2])
	if said := strings.Join(p.seen, "\n"); err != nil || strings.Contains(said, "login?token") || strings.Contains(said, strings.TrimSpace(string(token))) {
		t.Errorf("the log lets others in (%v):\n%s", err, said)
	}
}

// operator is a browser that has logged in with the token in a file.
func operator(t *testing.T, console, file string) *http.Client {
	t.Helper()
	token, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, console+"/login", strings.NewReader(url.Values{"token": {strings.TrimSpace(string(token))}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := person.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the token logs nobody in: %s", resp.Status)
	}
	return person
}

// Two runners with the usual settings do not get into each other's way; an address that was asked for and is taken
// is an error; off is off.
func TestConsoleAddresses(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), hook)
	first := start(t, dir, "dev", "app", "--listen", "127.0.0.1:0", "--data-dir", "one")
	first.await("Console at http://127.0.0.1:")
	second := start(t, dir, "dev", "app", "--listen", "127.0.0.1:0", "--data-dir", "two")
	taken := second.await(`Console at http://(127.0.0.1:\d+); `)[1]
	third := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--data-dir", "three", "--console", taken)
	third.await("the console cannot listen at")
	if code := third.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, third.seen)
	}
	open := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--data-dir", "four", "--console", "0.0.0.0:0")
	open.await("needs TLS: give --console-cert and --console-key")
	if code := open.exit(); code != exitWrong {
		t.Errorf("exit code %d: %s", code, open.seen)
	}
	off := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--data-dir", "five", "--console", "off")
	off.await("msg=ready")
	off.signal(syscall.SIGTERM)
	if code := off.exit(); code != exitDone || strings.Contains(strings.Join(off.seen, "\n"), "msg=console") {
		t.Errorf("exit code %d: %s", code, off.seen)
	}
	for _, p := range []*process{first, second} {
		p.signal(os.Interrupt)
		if code := p.exit(); code != exitDone {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
	}
}

// A run that is copied as a test is one that passes, though not all that it went through is kept.
func TestConsoleCopyAsTest(t *testing.T) {
	for _, c := range []struct {
		example, runbook string
		args             []string
		has, lacks       string
	}{
		{"sub-runbook", "order", nil, "run.status", "needs a look"},
		{"triage", "triage", []string{"--sim"}, "records of open are not kept", "records = []"},
	} {
		t.Run(c.example, func(t *testing.T) {
			dir := t.TempDir()
			text, err := os.ReadFile("../../examples/" + c.example + "/main.hcl")
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, "app", "main.hcl"), string(text))
			p := start(t, dir, append([]string{"dev", "app", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, c.args...)...)
			at := p.await(`Console at (http://\S+); the token to log in with is in (.+)$`)
			q := start(t, dir, append([]string{"run", c.runbook, "app"}, c.args...)...)
			id := q.await(`^Run (\S+) .*finished`)[1]
			_, body := page(t, operator(t, at[1], at[2]), at[1]+"/runs/"+id+"/test")
			_, copied, _ := strings.Cut(body, `rows="28">`)
			copied, _, ok := strings.Cut(copied, "</textarea>")
			if !ok {
				t.Fatal(body)
			}
			copied = html.UnescapeString(copied)
			writeFile(t, filepath.Join(dir, "app", "copied.test.hcl"), copied)
			if !strings.Contains(copied, c.has) || strings.Contains(copied, c.lacks) {
				t.Errorf("not as it went:\n%s", copied)
			}
			tested := start(t, dir, "test", "app")
			tested.await("1 test passed")
			if code := tested.exit(); code != exitDone {
				t.Errorf("exit code %d: %s\n%s", code, tested.seen, copied)
			}
		})
	}
}

// The text of a sensitive argument is not shown, and that of another is; all arguments that are secret are known by
// their names.
func TestX3ConsoleViews(t *testing.T) {
	args := cty.ObjectVal(map[string]cty.Value{"account_id": lang.MarkSensitive(cty.StringVal("canary")), "name": cty.StringVal("Survey")})
	if text, shown := shownText(args, "account_id"); text != "" || shown {
		t.Errorf("%q, %v", text, shown)
	}
	if text, shown := shownText(lang.MarkSensitive(args), "name"); text != "" || shown {
		t.Errorf("%q, %v", text, shown)
	}
	if text, shown := shownText(args, "name"); text != "Survey" || !shown {
		t.Errorf("%q, %v", text, shown)
	}
	if text, shown := shownText(args, "reference"); text != "" || !shown {
		t.Errorf("%q, %v", text, shown)
	}
	names, err := secretArguments()
	for _, name := range []string{"client_secret", "password", "personal_access_token", "secret", "token", "value"} {
		if err != nil || !slices.Contains(names, name) {
			t.Errorf("%s is not among %v (%v)", name, names, err)
		}
	}
	if slices.Contains(names, "username") {
		t.Error("a username is a secret")
	}
}
