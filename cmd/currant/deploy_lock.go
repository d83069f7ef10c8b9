package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"currant/engine/journal"
	"currant/engine/lang"
)

// deployLock is the file, in the data directory, that is locked while a command changes accounts: of two that see
// the same things missing, each would make them.
const deployLock = "deploy.lock"

// lockDeployment takes the lock, for which it waits as long as patience says; 0 is not at all. waiting is told once
// that, and for whom, it waits. The lock belongs to the kernel, so that it ends with the process that has it.
func lockDeployment(ctx context.Context, dir string, patience time.Duration, waiting func(holder string)) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	late := time.Now().Add(patience)
	for told := false; ; {
		f, taken, err := journal.LockFile(filepath.Join(dir, deployLock), time.Now())
		switch {
		case err != nil:
			return nil, err
		case f != nil:
			return f.Close, nil
		case !time.Now().Before(late):
			waited := ""
			if patience > 0 {
				waited = " for " + lang.FormatDuration(patience) + " and more"
			}
			return nil, fmt.Errorf("accounts are being changed%s by another command on %s: %s; wait for its end, or let --lock-timeout wait for it", waited, dir, plain(taken))
		case !told:
			waiting(plain(taken))
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
