//go:build linux

package journal

import (
	"errors"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// A full disk, at each write of an event's transaction, uses up no nonce: the same event is taken when there
// is room.
func TestJ12FullDiskUsesNoNonce(t *testing.T) {
	failed := 0
	for at := 0; ; at++ {
		d := newFaultDisk(t)
		s := openWith(t, dataDir(t), Options{vfs: faultVFS})
		writes := 0
		d.set(func(_ int, o fileOp) int32 {
			if o.kind != "write" {
				return 0
			}
			if writes++; writes-1 == at {
				return sqlite3.SQLITE_FULL
			}
			return 0
		})
		_, fresh, err := s.Accept(ctx, signed("a", "d1", "n1", start))
		d.set(nil)
		if err == nil {
			if !fresh || failed == 0 {
				t.Errorf("fresh=%v after %d writes that failed", fresh, failed)
			}
			return
		}
		if !errors.Is(err, ErrFull) {
			t.Fatalf("write %d: %v", at, err)
		}
		failed++
		accept(t, s, signed("b", "d2", "n1", start))
		s.Close()
	}
}
