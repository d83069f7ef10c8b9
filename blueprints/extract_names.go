package blueprints

import (
	"path"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"currant/engine/lang"
)

// taken are the names that were given away, without regard to case: some file systems know none.
type taken map[string]bool

// name is the wanted name, or the next that is free: free(2), free(3) and so on.
func (t taken) name(wanted string, free func(n int) string) string {
	name := wanted
	for n := 2; t[strings.ToLower(name)]; n++ {
		name = free(n)
	}
	t[strings.ToLower(name)] = true
	return name
}

// label is a label for what people call by a name, unique among those that were given: [a-z][a-z0-9_-]{0,62}.
func (t taken) label(name, fallback string) string {
	label := spelled(name)
	if label == "" {
		label = fallback
	}
	return t.name(label, func(n int) string {
		suffix := "_" + strconv.Itoa(n)
		return label[:min(len(label), 63-len(suffix))] + suffix
	})
}

// spelled is a name in the letters of a label; "" where nothing is left of it.
func spelled(name string) string {
	if lang.ValidName(name) {
		return name
	}
	var b strings.Builder
	for _, r := range strings.ToLower(norm.NFD.String(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // of an accented letter, which is left
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= 60 {
			break
		}
	}
	return strings.TrimRight(b.String(), "_")
}

// file is the path of a file below the blueprint's directory whose name somebody else gave. ending has the dot.
func (t taken) file(dir, name, ending string) string {
	file := path.Join(dir, fileStem(name)+ending)
	return t.name(file, func(n int) string { return numbered(file, n) })
}

// numbered is the path of a file with a number before its ending.
func numbered(file string, n int) string {
	ending := path.Ext(file)
	return strings.TrimSuffix(file, ending) + "-" + strconv.Itoa(n) + ending
}

// reservedNames cannot be files on Windows, whatever their ending.
var reservedNames = set("con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9")

// fileStem is a name without folders and ending, of letters, digits, "-" and "_" alone.
func fileStem(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	name = name[strings.LastIndex(name, "/")+1:]
	name = strings.TrimSuffix(name, path.Ext(name))
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	stem := strings.Trim(b.String(), "-")
	if stem == "" || reservedNames[strings.ToLower(stem)] {
		stem = strings.TrimSuffix("image-"+stem, "-")
	}
	return stem
}
