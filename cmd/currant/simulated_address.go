package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// simAddressFile is where a command that works on a simulated account leaves its address, in its data directory:
// "currant send" lets that account send.
const simAddressFile = "sim-address"

// leave writes the address into a data directory, unless a command that is still going has left one there.
func (s *simulated) leave(ctx context.Context, dir string) error {
	if simulatedAt(ctx, dir) != "" {
		return nil
	}
	path := filepath.Join(dir, simAddressFile)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(s.url+"\n"), 0o600); err != nil {
		return err
	}
	s.left = path
	return nil
}

// takeBack removes the address that leave has left.
func (s *simulated) takeBack() error {
	if s.left == "" {
		return nil
	}
	if text, err := os.ReadFile(s.left); err == nil && strings.TrimSpace(string(text)) != s.url {
		return nil // of another command
	}
	if err := os.Remove(s.left); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// simulatedAt is the address that was left in a data directory, of an account that answers; else "".
func simulatedAt(ctx context.Context, dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, simAddressFile))
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	address := strings.TrimSpace(string(text))
	if err := controlSim(ctx, http.MethodGet, address+"/sim/state", nil, nil); err != nil {
		return ""
	}
	return address
}
