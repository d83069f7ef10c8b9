package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// conn is one connection with its prepared statements. It speaks to the driver
// directly: database/sql costs a tenth of the time of a small statement, and its
// pool would hide which connection holds the transaction. Not for concurrent use.
type conn struct {
	dc    driver.Conn
	stmts map[string]statement
	args  []driver.NamedValue
	// wrote is set by every exec; the writer uses it to see whether an
	// operation that failed has left something to roll back.
	wrote bool
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// access is how a connection may use the file.
type access string

const (
	readOnly  access = "ro"
	readWrite access = "rw"
	create    access = "rwc"
)

// writerPragmas are set on the writer's connection and read back: a pragma that
// SQLite does not accept is ignored silently, and durability rests on these. The
// two about fullfsync matter on macOS only, where a plain sync stops at the
// drive's cache.
// Checkpoints are ours (see writer.go): SQLite's own ones swallow their errors.
var writerPragmas = []pragma{
	{"journal_mode", "wal", "wal"},
	{"synchronous", "full", "2"},
	{"fullfsync", "1", "1"},
	{"checkpoint_fullfsync", "1", "1"},
	{"mmap_size", "0", "0"},
	{"wal_autocheckpoint", "0", "0"},
	{"journal_size_limit", "67108864", "67108864"},
	{"cell_size_check", "1", "1"},
	{"trusted_schema", "0", "0"},
	{"temp_store", "memory", "2"},
	{"cache_size", "-32768", "-32768"},
	{"busy_timeout", "5000", "5000"},
}

var readerPragmas = []pragma{
	{"query_only", "1", "1"},
	{"mmap_size", "0", "0"},
	{"cell_size_check", "1", "1"},
	{"trusted_schema", "0", "0"},
	{"temp_store", "memory", "2"},
	{"cache_size", "-8192", "-8192"},
	{"busy_timeout", "5000", "5000"},
}

type pragma struct{ name, set, want string }

// connect opens the file and asserts the pragmas. vfs is "" outside tests.
func connect(file string, mode access, vfs string, pragmas []pragma) (*conn, error) {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/data becomes file:///C:/data
	}
	q := url.Values{"mode": {string(mode)}}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	var d sqlite.Driver
	dc, err := d.Open(u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, explain(err))
	}
	c := &conn{dc: dc, stmts: map[string]statement{}}
	for _, p := range pragmas {
		if err := c.assert(p); err != nil {
			c.close()
			return nil, fmt.Errorf("open %s: %w", file, err)
		}
	}
	return c, nil
}

func (c *conn) assert(p pragma) error {
	ctx := context.Background()
	if p.set != "" {
		if err := c.script(ctx, "PRAGMA "+p.name+"="+p.set); err != nil {
			return explain(err)
		}
	}
	got, err := c.scalar(ctx, "PRAGMA "+p.name)
	if err != nil {
		return explain(err)
	}
	if fmt.Sprint(got) != p.want {
		return fmt.Errorf("SQLite keeps %s at %v instead of %s; the journal would not be durable", p.name, got, p.want)
	}
	return nil
}

// script runs SQL that is not worth keeping prepared.
func (c *conn) script(ctx context.Context, sql string) error {
	s, err := c.dc.Prepare(sql)
	if err != nil {
		return err
	}
	_, err = s.(statement).ExecContext(ctx, nil)
	return errors.Join(err, s.Close())
}

func (c *conn) prepared(sql string) (statement, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.dc.Prepare(sql)
	if err != nil {
		return nil, err
	}
	st := s.(statement)
	c.stmts[sql] = st
	return st, nil
}

func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case Status:
			a = string(v)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(sql string, args ...any) (int64, error) {
	s, err := c.prepared(sql)
	if err != nil {
		return 0, err
	}
	c.wrote = true
	res, err := s.ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// errStop ends a query early without an error.
var errStop = errors.New("stop")

// query calls row for each row. The slice is reused; strings and bytes in it are not.
func (c *conn) query(ctx context.Context, sql string, row func([]driver.Value) error, args ...any) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := c.prepared(sql)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, c.bind(args))
	if err != nil {
		return err
	}
	// An open cursor keeps the write-ahead log from being recycled.
	defer func() { err = errors.Join(err, rows.Close()) }()
	dest := make([]driver.Value, len(rows.Columns()))
	for n := 0; ; n++ {
		if n%256 == 255 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := rows.Next(dest); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		switch err := row(dest); {
		case err == errStop:
			return nil
		case err != nil:
			return err
		}
	}
}

// scalar returns the first column of the first row, nil if there is none.
func (c *conn) scalar(ctx context.Context, sql string, args ...any) (any, error) {
	var v any
	err := c.query(ctx, sql, func(row []driver.Value) error { v = row[0]; return errStop }, args...)
	return v, err
}

// pagesWritten counts the pages written to the log since it was last asked.
func (c *conn) pagesWritten() int {
	st, ok := c.dc.(sqlite.DBStatus)
	if !ok {
		return 0
	}
	n, _, err := st.Status(sqlite.DBStatusCacheWrite, true)
	if err != nil {
		return 0
	}
	return n
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	c.stmts = nil
	return errors.Join(append(errs, c.dc.Close())...)
}

func str(v any) string     { s, _ := v.(string); return s }
func num(v any) int64      { n, _ := v.(int64); return n }
func bytesOf(v any) []byte { b, _ := v.([]byte); return b }
