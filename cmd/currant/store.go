package main

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"currant/engine"
	"currant/engine/journal"
)

func newStore(t *terminal) *cobra.Command {
	return group("store", "Look after the store",
		"Looks after the store in the data directory: copies it, checks it, deletes runs that are past their retention, and rotates the key of stored secrets.",
		`  currant store backup /backup/currant.db
  currant store verify`,
		newStoreBackup(t), newStoreVerify(t), newStorePrune(t), newStoreRekey(t))
}

func newStoreBackup(t *terminal) *cobra.Command {
	var dataDir string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the store",
		Long: `Writes a copy of the store, as of now, to FILE, whole or not at all; it works while a runner is going. To restore
it, stop the runner and put the copy in the place of currant.db in the data directory. Stored secrets need the
master key too, which is not in the copy: the file "key" of the data directory, of which you keep a copy in
another place, or the key that --key-uri names.`,
		Example: "  currant store backup /backup/currant-$(date +%F).db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			err = onStore(cmd.Context(), dataDir,
				func(c *engine.Client) error { return c.Backup(cmd.Context(), path) },
				func(s *journal.Store) error { return s.Backup(cmd.Context(), path) })
			if err == nil {
				t.out.printf("The store is copied to %s.\n", path)
			}
			return err
		},
	}
	dataDirFlag(cmd.Flags(), &dataDir)
	return cmd
}

// onStore does something through the runner that owns a data directory, or to its store where none does. A
// directory without a store is an error: none is made.
func onStore(ctx context.Context, dir string, there func(*engine.Client) error, here func(*journal.Store) error) error {
	if err := withReader(dir, func(*journal.Reader) error { return nil }); err != nil {
		return err
	}
	if c := engine.Dial(ctx, dir); c != nil {
		return there(c)
	}
	s, err := journal.Open(dir, journal.Options{})
	if err != nil {
		return err
	}
	return errors.Join(here(s), s.Close())
}

// verifyView is what store verify shows.
type verifyView struct {
	File     string           `json:"file"`
	Format   int              `json:"format"`
	Valid    bool             `json:"valid"`
	Rows     map[string]int64 `json:"rows"`
	Notes    []string         `json:"notes"`
	Problems []string         `json:"problems"`
	// Missed is how many problems there are beyond those listed.
	Missed int `json:"missed"`
}

func newStoreVerify(t *terminal) *cobra.Command {
	var dataDir string
	var json bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the whole store for damage",
		Long: `Reads the whole store and checks its structure, the checksum of every row and every reference between rows. It
writes nothing and works beside a running runner. Exit code 1: there is damage, and what and where is printed.`,
		Example: "  currant store verify --data-dir /var/lib/currant",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r, err := journal.Verify(dataDir)
			if err != nil {
				return err
			}
			v := verifyView{File: r.File, Format: r.Format, Valid: len(r.Problems) == 0, Rows: r.Rows, Notes: append([]string{}, r.Notes...), Problems: []string{}, Missed: r.Missed}
			for _, p := range r.Problems {
				v.Problems = append(v.Problems, p.Error())
			}
			if json {
				err = t.out.json(v)
			} else {
				showVerified(t.out, v)
			}
			if err == nil && !v.Valid {
				return &silentError{exitFailed}
			}
			return err
		},
	}
	dataDirFlag(cmd.Flags(), &dataDir)
	cmd.Flags().BoolVar(&json, "json", false, "print the result as JSON")
	return cmd
}

func showVerified(out stream, v verifyView) {
	out.printf("%s (format %d)\n", v.File, v.Format)
	for _, table := range slices.Sorted(maps.Keys(v.Rows)) {
		out.printf("  %-10s %d\n", table, v.Rows[table])
	}
	for _, note := range v.Notes {
		out.printf("Note: %s\n", note)
	}
	for _, p := range v.Problems {
		out.printf("%s %s\n", out.style(styleBad, "Damage:"), p)
	}
	switch {
	case v.Missed > 0:
		out.printf("… and %d more.\n", v.Missed)
	case v.Valid:
		out.printf("%s\n", out.style(styleGood, "The store is sound."))
	}
}

func newStorePrune(t *terminal) *cobra.Command {
	var dataDir string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete runs that are past their retention",
		Long: `Deletes ended runs that are past the retention of their runbook (30 days where it says nothing), with their
logs. A runner does so by itself every ten minutes; runs that have not ended are never touched.`,
		Example: "  currant store prune",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onStore(cmd.Context(), dataDir, func(c *engine.Client) error {
				if err := c.Prune(cmd.Context()); err != nil {
					return err
				}
				t.out.printf("The runner has deleted the runs past their retention.\n")
				return nil
			}, func(s *journal.Store) error {
				n, err := pruneAll(cmd.Context(), s)
				t.out.printf("%s deleted.\n", count(n, "run"))
				return err
			})
		},
	}
	dataDirFlag(cmd.Flags(), &dataDir)
	return cmd
}

func pruneAll(ctx context.Context, s *journal.Store) (int, error) {
	const batch = 1000
	total := 0
	for {
		n, err := s.Prune(ctx, time.Now(), batch)
		total += n
		if err != nil || n < batch {
			return total, err
		}
	}
}
