package main

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// How much of a text's change is shown; --json has all of it.
const (
	diffContext  = 2   // lines around what differs
	maxDiffLines = 100 // of one field
	maxWhole     = 12  // of a text that is new, or goes
)

// diffLines are the lines that differ between two texts and some around them, safe to print. They begin with "+",
// "-", a blank or "@@"; what is left out is said in a last line that begins with "#". White space at the end of a
// text does not count, as it does not when texts are compared.
func diffLines(before, after string) []string {
	before, after = strings.TrimRight(before, " \t\r\n"), strings.TrimRight(after, " \t\r\n")
	var lines []string
	most := maxDiffLines
	switch {
	case before == "" || after == "":
		most = maxWhole
		sign, text := "+", after
		if after == "" {
			sign, text = "-", before
		}
		for line := range strings.SplitSeq(text, "\n") {
			lines = append(lines, sign+line)
		}
	default:
		before, after = before+"\n", after+"\n"
		text, err := udiff.ToUnified("", "", before, udiff.Lines(before, after), diffContext)
		if err != nil {
			return []string{"# the texts differ"}
		}
		lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(lines) > 2 {
			lines = lines[2:] // names of files
		}
	}
	left := 0
	if len(lines) > most+1 { // a line that says that one line is left out is no shorter
		lines, left = lines[:most], len(lines)-most
	}
	for i, line := range lines {
		lines[i] = cut(plainLines(line), maxLiteral)
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("# … and %s", count(left, "more line")))
	}
	return lines
}
