package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"currant/engine"
	"currant/engine/compile"
)

// session is an engine that this process runs for one command, reachable as any runner is: other commands
// may cancel its runs meanwhile.
type session struct {
	*engine.Engine
	cancel context.CancelFunc
	group  *errgroup.Group
	// failed is done when the engine has stopped, by itself or by close.
	failed context.Context
}

// openSession takes the data directory, goes on with the unfinished runs in it, and answers commands.
func openSession(ctx context.Context, o engine.Options) (*session, error) {
	e, err := engine.New(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	s := &session{Engine: e, cancel: cancel, group: group, failed: ctx}
	group.Go(func() error { return e.Run(ctx) })
	select {
	case <-e.Recovered():
		return s, nil
	case <-ctx.Done():
		return nil, s.close()
	}
}

// close stops the engine: calls in flight may finish, the rest goes on at the next start.
func (s *session) close() error {
	s.cancel()
	return errors.Join(s.group.Wait(), s.Close())
}

// reach is the runner of a data directory: the one that owns it or, where none does, one of this command's
// own, to be closed at its end.
func reach(ctx context.Context, dir, keyURI string, compileOptions compile.Options, log *slog.Logger) (*engine.Client, *session, error) {
	if c := engine.Dial(ctx, dir); c != nil {
		return c, nil, nil
	}
	s, err := openSession(ctx, engine.Options{Dir: dir, Compile: compileOptions, Log: log, Keys: keyOptions(keyURI)})
	if err != nil {
		return nil, nil, err
	}
	for {
		if c := engine.Dial(ctx, dir); c != nil {
			return c, s, nil
		}
		select {
		case <-s.failed.Done():
			return nil, nil, s.close()
		case <-ctx.Done():
			return nil, nil, errors.Join(ctx.Err(), s.close())
		case <-time.After(2 * time.Millisecond): // the socket is there in a moment
		}
	}
}

// interrupts counts what a person's Ctrl-C, or a SIGTERM, asks for.
type interrupts struct {
	// first is done at the first one: stop in order. second is done at the next: stop at once.
	first, second context.Context
	stop          func()
}

// errInterrupted is the end of a command that was told twice to stop.
var errInterrupted = errors.New("interrupted; what was going on goes on at the next start")

func catchInterrupts(ctx context.Context, signals ...os.Signal) *interrupts {
	first, stopFirst := context.WithCancel(ctx)
	second, stopSecond := context.WithCancel(ctx)
	got := make(chan os.Signal, 2)
	signal.Notify(got, signals...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, stop := range []context.CancelFunc{stopFirst, stopSecond} {
			select {
			case <-got:
				stop()
			case <-second.Done():
				return
			}
		}
	}()
	return &interrupts{first: first, second: second, stop: func() { signal.Stop(got); stopSecond(); stopFirst(); <-done }}
}

// quietLog is the engine's log of a command that has a view of its own: only what an operator must know.
func quietLog(t *terminal) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}}))
}

// wrap says what an error is about; no error stays none.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
