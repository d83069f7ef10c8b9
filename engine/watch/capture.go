package watch

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"syscall"
	"time"
)

// Limits on what is read.
const (
	// MaxFileBytes bounds one file. A larger one counts into the digest by size
	// and modification time and is left out of what Read returns; a larger .hcl
	// file is an error.
	MaxFileBytes = 1 << 20
	// MaxTreeBytes bounds all files of a blueprint together, the left out ones
	// apart. What comes after counts into the digest by size and modification
	// time, and Read fails.
	MaxTreeBytes = 10 << 20
)

// ErrLimit is in the chain of errors for content that exceeds a limit of this
// package.
var ErrLimit = errors.New("over the limit")

// ErrUnsettled is in the chain of errors for content that kept changing while
// it was read.
var ErrUnsettled = errors.New("content keeps changing")

func limitError(what, where, format string, args ...any) error {
	return fmt.Errorf("%s, at %s: %w of %s; move what is not part of the blueprint elsewhere",
		what, where, ErrLimit, fmt.Sprintf(format, args...))
}

// fresh is the age below which a file may change again without its times
// telling: file systems stamp with the kernel's tick, up to 10 ms.
const fresh = 12 * time.Millisecond

// shot is the content of a directory as captured once.
type shot struct {
	digest Digest
	files  map[string][]byte // only when asked for
	sizes  map[string]int64
	list   *listing // nil when the directory could not be listed
	err    error    // why the content cannot be used, nil when it can
	torn   bool     // it changed while it was read: digest and files may mix old and new
	fresh  bool     // something was written a moment ago
}

// capture reads the tree once: list, read, list again. It does not wait.
func capture(dir string, ignore func(string) bool, keep bool) shot {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return shot{err: err}
	}
	defer root.Close()
	began := time.Now()
	before, err := list(root, ignore)
	if err != nil {
		return shot{err: err}
	}
	s := shot{list: before, err: before.over, sizes: make(map[string]int64, len(before.files))}
	if keep {
		s.files = make(map[string][]byte, len(before.files))
	}
	age := began.Sub(before.newest)
	s.fresh = age < fresh && age > -fresh // a stamp of tomorrow is a wrong clock, not a fresh file
	s.read(root)

	after, err := list(root, ignore)
	if err != nil || !before.equal(after) {
		s.torn = true
	}
	// The directory itself may have been exchanged; root still reads the old one.
	if now, err := os.Stat(dir); err != nil || !os.SameFile(now, before.root) {
		s.torn = true
	}
	return s
}

// read hashes all files of s.list in order, and keeps them when wanted. The
// hash of a file is over: its path, a zero byte, a letter for how it is
// represented, 8 bytes of length, and its content.
func (s *shot) read(root *os.Root) {
	h := sha256.New()
	var total int64
	var scratch []byte
	for _, f := range s.list.files {
		io.WriteString(h, f.rel)
		if f.err != nil {
			s.fail(fmt.Errorf("%s cannot be read: %w; make it readable or remove it", f.rel, f.err))
			mark(h, 'e', 0)
			continue
		}
		size := f.info.Size()
		s.sizes[f.rel] = size
		if size > MaxFileBytes || total+size > MaxTreeBytes {
			if size <= MaxFileBytes {
				s.fail(limitError("the blueprint is too large", f.rel, "%d bytes in all", MaxTreeBytes))
			} else if path.Ext(f.rel) == ".hcl" {
				s.fail(limitError(fmt.Sprintf("the file has %d bytes", size), f.rel, "%d bytes", MaxFileBytes))
			}
			mark(h, 'L', size)
			binary.Write(h, binary.BigEndian, f.info.ModTime().UnixNano())
			continue
		}
		if s.files != nil || int64(cap(scratch)) < size {
			scratch = make([]byte, size)
		}
		data := scratch[:size]
		if err := readFile(root, f, data); err != nil {
			if errors.Is(err, errMoved) || errors.Is(err, os.ErrNotExist) {
				s.torn = true
			} else {
				s.fail(fmt.Errorf("%s cannot be read: %w; make it readable or remove it", f.rel, err))
			}
			mark(h, 'e', 0)
			continue
		}
		total += size
		mark(h, 'f', size)
		h.Write(data)
		if s.files != nil {
			s.files[f.rel] = data
		}
	}
	if s.list.over != nil {
		mark(h, 'o', 0)
	}
	h.Sum(s.digest[:0])
}

// fail keeps the first reason why the content cannot be used.
func (s *shot) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

func mark(h hash.Hash, kind byte, size int64) {
	var b [10]byte
	b[1] = kind
	binary.BigEndian.PutUint64(b[2:], uint64(size))
	h.Write(b[:])
}

var errMoved = errors.New("changed since it was listed")

// readFile fills data with the whole of f, which must be as it was listed.
func readFile(root *os.Root, f file, data []byte) error {
	// Not blocking, should a pipe have taken the file's place.
	r, err := root.OpenFile(f.rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if !f.same(file{rel: f.rel, info: info}) {
		return errMoved
	}
	if _, err := io.ReadFull(r, data); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errMoved
		}
		return err
	}
	return nil
}
