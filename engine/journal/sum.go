package journal

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is the CRC-32C of a row: its key, then its data. The key is part of it so
// that a row that strayed to another key is found as well.
func sumOf(seq int64, key string, data []byte) int64 {
	var buf [64]byte
	b := binary.LittleEndian.AppendUint64(buf[:0], uint64(seq))
	b = append(b, key...)
	b = append(b, 0)
	return int64(crc32.Update(crc32.Update(0, castagnoli, b), castagnoli, data))
}

// sum covers the columns of a run that never change once it is accepted or reopened.
func (r *Run) sum() int64 {
	b := make([]byte, 0, 512)
	for _, s := range [...]string{r.ID, r.Blueprint, r.Runbook, r.Version, r.Context, r.Group, r.Delivery, r.Origin, r.Parent, r.ParentStep} {
		b = append(append(b, s...), 0)
	}
	for _, t := range [...]any{nanos(r.AcceptedAt), nanos(r.ExpiresAt)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(num(t)))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Retention))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Attempt))
	return sumOf(r.Seq, "run", b)
}

func (l *LogLine) sum(run int64, n int64) int64 {
	b := make([]byte, 0, 256+len(l.Data))
	for _, s := range [...]string{l.Level, l.Step, l.Message} {
		b = append(append(b, s...), 0)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(num(nanos(l.At))))
	b = append(b, l.Data...)
	return sumOf(run, fmt.Sprint(n), b)
}

func (s *Schedule) sum() int64 {
	b := make([]byte, 0, 256+len(s.Spec)+len(s.Input))
	b = append(append(b, s.Runbook...), 0)
	b = append(append(b, s.Spec...), 0)
	b = append(b, s.Input...)
	for _, t := range [...]any{nanos(s.NextAt), nanos(s.LastAt), s.Dynamic} {
		b = fmt.Append(b, 0, t)
	}
	return sumOf(0, s.Blueprint+"\x00"+s.Reference, b)
}

// blobFrom is the size from which record data is stored apart.
const blobFrom = 64<<10 + 1

func shaOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// How a column is packed.
const (
	codecRaw     = 0
	codecDeflate = 1
)

// packFrom is the size from which packing pays.
const packFrom = 4 << 10

var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		return err // cannot happen: the level is valid
	}
	return w
}}

// pack compresses data where that makes it smaller.
func pack(data []byte) (codec int, packed []byte) {
	if len(data) < packFrom {
		return codecRaw, data
	}
	w, ok := packers.Get().(*flate.Writer)
	if !ok {
		return codecRaw, data
	}
	defer packers.Put(w)
	var buf bytes.Buffer
	buf.Grow(len(data) / 2)
	w.Reset(&buf)
	if _, err := w.Write(data); err != nil || w.Close() != nil || buf.Len() >= len(data) {
		return codecRaw, data
	}
	return codecDeflate, buf.Bytes()
}

func unpack(codec int64, data []byte) ([]byte, error) {
	switch codec {
	case codecRaw:
		return data, nil
	case codecDeflate:
		return io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	}
	return nil, fmt.Errorf("unknown packing %d", codec)
}
