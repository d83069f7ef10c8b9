package schema

import (
	"slices"
	"strings"

	"currant/engine/lang"
)

// A Problem is one mistake in the arguments of a step. It never holds a sensitive value.
type Problem struct {
	// Argument is the step's argument that is wrong: object, filter, view, order, arguments, fields, include,
	// mutation, input or clear.
	Argument string
	// Path is the place inside the argument's value: names of attributes and indexes of lists, such as
	// status, values, 0.
	Path []string
	// Offset is the place in bytes in the text of the argument fields; -1 for the other arguments.
	Offset int
	// Summary says what is wrong in a few words, Detail what to do. Where a known name is near, Detail ends
	// with it.
	Summary, Detail string
}

// Error is the problem in one line.
func (p Problem) Error() string {
	where := p.Argument
	for _, part := range p.Path {
		where += "." + part
	}
	return where + ": " + p.Summary + ". " + p.Detail
}

// maxProblems is how many are told of one step.
const maxProblems = 50

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(argument string, path []string, summary, detail string) {
	p.at(argument, path, -1, summary, detail)
}

func (p *problems) at(argument string, path []string, offset int, summary, detail string) {
	if !p.enough() {
		*p = append(*p, Problem{argument, slices.Clone(path), offset, summary, detail})
	}
}

// enough says that no more are kept, so that what is left need not be looked at.
func (p *problems) enough() bool { return len(*p) >= maxProblems }

// unknown says that a name does not exist, with the nearest that does or, if there are few, all.
func unknown(given string, options []string) string {
	if near := lang.DidYouMean(given, options); near != "" {
		return near
	}
	if n := len(options); n > 0 && n <= fewOptions {
		return " There is " + listOf(options) + "."
	}
	return ""
}

// fewOptions is up to how many options a message lists.
const fewOptions = 8

func listOf(options []string) string {
	if len(options) == 1 {
		return options[0]
	}
	last := len(options) - 1
	return strings.Join(options[:last], ", ") + " and " + options[last]
}

// shown is a text from a blueprint as a message quotes it: short, on one line.
func shown(s string) string {
	if s = cleanDoc(s); len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return `"` + s + `"`
}
