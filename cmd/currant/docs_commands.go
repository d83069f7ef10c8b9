package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandsTopic is what "currant docs" prints the commands' reference for.
const commandsTopic = "commands"

// commandsIntro begins the reference of the commands.
const commandsIntro = `# The commands

The reference of the command line, made by "currant docs commands" from the commands themselves. Each one shows it with
--help. Flags of "serve" and "dev" are settings too: CURRANT_LISTEN in the environment, or listen in runner.hcl, is --listen.

Exit codes: 0 done, 1 failed, 2 wrong usage or an invalid blueprint, where a command says nothing else.
`

// writeCommands writes the reference of all commands as Markdown.
func writeCommands(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	b.WriteString(commandsIntro)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c != root {
			writeCommand(&b, c)
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" && c.Name() != "completion" {
				walk(sub)
			}
		}
	}
	walk(root)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
	if c.Runnable() && !c.HasAvailableSubCommands() {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", c.UseLine())
	}
	// What help says is laid out for a terminal, and stays so.
	fmt.Fprintf(b, "\n```text\n%s\n```\n", strings.TrimSpace(c.Long))
	if c.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", unindent(c.Example))
	}
	rows := ""
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if kind != "" {
			name += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		rows += fmt.Sprintf("| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`))
	})
	if rows != "" {
		fmt.Fprintf(b, "\n| flag | |\n|---|---|\n%s", rows)
	}
}

// unindent takes the indentation of help away.
func unindent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
