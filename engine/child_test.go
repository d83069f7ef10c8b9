package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Environment of a child: its role, the directory that holds its blueprint, data and effects.
const (
	childEnv = "CURRANT_ENGINE_CHILD"
	childDir = "CURRANT_ENGINE_DIR"
)

func child(role string) error {
	switch role {
	case "serve":
		return serve(os.Getenv(childDir))
	case "rekey":
		return rekeyForever(os.Getenv(childDir))
	}
	return fmt.Errorf("unknown role %s", role)
}

// serve is a runner as the binary has it: engine and ingress. Its probe steps append lines to the file
// "effects". It tells its address when it has recovered, and stops when standard input ends.
func serve(dir string) error {
	effects, err := os.OpenFile(filepath.Join(dir, "effects"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p := newProbes()
	for _, step := range []string{"one", "two", "three", "charge"} {
		p.on(step, func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
			// One write: lines of many steps do not mix, and what is written outlives a kill.
			_, err := fmt.Fprintf(effects, "%s %s %d %s\n", c.Run, c.Step, c.Attempt, v.AsString())
			pause := time.NewTimer(rand.N(4 * time.Millisecond))
			defer pause.Stop()
			<-pause.C
			return v, err
		})
	}
	src, diags := lang.ReadDir(filepath.Join(dir, "load"))
	if diags.HasErrors() {
		return diags
	}
	o := p.compileOptions(lang.Values{})
	bp, diags := compile.Compile(src, o)
	if diags.HasErrors() {
		return diags
	}
	e, err := engine.New(engine.Options{Dir: filepath.Join(dir, "data"), Compile: o})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end asks for a stop
		cancel()
	}()
	if err := e.Load(ctx, bp); err != nil {
		return errors.Join(err, e.Close())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, e.Close())
	}
	srv := &ingress.Server{Route: e.Route, Accept: e.Accept}
	served := make(chan error, 1)
	go func() {
		<-e.Recovered()
		fmt.Println("ready", ln.Addr())
		served <- srv.Run(ctx, ln)
	}()
	err = e.Run(ctx)
	cancel()
	return errors.Join(err, <-served, e.Close())
}

// runner is a child process that serves.
type runner struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ready chan string // its address
	err   *lockedBuffer
}

// spawn starts a runner over a directory; ready tells its address once.
func spawn(t testing.TB, dir string) *runner {
	t.Helper()
	r := &runner{cmd: exec.Command(os.Args[0]), ready: make(chan string, 1), err: &lockedBuffer{}}
	r.cmd.Env = append(os.Environ(), childEnv+"=serve", childDir+"="+dir)
	r.cmd.Stderr = r.err
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.stdin = stdin
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ready)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if addr, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				r.ready <- addr
			}
		}
	}()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // mostly ended already
	return r
}

// kill ends the process as a crash does.
func (r *runner) kill(t testing.TB) {
	t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatalf("the runner had ended by itself: %v\n%s", err, r.err)
	}
	for range r.ready { // its output ends with it
	}
	_ = r.cmd.Wait() // killed
}

// address waits until the runner is ready.
func (r *runner) address(t testing.TB) string {
	t.Helper()
	select {
	case addr, ok := <-r.ready:
		if !ok {
			t.Fatalf("the runner ended: %v\n%s", r.cmd.Wait(), r.err)
		}
		return addr
	case <-time.After(30 * time.Second):
		t.Fatal("the runner is not ready after 30 s")
		return ""
	}
}

// stop ends the process in order.
func (r *runner) stop(t testing.TB) {
	t.Helper()
	_ = r.stdin.Close() // asks for it
	for range r.ready {
	}
	if err := r.cmd.Wait(); err != nil {
		t.Fatalf("the runner stopped with %v\n%s", err, r.err)
	}
}
