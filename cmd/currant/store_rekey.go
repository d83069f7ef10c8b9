package main

import (
	"github.com/spf13/cobra"

	"currant/engine"
	"currant/engine/journal"
)

func newStoreRekey(t *terminal) *cobra.Command {
	var dataDir, uri string
	var dataKey bool
	cmd := &cobra.Command{
		Use:   "rekey",
		Short: "Rotate the master key of stored secrets",
		Long: `Makes a new master key for the secrets in the data directory, or takes the one that --key-uri names, and gives
up the one before. The secrets themselves stay as they are: they are sealed with data keys, and the master key
seals those. With --data-key there is a new data key too, for what is stored from then on.

It works while a runner is going, and killed at any point it leaves a store that opens with the key before or
with the new one; run it again then. A key file serves one data directory. Copies of the store that were made
before need the key of their time: keep it as long as you keep them.

A new base64key://… is better given in the environment of this command than in its arguments, which other users
of the machine can see; a runner needs it in CURRANT_KEY_URI, or as key_uri in runner.hcl, at its next start.`,
		Example: `  currant store rekey
  currant store rekey --data-key
  currant store rekey --key-uri file:///etc/currant/key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, r, now := cmd.Context(), engine.Rekey{DataKey: dataKey}, uri
			if cmd.Flags().Changed("key-uri") {
				r.URI = uri
				var err error
				if now, err = settingElsewhere(cmd, t, "key-uri"); err != nil {
					return err
				}
				if now == uri {
					now = "" // the setting tells of the future: the key is where it was last
				}
			}
			err := onStore(ctx, dataDir,
				func(c *engine.Client) error { return c.Rekey(ctx, r) },
				func(s *journal.Store) error { return engine.RekeyStore(ctx, s, dataDir, keyOptions(now), r) })
			if err == nil {
				t.out.printf("Stored secrets have a new master key.\n")
			}
			return err
		},
	}
	f := cmd.Flags()
	dataDirFlag(f, &dataDir)
	f.StringVar(&uri, "key-uri", "", "where the new master key is to be: file:///PATH or base64key://KEY (default: where the present one is)")
	f.BoolVar(&dataKey, "data-key", false, "make a new data key too")
	return cmd
}
