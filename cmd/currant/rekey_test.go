package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A runner that is going has its keys rotated over its socket, and starts with them again.
func TestX2RekeyOfARunner(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), hook)
	for range 2 {
		p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0")
		url := p.await("ready.*public_url=(http://[^ ]+)")[1]
		before, err := os.ReadFile(filepath.Join(dir, defaultDataDir, "key"))
		if err != nil {
			t.Fatal(err)
		}
		q := start(t, dir, "store", "rekey", "--data-key")
		if q.await("new master key"); q.exit() != exitDone {
			t.Error(q.seen)
		}
		after, err := os.ReadFile(filepath.Join(dir, defaultDataDir, "key"))
		if err != nil || bytes.Equal(before, after) {
			t.Errorf("the key file has not changed: %v", err)
		}
		if code, body := post(t, url+"/inbound/app/hook", "{}"); code != 200 || !strings.Contains(body, "job_uuid") {
			t.Errorf("%d %s", code, body)
		}
		p.signal(syscall.SIGTERM)
		if code := p.exit(); code != exitDone {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
	}
}
