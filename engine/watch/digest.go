package watch

import "encoding/hex"

// Digest identifies the content of a directory: a SHA-256 over the sorted
// relative paths and contents of its relevant files. Two directories with equal
// files have equal digests wherever they are. The zero Digest stands for a
// directory that is missing or cannot be listed.
type Digest [32]byte

// IsZero reports whether d stands for a directory that could not be read.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns d as 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }
