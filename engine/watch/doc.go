// Package watch tells when the content of a blueprint directory has really
// changed and settled, and reads that content without mixing old and new.
//
// Events of the operating system are only hints. An event starts a short wait
// for quiet (25 ms after the last one, 250 ms in all), then the directory is
// read and its [Digest] compared with the last one. Only a different digest is
// reported, so a touch, a save without a change or an editor's litter costs a
// scan and nothing else. A scan every 30 s finds what events did not tell (NFS,
// FUSE, a lost event). When events cannot be had at all, or were lost, the log
// says so once and the directory is scanned every 2 s.
//
// The life of a change:
//
//  1. hints (hints.go) holds one inotify watch for each directory of the tree
//     and for each directory that holds a link on the way to it. Directories
//     are watched, never files: editors replace files.
//  2. Its goroutine drops events about litter and wakes the loop (loop.go)
//     through a channel of one.
//  3. The loop waits for quiet and captures the tree (capture.go): list, read,
//     list again. When the two lists differ, somebody is still writing.
//  4. Content that looks half-written (a file became empty, a file or all of
//     them vanished, git holds its index lock) is given more time, bounded.
//  5. The caller's function gets the digest. It calls [Watcher.Read] to load.
//
// Start reading at [Watcher.Run]. The package imports nothing of ours; fsnotify
// is used in hints.go alone.
package watch
