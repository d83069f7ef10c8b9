package compile

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"currant/engine/lang"
)

// directory is the blueprint's directory for the checks of what is deployed; nil of a version that was checked before.
func (c *compiler) directory() fs.FS {
	if c.o.Stored || c.src.Pinned != nil {
		return nil
	}
	return directory{dir: c.src.Dir, snapshot: c.src.Snapshot}
}

// directory opens files below a blueprint's directory, and none through a link that leaves it. What a snapshot holds
// is as it was then.
type directory struct {
	dir      string
	snapshot map[string][]byte
}

// Open is part of fs.FS.
func (d directory) Open(name string) (fs.File, error) {
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	if b, ok := d.snapshot[name]; ok {
		return &taken{Reader: bytes.NewReader(b), info: taking{path.Base(name), int64(len(b))}}, nil
	}
	if _, err := os.Lstat(filepath.Join(d.dir, filepath.FromSlash(name))); err != nil {
		return nil, err
	}
	confined, err := lang.ConfinePath(d.dir, name)
	if err != nil {
		return fail(err)
	}
	info, err := os.Stat(confined)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait
		return &taken{Reader: bytes.NewReader(nil), info: info}, nil
	}
	return os.Open(confined)
}

// taken is a file of a snapshot, or what is no file.
type taken struct {
	io.Reader
	info fs.FileInfo
}

func (t *taken) Stat() (fs.FileInfo, error) { return t.info, nil }
func (t *taken) Close() error               { return nil }

// taking is what is known of a file of a snapshot.
type taking struct {
	name string
	size int64
}

func (t taking) Name() string     { return t.name }
func (t taking) Size() int64      { return t.size }
func (taking) Mode() fs.FileMode  { return 0o444 }
func (taking) ModTime() time.Time { return time.Time{} }
func (taking) IsDir() bool        { return false }
func (taking) Sys() any           { return nil }
