package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
)

const (
	sqlUnfinished = `SELECT status, count(*) FROM run WHERE status<>'finished' GROUP BY status`
	sqlRunTotals  = `SELECT (SELECT count(*) FROM run),
		max(coalesce((SELECT value FROM meta WHERE key='seq'), 0), coalesce((SELECT max(seq) FROM run), 0))`
)

// Counts are how many runs there are.
type Counts struct {
	ByStatus map[Status]int64
	// Accepted is how many runs were ever accepted, those that are pruned too.
	Accepted int64
}

// Counts counts the runs, from indices alone.
func (r *Reader) Counts(ctx context.Context) (Counts, error) {
	out := Counts{ByStatus: map[Status]int64{}}
	err := r.pool.use(ctx, func(c *conn) error {
		var others int64
		err := c.query(ctx, sqlUnfinished, func(row []driver.Value) error {
			out.ByStatus[Status(str(row[0]))] = num(row[1])
			others += num(row[1])
			return nil
		})
		if err != nil {
			return err
		}
		return c.query(ctx, sqlRunTotals, func(row []driver.Value) error {
			out.ByStatus[Finished] = max(num(row[0])-others, 0) // a run may have come in between
			out.Accepted = num(row[1])
			return nil
		})
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count runs: %w", err)
	}
	return out, nil
}
