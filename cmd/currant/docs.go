package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/blueprints"
	"currant/engine/lang"
	"currant/engine/testrun"
	"currant/steps/standard"
)

func newDocs(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "docs [NAME]",
		Short: "Print the reference of steps, connections, triggers, functions, apps and tests",
		Long: `Prints the reference of what a blueprint may hold, as Markdown: all of it, or what it says of one kind of step,
connection or trigger, of an app, a UI extension, an automation rule, or of a test. It is printed from the declarations that blueprints are checked with. With
"commands" it is the reference of the command line.`,
		Example: `  currant docs loop
  currant docs > reference.md
  currant docs commands > commands.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return writeReference(t.out)
			case args[0] == commandsTopic:
				return writeCommands(t.out, cmd.Root())
			}
			return showDocs(t, args[0])
		},
	}
}

// writeReference prints the reference of all that a blueprint and its tests may hold.
func writeReference(w io.Writer) error {
	if err := standard.WriteReference(w); err != nil {
		return err
	}
	if err := blueprints.WriteReference(w, standard.WriteTable); err != nil {
		return err
	}
	return testrun.WriteReference(w, standard.WriteTable)
}

// showDocs prints the parts of the reference that are about one name.
func showDocs(t *terminal, name string) error {
	var text strings.Builder
	if err := writeReference(&text); err != nil {
		return err
	}
	var names []string
	found := false
	for part := range strings.SplitSeq(text.String(), "\n### ") {
		heading, _, _ := strings.Cut(part, "\n")
		title, _, _ := strings.Cut(heading, " ")
		names = append(names, title)
		if title == name {
			found = true
			body, _, _ := strings.Cut(part, "\n## ")
			t.out.printf("### %s\n\n", strings.TrimSpace(body))
		}
	}
	if found {
		return nil
	}
	names = names[1:] // what stands before the first
	slices.Sort(names)
	hint := lang.DidYouMean(name, names)
	if hint == "" {
		hint = " There are " + strings.Join(slices.Compact(names), ", ") + "."
	}
	return usagef("there is no step, connection, trigger or resource %q.%s", name, hint)
}
