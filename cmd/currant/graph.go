package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"currant/engine/compile"
	"currant/engine/graph"
	"currant/engine/lang"
)

type graphOptions struct {
	sourceOptions
	dir, runbook, format string
}

// graphFormats are the ways to write a graph.
var graphFormats = []struct {
	name  string
	write func(io.Writer, []*graph.Chart) error
}{{"mermaid", graph.WriteMermaid}, {"dot", graph.WriteDot}, {"svg", graph.WriteSVG}}

func newGraph(t *terminal) *cobra.Command {
	var o graphOptions
	cmd := &cobra.Command{
		Use:   "graph [DIR]",
		Short: "Draw the runbooks",
		Long: `Draws each runbook, or the one named: its trigger, its steps and the ways between them. The format is mermaid (for
Markdown), dot (for Graphviz) or svg (a picture as it is).`,
		Example: `  currant graph --runbook collect
  currant graph ./survey --format dot | dot -Tpng > survey.png
  currant graph --format svg > survey.svg`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			return runGraph(t, &o)
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().StringVar(&o.runbook, "runbook", "", "draw only this runbook")
	cmd.Flags().StringVar(&o.format, "format", "mermaid", "mermaid, dot or svg")
	return cmd
}

func runGraph(t *terminal, o *graphOptions) error {
	var names []string
	for _, f := range graphFormats {
		names = append(names, f.name)
	}
	i := slices.Index(names, o.format)
	if i < 0 {
		return usagef("--format %q: it is mermaid, dot or svg.%s", o.format, lang.DidYouMean(o.format, names))
	}
	l, err := load(t, o.dir, &o.sourceOptions, true)
	if err != nil {
		return err
	}
	if err := l.err(); err != nil {
		return err
	}
	runbooks := l.Runbooks
	if o.runbook != "" {
		rb, err := l.choose(o.runbook)
		if err != nil {
			return err
		}
		runbooks = []*compile.Runbook{rb}
	}
	var charts []*graph.Chart
	for _, rb := range runbooks {
		charts = append(charts, graph.New(rb))
	}
	return graphFormats[i].write(t.out, charts)
}
