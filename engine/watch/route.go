package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// route is how a path leads to a directory: the links on the way may be pointed
// elsewhere and the directory may be exchanged, so the directories that hold
// them are watched as well.
type route struct {
	real  string          // the directory itself; empty when the way ends before
	turns map[string]bool // entries that decide where the way leads
	holds []string        // the directories that hold them
}

// maxHops bounds the links on the way, as Linux does.
const maxHops = 40

// follow resolves dir, which is absolute. A missing element ends the way: its
// appearance is then the turn to wait for.
func follow(dir string) route {
	r := route{turns: make(map[string]bool)}
	root := filepath.VolumeName(dir) + string(filepath.Separator)
	at, rest := root, elements(dir[len(root)-1:])
	for hops := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		if err != nil {
			r.turn(at, next)
			return r
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if len(rest) == 0 {
				r.turn(at, next)
			}
			at = next
			continue
		}
		r.turn(at, next)
		target, err := os.Readlink(next)
		if hops++; err != nil || hops > maxHops {
			return r
		}
		if filepath.IsAbs(target) {
			root = filepath.VolumeName(target) + string(filepath.Separator)
			at = root
			target = target[len(root)-1:]
		}
		rest = append(elements(target), rest...)
	}
	r.real = at
	return r
}

func (r *route) turn(in, entry string) {
	r.turns[entry] = true
	r.holds = append(r.holds, in)
}

// elements splits a path, keeping ".." because it is to be taken after links.
func elements(p string) []string {
	return strings.FieldsFunc(p, func(c rune) bool { return c < 0x80 && os.IsPathSeparator(uint8(c)) })
}
