package journal

import (
	"context"
	"errors"
	"sync"
)

// readers is how many reads run at once.
const readers = 4

// pool hands out read-only connections.
type pool struct {
	free   chan *conn // nil entries are connections not opened yet
	closed chan struct{}
	once   sync.Once
	open   func() (*conn, error)
}

// newPool opens one connection, which shows that the file can be read and is of a
// version this program knows; the others are opened when needed.
func newPool(file, vfs string, newest int) (*pool, error) {
	p := &pool{free: make(chan *conn, readers), closed: make(chan struct{})}
	p.open = func() (*conn, error) { return connect(file, readOnly, vfs, readerPragmas) }
	c, err := p.open()
	if err != nil {
		return nil, err
	}
	version, err := checkVersion(context.Background(), c, file, newest)
	if err == nil && version == 0 {
		err = &DamageError{File: file, Offset: -1, Detail: "the file is empty"}
	}
	if err != nil {
		c.close()
		return nil, err
	}
	p.free <- c
	for range readers - 1 {
		p.free <- nil
	}
	return p, nil
}

// use lends a connection to f.
func (p *pool) use(ctx context.Context, f func(*conn) error) error {
	var c *conn
	select {
	case <-p.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case c = <-p.free:
	}
	defer func() { p.free <- c }()
	select {
	case <-p.closed: // both were ready
		return ErrClosed
	default:
	}
	if c == nil {
		fresh, err := p.open()
		if err != nil {
			return err
		}
		c = fresh
	}
	return explain(f(c))
}

// close waits for the reads under way. Callers after it get ErrClosed.
func (p *pool) close() error {
	var errs []error
	p.once.Do(func() {
		close(p.closed)
		for range readers {
			if c := <-p.free; c != nil {
				errs = append(errs, c.close())
			}
		}
		for range readers {
			p.free <- nil // for those who come after and find it closed
		}
	})
	return errors.Join(errs...)
}
