package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/engine/lang"
	"currant/steps/standard"
)

func newDocs(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "docs [NAME]",
		Short: "Print the reference of steps, connections, triggers and functions",
		Long: `Prints the reference of what a blueprint may hold, as Markdown: all of it, or what it says of one kind of step,
connection or trigger. It is printed from the declarations that blueprints are checked with.`,
		Example: `  currant docs loop
  currant docs > reference.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return standard.WriteReference(t.out)
			}
			return showDocs(t, args[0])
		},
	}
}

// showDocs prints the parts of the reference that are about one name.
func showDocs(t *terminal, name string) error {
	var text strings.Builder
	if err := standard.WriteReference(&text); err != nil {
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
	return usagef("there is no step, connection or trigger %q.%s", name, hint)
}
