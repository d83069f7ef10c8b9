package watch

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// errNoWatches is what inotify says when fs.inotify.max_user_watches is used up.
var errNoWatches = syscall.ENOSPC

// Options adjust a [Watcher]. The zero value is ready for use.
type Options struct {
	// Debounce is how long the directory must be quiet before it is read; 25 ms
	// when zero. Ten times as long is waited at most under constant events, and
	// for content that looks half-written; forty times as long for a directory
	// that vanished or in which git is at work.
	Debounce time.Duration
	// Rescan is how often the directory is read without an event; 30 s when zero.
	Rescan time.Duration
	// Poll is how often it is read when events cannot be had; 2 s when zero.
	Poll time.Duration
	// Log gets one line when watching is degraded and one when it is whole
	// again; nothing is logged when nil.
	Log *slog.Logger
	// Ignore leaves out files and directories beyond those that are not
	// [Relevant], for example a data directory inside the blueprint. It gets the
	// relative path with slashes and is called from several goroutines.
	Ignore func(rel string) bool
	// Known is the digest of the content that the caller has loaded. When the
	// directory differs from it as Run starts, Run reports that first, so that
	// nothing is lost between loading and watching. When zero, Run starts from
	// what it finds.
	Known Digest

	// For tests: how events are had and a directory is watched.
	open func() (*fsnotify.Watcher, error)
	add  func(*fsnotify.Watcher, string) error
}

// Watcher watches one directory. It holds nothing open until [Watcher.Run].
type Watcher struct {
	dir string
	opt Options
}

// New returns a watcher of dir, which need not exist yet. It may be a link, or
// lie behind links that are pointed elsewhere later.
func New(dir string, o Options) *Watcher {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Debounce, 25*time.Millisecond)
	def(&o.Rescan, 30*time.Second)
	def(&o.Poll, 2*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.open == nil {
		o.open = fsnotify.NewWatcher
	}
	if o.add == nil {
		o.add = (*fsnotify.Watcher).Add
	}
	return &Watcher{dir: dir, opt: o}
}

// Read is [Read] of the watched directory with the watcher's Ignore.
func (w *Watcher) Read() (map[string][]byte, Digest, error) {
	s := steady(w.dir, w.opt.Ignore, true)
	if s.err != nil {
		return nil, s.digest, s.err
	}
	return s.files, s.digest, nil
}

// Run watches until ctx ends and then returns nil. It calls changed, never
// concurrently, once for each settled content that differs from the one before,
// with its digest, and with the zero Digest when the directory has been missing
// for a second. Changes during the call are reported after it, the last one
// only. Run fails only when the path cannot be made absolute.
func (w *Watcher) Run(ctx context.Context, changed func(Digest)) error {
	dir, err := filepath.Abs(w.dir)
	if err != nil {
		return errors.Join(errors.New("the working directory is unknown; give the blueprint directory as an absolute path"), err)
	}
	l := &loop{
		dir:     dir,
		opt:     w.opt,
		changed: changed,
		known:   w.opt.Known,
		hints: &hints{
			open:   w.opt.open,
			add:    w.opt.add,
			ignore: w.opt.Ignore,
			wake:   make(chan struct{}, 1),
		},
	}
	defer l.hints.stop()
	l.run(ctx)
	return nil
}
