//go:build linux

package journal

import (
	"bytes"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// fileOp is something SQLite asks of the disk.
type fileOp struct {
	kind string // "write", "sync", "truncate", "delete"
	file string // base name
	off  int64  // or the new size
	data []byte
}

// faultDisk is SQLite's own file layer with a look at, and a say in, every write,
// sync, truncate and delete.
type faultDisk struct {
	mu     sync.Mutex
	count  int
	fail   func(n int, o fileOp) int32 // result code instead of the operation; 0 lets it pass
	record bool
	ops    []fileOp
	files  map[uintptr]string // open files
}

func (d *faultDisk) hit(o fileOp) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.record {
		o.data = bytes.Clone(o.data)
		d.ops = append(d.ops, o)
	}
	n := d.count
	d.count++
	if d.fail == nil {
		return 0
	}
	return d.fail(n, o)
}

func (d *faultDisk) set(fail func(n int, o fileOp) int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count, d.fail = 0, fail
}

func (d *faultDisk) name(file uintptr) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[file]
}

// The C layer calls through function pointers, so the shims must stay where they are:
// there is one file layer for all tests, and the disk in use is swapped.
var theDisk struct {
	once    sync.Once
	mu      sync.Mutex
	disk    *faultDisk
	open    func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	del     func(*libc.TLS, uintptr, uintptr, int32) int32
	methods map[uintptr]*shimMethods // by the original table
	keep    []any
}

type shimMethods struct {
	table    uintptr
	close    func(*libc.TLS, uintptr) int32
	write    func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncate func(*libc.TLS, uintptr, int64) int32
	sync     func(*libc.TLS, uintptr, int32) int32
}

const faultVFS = "journalfault"

func disk() *faultDisk {
	theDisk.mu.Lock()
	defer theDisk.mu.Unlock()
	return theDisk.disk
}

// newFaultDisk makes the file layer work on a fresh faultDisk for the rest of the test.
func newFaultDisk(t testing.TB) *faultDisk {
	t.Helper()
	d := &faultDisk{files: map[uintptr]string{}}
	theDisk.once.Do(registerFaultVFS)
	theDisk.mu.Lock()
	theDisk.disk = d
	theDisk.mu.Unlock()
	return d
}

// fnOf turns a C function pointer into a Go function, pointerTo does the reverse, in the
// way the translated code does it.
func fnOf[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p})) }

func pointerTo[F any](f F) uintptr {
	theDisk.keep = append(theDisk.keep, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

func registerFaultVFS() {
	tls := libc.NewTLS()
	real := sqlite3.Xsqlite3_vfs_find(tls, 0)
	shim := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString(faultVFS)
	if err != nil {
		panic(err)
	}
	v := (*sqlite3.Tsqlite3_vfs)(ptr(shim))
	*v = *(*sqlite3.Tsqlite3_vfs)(ptr(real))
	theDisk.methods = map[uintptr]*shimMethods{}
	theDisk.open = fnOf[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](v.FxOpen)
	theDisk.del = fnOf[func(*libc.TLS, uintptr, uintptr, int32) int32](v.FxDelete)
	v.FzName = name
	v.FxOpen = pointerTo(func(tls *libc.TLS, vfs, path, file uintptr, flags int32, out uintptr) int32 {
		rc := theDisk.open(tls, vfs, path, file, flags, out)
		if rc != 0 || path == 0 {
			return rc
		}
		d := disk()
		d.mu.Lock()
		d.files[file] = filepath.Base(libc.GoString(path))
		d.mu.Unlock()
		methods := (*uintptr)(ptr(file)) // sqlite3_file is one pointer to the table
		*methods = shimFor(tls, *methods).table
		return 0
	})
	v.FxDelete = pointerTo(func(tls *libc.TLS, vfs, path uintptr, syncDir int32) int32 {
		if rc := disk().hit(fileOp{kind: "delete", file: filepath.Base(libc.GoString(path))}); rc != 0 {
			return rc
		}
		return theDisk.del(tls, vfs, path, syncDir)
	})
	if rc := sqlite3.Xsqlite3_vfs_register(tls, shim, 0); rc != 0 {
		panic(rc)
	}
}

func ptr(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

func shimFor(tls *libc.TLS, original uintptr) *shimMethods {
	theDisk.mu.Lock()
	defer theDisk.mu.Unlock()
	if m, ok := theDisk.methods[original]; ok {
		return m
	}
	old := (*sqlite3.Tsqlite3_io_methods)(ptr(original))
	m := &shimMethods{
		table:    libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*old))),
		close:    fnOf[func(*libc.TLS, uintptr) int32](old.FxClose),
		write:    fnOf[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](old.FxWrite),
		truncate: fnOf[func(*libc.TLS, uintptr, int64) int32](old.FxTruncate),
		sync:     fnOf[func(*libc.TLS, uintptr, int32) int32](old.FxSync),
	}
	table := (*sqlite3.Tsqlite3_io_methods)(ptr(m.table))
	*table = *old
	table.FxWrite = pointerTo(func(tls *libc.TLS, file, buf uintptr, n int32, off int64) int32 {
		d := disk()
		if rc := d.hit(fileOp{kind: "write", file: d.name(file), off: off, data: unsafe.Slice((*byte)(ptr(buf)), n)}); rc != 0 {
			return rc
		}
		return m.write(tls, file, buf, n, off)
	})
	table.FxTruncate = pointerTo(func(tls *libc.TLS, file uintptr, size int64) int32 {
		d := disk()
		if rc := d.hit(fileOp{kind: "truncate", file: d.name(file), off: size}); rc != 0 {
			return rc
		}
		return m.truncate(tls, file, size)
	})
	table.FxSync = pointerTo(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		d := disk()
		if rc := d.hit(fileOp{kind: "sync", file: d.name(file)}); rc != 0 {
			return rc
		}
		return m.sync(tls, file, flags)
	})
	theDisk.methods[original] = m
	theDisk.methods[m.table] = m
	return m
}
