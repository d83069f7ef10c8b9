package watch

import "strings"

// Relevant reports whether a file or directory can be part of a blueprint. rel
// is its path relative to the blueprint's directory, with slashes. It is false
// for what editors and tools leave behind, in any element of the path:
//
//   - hidden names, which covers .git, .currant, vim's .x.swp, Emacs' .#x and
//     the ..data of a Kubernetes ConfigMap. The files of a ConfigMap are
//     visible links through ..data and are relevant;
//   - backups and autosaves: x~, #x#, ~$x;
//   - temporary files: *.tmp, *.temp, *.swp and kin, *.part, *.crswap, *.vsctmp,
//     x___jb_tmp___, sedXXXXXX;
//   - 4913 and its successors, by which vim tries whether it may write.
func Relevant(rel string) bool {
	for name := range strings.SplitSeq(rel, "/") {
		if litter(name) {
			return false
		}
	}
	return true
}

// litterSuffixes end names of files that are not meant to stay.
var litterSuffixes = [...]string{
	"~", ".swp", ".swo", ".swn", ".swx", ".tmp", ".temp", ".part", ".crswap", ".crdownload",
	".vsctmp", "___jb_tmp___", "___jb_old___", "___jb_bak___",
}

func litter(name string) bool {
	if name == "" || name == "." {
		return false
	}
	if name[0] == '.' || strings.HasPrefix(name, "~$") {
		return true
	}
	if len(name) > 1 && name[0] == '#' && name[len(name)-1] == '#' {
		return true
	}
	for _, suffix := range litterSuffixes {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return vimProbe(name) || sedTemp(name)
}

// vimProbe knows the names vim creates and removes to learn whether it may
// write to a directory: 4913 and, while that exists, steps of 123 from it
// (buf_write in vim's bufwrite.c).
func vimProbe(name string) bool {
	if len(name) != 4 && len(name) != 5 {
		return false
	}
	n := 0
	for _, c := range []byte(name) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return name[0] != '0' && n >= 4913 && (n-4913)%123 == 0
}

// sedTemp knows the temporary file of "sed -i": sed and six random letters or
// digits (mkostemp in GNU sed). It wants a capital, which 96 of 100 have, so
// that words are not taken for one.
func sedTemp(name string) bool {
	rest, ok := strings.CutPrefix(name, "sed")
	if !ok || len(rest) != 6 {
		return false
	}
	upper := false
	for _, c := range []byte(rest) {
		switch {
		case c >= 'A' && c <= 'Z':
			upper = true
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			return false
		}
	}
	return upper
}
