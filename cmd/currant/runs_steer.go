package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"currant/engine"
	"currant/engine/journal"
	"currant/engine/lang"
)

// steerOptions are the flags of the commands that change what becomes of a run.
type steerOptions struct {
	sourceOptions
	dataDir string
	do      string
}

func (o *steerOptions) flags(f *pflag.FlagSet) {
	o.sourceOptions.flags(f)
	allowFlag(f, &o.allow)
	dataDirFlag(f, &o.dataDir)
	keyFlag(f, &o.keyURI)
}

func newRunsRetry(t *terminal) *cobra.Command {
	var o steerOptions
	cmd := &cobra.Command{
		Use:   "retry ID",
		Short: "Let a failed or cancelled run go on from the step that failed",
		Long: `Lets a failed or cancelled run go on from the step that failed, under the version of the blueprint that it
began with; steps that are done are not done again. Where no runner owns the data directory, this command is
the runner until the run has ended; give it the variables that the blueprint needs.`,
		Example: "  currant runs retry 01a2017c",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd.Context(), t, &o, args[0], "goes on", (*engine.Client).Retry)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

func newRunsResume(t *terminal) *cobra.Command {
	var o steerOptions
	choices := []string{"repeat", "skip", "fail"}
	cmd := &cobra.Command{
		Use:   "resume ID --do repeat|skip|fail",
		Short: "Decide what becomes of a held run",
		Long: `Decides about a held run, whose step was in flight when the runner died, so that nobody knows whether it did
its work. Look first, then have the step repeated, skipped (it did its work, or is not needed) or failed.`,
		Example: `  currant runs show 01a2017c
  currant runs resume 01a2017c --do skip`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(choices, o.do) {
				return usagef("--do %q: it is one of %s.%s", o.do, strings.Join(choices, ", "), lang.DidYouMean(o.do, choices))
			}
			return steer(cmd.Context(), t, &o, args[0], "goes on", func(c *engine.Client, ctx context.Context, id string) error {
				if err := untilHeld(ctx, o.dataDir, id); err != nil {
					return err
				}
				return c.Resume(ctx, id, o.do)
			})
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().StringVar(&o.do, "do", "", "what is done about its step: repeat, skip or fail")
	return cmd
}

// untilHeld waits a little for a run that was in flight when its runner died: the one that goes on with it has
// yet to see what it was doing.
func untilHeld(ctx context.Context, dir, id string) error {
	return withReader(dir, func(r *journal.Reader) error {
		for range 40 {
			run, err := r.Run(ctx, id)
			if err != nil || run.Status.Ended() || run.Status == journal.Held {
				return err
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

func newRunsCancel(t *terminal) *cobra.Command {
	var o steerOptions
	cmd := &cobra.Command{
		Use:     "cancel ID",
		Short:   "Cancel a run",
		Long:    "Asks a run to end. The step in flight is given up, and its finally blocks still run.",
		Example: "  currant runs cancel 01a2017c",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd.Context(), t, &o, args[0], "is being cancelled", (*engine.Client).Cancel)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

// steer changes what becomes of a run. With a runner of its own it stays until the run has ended or is held.
func steer(ctx context.Context, t *terminal, o *steerOptions, id, said string, do func(*engine.Client, context.Context, string) error) error {
	var r journal.Run
	var files map[string][]byte
	err := withReader(o.dataDir, func(reader *journal.Reader) (err error) {
		if r, err = reader.Run(ctx, id); err == nil {
			files = storedFiles(ctx, reader, r.Version)
		}
		return err
	})
	if err != nil {
		return err
	}
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	options, _, err := o.compile(t, false, "")
	if err != nil {
		return err
	}
	client, own, err := reach(in.second, o.dataDir, o.keyURI, options, quietLog(t))
	if err != nil {
		return err
	}
	if own == nil {
		if err := do(client, in.second, r.ID); err != nil {
			return err
		}
		t.out.printf("The run %s %s. Follow it with \"currant runs tail %s\".\n", r.ID, said, r.ID)
		return nil
	}
	view, err := steerHere(in, t, own, r.ID, said, func(ctx context.Context) error { return do(client, ctx, r.ID) })
	if errors.Is(err, errInterrupted) {
		return err
	}
	if err = errors.Join(err, own.close()); err != nil {
		return err
	}
	outputs(t.out, view)
	failure(t.err, files, view)
	if view.Status == string(journal.Failed) || view.Status == string(journal.Held) {
		return &silentError{exitFailed}
	}
	return nil
}

// steerHere does it in this process and follows the run.
func steerHere(in *interrupts, t *terminal, own *session, id, said string, do func(context.Context) error) (engine.View, error) {
	out := t.out
	out.live = false // what the run did before is not known here: lines, no tree
	show := newProgressView(out, nil)
	defer show.close()
	events := make(chan engine.Progress, 1024)
	stop := own.Follow(func(p engine.Progress) {
		if p.Run != id {
			return
		}
		select {
		case events <- p:
		default: // more than anyone reads; the end is read from the store
		}
	})
	defer stop()
	if err := do(in.second); err != nil {
		return engine.View{}, err
	}
	show.note(fmt.Sprintf("The run %s %s.", id, said))
	for len(events) > 0 { // a hold among these is the one that has been decided about
		show.tell(<-events)
	}
	ended := make(chan error, 1)
	go func() { ended <- own.Wait(in.second, id) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for held := 0; held < 3; { // held again: as it says, or as the store says for a while
		select {
		case p := <-events:
			if show.tell(p); p.Phase == "held" {
				held = 3
			}
		case <-look.C:
			if r, err := own.Store().Run(in.second, id); err == nil && r.Status == journal.Held {
				held++
			} else {
				held = 0
			}
		case <-ended:
			for len(events) > 0 {
				show.tell(<-events)
			}
			if in.second.Err() != nil {
				return engine.View{}, errInterrupted
			}
			return own.View(in.second, id)
		case <-in.first.Done():
			show.note("Leaving; the run goes on when a runner is started.")
			return own.View(in.second, id)
		case <-own.failed.Done():
			return engine.View{}, errors.New("the engine has stopped")
		}
	}
	return own.View(in.second, id)
}
