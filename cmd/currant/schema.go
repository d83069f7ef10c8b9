package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"currant/schema"
)

// schemaOptions are the flags of the commands that look at a data model.
type schemaOptions struct {
	sourceOptions
	connection string
	json       bool
}

func newSchema(t *terminal) *cobra.Command {
	return group("schema", "Look at the data model of an account",
		`Shows what can be queried and changed in the Xurrent account of a blueprint: objects, mutations, and what each takes
and gives. A data model is kept in the data directory once it was fetched, and blueprints are checked against it. With
--sim it is the simulated account's, and no blueprint is needed.`,
		`  currant schema objects
  currant schema show requests
  currant schema refresh`,
		newSchemaRefresh(t), newSchemaList(t, "objects", "what query steps can name", (*schema.Schema).Objects),
		newSchemaList(t, "mutations", "what mutation steps can name", (*schema.Schema).Mutations), newSchemaShow(t))
}

func (o *schemaOptions) flagsOf(cmd *cobra.Command) {
	f := cmd.Flags()
	o.flags(f)
	allowFlag(f, &o.allow)
	proxyFlag(f, &o.proxy)
	dataDirFlag(f, &o.dataDir)
	simFlag(f, &o.simFlag)
	f.StringVar(&o.connection, "connection", "", "name of the connection whose account is meant, where the blueprint has several")
}

// with does something while the simulated account that the flags ask for is there.
func (o *schemaOptions) with(ctx context.Context, do func() error) error {
	if err := o.openSimulation(ctx); err != nil {
		return err
	}
	return errors.Join(do(), o.endSimulation())
}

func newSchemaRefresh(t *terminal) *cobra.Command {
	var o schemaOptions
	cmd := &cobra.Command{
		Use:   "refresh [DIR]",
		Short: "Fetch data models anew",
		Long: `Fetches the data models of the accounts of the blueprint in DIR (default: the current directory), or of the one that
--connection names, and keeps them in the data directory. A runner does so by itself once an hour, when it needs one.

Exit code 1: an account cannot be asked. 2: the blueprint has no such connection, or its arguments are not known.`,
		Example: `  currant schema refresh
  currant schema refresh ./survey --connection customer --var client_secret=abc`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), func() error { return o.refresh(cmd.Context(), t, dirOf(args)) })
		},
	}
	o.flagsOf(cmd)
	return cmd
}

func (o *schemaOptions) refresh(ctx context.Context, t *terminal, dir string) error {
	connections, err := o.connections(t, dir)
	if err != nil {
		return err
	}
	for _, conn := range connections {
		s, err := o.fetch(ctx, conn, true)
		if err != nil {
			return err
		}
		t.out.printf("The data model of %s is fetched: %s and %s.\n", o.nameOf(conn), count(len(s.Objects()), "object"),
			count(len(s.Mutations()), "mutation"))
	}
	return nil
}

// entryView is an object or a mutation, in JSON.
type entryView struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
	// Paged says that there are pages of records.
	Paged *bool `json:"paged,omitempty"`
}

func newSchemaList(t *terminal, what, are string, entries func(*schema.Schema) []schema.Entry) *cobra.Command {
	var o schemaOptions
	cmd := &cobra.Command{
		Use:   what + " [DIR]",
		Short: "List the " + what + " of an account",
		Long: `Lists the ` + what + ` of the account of the blueprint in DIR (default: the current directory): ` + are + `.
The data model is the one that is kept, or else it is fetched. --json prints a list.

Exit code 1: the account cannot be asked. 2: the blueprint has no such connection, or its arguments are not known.`,
		Example: `  currant schema ` + what + `
  currant schema ` + what + ` --sim | grep -i request`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), func() error {
				s, err := o.model(cmd.Context(), t, dirOf(args))
				if err != nil {
					return err
				}
				return showEntries(t.out, entries(s), what == "objects", o.json)
			})
		},
	}
	o.flagsOf(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print them as a JSON list")
	return cmd
}

// showEntries prints a list of objects, or of mutations: the type of what a mutation answers says no more than its name.
func showEntries(out stream, entries []schema.Entry, objects, asJSON bool) error {
	if asJSON {
		views := make([]entryView, 0, len(entries))
		for _, e := range entries {
			v := entryView{Name: e.Name, Type: e.Type, Description: e.Doc}
			if objects {
				v.Paged = &e.Connection
			}
			views = append(views, v)
		}
		return out.json(views)
	}
	rows := [][]string{{"NAME", "DESCRIPTION"}}
	if objects {
		rows = [][]string{{"NAME", "RECORDS", "DESCRIPTION"}}
	}
	for _, e := range entries {
		row := []string{plain(e.Name), plain(e.Doc)}
		if objects {
			of := e.Type
			if !e.Connection {
				of = "one " + of
			}
			row = []string{plain(e.Name), plain(of), plain(e.Doc)}
		}
		rows = append(rows, row)
	}
	table(out, rows)
	return nil
}

func newSchemaShow(t *terminal) *cobra.Command {
	var o schemaOptions
	cmd := &cobra.Command{
		Use:   "show NAME [DIR]",
		Short: "Show what an object, a mutation or a type takes and gives",
		Long: `Shows an object, a mutation or a type of the account of the blueprint in DIR (default: the current directory): filters,
views, orders, inputs with ! at what is required, fields, and what "include" can add. The data model is the one that is
kept, or else it is fetched.

Exit code 1: there is no such name, or the account cannot be asked. 2: the blueprint has no such connection, or its
arguments are not known.`,
		Example: `  currant schema show requests
  currant schema show requestCreate --sim
  currant schema show RequestStatus`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), func() error {
				s, err := o.model(cmd.Context(), t, dirOf(args[1:]))
				if err != nil {
					return err
				}
				text, err := s.Show(args[0])
				if err != nil {
					return err
				}
				t.out.printf("%s", plainLines(strings.TrimRight(text, "\n")+"\n"))
				return nil
			})
		},
	}
	o.flagsOf(cmd)
	return cmd
}
