package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// person sits before a screen: keys go in, and what is drawn is read.
type person struct {
	t      *testing.T
	keys   *io.PipeWriter
	mu     sync.Mutex // guards screen
	screen bytes.Buffer
	drawn  chan struct{}
	ended  chan error
	file   string // main.hcl

	restored int // times
}

func (p *person) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.drawn <- struct{}{}:
	default:
	}
	return p.screen.Write(b)
}

// sit starts dev for a blueprint with a screen.
func sit(t *testing.T, files map[string]string) *person {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	r, w := io.Pipe()
	p := &person{t: t, file: filepath.Join(dir, "main.hcl"), keys: w, drawn: make(chan struct{}, 1), ended: make(chan error, 1)}
	term := &terminal{in: strings.NewReader(""), out: stream{Writer: p, live: true}, err: stream{Writer: p, live: true}, lookup: func(string) (string, bool) { return "", false }}
	o := &serveOptions{dirs: []string{dir}}
	cmd := &cobra.Command{Use: "dev"}
	o.serverFlags(cmd)
	if err := cmd.ParseFlags([]string{"--listen", "127.0.0.1:0", "--data-dir", filepath.Join(t.TempDir(), "data"), "--console", "off"}); err != nil {
		t.Fatal(err)
	}
	keys := &keyboard{in: r, raw: func() (func() error, error) {
		return func() error { p.restored++; return nil }, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { p.ended <- runScreen(ctx, term, o, keys) }()
	t.Cleanup(func() {
		cancel()
		w.Close()
		p.wait()
	})
	return p
}

// wait returns what dev ends with.
func (p *person) wait() (err error) {
	p.t.Helper()
	select {
	case err = <-p.ended:
		p.ended <- err
	case <-time.After(patience):
		p.t.Fatal("dev does not end")
	}
	return err
}

// sees waits until something is drawn.
func (p *person) sees(pattern string) string {
	p.t.Helper()
	want := regexp.MustCompile(pattern)
	late := time.After(patience)
	for {
		p.mu.Lock()
		text := p.screen.String()
		p.mu.Unlock()
		last := text[max(strings.LastIndex(text, "\x1b[H"), 0):]
		if m := want.FindString(strings.ReplaceAll(last, "\x1b[K", "")); m != "" {
			return m
		}
		select {
		case <-p.drawn:
		case <-late:
			p.t.Fatalf("no %q on the screen:\n%s", pattern, last)
		}
	}
}

func (p *person) press(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, keys); err != nil {
		p.t.Fatal(err)
	}
}

// left checks that the terminal is as before.
func (p *person) left() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.screen.String()
	if p.restored != 1 || !strings.Contains(text, enterScreen) || !strings.Contains(text[strings.LastIndex(text, "\x1b[H"):], leaveScreen) {
		p.t.Errorf("the terminal is restored %d times; it shows %q", p.restored, text[max(0, len(text)-200):])
	}
}
