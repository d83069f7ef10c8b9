package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/lang"
)

// SocketFile is the name of the socket, in the data directory, at which commands reach a running engine. Its
// mode, and the directory's, keep other users out.
const SocketFile = "control.sock"

// ServeControl answers commands at the data directory's socket until ctx ends.
func (e *Engine) ServeControl(ctx context.Context) error {
	path, release, err := socketPath(e.o.Dir)
	if err != nil {
		return err
	}
	defer release()
	l, err := listenControl(path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	defer os.Remove(path)
	srv := &http.Server{Handler: e.controls(), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = srv.Shutdown(end) // what is cut off sees that the runner went away
		_ = srv.Close()
	})
	defer stopped()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listenControl listens at a name of its own, closes it to others and then gives it its name: so the socket
// is never open to others, and what a killed process left is replaced.
func listenControl(path string) (*net.UnixListener, error) {
	for try := 0; ; try++ {
		own := fmt.Sprintf("%s.%d", path, try)
		if err := os.Remove(own); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: own, Net: "unix"})
		if err != nil {
			if try < 5 && errors.Is(err, syscall.EADDRINUSE) {
				continue // an interrupted bind may have bound
			}
			return nil, err
		}
		l.SetUnlinkOnClose(false)
		if err := errors.Join(os.Chmod(own, 0o600), os.Rename(own, path)); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		return l, nil
	}
}

// socketPath is the socket's path in a form that fits the 108 bytes of a socket address.
func socketPath(dir string) (path string, release func(), err error) {
	path = filepath.Join(dir, SocketFile)
	if len(path) < 96 {
		return path, func() {}, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), SocketFile), func() { d.Close() }, nil
}

func (e *Engine) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /runs/{id}/cancel", e.command(func(r *http.Request) error {
		return e.Cancel(r.Context(), r.PathValue("id"), "cancelled by a person")
	}))
	mux.HandleFunc("POST /runs/{id}/retry", e.command(func(r *http.Request) error { return e.Retry(r.Context(), r.PathValue("id")) }))
	mux.HandleFunc("POST /runs/{id}/resume", e.command(func(r *http.Request) error {
		return e.Resume(r.Context(), r.PathValue("id"), r.FormValue("do"))
	}))
	mux.HandleFunc("POST /backup", e.command(func(r *http.Request) error { return e.store.Backup(r.Context(), r.FormValue("path")) }))
	mux.HandleFunc("POST /prune", e.command(func(r *http.Request) error { _, err := e.Prune(r.Context()); return err }))
	mux.HandleFunc("POST /rekey", e.command(func(r *http.Request) error {
		return e.Rekey(r.Context(), Rekey{URI: r.FormValue("uri"), DataKey: r.FormValue("data_key") == "true"})
	}))
	mux.HandleFunc("POST /run", e.runFor)
	e.shareKept(mux)
	return mux
}

// Prune deletes ended runs past their retention and tells how many there were.
func (e *Engine) Prune(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := e.store.Prune(ctx, timeNow(), pruneBatch)
		total += n
		if err != nil || n < pruneBatch {
			return total, err
		}
	}
}

// answer is what the socket says of a command.
type answer struct {
	Error string `json:"error,omitempty"`
	// Missing says that there is no such run.
	Missing bool `json:"missing,omitempty"`
}

func (e *Engine) command(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var a answer
		if err := do(r); err != nil {
			a = answer{Error: err.Error(), Missing: errors.Is(err, journal.ErrNotFound)}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a) // the command has been carried out; who asked may have left
	}
}

// runRequest asks for a run of a blueprint that the caller has compiled.
type runRequest struct {
	Bundle  []byte `json:"bundle"`
	Runbook string `json:"runbook"`
	// Variables are the values of those that the bundle leaves out, as expressions.
	Variables map[string]string `json:"variables"`
	Input     json.RawMessage   `json:"input,omitempty"`
}

// runEvent is a line of the answer: progress, and at the end the run.
type runEvent struct {
	Progress *Progress `json:"progress,omitempty"`
	Started  string    `json:"started,omitempty"`
	View     *View     `json:"view,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// maxRunRequest bounds a request: a tree of files at its limit, in base64, and input.
const maxRunRequest = 32 << 20

// runFor runs a runbook for a command and follows it to its end.
func (e *Engine) runFor(w http.ResponseWriter, r *http.Request) {
	enc := json.NewEncoder(w)
	flush := func() { _ = http.NewResponseController(w).Flush() }
	fail := func(err error) { _ = enc.Encode(runEvent{Error: err.Error()}); flush() }
	var req runRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRunRequest)).Decode(&req); err != nil {
		fail(err)
		return
	}
	rb, value, err := e.requested(r.Context(), req)
	if err != nil {
		fail(err)
		return
	}
	events := make(chan Progress, 1024)
	stop := e.Follow(func(p Progress) {
		select {
		case events <- p:
		default: // a reader that cannot keep up misses lines, not the end
		}
	})
	defer stop()
	id, _, err := e.Start(r.Context(), rb, Start{Value: value})
	if err != nil {
		fail(err)
		return
	}
	_ = enc.Encode(runEvent{Started: id})
	flush()
	e.follow(r.Context(), id, events, func(p Progress) { _ = enc.Encode(runEvent{Progress: &p}); flush() })
	view, err := e.View(context.WithoutCancel(r.Context()), id)
	if err != nil {
		fail(err)
		return
	}
	if r.Context().Err() != nil && view.EndedAt.IsZero() {
		fail(fmt.Errorf("the runner stops; the run %s goes on when it is started again", id))
		return
	}
	_ = enc.Encode(runEvent{View: &view})
	flush()
}

// follow hands on a run's progress until it has ended, is held, or ctx ends.
func (e *Engine) follow(ctx context.Context, id string, events <-chan Progress, tell func(Progress)) {
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Wait(ctx, id) }()
	for {
		select {
		case p := <-events:
			if p.Run != id {
				continue
			}
			tell(p)
			if p.Phase == "held" {
				return
			}
		case <-done:
			for {
				select {
				case p := <-events:
					if p.Run == id {
						tell(p)
					}
				default:
					return
				}
			}
		}
	}
}

// requested compiles what a command wants to run.
func (e *Engine) requested(ctx context.Context, req runRequest) (*compile.Runbook, cty.Value, error) {
	src, values, err := compile.Unbundle(req.Bundle, lang.Values{Set: req.Variables})
	if err != nil {
		return nil, cty.NilVal, err
	}
	o := e.o.Compile
	o.Values = values
	bp, diags := compile.Compile(src, o)
	if diags.HasErrors() {
		return nil, cty.NilVal, errors.New(firstError(diags))
	}
	rb := bp.Runbook(req.Runbook)
	if rb == nil {
		return nil, cty.NilVal, fmt.Errorf("the blueprint has no runbook %q", req.Runbook)
	}
	if err := e.adopt(ctx, bp); err != nil {
		return nil, cty.NilVal, err
	}
	input := cty.NilVal
	if len(strings.TrimSpace(string(req.Input))) > 0 {
		if input, err = lang.ParseJSON(req.Input, lang.DataLimits{}); err != nil {
			return nil, cty.NilVal, fmt.Errorf("input: %w", err)
		}
	}
	value, err := Input(rb, input)
	return rb, value, err
}

// adopt stores a blueprint that is not to be in force, for a run of its own.
func (e *Engine) adopt(ctx context.Context, bp *compile.Blueprint) error {
	if err := e.store.KeepVersion(ctx, bp.Digest, bp.Name, bp.Bundle); err != nil {
		return err
	}
	s := &e.sets
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(bp, *s.inForce.Load())
	return nil
}
