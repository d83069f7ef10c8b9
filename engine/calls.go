package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/run"
	"currant/steps"
)

// call executes one attempt of one step outside the machine.
func (e *Engine) call(ctx context.Context, h *host, c run.Call) (o run.Outcome) {
	o.Path = c.Path
	call := &steps.Call{}
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("a step kind failed", "kind", c.Node.Kind.Name, "panic", secretsOf(call).Redact(fmt.Sprint(p)), "stack", string(debug.Stack()))
			o.Err = steps.Errorf(steps.InternalError, "the step kind %q failed inside Currant; please report it as a bug", c.Node.Kind.Name)
		}
	}()
	conn, err := e.connections.open(ctx, c)
	if err != nil {
		o.Err = err
		return o
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	en := h.en
	call = &steps.Call{Run: en.id, Runbook: en.runbook, Blueprint: en.blueprint, Step: c.Node.Name, Path: c.Path, Attempt: c.Attempt,
		Key: en.id + "/" + c.Path, Args: c.Args, Body: c.Node.Body, Trigger: c.Trigger, Connection: conn, Cursor: c.Cursor, Doubt: c.Doubt, Begun: c.Begun, Now: h.Now(),
		Log:  e.log.With("run", en.id, "step", c.Path, "attempt", c.Attempt),
		Runs: &runs{e: e, h: h}, Schedules: &schedules{e: e, blueprint: en.blueprint}, Kept: e.kept}
	if bp, err := e.version(ctx, en.version); err == nil {
		call.Dir = bp.Dir
	}
	since := e.kept.watch.now()
	if p := c.Node.Kind.Pager; p != nil {
		o.Page, err = p.Fetch(ctx, call)
	} else {
		o.Value, err = c.Node.Kind.Do(ctx, call)
	}
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && c.Timeout > 0 {
		err = steps.Errorf(steps.TimeoutError, "no result within the step's timeout of %s", c.Timeout)
	}
	if p, ok := err.(*steps.Park); ok && p.Kept != "" && c.Node.Kind.Pager == nil {
		e.kept.watch.add(en.id, p.Kept, since)
	}
	o.Err = WithoutSecrets(call, err)
	return o
}

// connections are the opened connections. One stays open as long as its arguments are the same, across
// reloads, so that its token is fetched once.
type connections struct {
	mu sync.Mutex // guards what follows
	// byArgs are open connections by type, name and digest of the arguments.
	byArgs map[string]any
	// keys are the keys in byArgs of the connections of loaded blueprints.
	keys map[*compile.Connection]string
}

// maxConnections bounds those that run-local connections may leave open.
const maxConnections = 1000

func (cs *connections) init() {
	cs.byArgs, cs.keys = map[string]any{}, map[*compile.Connection]string{}
}

func (cs *connections) open(ctx context.Context, c run.Call) (any, error) {
	conn := c.Node.Connection
	if conn == nil {
		return nil, nil
	}
	if opened, ok := cs.known(conn); ok {
		return opened, nil
	}
	args := c.Connection
	if args == cty.NilVal {
		v, diags := conn.Body.Eval(conn.Scope)
		if diags.HasErrors() {
			return nil, steps.Errorf(steps.InputError, "connection %q: %s", conn.Name, firstError(diags))
		}
		args = v
	}
	key, err := argsKey(conn, args)
	if err != nil {
		return nil, err
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	opened, ok := cs.byArgs[key]
	if !ok {
		if opened, err = conn.Kind.Open(ctx, args); err != nil {
			return nil, err
		}
		if len(cs.byArgs) >= maxConnections {
			cs.dropLocal()
		}
		cs.byArgs[key] = opened
	}
	if !conn.Local {
		cs.keys[conn] = key
	}
	return opened, nil
}

// known is the open connection of a loaded blueprint.
func (cs *connections) known(conn *compile.Connection) (any, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	key, ok := cs.keys[conn]
	return cs.byArgs[key], ok
}

func argsKey(conn *compile.Connection, args cty.Value) (string, error) {
	plain, _ := args.UnmarkDeep()
	text, err := ctyjson.Marshal(plain, cty.DynamicPseudoType)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return conn.Kind.Name + "\x00" + conn.Name + "\x00" + string(sum[:]), nil
}

// dropLocal closes what no loaded blueprint's own connection uses.
func (cs *connections) dropLocal() {
	used := map[string]bool{}
	for _, key := range cs.keys {
		used[key] = true
	}
	for key, opened := range cs.byArgs {
		if !used[key] {
			closeConnection(opened)
			delete(cs.byArgs, key)
		}
	}
}

// trim forgets which arguments the connections of blueprints no longer in force had. What was opened stays
// for those that have the same.
func (cs *connections) trim(inForce map[string]*compile.Blueprint) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	live := map[*compile.Connection]bool{}
	for _, bp := range inForce {
		for _, c := range bp.Connections {
			live[c] = true
		}
	}
	for conn := range cs.keys {
		if !live[conn] {
			delete(cs.keys, conn)
		}
	}
}

func (cs *connections) close() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, opened := range cs.byArgs {
		closeConnection(opened)
	}
	cs.byArgs, cs.keys = map[string]any{}, map[*compile.Connection]string{}
}

func closeConnection(opened any) {
	if c, ok := opened.(io.Closer); ok {
		_ = c.Close() // it holds idle sockets only
	}
}

// runs lets a step start and watch other runs (steps.Runs).
type runs struct {
	e *Engine
	h *host
}

// Start is part of steps.Runs.
func (r *runs) Start(ctx context.Context, s steps.StartRun) (string, error) {
	en := r.h.en
	rb, err := r.e.runbook(ctx, en.version, s.Runbook)
	if err != nil {
		return "", steps.Errorf(steps.InternalError, "%s", err)
	}
	value, err := Called(rb, s.Input)
	if err != nil {
		return "", steps.Errorf(steps.InputError, "input of the runbook %q: %s", s.Runbook, err)
	}
	start := Start{Value: value, Delivery: "call:" + s.Key}
	if r.h.attempt > 1 {
		if start.Delivery, err = r.again(ctx, en, s.Runbook, start.Delivery); err != nil {
			return "", err
		}
	}
	if s.Parent != "" {
		start.Parent, start.ParentStep = s.Parent, s.ParentPath
		r.e.mu.Lock()
		en.children = true
		r.e.mu.Unlock()
	}
	id, _, err := r.e.Start(ctx, rb, start)
	if err != nil {
		return "", &steps.PutBack{After: 5 * time.Second, Reason: err.Error()}
	}
	return id, nil
}

// again is the delivery of a call in a run that was retried: the run that failed before stays as it is, and
// another is started, once in this attempt.
func (r *runs) again(ctx context.Context, en *entry, runbook, delivery string) (string, error) {
	old, err := r.e.store.ByDelivery(ctx, en.blueprint, runbook, delivery)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return delivery, nil
	case err != nil:
		return "", steps.Errorf(steps.InternalError, "%s", err)
	case old.Status == journal.Failed || old.Status == journal.Cancelled:
		return fmt.Sprintf("%s@%d", delivery, r.h.attempt), nil
	}
	return delivery, nil
}

// Result is part of steps.Runs.
func (r *runs) Result(ctx context.Context, id string) (steps.RunResult, bool, error) {
	stored, err := r.e.store.Run(ctx, id)
	if err != nil {
		return steps.RunResult{}, false, steps.Errorf(steps.InternalError, "%s", err)
	}
	res := steps.RunResult{ID: id, Status: string(stored.Status), Outputs: cty.EmptyObjectVal}
	if !stored.Status.Ended() {
		return res, false, nil
	}
	var o outcome
	if len(stored.Outcome) > 0 {
		if err := json.Unmarshal(stored.Outcome, &o); err != nil {
			return res, false, steps.Errorf(steps.InternalError, "result of run %s: %s", id, err)
		}
	}
	res.Err = o.Err
	if len(o.Outputs) > 0 {
		codec := &run.Codec{Sealer: r.e.vault, Run: id}
		if res.Outputs, err = codec.Read("outputs", o.Outputs); err != nil {
			return res, false, steps.Errorf(steps.InternalError, "result of run %s: %s", id, err)
		}
	}
	return res, true, nil
}
