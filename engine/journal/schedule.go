package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
)

const (
	sqlPutSchedule = `INSERT INTO schedule (blueprint, reference, runbook, spec, input, next_at, last_at, dynamic, sum)
		VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (blueprint, reference) DO UPDATE SET runbook=excluded.runbook, spec=excluded.spec,
		input=excluded.input, next_at=excluded.next_at, last_at=excluded.last_at, dynamic=excluded.dynamic, sum=excluded.sum`
	sqlDeleteSchedule = `DELETE FROM schedule WHERE blueprint=? AND reference=?`
	sqlHasSchedule    = `SELECT 1 FROM schedule WHERE blueprint=? AND reference=?`
	sqlSchedules      = `SELECT blueprint, reference, runbook, spec, input, next_at, last_at, dynamic, sum FROM schedule ORDER BY blueprint, reference`
)

func (w *writer) putSchedule(sc *Schedule, sum int64) error {
	dynamic := 0
	if sc.Dynamic {
		dynamic = 1
	}
	_, err := w.c.exec(sqlPutSchedule, sc.Blueprint, sc.Reference, sc.Runbook, sc.Spec, sc.Input, nanos(sc.NextAt), nanos(sc.LastAt), dynamic, sum)
	return err
}

// PutSchedule stores a schedule in place of the one with its Blueprint and Reference.
func (s *Store) PutSchedule(ctx context.Context, sc Schedule) error {
	sum := sc.sum()
	if err := s.do(ctx, func(w *writer) error { return w.putSchedule(&sc, sum) }); err != nil {
		return fmt.Errorf("store schedule %s of blueprint %s: %w", sc.Reference, sc.Blueprint, err)
	}
	return nil
}

// DeleteSchedule removes a schedule; ErrNotFound if there is none.
func (s *Store) DeleteSchedule(ctx context.Context, blueprint, reference string) error {
	err := s.do(ctx, func(w *writer) error {
		n, err := w.c.exec(sqlDeleteSchedule, blueprint, reference)
		if err == nil && n == 0 {
			w.c.wrote = false
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete schedule %s of blueprint %s: %w", reference, blueprint, err)
	}
	return nil
}

// Fire stores the runs of occurrences that are due together with the schedule they
// come from, whose times have moved on: after a crash either all of it has
// happened or nothing. Runs with a Delivery that is known are left out of the
// result, as Accept would. The error is ErrNotFound when the schedule has been deleted.
func (s *Store) Fire(ctx context.Context, sc Schedule, runs []Run) ([]Run, error) {
	runs = append([]Run(nil), runs...)
	sums := make([]int64, len(runs))
	for i := range runs {
		if err := s.complete(&runs[i]); err != nil {
			return nil, err
		}
		sums[i] = sumOf(0, "event", runs[i].Event)
	}
	sum := sc.sum()
	var stored []Run
	err := s.do(ctx, func(w *writer) error {
		stored = nil
		has, err := w.c.scalar(context.Background(), sqlHasSchedule, sc.Blueprint, sc.Reference)
		if err != nil {
			return err
		}
		if has == nil {
			return ErrNotFound
		}
		for i := range runs {
			known, err := w.accept(&runs[i], sums[i])
			if err != nil {
				return err
			}
			if known == nil {
				stored = append(stored, runs[i])
			}
		}
		return w.putSchedule(&sc, sum)
	})
	if err != nil {
		return nil, fmt.Errorf("fire schedule %s of blueprint %s: %w", sc.Reference, sc.Blueprint, err)
	}
	return stored, nil
}

// Schedules returns all schedules by Blueprint and Reference.
func (r *Reader) Schedules(ctx context.Context) ([]Schedule, error) {
	var out []Schedule
	err := r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlSchedules, func(row []driver.Value) error {
			sc, err := scanSchedule(row)
			out = append(out, sc)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the schedules: %w", err)
	}
	return out, nil
}

func scanSchedule(row []driver.Value) (Schedule, error) {
	sc := Schedule{
		Blueprint: str(row[0]), Reference: str(row[1]), Runbook: str(row[2]), Spec: bytesOf(row[3]), Input: bytesOf(row[4]),
		NextAt: timeOf(row[5]), LastAt: timeOf(row[6]), Dynamic: num(row[7]) == 1,
	}
	if sc.sum() != num(row[8]) {
		return sc, damagedRow("schedule", sc.Blueprint+" "+sc.Reference, "the row does not match its checksum")
	}
	return sc, nil
}
