package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"currant/engine"
	"currant/engine/journal"
)

// tailEvery is how often the store is looked at.
const tailEvery = 250 * time.Millisecond

func newRunsTail(t *terminal) *cobra.Command {
	var o filterOptions
	cmd := &cobra.Command{
		Use:   "tail [ID]",
		Short: "Follow runs as they go",
		Long: `Follows one run, its log and its steps, until it has ended; without an id, a line for each run whenever it
begins, ends or waits, until Ctrl-C. The filters are those of "runs list".`,
		Example: `  currant runs tail
  currant runs tail 01a2017c
  currant runs tail --runbook collect`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := o.filter(time.Now())
			if err != nil {
				return err
			}
			in := catchInterrupts(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer in.stop()
			return withReader(o.dataDir, func(r *journal.Reader) error {
				look := (&tail{out: t.out, store: r, filter: f, seen: map[string]string{}}).list
				if len(args) == 1 {
					look = (&tail{out: t.out, store: r, id: args[0], seen: map[string]string{}}).one
				}
				err := repeatedly(in.first, look)
				if errors.Is(err, context.Canceled) {
					return nil
				}
				return err
			})
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

// repeatedly looks until there is no more to be seen.
func repeatedly(ctx context.Context, look func(context.Context) (more bool, err error)) error {
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		more, err := look(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// tail remembers what it has shown.
type tail struct {
	out    stream
	store  *journal.Reader
	filter journal.Filter
	id     string
	after  int64             // of the run's log
	seen   map[string]string // status by run, or by step
}

// list shows runs whose state has changed since the last look.
func (t *tail) list(ctx context.Context) (bool, error) {
	runs, err := t.store.List(ctx, t.filter)
	if err != nil {
		return false, err
	}
	now := make(map[string]string, len(runs))
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		now[r.ID] = string(r.Status)
		if t.seen[r.ID] != now[r.ID] {
			row := headRow(engine.HeadOf(r))
			t.out.printf("%s %s %s  %s  %s %s\n", t.out.style(styleDim, clock(time.Now())), row[0], t.out.style(statusStyle(row[1]), row[1]), row[2], row[3], row[6])
		}
	}
	t.seen = now
	return true, nil
}

// one shows what the run did since the last look; more is false once it has ended.
func (t *tail) one(ctx context.Context) (more bool, err error) {
	v, err := engine.ReadView(ctx, t.store, t.id)
	if err != nil {
		return false, err
	}
	for _, l := range v.Logs {
		if l.Seq > t.after {
			t.after = l.Seq
			t.out.printf("%s\n", logLine(t.out, l))
		}
	}
	for _, s := range v.Steps {
		if t.seen[s.Path] != s.Status {
			t.seen[s.Path] = s.Status
			at := s.EndedAt
			if at.IsZero() {
				at = s.StartedAt
			}
			text := s.Status
			if s.Error != nil {
				text += ": " + plain(s.Error.Message)
			}
			t.out.printf("%s step  %s %s\n", t.out.style(styleDim, clock(at)), s.Path, t.out.style(statusStyle(s.Status), text))
		}
	}
	if !journal.Status(v.Status).Ended() {
		return true, nil
	}
	outputs(t.out, v)
	failure(t.out, storedFiles(ctx, t.store, v.Version), v)
	return false, nil
}
