package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the command as a process of its own: what is asked of it comes as signals.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of both outputs
	seen  []string
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Args, cmd.Dir = append([]string{"currant"}, args...), dir
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, lines: make(chan string, 1000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it has been waited for, or is killed
		w.Close()
		for range p.lines {
		}
		<-read
	})
	return p
}

// await returns the first line from now on that matches.
func (p *process) await(pattern string) []string {
	p.t.Helper()
	want := regexp.MustCompile(pattern)
	late := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("ended without %q; it said:\n%s", pattern, strings.Join(p.seen, "\n"))
			}
			p.seen = append(p.seen, line)
			if m := want.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-late:
			p.t.Fatalf("no %q; it said:\n%s", pattern, strings.Join(p.seen, "\n"))
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) exit() int {
	p.t.Helper()
	_ = p.cmd.Wait() // its error is the exit code
	return p.cmd.ProcessState.ExitCode()
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
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

const hook = `runbook "hook" {
  trigger "json_endpoint" {}
  step "log" "say" { message = "one" }
}
`

const patient = `runbook "patient" {
  trigger "manual" {}
  step "try" "careful" {
    do {
      step "wait" "long" { duration = "1h" }
    }
    finally {
      step "log" "cleanup" { message = "cleaned up" }
    }
  }
}
`

func TestServe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "app", "main.hcl")
	writeFile(t, file, hook)
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0", "--log-format", "json")
	url := p.await(`"msg":"ready".*"public_url":"(http://[^"]+)"`)[1]
	if code, body := post(t, url+"/inbound/app/hook", "{}"); code != 200 || !strings.Contains(body, "job_uuid") {
		t.Fatalf("%d %s", code, body)
	}
	p.await(`"msg":"run ended".*"status":"finished"`)

	// Another command's run is executed by the runner that owns the directory.
	writeFile(t, filepath.Join(dir, "other", "main.hcl"), "runbook \"other\" {\n  trigger \"manual\" {}\n  step \"log\" \"say\" { message = \"two\" }\n}\n")
	q := start(t, dir, "run", "other", "other")
	q.await("log: two")
	if code := q.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, q.seen)
	}
	p.await(`"msg":"run ended".*"runbook":"other/other"`)
	q = start(t, dir, "store", "backup", "copy.db")
	if q.await("copied to"); q.exit() != exitDone {
		t.Error(q.seen)
	}

	// A bad edit leaves what is served; a good one is in force at once, and SIGHUP reads again.
	writeFile(t, file, "runbook {")
	p.await(`"msg":"blueprint not reloaded`)
	if code, _ := post(t, url+"/inbound/app/hook", "{}"); code != 200 {
		t.Errorf("after a bad edit: %d", code)
	}
	writeFile(t, file, hook+strings.ReplaceAll(hook, `"hook"`, `"second"`))
	p.await(`"msg":"blueprint in force".*"added":\["second"\]`)
	if code, _ := post(t, url+"/inbound/app/second", "{}"); code != 200 {
		t.Errorf("after a good edit: %d", code)
	}
	p.signal(syscall.SIGHUP)
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

func TestServeRefusesInvalidBlueprint(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), "runbook \"a\" {\n}\n")
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0")
	p.await("on app/main.hcl line 1")
	if code := p.exit(); code != exitWrong {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

func TestDev(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "app", "main.hcl")
	writeFile(t, file, "runbook \"hook\" {\n}\n")
	p := start(t, dir, "dev", "app", "--listen", "127.0.0.1:0")
	p.await("on app/main.hcl line 1")
	p.await("app is invalid. It is served as soon as it is valid.")
	url := p.await("Listening at (http://[^ ]+)[.] ")[1]
	writeFile(t, file, hook)
	p.await("app is in force, added hook")
	p.await("hook +json_endpoint at " + regexp.QuoteMeta(url) + "/inbound/app/hook")
	if code, body := post(t, url+"/inbound/app/hook", "{}"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	p.await("app/hook finished in")
	p.signal(os.Interrupt)
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

func TestRunIsCancelledByInterrupt(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), patient)
	p := start(t, dir, "run", "patient")
	p.await("step careful.do/long waiting until")
	p.signal(os.Interrupt)
	p.await("log: cleaned up")
	p.await("cancelled in")
	if code := p.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

func TestSecondInterruptLeavesAtOnce(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), strings.Replace(patient, "step \"log\" \"cleanup\" { message = \"cleaned up\" }", "step \"wait\" \"cleanup\" { duration = \"1h\" }", 1))
	p := start(t, dir, "run")
	p.await("step careful.do/long waiting until")
	p.signal(os.Interrupt)
	p.await("step careful.finally/cleanup waiting until")
	p.signal(os.Interrupt)
	p.await("interrupted; what was going on goes on")
	if code := p.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// A run that is left goes on with the next runner; another terminal can cancel it.
func TestRunIsLeftAndCancelledLater(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), patient)
	p := start(t, dir, "run", "patient")
	p.await("waiting until")
	q := start(t, dir, "runs", "list")
	id := q.await("^([-0-9a-f]{36}) ")[1]
	q.exit()
	q = start(t, dir, "runs", "tail", id)
	q.await("step +careful.do/long waiting") // it is on disk
	q.signal(os.Interrupt)
	q.exit()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	q = start(t, dir, "runs", "cancel", id[:30])
	q.await("log: cleaned up")
	q.await("cancelled in")
	if code := q.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, q.seen)
	}
	q = start(t, dir, "runs", "show", id)
	q.await("Status +cancelled")
	q.await("cleaned up")
	q.exit()
}

func TestCancelFromAnotherTerminal(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), patient)
	p := start(t, dir, "run", "patient")
	p.await("waiting until")
	q := start(t, dir, "runs", "list", "--json")
	id := q.await(`"job_uuid": "([^"]+)"`)[1]
	q.exit()
	tail := start(t, dir, "runs", "tail", id)
	tail.await("step +careful.do/long waiting")
	q = start(t, dir, "runs", "cancel", id)
	q.await("is being cancelled")
	q.exit()
	tail.await("cancelled in")
	if code := tail.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, tail.seen)
	}
	p.await("cancelled in")
	if code := p.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
}

// A failed run goes on from the step that failed once its cause is gone.
func TestRetry(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), `variable "secret" {
  type      = string
  sensitive = true
}
runbook "fragile" {
  trigger "manual" {}
  step "log" "first" { message = "first" }
  step "fail" "no" {
    when    = nonsensitive(var.secret) != "right"
    message = "wrong"
  }
  step "log" "last" { message = "last" }
}
`)
	p := start(t, dir, "run", "fragile", "--var", "secret=wrong")
	id := p.await("Run ([-0-9a-f]+) failed in")[1]
	if code := p.exit(); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
	p = start(t, dir, "runs", "retry", id, "--var", "secret=right")
	p.await("goes on")
	p.await("log: last")
	p.await("finished in")
	if code := p.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, p.seen)
	}
	if strings.Contains(strings.Join(p.seen, "\n"), "log: first") {
		t.Errorf("a step that was done is done again: %s", p.seen)
	}
}

// A write that was in flight when the runner died holds the run until a person decides.
func TestHeldRunIsResumed(t *testing.T) {
	called := make(chan struct{}, 10)
	hang := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer api.Close()
	defer close(hang)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.hcl"), `runbook "write" {
  trigger "manual" {}
  step "http" "post" {
    method = "POST"
    url    = "`+api.URL+`"
    json   = { text = "hello" }
  }
  step "log" "last" { message = "went on" }
}
`)
	p := start(t, dir, "run", "write", "--allow-network", "127.0.0.1")
	select {
	case <-called:
	case <-time.After(patience):
		t.Fatal("the step was not executed")
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	q := start(t, dir, "runs", "list", "--json")
	id := q.await(`"job_uuid": "([^"]+)"`)[1]
	q.exit()
	q = start(t, dir, "runs", "resume", id, "--do", "skip")
	q.await("log: went on")
	q.await("finished in")
	if code := q.exit(); code != exitDone {
		t.Errorf("exit code %d: %s", code, q.seen)
	}
	if len(called) > 0 {
		t.Error("the write was repeated")
	}
}
