package watch

import (
	"fmt"
	"time"
)

// How often and how long reading again is tried while somebody writes.
const (
	readTries = 20
	readPause = fresh
)

// Read returns the relevant files of dir, keyed by relative path with slashes,
// and their digest. All are from one moment: Read looks at every file again
// after reading and starts over when one has changed, for about 250 ms.
//
// Files over [MaxFileBytes] that are not .hcl files are left out, and so are
// links that leave dir. The error wraps [ErrUnsettled] when the content kept
// changing, [ErrLimit] when it is too large, and [io/fs.ErrNotExist] when dir
// does not exist. The digest is that of the content that could not be used, and
// zero when dir could not be listed at all.
func Read(dir string) (map[string][]byte, Digest, error) {
	s := steady(dir, nil, true)
	if s.err != nil {
		return nil, s.digest, s.err
	}
	return s.files, s.digest, nil
}

// Scan returns the digest of the relevant files of dir, as [Read] does. It
// fails only when dir cannot be listed or keeps changing: content that Read
// would refuse has a digest too, so that a correction is seen as a change.
func Scan(dir string) (Digest, error) {
	s := steady(dir, nil, false)
	if s.list == nil || s.torn {
		return s.digest, s.err
	}
	return s.digest, nil
}

// steady captures dir until nothing moves. When it gives up, err says so.
func steady(dir string, ignore func(string) bool, keep bool) shot {
	var s shot
	for try := range readTries {
		if try > 0 {
			time.Sleep(readPause)
		}
		s = capture(dir, ignore, keep)
		if !s.torn && !s.fresh {
			break
		}
	}
	switch {
	case s.list == nil:
		s.err = fmt.Errorf("the blueprint directory cannot be read: %w; check that it exists and is readable", s.err)
	case s.torn:
		s.err = fmt.Errorf("%s: %w: it was different each of %d times it was read; stop what writes there", dir, ErrUnsettled, readTries)
	}
	return s
}
