package journal

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// applicationID marks the file as ours in SQLite's header: "CURR".
const applicationID = 0x43555252

// leastSQLite is the first release without the bug that could lose a reset of
// the write-ahead log (https://sqlite.org/wal.html).
const leastSQLite = "3.51.3"

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the scripts in order; script i makes version i+1.
func migrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]string, 0, len(names))
	for i, name := range names { // Glob sorts
		if want := fmt.Sprintf("migrations/%04d.sql", i+1); name != want {
			return nil, fmt.Errorf("migration %s should be called %s", name, want)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, string(text))
	}
	return scripts, nil
}

// checkVersion refuses files that are not ours or come from a later release. It
// writes nothing. It returns the schema version, 0 for a new file.
func checkVersion(ctx context.Context, c *conn, file string, newest int) (int, error) {
	v, err := c.scalar(ctx, "PRAGMA user_version")
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, explain(err))
	}
	app, err := c.scalar(ctx, "PRAGMA application_id")
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, explain(err))
	}
	tables, err := c.scalar(ctx, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, explain(err))
	}
	version := int(num(v))
	switch {
	case num(app) == 0 && version == 0 && num(tables) == 0:
		return 0, nil
	case num(app) != applicationID:
		return 0, fmt.Errorf("%s is a SQLite file of another program (application id %#x); choose another data directory", file, num(app))
	case version > newest:
		return 0, fmt.Errorf("%w: %s has format %d, this release knows up to %d; use the later release, or restore a backup made before the upgrade", ErrNewer, file, version, newest)
	}
	return version, nil
}

// migrate brings the file to the newest version, one transaction per step.
func migrate(ctx context.Context, c *conn, file string, scripts []string) error {
	version, err := checkVersion(ctx, c, file, len(scripts))
	if err != nil {
		return err
	}
	for ; version < len(scripts); version++ {
		if err := migrateOne(ctx, c, version+1, scripts[version]); err != nil {
			return fmt.Errorf("upgrade %s to format %d: %w", file, version+1, explain(err))
		}
	}
	return nil
}

func migrateOne(ctx context.Context, c *conn, version int, script string) error {
	if err := c.script(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, sql := range []string{
		script,
		"PRAGMA application_id=" + strconv.Itoa(applicationID),
		"PRAGMA user_version=" + strconv.Itoa(version),
		"COMMIT",
	} {
		if err := c.script(ctx, sql); err != nil {
			_ = c.script(ctx, "ROLLBACK") // the first error is the one to tell
			return err
		}
	}
	return nil
}

// checkSQLite asserts the version of the library.
func checkSQLite(ctx context.Context, c *conn) error {
	v, err := c.scalar(ctx, "SELECT sqlite_version()")
	if err != nil {
		return err
	}
	if !atLeast(str(v), leastSQLite) {
		return fmt.Errorf("SQLite %s is older than %s and may lose commits; build with a newer modernc.org/sqlite", str(v), leastSQLite)
	}
	return nil
}

func atLeast(got, want string) bool {
	g, w := strings.Split(got, "."), strings.Split(want, ".")
	for i := range w {
		var a int
		if i < len(g) {
			a, _ = strconv.Atoi(g[i])
		}
		b, _ := strconv.Atoi(w[i])
		if a != b {
			return a > b
		}
	}
	return true
}
