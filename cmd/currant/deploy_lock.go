package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"currant/engine/lang"
)

// deployLock is the file, in the data directory, that is locked while a command changes accounts: of two that see
// the same things missing, each would make them.
const deployLock = "deploy.lock"

// deploying is who changes accounts now, as the lock file tells others.
type deploying struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

// lockDeployment takes the lock, for which it waits as long as patience says; 0 is not at all. waiting is told once
// that, and for whom, it waits. The lock belongs to the kernel, so that it ends with the process that has it.
func lockDeployment(ctx context.Context, dir string, patience time.Duration, waiting func(holder string)) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, deployLock)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	late := time.Now().Add(patience)
	for told := false; ; {
		got, err := tryLock(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		if got {
			break
		}
		holder := lockHolder(path)
		if !time.Now().Before(late) {
			waited := ""
			if patience > 0 {
				waited = " for " + lang.FormatDuration(patience) + " and more"
			}
			return nil, errors.Join(fmt.Errorf("accounts are being changed%s by another command on %s: %s; wait for its end, or let --lock-timeout wait for it", waited, dir, holder), f.Close())
		}
		if !told {
			waiting(holder)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := describeHolder(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	return f.Close, nil
}

// describeHolder writes who has the lock, in one write over what an earlier one has left.
func describeHolder(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	text, err := json.Marshal(deploying{PID: os.Getpid(), Host: host, Started: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%-254s\n", text)
	_, err = f.WriteAt([]byte(line), 0)
	return err
}

// lockHolder says who has the lock.
func lockHolder(path string) string {
	var h deploying
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal([]byte(strings.TrimSpace(string(text))), &h) != nil || h.PID == 0 {
		return "a process that has just started"
	}
	return fmt.Sprintf("process %d on %s, since %s", h.PID, plain(h.Host), h.Started.Format(time.RFC3339))
}
