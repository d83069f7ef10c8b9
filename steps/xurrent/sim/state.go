package sim

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Times of saving.
const (
	saveEvery = 2 * time.Second // between two looks whether anything has changed
	saveShare = 10              // a look comes after so many times what the last one took: the rest is for the service
)

// maxState bounds what is read of a snapshot, in bytes when unpacked.
const maxState = 1 << 30

// damagedSuffix is added to the name of a state file that cannot be read.
const damagedSuffix = ".damaged"

// state keeps the snapshot of a service in a file.
type state struct {
	path    string
	damaged error         // why the file could not be read
	done    chan struct{} // closed when the goroutine that saves has ended

	mu      sync.Mutex // held while it is saved; guards what follows
	changes uint64     // when it was last saved
	sum     [sha256.Size]byte
}

// Damaged says why the state file was not read and all began anew. It is nil where it was read, and where there was none. The file
// is kept beside, with ".damaged" added to its name.
func (s *Sim) Damaged() error {
	if s.state == nil {
		return nil
	}
	return s.state.damaged
}

// readState reads a snapshot; nil without an error where there is no file.
func readState(path string) (*snapshot, [sha256.Size]byte, error) {
	var none [sha256.Size]byte
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, none, nil
	}
	if err != nil {
		return nil, none, &unreadableFile{err}
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, none, &unreadableFile{errors.Join(err, fmt.Errorf("%s is no regular file", path))}
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, none, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxState))
	if err != nil {
		return nil, none, err
	}
	out := &snapshot{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, none, err
	}
	return out, sha256.Sum256(text), nil
}

// unreadableFile is an error of the system, of which the content of the file is not to blame.
type unreadableFile struct{ error }

// resume gives a new service the state of the last one; a service without state where there is none, or a damaged one.
func resume(o Options) (*Sim, error) {
	s, err := fresh(o)
	if err != nil {
		return nil, err
	}
	from, sum, err := readState(o.State)
	if system := (*unreadableFile)(nil); errors.As(err, &system) {
		return nil, errors.Join(fmt.Errorf("the state of the simulated account: %w", system.error), s.Close())
	}
	st := &state{path: o.State, sum: sum, done: make(chan struct{})}
	if err == nil && from != nil {
		err = s.restore(from)
	}
	if err != nil {
		if closing := s.Close(); closing != nil {
			return nil, closing
		}
		if s, err = anew(o, st, err); err != nil {
			return nil, err
		}
	}
	s.state, st.changes = st, s.changes()
	go s.keep()
	return s, nil
}

// anew makes a service in place of one whose state cannot be used, and puts the file aside.
func anew(o Options, st *state, damage error) (*Sim, error) {
	s, err := fresh(o)
	if err != nil {
		return nil, err
	}
	aside := o.State + damagedSuffix
	st.damaged, st.sum = fmt.Errorf("%s cannot be read (%w) and is put aside as %s", o.State, damage, filepath.Base(aside)), [sha256.Size]byte{}
	if err := os.Rename(o.State, aside); err != nil {
		return nil, errors.Join(fmt.Errorf("the state of the simulated account cannot be read (%w), nor put aside: %w", damage, err), s.Close())
	}
	s.log.Warn("the simulated account begins anew", "error", st.damaged)
	return s, nil
}

// changes is a number that grows whenever there may be something new to save.
func (s *Sim) changes() uint64 { return s.world.Version() + uint64(s.activity.Load()) }

// keep saves what has changed, until the service is closed.
func (s *Sim) keep() {
	defer close(s.state.done)
	every := s.options.saveEvery
	if every == 0 {
		every = saveEvery
	}
	for wait := every; ; {
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return
		}
		began := time.Now()
		if err := s.save(); err != nil {
			s.log.Error("state", "error", err)
		}
		wait = max(every, saveShare*time.Since(began))
	}
}

// save writes the state file, unless nothing has changed.
func (s *Sim) save() error {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	changes := s.changes()
	if changes == st.changes {
		return nil
	}
	now, err := s.snapshot()
	if err != nil {
		return err
	}
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); sum != st.sum {
		if err := writeState(st.path, text); err != nil {
			return fmt.Errorf("the state of the simulated account is not saved: %w", err)
		}
		st.sum = sum
	}
	st.changes = changes
	return nil
}

// writeState replaces the file as a whole: whoever ends in the middle leaves the old one.
func writeState(path string, text []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err = z.Write(text); err == nil {
		err = z.Close()
	}
	if err != nil {
		return err
	}
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(packed.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(next, path)
	}
	return err
}
