package api

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"currant/engine/outbound"
)

// exactReader reads content of an announced size and fails where it is shorter or longer. What went wrong is
// kept, for the transport's own error says less.
type exactReader struct {
	r      io.Reader
	left   int64
	failed atomic.Pointer[string]
}

func (e *exactReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if e.left == 0 {
		var more [1]byte
		if n, _ := io.ReadFull(e.r, more[:]); n > 0 {
			return 0, e.fail("it is longer than announced; it changed while it was sent")
		}
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	switch {
	case err == io.EOF && e.left > 0:
		return n, e.fail(fmt.Sprintf("it ended %d bytes too early; it changed while it was sent", e.left))
	case err != nil && err != io.EOF:
		return n, e.fail(outbound.EscapeLog(err.Error(), maxExcerpt))
	}
	return n, nil
}

func (e *exactReader) fail(why string) error {
	e.failed.CompareAndSwap(nil, &why)
	return errors.New(why)
}
