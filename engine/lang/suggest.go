package lang

import (
	"fmt"
	"strings"
)

// Suggest is the option that is nearest to what was given, or "" if none is near enough: at most a third of
// its length, and at most three, letters wrong, missing, added or swapped. Of two equally near ones the one
// that differs only in case, then the first, is taken.
func Suggest(given string, options []string) string {
	limit := min(max(1, len([]rune(given))/3), 3)
	best, bestDistance := "", limit+1
	for _, o := range options {
		if o == "" || o == given {
			continue
		}
		d := distance(given, o, bestDistance)
		if strings.EqualFold(given, o) {
			d = 0
		}
		if d < bestDistance {
			best, bestDistance = o, d
		}
	}
	return best
}

// DidYouMean is a sentence with the suggestion and a space before it, or "".
func DidYouMean(given string, options []string) string {
	if s := Suggest(given, options); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}

// distance is the Damerau-Levenshtein distance (of adjacent transpositions) without regard to case, or a
// number that is at least limit. Names longer than 200 characters are near to nothing.
func distance(given, option string, limit int) int {
	a, b := []rune(strings.ToLower(given)), []rune(strings.ToLower(option))
	if d := len(a) - len(b); d >= limit || -d >= limit || len(a) > 200 || len(b) > 200 {
		return limit
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
