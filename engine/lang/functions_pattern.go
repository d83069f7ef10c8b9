package lang

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func patternFunctions() []entry {
	return []entry{
		{name: "regex", summary: "The first match of a pattern (RE2): a text, a tuple of its groups or an object of its named groups.",
			params: []string{"pattern: the pattern", "string: the text"}, fn: stdlib.RegexFunc, before: matches},
		{name: "regexall", summary: "All matches of a pattern (RE2), as a list.",
			params: []string{"pattern: the pattern", "string: the text"}, fn: stdlib.RegexAllFunc, before: matchesAll},
		{name: "replace", summary: "The text with each occurrence of another replaced; one that stands between / is a pattern, whose groups are $1 or ${name}.",
			params: []string{"string: the text", "substr: what to replace, or /pattern/", "replacement: what to put in its place"}, fn: replaceFunc},
	}
}

// maxMatchWork bounds pattern instructions times text bytes, which is what matching costs: about 2 s.
const maxMatchWork = 150_000_000

// compile compiles a pattern that will not take too long on texts of n bytes.
func compile(pattern string, n int) (*regexp.Regexp, error) {
	if len(pattern) > 10_000 {
		return nil, fmt.Errorf("a pattern of more than 10000 bytes")
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("invalid pattern: %w", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("invalid pattern: %w", err)
	}
	if len(prog.Inst)*(n+1) > maxMatchWork {
		return nil, fmt.Errorf("the pattern is too large for a text of %d bytes", n)
	}
	return regexp.Compile(pattern)
}

func matches(args []cty.Value) error {
	if _, err := compile(args[0].AsString(), len(args[1].AsString())); err != nil {
		return function.NewArgError(0, err)
	}
	return nil
}

func matchesAll(args []cty.Value) error {
	re, err := compile(args[0].AsString(), len(args[1].AsString()))
	if err != nil {
		return function.NewArgError(0, err)
	}
	s := args[1].AsString()
	most := maxMatches(re)
	if len(s) < most { // no more matches than characters
		return nil
	}
	if len(re.FindAllStringIndex(s, most+1)) > most {
		return fmt.Errorf("the pattern matches more than %d times", most)
	}
	return nil
}

// maxMatches is smaller for patterns with many groups, each of which is a text for each match.
func maxMatches(re *regexp.Regexp) int { return min(MaxValueElements, 2_000_000/(re.NumSubexp()+1)) }

var replaceFunc = textFunc(func(s []string) (string, error) {
	in, old, repl := s[0], s[1], s[2]
	if len(old) > 1 && strings.HasPrefix(old, "/") && strings.HasSuffix(old, "/") {
		return replacePattern(in, old[1:len(old)-1], repl)
	}
	if len(in)+strings.Count(in, old)*(len(repl)-len(old)) > MaxValueBytes {
		return "", errTextTooLong
	}
	return strings.ReplaceAll(in, old, repl), nil
}, "string", "substr", "replacement")

// replacePattern stops where the result becomes too long, which a replacement with groups makes hard to
// know before.
func replacePattern(in, pattern, repl string) (string, error) {
	re, err := compile(pattern, len(in))
	if err != nil {
		return "", function.NewArgError(1, err)
	}
	most := maxMatches(re)
	found := re.FindAllStringSubmatchIndex(in, most+1)
	if len(found) > most {
		return "", function.NewArgErrorf(1, "the pattern matches more than %d times", most)
	}
	out := make([]byte, 0, len(in))
	end := 0
	for _, m := range found {
		out = append(out, in[end:m[0]]...)
		// One match may bring at most the text once per `$`.
		if len(out)+len(repl)+strings.Count(repl, "$")*(m[1]-m[0]) > 2*MaxValueBytes {
			return "", errTextTooLong
		}
		out = re.ExpandString(out, repl, in, m)
		end = m[1]
	}
	return string(append(out, in[end:]...)), nil
}
