package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/lang"
)

type runOptions struct {
	sourceOptions
	runbook string
	dir     string
	input   string
	json    bool
}

func newRun(t *terminal) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [RUNBOOK] [DIR]",
		Short: "Run one runbook in the foreground",
		Long: `Runs one runbook of the blueprint in DIR (default: the current directory) and shows its steps as they go.
RUNBOOK may be left out where there is only one. --input is a file of JSON, or "-" for standard input: the
input of a manual trigger, or the output of a trigger of another kind.

With --sim the run works on a simulated Xurrent account, which begins as a small company, in place of every
account of the blueprint; where the trigger is a webhook and there is no --input, that account sends a signed
event. What the run stores is kept in .currant/sim.

The run is durable: it is stored in the data directory, by the runner that owns it where one is going. Ctrl-C
cancels the run, and its finally blocks still run; a second one leaves at once.

Exit code 0: finished. 1: failed, cancelled or held. 2: the blueprint, a variable or the input is invalid.`,
		Example: `  currant run
  currant run collect ./survey --input event.json --var client_id=abc
  currant run triage --sim
  echo '{"name": "Ann"}' | currant run greet --input - --json | jq .outputs`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.runbook, o.dir = runTarget(args)
			if err := o.openSimulation(cmd.Context()); err != nil {
				return err
			}
			return errors.Join(runRun(cmd.Context(), t, &o), o.endSimulation())
		},
	}
	f := cmd.Flags()
	o.runnerFlags(f)
	f.StringVar(&o.input, "input", "", "file of JSON that the run is started with; - is standard input")
	f.BoolVar(&o.json, "json", false, "print the run as one JSON object, and all else on standard error")
	return cmd
}

// runTarget tells a runbook's name from a directory: a lone argument with a slash or a dot is a directory.
func runTarget(args []string) (runbook, dir string) {
	switch {
	case len(args) == 2:
		return args[0], args[1]
	case len(args) == 0:
		return "", "."
	}
	if info, err := os.Stat(args[0]); err == nil && info.IsDir() && !lang.ValidName(args[0]) {
		return "", args[0]
	}
	return args[0], "."
}

func runRun(ctx context.Context, t *terminal, o *runOptions) error {
	read := func() (*loaded, error) { return load(t, o.dir, &o.sourceOptions, false) }
	if o.account != nil {
		read = func() (*loaded, error) { return loadOnline(ctx, t, o.dir, &o.sourceOptions, false, false) }
	}
	l, err := read()
	if err != nil {
		return err
	}
	if err := l.err(); err != nil {
		return err
	}
	rb, err := l.choose(o.runbook)
	if err != nil {
		return err
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil { // warnings
		return err
	}
	input, err := runInput(ctx, t, o, rb)
	if err != nil {
		return err
	}
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	client, own, err := reach(in.second, o.dataDir, o.keyURI, l.options, quietLog(t))
	if err != nil {
		return err
	}
	view, err := follow(in, t, o, client, rb, input)
	if errors.Is(err, errInterrupted) {
		return err // at once: nothing is waited for, and the store is made for it
	}
	if own != nil {
		err = errors.Join(err, own.close())
	}
	if err != nil {
		return err
	}
	return showRun(t, o, l, view)
}

// runInput is what a run begins with: what --input says, or an event of the simulated account.
func runInput(ctx context.Context, t *terminal, o *runOptions, rb *compile.Runbook) ([]byte, error) {
	if o.account == nil || o.input != "" || rb.Trigger.Kind.Name != "webhook" {
		return readInput(t, rb, o.input)
	}
	return receiveSample(ctx, t, o.account, rb)
}

// readInput reads the input as JSON and checks that it fits, before anything is stored.
func readInput(t *terminal, rb *compile.Runbook, from string) ([]byte, error) {
	var data []byte
	var err error
	switch from {
	case "":
		if _, err := engine.Input(rb, cty.NilVal); err != nil {
			if _, err := engine.Input(rb, cty.EmptyObjectVal); err == nil {
				return []byte("{}"), nil // every attribute of the input is optional
			}
			return nil, invalidf("%w\nGive it with --input FILE, or --input - for standard input", err)
		}
		return nil, nil
	case "-":
		data, err = io.ReadAll(t.in)
	default:
		data, err = os.ReadFile(from)
	}
	if err != nil {
		return nil, invalidf("--input: %w", err)
	}
	if strings.TrimSpace(string(data)) == "" {
		return nil, invalidf("--input %s: there is nothing in it; give JSON", from)
	}
	v, err := lang.ParseJSON(data, lang.DataLimits{})
	if err != nil {
		return nil, invalidf("--input %s: %w", from, err)
	}
	if _, err := engine.Input(rb, v); err != nil {
		return nil, invalidf("--input %s: %w", from, err)
	}
	return data, nil
}

// follow starts the run and shows its progress until it has ended or is held.
func follow(in *interrupts, t *terminal, o *runOptions, client *engine.Client, rb *compile.Runbook, input []byte) (engine.View, error) {
	out := t.out
	if o.json {
		out = t.err
	}
	show := newProgressView(out, rb)
	defer show.close()
	ctx, cancel := context.WithCancel(in.second)
	defer cancel()
	started := make(chan string, 1)
	asked := make(chan error, 1)
	go func() { // cancels the run at the first interrupt
		asked <- func() error {
			select {
			case <-in.first.Done():
			case <-ctx.Done():
				return nil
			}
			select {
			case id := <-started:
				show.note("Cancelling the run; interrupt again to leave at once.")
				return client.Cancel(ctx, id)
			case <-ctx.Done():
				return nil
			}
		}()
	}()
	view, err := client.Run(ctx, rb, input, func(id string) { started <- id }, show.tell)
	cancel()
	if e := <-asked; e != nil && err == nil && !journal.Status(view.Status).Ended() {
		err = e
	}
	if in.second.Err() != nil && err != nil {
		return view, errInterrupted
	}
	if err == nil && !journal.Status(view.Status).Ended() {
		view, err = settled(in.second, o.dataDir, view)
	}
	if err == nil {
		show.end(view)
	}
	return view, err
}

// settled waits for the moment in which a run that has been told to be held is stored as held.
func settled(ctx context.Context, dir string, v engine.View) (engine.View, error) {
	store, err := journal.OpenReader(dir)
	if err != nil {
		return v, err
	}
	defer store.Close()
	for range 40 {
		if v, err = engine.ReadView(ctx, store, v.JobUUID); err != nil || v.Status != string(journal.Running) {
			return v, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
	return v, nil
}

// showRun prints what came of a run, and returns the error that its exit code needs.
func showRun(t *terminal, o *runOptions, l *loaded, v engine.View) error {
	if o.json {
		if err := t.out.json(v); err != nil {
			return err
		}
	} else {
		outputs(t.out, v)
	}
	failure(t.err, l.files, v)
	switch v.Status {
	case string(journal.Finished):
		return nil
	case string(journal.Held):
		t.err.printf("The run is held: whether a step did its work is not known. Look with \"currant runs show %s\", then\n"+
			"decide with \"currant runs resume %s --do repeat\" (or skip, or fail).\n", v.JobUUID, v.JobUUID)
	}
	return &silentError{exitFailed}
}
