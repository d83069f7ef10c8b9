//go:build linux

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// script is a fixed piece of work; it stops at the first error. acked is told of every run
// whose acceptance was confirmed.
func script(s *Store, steps int, acked func(id string)) error {
	ctx := context.Background()
	for i := range steps {
		id := fmt.Sprintf("run-%03d", i)
		if _, _, err := s.Accept(ctx, newRun(id)); err != nil {
			return err
		}
		acked(id)
		big := make([]byte, 70<<10*(i%2)+10)
		if err := s.Commit(ctx, Write{Run: id, Put: []Record{{Path: "a", Data: big}}, Logs: []LogLine{{At: start, Message: "hello"}}}); err != nil {
			return err
		}
		if i%3 == 0 {
			if err := s.Commit(ctx, Write{Run: id, End: &End{Status: Finished, At: start, History: big}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// The store is dead after one failed sync, says so, and what was confirmed survives.
func TestD3FailedSyncIsFatal(t *testing.T) {
	for at := 0; ; at++ {
		d := newFaultDisk(t)
		dir := dataDir(t)
		s := openWith(t, dir, Options{vfs: faultVFS})
		syncs, hit := 0, false
		d.set(func(n int, o fileOp) int32 {
			if o.kind != "sync" {
				return 0
			}
			syncs++
			if syncs-1 == at {
				hit = true
				return sqlite3.SQLITE_IOERR | 4<<8 // SQLITE_IOERR_FSYNC
			}
			return 0
		})
		var acked []string
		err := script(s, 6, func(id string) { acked = append(acked, id) })
		after := func() int { d.mu.Lock(); defer d.mu.Unlock(); return syncs }
		if !hit {
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			return
		}
		if !errors.Is(err, ErrFailed) {
			t.Fatalf("sync %d failed, but the caller got %v", at, err)
		}
		select {
		case <-s.Failed():
		default:
			t.Fatalf("sync %d failed, but Failed is open", at)
		}
		if !errors.Is(s.Err(), ErrFailed) {
			t.Fatalf("Err is %v", s.Err())
		}
		before := after()
		if _, _, err := s.Accept(context.Background(), newRun("later")); !errors.Is(err, ErrFailed) {
			t.Fatalf("a write after the failure got %v", err)
		}
		if _, err := s.List(context.Background(), Filter{}); err != nil {
			t.Fatalf("reading after the failure: %v", err)
		}
		if err := s.Close(); !errors.Is(err, ErrFailed) {
			t.Fatalf("Close said %v", err)
		}
		if n := after(); n != before {
			t.Fatalf("sync %d failed and %d more were made", at, n-before)
		}
		d.set(nil)
		again := open(t, dir)
		for _, id := range acked {
			if _, err := again.Run(context.Background(), id); err != nil {
				t.Fatalf("confirmed before sync %d failed: %v", at, err)
			}
		}
		again.Close()
		mustVerify(t, dir)
	}
}

// A failed sync during a checkpoint is as fatal as one during a commit.
func TestD3FailedCheckpoint(t *testing.T) {
	d := newFaultDisk(t)
	s := openWith(t, dataDir(t), Options{vfs: faultVFS})
	d.set(func(n int, o fileOp) int32 {
		if o.kind == "sync" && o.file == fileName {
			return sqlite3.SQLITE_IOERR | 4<<8
		}
		return 0
	})
	accept(t, s, newRun("a"))
	var err error
	for i := 0; err == nil && i < 400; i++ {
		err = s.Commit(context.Background(), Write{Run: "a", Put: []Record{{Path: "p", Data: bytes.Repeat([]byte{byte(i)}, 60<<10)}}})
	}
	if !errors.Is(s.Err(), ErrFailed) {
		t.Fatalf("the checkpoint's sync failed but Err is %v, Commit said %v", s.Err(), err)
	}
}

// Each write of the script in turn meets a full disk; then there is room again.
func TestD5DiskFull(t *testing.T) {
	step := 3
	if long {
		step = 1
	}
	for at := 0; ; at += step {
		d := newFaultDisk(t)
		dir := dataDir(t)
		s := openWith(t, dir, Options{vfs: faultVFS})
		hit := false
		d.set(func(n int, o fileOp) int32 {
			if n < at || o.kind == "sync" || o.kind == "delete" {
				return 0
			}
			hit = true
			return sqlite3.SQLITE_FULL
		})
		acked := map[string]bool{}
		err := script(s, 4, func(id string) { acked[id] = true })
		if !hit {
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			return
		}
		if err != nil && !errors.Is(err, ErrFull) {
			t.Fatalf("write %d: %v", at, err)
		}
		if s.Err() != nil {
			t.Fatalf("write %d: a full disk must not end the store: %v", at, s.Err())
		}
		if _, err := s.List(context.Background(), Filter{}); err != nil {
			t.Fatalf("write %d: reading on a full disk: %v", at, err)
		}
		d.set(nil) // room again
		if _, _, err := s.Accept(context.Background(), newRun("later")); err != nil {
			t.Fatalf("write %d: with room again: %v", at, err)
		}
		acked["later"] = true
		check := func(s *Store) {
			t.Helper()
			runs, err := s.List(context.Background(), Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(runs) != len(acked) {
				t.Fatalf("write %d: %d runs confirmed, %d stored", at, len(acked), len(runs))
			}
		}
		check(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mustVerify(t, dir)
		check(open(t, dir))
	}
}

// Power loss: what was not synced is lost, kept, torn or kept in part, at every operation of
// the script. Confirmed runs are always there.
func TestD2PowerLoss(t *testing.T) {
	d := newFaultDisk(t)
	dir := dataDir(t)
	s := openWith(t, dir, Options{vfs: faultVFS})
	base := map[string][]byte{}
	for _, name := range []string{fileName, fileName + walSuffix} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		base[name] = b
	}
	d.mu.Lock()
	d.record = true
	d.mu.Unlock()
	type ack struct {
		id string
		at int // operations done when it was confirmed
	}
	var acks []ack
	err := script(s, 10, func(id string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		acks = append(acks, ack{id, len(d.ops)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // checkpoints, too
		t.Fatal(err)
	}
	ops := d.ops
	if len(ops) < 100 {
		t.Fatalf("only %d operations recorded", len(ops))
	}
	rounds := 0
	every := 10
	if long {
		every = 1
	}
	for at := 0; at <= len(ops); at++ {
		// Around syncs is where it matters; elsewhere a sample will do.
		edge := at > 0 && ops[at-1].kind == "sync" || at < len(ops) && ops[at].kind == "sync"
		if !edge && at%every != 0 {
			continue
		}
		for variant := range 3 {
			if !long && variant != at%3 {
				continue
			}
			rounds++
			image := crashImage(base, ops[:at], variant, rand.New(rand.NewPCG(uint64(at), uint64(variant))))
			crashed := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(crashed, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, b := range image {
				if err := os.WriteFile(filepath.Join(crashed, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			again, err := Open(crashed, Options{Check: true})
			if err != nil {
				t.Fatalf("after operation %d of %d, variant %d: %v", at, len(ops), variant, err)
			}
			for _, a := range acks {
				if a.at > at {
					break
				}
				if _, err := again.Run(context.Background(), a.id); err != nil {
					t.Fatalf("after operation %d, variant %d: %v", at, variant, err)
				}
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			os.RemoveAll(crashed)
		}
	}
	t.Logf("%d operations, %d power cuts", len(ops), rounds)
}

// crashImage is what a disk may hold after ops when power fails: all that was synced,
// and of the rest nothing (variant 0), some writes in any combination (1), or some with
// one torn at a sector (2).
func crashImage(base map[string][]byte, ops []fileOp, variant int, rnd *rand.Rand) map[string][]byte {
	image := map[string][]byte{}
	for name, b := range base {
		image[name] = append([]byte(nil), b...)
	}
	synced := map[string]int{} // operations before this index are safe, by file
	for i, o := range ops {
		if o.kind == "sync" || o.kind == "delete" { // SQLite syncs the directory after a delete
			synced[o.file] = i
		}
	}
	for i, o := range ops {
		data := o.data
		if i > synced[o.file] || synced[o.file] == 0 {
			if variant == 0 || rnd.IntN(2) == 0 {
				continue
			}
			if variant == 2 && o.kind == "write" && len(data) > 512 {
				data = data[:rnd.IntN(len(data)/512)*512]
			}
		}
		b := image[o.file]
		switch o.kind {
		case "delete":
			delete(image, o.file)
			continue
		case "truncate":
			if int64(len(b)) > o.off {
				b = b[:o.off]
			}
		case "write":
			if need := o.off + int64(len(data)) - int64(len(b)); need > 0 {
				b = append(b, make([]byte, need)...)
			}
			copy(b[o.off:], data)
		case "sync":
			continue
		}
		image[o.file] = b
	}
	return image
}
