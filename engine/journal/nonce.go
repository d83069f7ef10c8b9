package journal

import (
	"context"
	"database/sql/driver"
	"time"
)

const (
	// A nonce whose time is over may be used again: what it was kept for can no longer be accepted.
	sqlUseNonce = `INSERT INTO nonce (blueprint, runbook, nonce, run, until, sum) VALUES (?1,?2,?3,?4,?5,?6)
		ON CONFLICT (blueprint, runbook, nonce) DO UPDATE SET run=excluded.run, until=excluded.until, sum=excluded.sum
		WHERE until IS NOT NULL AND until<?7`
	sqlDropNonce   = `DELETE FROM nonce WHERE blueprint=? AND runbook=? AND nonce=? AND run=?`
	sqlPruneNonces = `DELETE FROM nonce WHERE (blueprint, runbook, nonce) IN
		(SELECT blueprint, runbook, nonce FROM nonce WHERE until<? AND until IS NOT NULL ORDER BY until LIMIT ?)`
)

// stepNonces is how many nonces one step of Prune deletes at most.
const stepNonces = 2048

// useNonce remembers a run's nonce; false where the endpoint knows it already.
func (w *writer) useNonce(r *Run) (bool, error) {
	n, err := w.c.exec(sqlUseNonce, r.Blueprint, r.Runbook, r.Nonce, r.ID, nanos(r.NonceUntil), r.nonceSum(), r.AcceptedAt.UnixNano())
	return n > 0, err
}

func (r *Run) nonceSum() int64 {
	return nonceSum(r.Blueprint, r.Runbook, r.Nonce, r.ID, nanos(r.NonceUntil))
}

func nonceSum(blueprint, runbook, nonce, run string, until any) int64 {
	return sumOf(num(until), blueprint+"\x00"+runbook+"\x00"+nonce, []byte(run))
}

func judgeNonce(row []driver.Value) error {
	if nonceSum(str(row[0]), str(row[1]), str(row[2]), str(row[3]), row[4]) != num(row[5]) {
		return damagedRow("nonce", str(row[0])+"/"+str(row[1])+" "+str(row[2]), "its columns do not match their checksum")
	}
	return nil
}

// pruneNonces forgets those whose time is over.
func (s *Store) pruneNonces(ctx context.Context, now time.Time) error {
	for {
		var n int64
		err := s.do(ctx, func(w *writer) (err error) {
			n, err = w.c.exec(sqlPruneNonces, now.UnixNano(), stepNonces)
			return err
		})
		if err != nil || n < stepNonces {
			return err
		}
	}
}
