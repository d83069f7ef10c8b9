package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// logScan is what a look at a write-ahead log found.
type logScan struct {
	Frames int   // good ones
	Cut    int64 // bytes after the last good frame that SQLite will drop; 0 is none
}

// scanLog checks the write-ahead log before SQLite reads it. SQLite stops at the
// first bad frame and silently forgets all after it. That is right for the last
// transaction, which a crash may have torn, and wrong when a later transaction
// follows: that one was written after the bad frame was synced, so the disk has
// changed bytes it had promised to keep.
//
// Format: https://sqlite.org/fileformat2.html#the_write_ahead_log. Each frame
// carries the running checksum, so a frame can be judged from the one before it
// even when that one is bad.
func scanLog(path string) (logScan, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return logScan{}, nil
	}
	if err != nil {
		return logScan{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return logScan{}, err
	}
	var head [32]byte
	if n, err := io.ReadFull(f, head[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return logScan{Cut: int64(n)}, nil // no frame can have been synced
		}
		return logScan{}, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[3]&1 != 0 {
		order = binary.BigEndian
	}
	be := binary.BigEndian
	sum := logSum{order: order}
	sum.add(head[:24])
	pageSize := int64(be.Uint32(head[8:]))
	if be.Uint32(head[0:])&^1 != 0x377f0682 || sum.s0 != be.Uint32(head[24:]) || sum.s1 != be.Uint32(head[28:]) ||
		pageSize < 512 || pageSize > 65536 {
		if info.Size() == int64(len(head)) {
			return logScan{Cut: info.Size()}, nil
		}
		return logScan{}, &DamageError{File: path, Offset: 0, Detail: "the header of the write-ahead log is not what was written"}
	}
	var (
		scan      logScan
		frame     = make([]byte, 24+pageSize)
		bad       int64 // offset of the first bad frame, 0 none
		committed bool  // a commit frame at or after bad
	)
	for at := int64(len(head)); ; at += int64(len(frame)) {
		if _, err := io.ReadFull(f, frame); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return logScan{}, err
			}
			switch {
			case bad > 0:
				scan.Cut = info.Size() - bad
			case info.Size() > at:
				scan.Cut = info.Size() - at
			}
			return scan, nil
		}
		salted := string(frame[8:16]) == string(head[16:24])
		sum.add(frame[:8])
		sum.add(frame[24:])
		good := salted && sum.s0 == be.Uint32(frame[16:]) && sum.s1 == be.Uint32(frame[20:])
		switch {
		case good && bad == 0:
			scan.Frames++
		case good && committed:
			return scan, &DamageError{File: path, Offset: bad,
				Detail: fmt.Sprintf("a frame of the write-ahead log is not what was written, and later transactions follow it (byte %d)", at)}
		case bad == 0:
			if string(frame[8:16]) != string(head[16:24]) && !nearSalt(frame[8:16], head[16:24]) {
				// An older generation: the log was restarted and ends here.
				return scan, nil
			}
			bad = at
		}
		if bad > 0 && salted && be.Uint32(frame[4:]) != 0 {
			committed = true
		}
		// Go on from what the frame says, so that the next one is judged by itself.
		sum.s0, sum.s1 = be.Uint32(frame[16:]), be.Uint32(frame[20:])
	}
}

// nearSalt tells a damaged salt from the salt of another generation: the first half is
// counted up by one per generation, the second half is random.
func nearSalt(got, want []byte) bool {
	return string(got[:4]) == string(want[:4]) || string(got[4:8]) == string(want[4:8])
}

// logSum is the checksum of write-ahead logs.
type logSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (s *logSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s.s0 += s.order.Uint32(b) + s.s1
		s.s1 += s.order.Uint32(b[4:]) + s.s0
	}
}
