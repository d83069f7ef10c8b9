package watch

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when the inode last changed. Unlike the modification time
// no program can set it, so content cannot change without it.
func changeTime(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))
	}
	return info.ModTime()
}
