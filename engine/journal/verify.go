package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// Report is what Verify found.
type Report struct {
	File     string
	Format   int              // version of the schema
	Rows     map[string]int64 // rows per table
	Notes    []string         // nothing wrong, worth knowing
	Problems []error          // each a DamageError
	Missed   int              // problems beyond the first 100
}

// Err joins the problems; nil when there are none.
func (r Report) Err() error { return errors.Join(r.Problems...) }

// problemLimit bounds the report of a file that is broken all over.
const problemLimit = 100

func (r *Report) add(err error) {
	var d *DamageError
	if !errors.As(err, &d) {
		err = &DamageError{File: r.File, Offset: -1, Detail: err.Error()}
	}
	if len(r.Problems) < problemLimit {
		r.Problems = append(r.Problems, err)
	} else {
		r.Missed++
	}
}

// Verify reads the whole journal in dir and checks SQLite's structure, the
// checksum of every row and every reference between rows. It writes nothing and
// works beside a running server. The error says why it could not look; what it
// found is in the report.
func Verify(dir string) (Report, error) { return verify(dir, "") }

func verify(dir, vfs string) (Report, error) {
	file, err := readableFile(dir)
	if err != nil {
		return Report{}, err
	}
	r := Report{File: file, Rows: map[string]int64{}}
	// A running server writes to the log at this moment, and did this look when it started.
	if !held(dir) {
		scan, err := checkFile(file)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return Report{}, err
		}
		if err != nil {
			r.add(err)
		}
		if scan.Cut > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("the last %d bytes of the write-ahead log were torn by a crash and do not count", scan.Cut))
		}
	}
	scripts, err := migrations(migrationFiles)
	if err != nil {
		return Report{}, err
	}
	c, err := connect(file, readOnly, vfs, readerPragmas)
	if errors.Is(err, ErrDamaged) {
		r.add(err)
		return r, nil
	}
	if err != nil {
		return Report{}, err
	}
	defer c.close()
	ctx := context.Background()
	if r.Format, err = checkVersion(ctx, c, file, len(scripts)); err != nil {
		if errors.Is(err, ErrDamaged) {
			r.add(err)
			return r, nil
		}
		return Report{}, err
	}
	// One transaction, so that references are judged at one moment.
	if err := c.script(ctx, "BEGIN"); err != nil {
		return Report{}, err
	}
	r.structure(ctx, c)
	for _, t := range tables {
		if r.Format >= t.since {
			r.table(ctx, c, t)
		}
	}
	for _, ref := range references {
		r.references(ctx, c, ref)
	}
	return r, c.script(ctx, "COMMIT")
}

func (r *Report) structure(ctx context.Context, c *conn) {
	err := c.query(ctx, "PRAGMA integrity_check(100)", func(row []driver.Value) error {
		if text := str(row[0]); text != "ok" {
			r.add(&DamageError{File: r.File, Offset: -1, Detail: text})
		}
		return nil
	})
	if err != nil {
		r.add(err)
	}
}

// table says how to read a table and how to judge a row.
type table struct {
	name, sql string
	judge     func(row []driver.Value) error
	since     int // format of the file that has it first; 0 is all
}

var tables = []table{
	{name: "run", sql: "SELECT " + runColumns + ", sum FROM run", judge: func(row []driver.Value) error {
		if run := scanRun(row); run.sum() != num(row[20]) {
			return damagedRow("run", run.Seq, "its columns do not match their checksum")
		}
		return nil
	}},
	{name: "event", sql: "SELECT seq, data, sum FROM event", judge: func(row []driver.Value) error {
		if sumOf(0, "event", bytesOf(row[1])) != num(row[2]) {
			return damagedRow("event", row[0], "the event does not match its checksum")
		}
		return nil
	}},
	{name: "record", sql: "SELECT path, record.data, blob, blob.data, sum, run FROM record LEFT JOIN blob ON blob.sha=record.blob", judge: func(row []driver.Value) error {
		_, err := scanRecord(num(row[5]), row)
		return err
	}},
	{name: "blob", sql: "SELECT sha, data FROM blob", judge: func(row []driver.Value) error {
		if string(shaOf(bytesOf(row[1]))) != string(bytesOf(row[0])) {
			return damagedRow("blob", fmt.Sprintf("%x", row[0]), "the data does not match its SHA-256")
		}
		return nil
	}},
	{name: "ending", sql: "SELECT codec, history, history_sum, outcome, outcome_sum, seq FROM ending", judge: func(row []driver.Value) error {
		_, err := scanHistory(num(row[5]), row)
		if err == nil && sumOf(num(row[5]), "outcome", bytesOf(row[3])) != num(row[4]) {
			err = damagedRow("ending", row[5], "the outcome does not match its checksum")
		}
		return err
	}},
	{name: "log", sql: "SELECT n, at, level, step, message, data, sum, run FROM log", judge: func(row []driver.Value) error {
		_, err := scanLogLine(num(row[7]), row)
		return err
	}},
	{name: "version", sql: "SELECT codec, data, sum, digest FROM version", judge: func(row []driver.Value) error {
		_, err := scanVersion(str(row[3]), row)
		return err
	}},
	{name: "nonce", sql: "SELECT blueprint, runbook, nonce, run, until, sum FROM nonce", judge: judgeNonce, since: 2},
	{name: "kept", sql: keptColumns, judge: judgeKept, since: 3},
	{name: "keyring", sql: sqlKeyring, judge: judgeKeyring, since: 3},
	{name: "schedule", sql: sqlSchedules, judge: func(row []driver.Value) error {
		_, err := scanSchedule(row)
		return err
	}},
}

func (r *Report) table(ctx context.Context, c *conn, t table) {
	err := c.query(ctx, t.sql, func(row []driver.Value) error {
		r.Rows[t.name]++
		if err := t.judge(row); err != nil {
			r.add(err)
		}
		return nil
	})
	if err != nil {
		r.add(fmt.Errorf("table %s: %w", t.name, err))
	}
}

// references are queries for rows that point nowhere.
var references = []struct{ table, detail, sql string }{
	{"event", "no run has it", "SELECT seq FROM event WHERE seq NOT IN (SELECT seq FROM run)"},
	{"run", "its event is missing", "SELECT seq FROM run WHERE seq NOT IN (SELECT seq FROM event)"},
	{"record", "no unfinished run has it", `SELECT run || ' ' || path FROM record WHERE run NOT IN
		(SELECT seq FROM run WHERE status IN ('queued','running','waiting','held'))`},
	{"log", "no run has it", "SELECT DISTINCT run FROM log WHERE run NOT IN (SELECT seq FROM run)"},
	{"ending", "no ended run has it", "SELECT seq FROM ending WHERE seq NOT IN (SELECT seq FROM run WHERE status IN ('finished','failed','cancelled'))"},
	{"run", "it has ended but its outcome and history are missing",
		"SELECT seq FROM run WHERE status IN ('finished','failed','cancelled') AND seq NOT IN (SELECT seq FROM ending)"},
	{"blob", "no record has it", "SELECT hex(sha) FROM blob WHERE sha NOT IN (SELECT blob FROM record WHERE blob IS NOT NULL)"},
	{"run", "its version of the blueprint is missing", "SELECT seq FROM run WHERE version<>'' AND version NOT IN (SELECT digest FROM version)"},
}

func (r *Report) references(ctx context.Context, c *conn, ref struct{ table, detail, sql string }) {
	err := c.query(ctx, ref.sql, func(row []driver.Value) error {
		r.add(damagedRow(ref.table, row[0], ref.detail))
		return nil
	})
	if err != nil {
		r.add(fmt.Errorf("references of table %s: %w", ref.table, err))
	}
}
