package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oneOfEach is a closed store whose tables all have marked data.
func oneOfEach(t *testing.T) (dir, file string) {
	t.Helper()
	dir = dataDir(t)
	s := open(t, dir)
	ctx := context.Background()
	if err := s.PutVersion(ctx, "v1", "crm", []byte("MARK-version")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"open", "done"} {
		r := newRun(id)
		r.Version, r.Event = "v1", []byte("MARK-event-"+id)
		accept(t, s, r)
	}
	commit(t, s, Write{Run: "open",
		Put:  []Record{{Path: "small", Data: []byte("MARK-record")}, {Path: "big", Data: append([]byte("MARK-blob"), make([]byte, 80<<10)...)}},
		Logs: []LogLine{{At: start, Level: "info", Message: "MARK-log"}},
	})
	commit(t, s, Write{Run: "done", End: &End{Status: Failed, At: start, Outcome: []byte("MARK-outcome"), History: []byte("MARK-history")}})
	if err := s.PutSchedule(ctx, Schedule{Blueprint: "crm", Reference: "nightly", Spec: []byte("MARK-schedule")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, fileName)
}

// One flipped bit in any row is found by Verify and by whoever reads the row.
func TestD4FlippedBit(t *testing.T) {
	dir, file := oneOfEach(t)
	mustVerify(t, dir)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for mark, read := range map[string]func(*Reader) error{
		"MARK-event-open": func(r *Reader) error { _, err := r.Run(ctx, "open"); return err },
		"MARK-record":     func(r *Reader) error { _, err := r.Records(ctx, "open"); return err },
		"MARK-blob":       func(r *Reader) error { _, err := r.Records(ctx, "open"); return err },
		"MARK-log":        func(r *Reader) error { _, err := r.Logs(ctx, "open", 0); return err },
		"MARK-outcome":    func(r *Reader) error { _, err := r.Run(ctx, "done"); return err },
		"MARK-history":    func(r *Reader) error { _, err := r.History(ctx, "done"); return err },
		"MARK-version":    func(r *Reader) error { _, err := r.Version(ctx, "v1"); return err },
		"MARK-schedule":   func(r *Reader) error { _, err := r.Schedules(ctx); return err },
		"REQ-open":        func(r *Reader) error { _, err := r.Run(ctx, "open"); return err },
	} {
		t.Run(mark, func(t *testing.T) {
			at := bytes.Index(whole, []byte(mark))
			if at < 0 {
				t.Fatalf("%s is not in the file", mark)
			}
			for bit := range 8 {
				broken := bytes.Clone(whole)
				for i := at; ; {
					broken[i] ^= 1 << bit
					next := bytes.Index(broken[i:], []byte(mark)) // every copy: an index may have one
					if next < 0 {
						break
					}
					i += next
				}
				if err := os.WriteFile(file, broken, 0o600); err != nil {
					t.Fatal(err)
				}
				report, err := Verify(dir)
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Problems) == 0 {
					t.Fatalf("bit %d: Verify finds nothing", bit)
				}
				r, err := OpenReader(dir)
				if err != nil {
					t.Fatal(err)
				}
				var damage *DamageError
				if err := read(r); !errors.As(err, &damage) || damage.Table == "" || damage.Row == "" {
					t.Errorf("bit %d: reading says %v", bit, err)
				}
				r.Close()
				if _, err := Open(dir, Options{Check: true}); !errors.Is(err, ErrDamaged) {
					t.Errorf("bit %d: a checked start says %v", bit, err)
				}
			}
		})
	}
}

// A file that was cut short, emptied or removed is never taken for a new one.
func TestD4CutFile(t *testing.T) {
	dir, file := oneOfEach(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	step := 511
	if long {
		step = 1
	}
	for cut := 1; cut <= 4096; cut += step {
		if err := os.WriteFile(file, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("without its last %d bytes: %v", cut, err)
		}
	}
	for name, b := range map[string][]byte{"empty": nil, "zeros": make([]byte, len(whole)), "text": bytes.Repeat([]byte("x"), 8192)} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// crashed is a data directory as a kill leaves it, with a write-ahead log of several
// transactions.
func crashed(t *testing.T) (dir string, log []byte, ids []string) {
	t.Helper()
	live := dataDir(t)
	s := open(t, live)
	for _, id := range []string{"a", "b", "c", "d"} {
		accept(t, s, newRun(id))
		ids = append(ids, id)
	}
	dir = dataDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fileName, fileName + walSuffix} {
		b, err := os.ReadFile(filepath.Join(live, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		log = b
	}
	return dir, log, ids
}

// A cut tail of the write-ahead log is dropped and reported; what stood before it is there.
func TestD4CutLog(t *testing.T) {
	dir, log, ids := crashed(t)
	path := filepath.Join(dir, fileName+walSuffix)
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	step := 509
	if long {
		step = 1
	}
	for cut := 0; cut <= 4096; cut += step {
		for name, b := range map[string][]byte{fileName: file, fileName + walSuffix: log[:len(log)-cut]} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		scan, err := scanLog(path)
		if err != nil {
			t.Fatalf("cut by %d: %v", cut, err)
		}
		if (cut%4120 != 0) != (scan.Cut > 0) {
			t.Fatalf("cut by %d: %d bytes reported", cut, scan.Cut)
		}
		s := open(t, dir)
		runs, err := s.List(context.Background(), Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(ids) - min(cut, 1); len(runs) != want {
			t.Fatalf("cut by %d: %d runs instead of %d", cut, len(runs), want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mustVerify(t, dir)
	}
}

// A changed byte in the middle of the write-ahead log stops the start, for SQLite alone would
// forget all that follows without a word.
func TestD4FlippedLog(t *testing.T) {
	dir, log, _ := crashed(t)
	path := filepath.Join(dir, fileName+walSuffix)
	const frame = 24 + 4096
	frames := (len(log) - 32) / frame
	last := lastCommits(log, frame)
	step := 97
	if long {
		step = 1
	}
	for at := 0; at < 32+last*frame; at += step {
		b := bytes.Clone(log)
		b[at] ^= 0x10
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if at < 32 && at >= 12 && at < 16 {
			continue // the count of checkpoints, which is under the header's checksum anyway
		}
		_, err := Open(dir, Options{})
		var damage *DamageError
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), walSuffix) {
			t.Fatalf("byte %d (frame %d of %d) changed: %v", at, (at-32)/frame, frames, err)
		}
		if at >= 32 && damage.Offset != int64(32+(at-32)/frame*frame) {
			t.Fatalf("byte %d changed, byte %d reported", at, damage.Offset)
		}
	}
}

// lastCommits is the index of the frame where the last transaction begins.
func lastCommits(log []byte, frame int) int {
	before, last := 0, 0
	for i := 0; 32+(i+1)*frame <= len(log); i++ {
		if h := log[32+i*frame:]; h[4]|h[5]|h[6]|h[7] != 0 {
			before, last = last, i+1
		}
	}
	return before
}

func TestD4LogWithoutFile(t *testing.T) {
	dir, _, _ := crashed(t)
	if err := os.Remove(filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
}
