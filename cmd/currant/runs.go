package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/lang"
)

func newRuns(t *terminal) *cobra.Command {
	return group("runs", "List, show and steer runs",
		`Looks at the runs in the store and steers them. Looking works beside a running runner; what changes something
is done by the runner where one is going, and by this command otherwise. A run's id may be shortened to as
much of its beginning as is unique.`,
		`  currant runs list --status failed --since 24h
  currant runs show 01a2017c
  currant runs retry 01a2017c`,
		newRunsList(t), newRunsShow(t), newRunsTail(t), newRunsRetry(t), newRunsResume(t), newRunsCancel(t))
}

// filterOptions are the flags that narrow which runs are meant.
type filterOptions struct {
	dataDir, runbook, status, context, since, until, text string
	limit                                                 int
}

func (o *filterOptions) flags(f *pflag.FlagSet) {
	dataDirFlag(f, &o.dataDir)
	f.StringVar(&o.runbook, "runbook", "", "only runs of this runbook: NAME, or BLUEPRINT/NAME")
	f.StringVar(&o.status, "status", "", "only runs in this state: "+strings.Join(statuses, ", "))
	f.StringVar(&o.context, "context", "", "only runs with this context")
	f.StringVar(&o.since, "since", "", "only runs accepted since: a time (2026-11-22T08:00:00Z), a date, or a duration ago (24h)")
	f.StringVar(&o.until, "until", "", "only runs accepted before: as --since")
	f.StringVar(&o.text, "text", "", "only runs whose id, context, delivery or summary has this text in it")
	f.IntVar(&o.limit, "limit", 50, "at most so many, the newest")
}

var statuses = []string{string(journal.Queued), string(journal.Running), string(journal.Waiting), string(journal.Held),
	string(journal.Finished), string(journal.Failed), string(journal.Cancelled)}

func (o *filterOptions) filter(now time.Time) (journal.Filter, error) {
	f := journal.Filter{Runbook: o.runbook, Status: journal.Status(o.status), Context: o.context, Text: o.text, Limit: o.limit}
	if bp, rb, ok := strings.Cut(o.runbook, "/"); ok {
		f.Blueprint, f.Runbook = bp, rb
	}
	if o.status != "" && !slices.Contains(statuses, o.status) {
		return f, usagef("--status %q: it is one of %s.%s", o.status, strings.Join(statuses, ", "), lang.DidYouMean(o.status, statuses))
	}
	if o.limit < 1 {
		return f, usagef("--limit %d: it is at least 1", o.limit)
	}
	var err error
	if f.Since, err = momentOf("--since", o.since, now); err != nil {
		return f, err
	}
	f.Until, err = momentOf("--until", o.until, now)
	return f, err
}

// momentOf reads a time, a date in local time, or a duration before now; "" is the zero time.
func momentOf(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := lang.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usagef(`%s %q: write a time such as "2026-11-22T08:00:00Z", a date such as "2026-11-22", or a duration ago such as "24h"`, flag, s)
}

func newRunsList(t *terminal) *cobra.Command {
	var o filterOptions
	var json bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Long:  "Lists the runs in the store, newest first. --json prints a list of their heads, as \"runs show --json\" begins.",
		Example: `  currant runs list --status failed --since 24h
  currant runs list --runbook survey/collect --text "Access denied" --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := o.filter(time.Now())
			if err != nil {
				return err
			}
			return withReader(o.dataDir, func(r *journal.Reader) error {
				runs, err := r.List(cmd.Context(), f)
				if err != nil {
					return err
				}
				heads := make([]engine.Head, len(runs))
				for i, run := range runs {
					heads[i] = engine.HeadOf(run)
				}
				if json {
					return t.out.json(heads)
				}
				showHeads(t.out, heads)
				return nil
			})
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().BoolVar(&json, "json", false, "print them as a JSON list")
	return cmd
}

// withReader reads a store beside whoever owns it.
func withReader(dir string, f func(*journal.Reader) error) (err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no data directory %s: nothing has run here yet; name another one with --data-dir", dir)
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return f(r)
}

func newRunsShow(t *terminal) *cobra.Command {
	var dataDir string
	var json bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one run whole",
		Long: `Shows a run: where it stands, its steps with times and attempts, its log, its outputs, and where it failed.
Sensitive values are masked. --json prints the object that "run --json" prints.`,
		Example: `  currant runs show 01a2017c
  currant runs show 01a2017c --json | jq '.steps[] | select(.status == "failed")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withReader(dataDir, func(r *journal.Reader) error {
				v, err := engine.ReadView(cmd.Context(), r, args[0])
				if err != nil {
					return err
				}
				if json {
					return t.out.json(v)
				}
				showView(t.out, storedFiles(cmd.Context(), r, v.Version), v)
				return nil
			})
		},
	}
	dataDirFlag(cmd.Flags(), &dataDir)
	cmd.Flags().BoolVar(&json, "json", false, "print it as JSON")
	return cmd
}

// storedFiles are the sources of a blueprint version that runs began with, for excerpts; none if it is gone.
func storedFiles(ctx context.Context, r *journal.Reader, version string) map[string][]byte {
	text, err := r.Version(ctx, version)
	if err != nil {
		return nil
	}
	src, _, err := compile.Unbundle(text, lang.Values{})
	if err != nil {
		return nil
	}
	return src.Bytes()
}
