package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// defaultLimit is the size of a page when the filter names none.
const defaultLimit = 100

// List returns runs, newest first, without Event and Outcome. For the next page set
// BeforeSeq to the Seq of the last run.
func (r *Reader) List(ctx context.Context, f Filter) ([]Run, error) {
	sql, args := f.query()
	var out []Run
	err := r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sql, func(row []driver.Value) error {
			out = append(out, scanRun(row))
			return nil
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return out, nil
}

// query builds the statement from fixed parts; values are bound, never spliced in.
// There are few combinations in use, so each stays prepared.
func (f Filter) query() (string, []any) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.Blueprint != "" {
		add("blueprint=?", f.Blueprint)
	}
	if f.Runbook != "" {
		add("runbook=?", f.Runbook)
	}
	switch f.Status {
	case "":
	case Finished:
		// Most runs: going through the newest is quicker than any index.
		add("+status=?", f.Status)
	default:
		add("status=? AND status<>'finished'", f.Status)
	}
	if f.Context != "" {
		add("context=? AND context<>''", f.Context)
	}
	if !f.Since.IsZero() {
		add("accepted_at>=?", f.Since.UnixNano())
	}
	if !f.Until.IsZero() {
		add("accepted_at<?", f.Until.UnixNano())
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Text) + "%"
		add(`(summary LIKE ? ESCAPE '\' OR context LIKE ? ESCAPE '\' OR delivery LIKE ? ESCAPE '\' OR id LIKE ? ESCAPE '\')`, like, like, like, like)
	}
	if f.BeforeSeq > 0 {
		add("seq<?", f.BeforeSeq)
	}
	sql := "SELECT " + runColumns + " FROM run"
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return sql + " ORDER BY seq DESC LIMIT ?", append(args, limit)
}
