package main

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffset is far beyond the file's text: locks also keep others from reading what they cover.
const lockOffset = 1 << 30

// tryLock takes the lock of a file; false is one that another process, or another open file, has.
func tryLock(f *os.File) (bool, error) {
	ol := windows.Overlapped{Offset: lockOffset}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &ol)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
