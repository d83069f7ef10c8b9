//go:build !linux

package watch

import (
	"io/fs"
	"time"
)

// changeTime returns the modification time, the best that all systems share.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }
