package watch

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"
)

// Limits on what is listed. They keep a mistaken path (a home directory, a
// checkout with node_modules) from eating memory and inotify watches.
const (
	// MaxDirs bounds the directories of a blueprint, its own included.
	MaxDirs = 2000
	// MaxFiles bounds the relevant files of a blueprint.
	MaxFiles = 10000
	// maxDepth bounds nesting, mostly for links that lead in circles.
	maxDepth = 40
)

// file is a relevant file as one listing saw it.
type file struct {
	rel  string // slashes, relative to the root
	info fs.FileInfo
	err  error // why it could not be looked at; info is nil then
}

// same reports whether nothing can have changed between two looks at a file.
func (f file) same(g file) bool {
	if f.rel != g.rel || f.info == nil || g.info == nil {
		return f.rel == g.rel && f.info == nil && g.info == nil
	}
	return os.SameFile(f.info, g.info) && f.info.Size() == g.info.Size() &&
		f.info.ModTime().Equal(g.info.ModTime()) && changeTime(f.info).Equal(changeTime(g.info))
}

// dir is a directory of the tree, to be watched.
type dir struct {
	rel  string // "." is the root
	info fs.FileInfo
}

// listing is the shape of a tree at one moment.
type listing struct {
	root   fs.FileInfo
	files  []file   // sorted by rel
	dirs   []dir    // root first
	links  []string // rel of followed links: what they point to is watched as well
	over   error    // a limit was exceeded; the rest was not listed
	raced  bool     // something vanished while listing
	newest time.Time
}

// list walks the tree behind root. Links are followed as long as they stay
// inside, which root enforces for each step of the path; those that leave the
// tree, dangle or lead in circles are left out.
func list(root *os.Root, ignore func(string) bool) (*listing, error) {
	info, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	l := &listing{root: info}
	w := lister{root: root, ignore: ignore, out: l}
	if err := w.walk(".", []fs.FileInfo{info}); err != nil {
		return nil, err
	}
	slices.SortFunc(l.files, func(a, b file) int { return cmp.Compare(a.rel, b.rel) })
	return l, nil
}

type lister struct {
	root   *os.Root
	ignore func(string) bool
	out    *listing
}

// walk lists the directory rel. trail holds it and its parents. An error is
// returned for the root only; elsewhere it belongs to that part of the tree.
func (w *lister) walk(rel string, trail []fs.FileInfo) error {
	l := w.out
	if len(l.dirs) >= MaxDirs || len(trail) > maxDepth {
		l.over = limitError("the blueprint has too many directories or nests them too deep",
			rel, "%d directories, %d levels", MaxDirs, maxDepth)
		return nil
	}
	here, entries, err := w.entries(rel)
	if err != nil {
		if rel != "." {
			w.failed(rel, err)
			return nil
		}
		return err
	}
	defer here.Close()
	l.dirs = append(l.dirs, dir{rel: rel, info: trail[len(trail)-1]})
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		if l.over != nil {
			break
		}
		if litter(e.Name()) || w.ignore != nil && w.ignore(name) {
			continue
		}
		w.entry(here, name, e.Type(), trail)
	}
	return nil
}

// entries opens the directory rel and returns what is in it.
func (w *lister) entries(rel string) (*os.Root, []fs.DirEntry, error) {
	here, err := w.root.OpenRoot(rel)
	if err != nil {
		return nil, nil, err
	}
	f, err := here.Open(".")
	if err != nil {
		return nil, nil, errors.Join(err, here.Close())
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, nil, errors.Join(err, here.Close())
	}
	// In order, so that a limit cuts off the same files each time.
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return here, entries, nil
}

// entry adds one entry of the directory here, whose path is rel.
func (w *lister) entry(here *os.Root, rel string, kind fs.FileMode, trail []fs.FileInfo) {
	l := w.out
	link := kind&fs.ModeSymlink != 0
	if !link && !kind.IsRegular() && !kind.IsDir() {
		return // a pipe, socket or device is no content
	}
	var info fs.FileInfo
	var err error
	if link {
		info, err = w.root.Stat(rel) // from the root: a link may lead to anywhere below it
	} else {
		info, err = here.Lstat(path.Base(rel)) // one call instead of one for each element
	}
	switch {
	case err != nil && link && !errors.Is(err, fs.ErrPermission):
		return // dangles, circles or leaves the tree
	case err != nil:
		w.failed(rel, err)
	case info.IsDir():
		if slices.ContainsFunc(trail, func(up fs.FileInfo) bool { return os.SameFile(up, info) }) {
			return
		}
		if link {
			l.links = append(l.links, rel)
		}
		_ = w.walk(rel, append(trail[:len(trail):len(trail)], info)) // fails for "." alone
	case info.Mode().IsRegular():
		if link {
			l.links = append(l.links, rel)
		}
		if len(l.files) >= MaxFiles {
			l.over = limitError("the blueprint has too many files", rel, "%d files", MaxFiles)
			return
		}
		l.files = append(l.files, file{rel: rel, info: info})
		if t := changeTime(info); t.After(l.newest) {
			l.newest = t
		}
	}
}

// failed keeps a file or directory that is there but cannot be looked at, so
// that it is part of the digest and of the error. What is gone again is not.
func (w *lister) failed(rel string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		w.out.raced = true
		return
	}
	w.out.files = append(w.out.files, file{rel: rel, err: err})
}

// equal reports whether nothing can have changed between two listings.
func (l *listing) equal(m *listing) bool {
	return !l.raced && !m.raced && os.SameFile(l.root, m.root) && slices.EqualFunc(l.files, m.files, file.same)
}
