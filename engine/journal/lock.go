package journal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// holder is what the owner of a lock writes into its file. The
// lock itself belongs to the kernel, so it ends with the process; the text
// only serves the message others get.
type holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

func (h holder) String() string {
	return fmt.Sprintf("process %d on %s, started %s", h.PID, h.Host, h.Started.Format(time.RFC3339))
}

// LockFile takes the lock of a file, which it makes where it is not there, and writes into it who has it; the lock
// ends with the process, or when the file is closed. A nil file is one that another has, and taken says who.
func LockFile(path string, now time.Time) (f *os.File, taken string, err error) {
	f, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("lock %s: %w", path, err)
	}
	got, err := tryLock(f)
	if err != nil {
		f.Close()
		return nil, "", fmt.Errorf("lock %s: %w", path, err)
	}
	if !got {
		defer f.Close()
		return nil, readHolder(f), nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	text, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Started: now.UTC().Truncate(time.Second)})
	if err == nil {
		// One write, padded over what an earlier holder left, so that a reader never sees half of it.
		_, err = fmt.Fprintf(io.NewOffsetWriter(f, 0), "%-255s\n", text)
	}
	if err != nil {
		f.Close()
		return nil, "", fmt.Errorf("write %s: %w", path, err)
	}
	return f, "", nil
}

// lockDir takes the directory for this process, or returns an error that is ErrLocked
// and names the holder.
func lockDir(dir string, now time.Time) (*os.File, error) {
	f, taken, err := LockFile(filepath.Join(dir, lockName), now)
	if err == nil && f == nil {
		err = fmt.Errorf("%w: %s belongs to %s; stop that process or choose another directory", ErrLocked, dir, taken)
	}
	return f, err
}

// readHolder waits a moment for a holder that has only just taken the lock.
func readHolder(f *os.File) string {
	var h holder
	for range 20 {
		buf := make([]byte, 512)
		n, _ := f.ReadAt(buf, 0)
		if json.Unmarshal(buf[:n], &h) == nil && h.PID > 0 && alive(h.PID) {
			return h.String()
		}
		<-time.After(5 * time.Millisecond)
	}
	if h.PID > 0 {
		return h.String()
	}
	return "another process that has just started"
}

// held reports whether some process owns the directory.
func held(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	defer f.Close()
	got, err := tryLock(f)
	return err == nil && !got
}
