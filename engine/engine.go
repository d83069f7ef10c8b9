package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
)

// Options are an engine's settings.
type Options struct {
	// Dir is the data directory. It is created if it is missing.
	Dir string
	// Compile is what stored blueprints are compiled with when a run needs them again.
	Compile compile.Options
	// Workers is how many runs may be executing at once; waiting ones do not count. Default 128.
	Workers int
	// MaxQueued is how many runs may be queued before Accept refuses more. Default 100,000.
	MaxQueued int
	Log       *slog.Logger
	// Journal are the store's own options.
	Journal journal.Options
	// Keys say where the master key of sealed values is.
	Keys KeyOptions
}

// Engine executes runs over one data directory.
type Engine struct {
	o     Options
	log   *slog.Logger
	store *journal.Store
	vault *keys
	kept  *kept

	sets        sets
	connections connections

	mu       sync.Mutex // guards what follows
	entries  map[string]*entry
	groups   map[string]*group
	ready    queue
	wakes    wakeHeap
	active   int
	queued   int
	closing  bool
	watchers map[string][]chan struct{} // told when a run ends

	kick      chan struct{} // something is ready, or a wake-up time came nearer
	idle      *sync.Cond    // on mu: active went down
	scheduled chan struct{} // schedules changed
	recovered chan struct{}
	patience  chan struct{} // closed when calls in flight are waited for no longer
	followers followers
}

// keyTime is how long a start waits for a key service.
const keyTime = 30 * time.Second

// New opens the data directory. Nothing runs until Run.
func New(o Options) (*Engine, error) {
	if o.Workers <= 0 {
		o.Workers = 128
	}
	if o.MaxQueued <= 0 {
		o.MaxQueued = 100_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	store, err := journal.Open(o.Dir, o.Journal)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), keyTime)
	defer cancel()
	keys, err := openKeys(ctx, store, o.Dir, o.Keys)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	e := &Engine{o: o, log: o.Log, store: store, vault: keys, entries: map[string]*entry{}, groups: map[string]*group{},
		watchers: map[string][]chan struct{}{}, kick: make(chan struct{}, 1), scheduled: make(chan struct{}, 1), recovered: make(chan struct{}), patience: make(chan struct{})}
	e.idle = sync.NewCond(&e.mu)
	e.kept = newKept(e)
	e.sets.init()
	e.connections.init()
	return e, nil
}

// Run recovers unfinished runs and executes runs until ctx ends; then it lets outside calls in flight finish
// for a while, parks the rest, and returns. It is called once.
func (e *Engine) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if err := e.recover(ctx); err != nil {
		return fmt.Errorf("recover unfinished runs: %w", err)
	}
	close(e.recovered)
	group.Go(func() error { return e.dispatch(ctx) })
	group.Go(func() error { return e.fireSchedules(ctx) })
	group.Go(func() error { return e.prune(ctx) })
	group.Go(func() error { return e.ServeControl(ctx) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-e.store.Failed():
			return fmt.Errorf("the store has failed and takes no more writes: %w", e.store.Err())
		}
	})
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, e.drain())
}

// Recovered is closed when the runs of an earlier process are known again.
func (e *Engine) Recovered() <-chan struct{} { return e.recovered }

// Close closes the store. Run must have returned, or not have been called.
func (e *Engine) Close() error {
	e.connections.close()
	return e.store.Close()
}

// drainTime is how long runs may finish their calls in flight when the engine stops (promise D13).
const drainTime = 8 * time.Second

// drain waits until no run is being executed.
func (e *Engine) drain() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	timer := time.AfterFunc(drainTime, func() {
		close(e.patience)
		e.log.Warn("stopping with calls in flight; they are judged at the next start")
	})
	defer timer.Stop()
	last := time.AfterFunc(drainTime+time.Second, func() { e.mu.Lock(); defer e.mu.Unlock(); e.closing = true; e.idle.Broadcast() })
	defer last.Stop()
	for e.active > 0 && !e.closing {
		e.idle.Wait()
	}
	return nil
}

// Store is the engine's store, for reading.
func (e *Engine) Store() *journal.Store { return e.store }

// Accept stores an event as a run of its trigger's runbook, once per delivery, and lets it go. It returns
// when the event is on disk. It refuses with 503 when too much is queued or the disk is full.
func (e *Engine) Accept(ctx context.Context, t *ingress.Trigger, ev ingress.Event) (ingress.Receipt, error) {
	rb, ok := t.Owner.(*compile.Runbook)
	if !ok {
		return ingress.Receipt{}, fmt.Errorf("trigger %s/%s belongs to no loaded blueprint", t.Blueprint, t.Runbook)
	}
	start := Start{Value: ev.Value, Delivery: ev.Delivery, Nonce: ev.Nonce, NonceUntil: ev.NonceUntil, Context: ev.Context, At: ev.At}
	if ev.Origin != "" && ev.Origin != ev.Delivery {
		known, err := e.store.ByDelivery(ctx, t.Blueprint, t.Runbook, ev.Origin)
		switch {
		case errors.Is(err, journal.ErrNotFound):
		case err != nil:
			return ingress.Receipt{}, e.errStore(err)
		case known.Status != journal.Failed:
			return ingress.Receipt{Run: known.ID}, nil
		default:
			start.Origin = known.ID
		}
	}
	r, fresh, err := e.Start(ctx, rb, start)
	return ingress.Receipt{Run: r, Fresh: fresh}, err
}

// errBusy is the answer when too much is queued.
func (e *Engine) errBusy() error {
	return &ingress.Refusal{Status: 503, Message: "the runner is full", RetryAfter: 5 * time.Second}
}

func (e *Engine) errStore(err error) error {
	if errors.Is(err, journal.ErrReplayed) {
		return ingress.Unauthorized("the event's id (jti) has started a run under another delivery: a replay")
	}
	if errors.Is(err, journal.ErrFull) {
		return &ingress.Refusal{Status: 503, Message: "the runner cannot store events now", Reason: err.Error(), RetryAfter: 30 * time.Second}
	}
	return err
}

// values is how a stored blueprint gets the values that it does not keep.
func (e *Engine) values() lang.Values { return e.o.Compile.Values }
