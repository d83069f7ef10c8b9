package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func textFunctions() []entry {
	return []entry{
		{name: "chomp", summary: "The text without line ends at its end.",
			params: []string{"string: the text"}, fn: stdlib.ChompFunc},
		{name: "endswith", summary: "Whether a text ends with another.",
			params: []string{"string: the text", "suffix: the end"}, fn: boolFunc(strings.HasSuffix, "string", "suffix")},
		{name: "format", summary: "A text made from a format with verbs such as %s, %d, %.2f, %q and %v.",
			params: []string{"format: the format", "args: a value for each verb"}, fn: stdlib.FormatFunc, before: formatted},
		{name: "formatlist", summary: "A list of texts: the format applied to each element of the lists given.",
			params: []string{"format: the format", "args: lists, all of one length, or single values"}, fn: stdlib.FormatListFunc, before: formattedList},
		{name: "indent", summary: "The text with spaces before every line but the first.",
			params: []string{"spaces: how many", "string: the text"}, fn: stdlib.IndentFunc, before: indented},
		{name: "join", summary: "The elements of lists of texts with a separator between them.",
			params: []string{"separator: what goes between", "lists: one or more lists of texts"}, fn: stdlib.JoinFunc, before: joined},
		{name: "lower", summary: "The text in lower case.",
			params: []string{"string: the text"}, fn: stdlib.LowerFunc},
		{name: "split", summary: "The parts of a text between separators.",
			params: []string{"separator: what goes between", "string: the text"}, fn: stdlib.SplitFunc, before: splits},
		{name: "startswith", summary: "Whether a text starts with another.",
			params: []string{"string: the text", "prefix: the start"}, fn: boolFunc(strings.HasPrefix, "string", "prefix")},
		{name: "strcontains", summary: "Whether a text contains another.",
			params: []string{"string: the text", "substr: what to look for"}, fn: boolFunc(strings.Contains, "string", "substr")},
		{name: "strrev", summary: "The characters of a text in reverse order.",
			params: []string{"string: the text"}, fn: stdlib.ReverseFunc},
		{name: "substr", summary: "A part of a text, by characters.",
			params: []string{"string: the text", "offset: of the first character, from the end if negative", "length: how many; -1 for the rest"}, fn: stdlib.SubstrFunc},
		{name: "title", summary: "The text with the first letter of each word in upper case.",
			params: []string{"string: the text"}, fn: stdlib.TitleFunc},
		{name: "trim", summary: "The text without the given characters at its start and end.",
			params: []string{"string: the text", "cutset: the characters, at most 1000"}, fn: stdlib.TrimFunc, before: trims},
		{name: "trimprefix", summary: "The text without a given start.",
			params: []string{"string: the text", "prefix: the start"}, fn: stdlib.TrimPrefixFunc},
		{name: "trimspace", summary: "The text without white space at its start and end.",
			params: []string{"string: the text"}, fn: stdlib.TrimSpaceFunc},
		{name: "trimsuffix", summary: "The text without a given end.",
			params: []string{"string: the text", "suffix: the end"}, fn: stdlib.TrimSuffixFunc},
		{name: "upper", summary: "The text in upper case.",
			params: []string{"string: the text"}, fn: stdlib.UpperFunc},
	}
}

func boolFunc(impl func(a, b string) bool, a, b string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam(a), textParam(b)},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(impl(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

var errTextTooLong = errors.New("the result would be " + tooManyBytes)

// maxPadding is the largest width or precision of a verb.
const maxPadding = 10_000

// verbs counts the verbs of a format and adds up their widths and precisions.
func verbs(format string) (n, padding int, err error) {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		n++
		digits := 0
		for i++; i < len(format) && strings.IndexByte(" +-#0123456789.[]", format[i]) >= 0; i++ {
			if c := format[i]; c < '0' || c > '9' {
				digits = 0
				continue
			}
			if digits = digits*10 + int(format[i]-'0'); digits > maxPadding {
				return 0, 0, function.NewArgErrorf(0, "a width or precision above %d", maxPadding)
			}
			padding += digits
		}
	}
	return n, padding, nil
}

func formatted(args []cty.Value) error {
	n, padding, err := verbs(args[0].AsString())
	if err != nil {
		return err
	}
	largest := 0
	for _, a := range args[1:] {
		largest = max(largest, measure(a).bytes)
	}
	// An upper bound, with room: JSON escapes make texts longer, and the result itself is measured after.
	if padding > MaxValueBytes || n*largest > 8*MaxValueBytes {
		return errTextTooLong
	}
	return nil
}

func formattedList(args []cty.Value) error {
	n, padding, err := verbs(args[0].AsString())
	if err != nil {
		return err
	}
	rows, lists, single := 1, 0, 0
	for _, a := range args[1:] {
		if t := a.Type(); t.IsListType() || t.IsSetType() || t.IsTupleType() {
			rows = max(rows, a.LengthInt())
			lists += measure(a).bytes
		} else {
			single = max(single, measure(a).bytes)
		}
	}
	if rows*(len(args[0].AsString())+padding+n*single)+n*lists > 8*MaxValueBytes {
		return errTextTooLong
	}
	return nil
}

func indented(args []cty.Value) error {
	spaces, err := wholeNumber(args[0], 0, MaxValueBytes)
	if err != nil {
		return function.NewArgError(0, err)
	}
	s := args[1].AsString()
	if len(s)+spaces*strings.Count(s, "\n") > MaxValueBytes {
		return errTextTooLong
	}
	return nil
}

func joined(args []cty.Value) error {
	total, n := 0, 0
	for _, l := range args[1:] {
		total += measure(l).bytes
		n += l.LengthInt()
	}
	if total+n*len(args[0].AsString()) > MaxValueBytes {
		return errTextTooLong
	}
	return nil
}

func splits(args []cty.Value) error {
	// With an empty separator this counts characters.
	if strings.Count(args[1].AsString(), args[0].AsString()) >= MaxValueElements {
		return fmt.Errorf("the result would be %s", tooManyElements)
	}
	return nil
}

func trims(args []cty.Value) error {
	if len(args[1].AsString()) > 1000 {
		return function.NewArgErrorf(1, "more than 1000 characters")
	}
	return nil
}

// wholeNumber is a number as an int, between two bounds.
func wholeNumber(v cty.Value, low, high int) (int, error) {
	f := v.AsBigFloat()
	if !f.IsInt() {
		return 0, errors.New("a whole number is required")
	}
	n, _ := f.Int64() // out of range becomes the nearest
	if n < int64(low) || n > int64(high) {
		return 0, fmt.Errorf("a whole number from %d to %d is required", low, high)
	}
	return int(n), nil
}
