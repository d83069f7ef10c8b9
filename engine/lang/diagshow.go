package lang

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// showText makes text of unknown origin fit to be shown: control characters (line breaks aside), marks of
// writing direction, invisible characters and look-alikes of ASCII letters are written as escapes, so that
// what a person sees is what is there.
func showText(s string) string {
	bad := unsafeRunes(s)
	if bad == nil {
		return s
	}
	return showPart(s, 0, len(s), bad)
}

// showLine is a line of source with the place from byte hs to he, cut to maxSnippetWidth characters around
// it, and where the place is in what is returned.
func showLine(line string, hs, he int) (shown string, a, b int) {
	bad := unsafeRunes(line)
	from, to := 0, len(line)
	before, after := "", ""
	if utf8.RuneCountInString(line) > maxSnippetWidth {
		from, to = hs, he
		room := maxSnippetWidth
		for i := range line[hs:he] {
			if room--; room < 0 {
				to = hs + i
				break
			}
		}
		for turn := 0; room > 0 && (from > 0 || to < len(line)); turn++ {
			if turn%2 == 0 && from > 0 || to == len(line) {
				_, n := utf8.DecodeLastRuneInString(line[:from])
				from -= n
			} else {
				_, n := utf8.DecodeRuneInString(line[to:])
				to += n
			}
			room--
		}
		he = min(he, to)
		if from > 0 {
			before = "…"
		}
		if to < len(line) {
			after = "…"
		}
	}
	head := before + showPart(line, from, hs, bad)
	place := showPart(line, hs, he, bad)
	return head + place + showPart(line, he, to, bad) + after, len(head), len(head) + len(place)
}

// showPart is s[from:to] with the runes at the offsets in bad escaped.
func showPart(s string, from, to int, bad map[int]bool) string {
	if bad == nil {
		return s[from:to]
	}
	var b strings.Builder
	for i, r := range s[from:to] {
		switch {
		case !bad[from+i]:
			b.WriteRune(r)
		case r == utf8.RuneError && s[from+i] != 0xEF:
			fmt.Fprintf(&b, `\x%02x`, s[from+i])
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// unsafeRunes are the offsets of the runes to be escaped, or nil.
func unsafeRunes(s string) map[int]bool {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' || c == 0x7F {
			plain = false
			break
		}
	}
	if plain {
		return nil
	}
	bad := map[int]bool{}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if isWordRune(r) {
			end := i
			for end < len(s) {
				r, n := utf8.DecodeRuneInString(s[end:])
				if !isWordRune(r) {
					break
				}
				end += n
			}
			lookAlikes(s, i, end, bad)
			i = end
			continue
		}
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			bad[i] = true // IsPrint is false for control, format, direction, private and unassigned characters
		}
		i += n
	}
	return bad
}

func isWordRune(r rune) bool {
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// lookAlikes marks the letters of a word that may be taken for ASCII ones: letters of another script beside
// ASCII letters, words that consist of look-alikes only, and styled letters such as 𝐚 and ａ.
func lookAlikes(s string, from, to int, bad map[int]bool) {
	ascii, foreign, others := false, []int(nil), false
	for i, r := range s[from:to] {
		switch {
		case r < utf8.RuneSelf:
			ascii = ascii || unicode.IsLetter(r)
		case 0xFF01 <= r && r <= 0xFF5E || 0x1D400 <= r && r <= 0x1D7FF || 0x2100 <= r && r <= 0x214F:
			bad[from+i] = true
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Lisu, unicode.Coptic):
			foreign = append(foreign, from+i)
			others = others || !strings.ContainsRune(asciiTwins, r)
		case r == 'ı' || r == 'ɑ' || r == 'ɡ' || r == 'ǃ' || r == 'ⅼ' || r == 'ſ':
			bad[from+i] = true
		case unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r):
			others = true
		}
	}
	if ascii || !others {
		for _, i := range foreign {
			bad[i] = true
		}
	}
}

// asciiTwins are letters that look like ASCII ones in most fonts.
const asciiTwins = "аеорсухіјѕһԁԛԝԌАВЕКМНОРСТУХІЈЅԚԜαινορυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոհցԱՍՕᎪᎢᏴᏟᎬᏀᎻᎫᏦᏞᎷᏢᏒᏚᏙᎳᏃ"
