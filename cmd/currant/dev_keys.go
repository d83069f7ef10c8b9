package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/term"
)

// keyboard is where single keys come from.
type keyboard struct {
	in io.Reader
	// raw lets keys through as they are pressed, until restore.
	raw func() (restore func() error, err error)
}

// keyboardOf is that of a person's terminal; nil where there is none.
func keyboardOf(t *terminal) *keyboard {
	in, ok := t.in.(*os.File)
	if !ok || !t.out.live || !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	return &keyboard{in: in, raw: func() (func() error, error) {
		before, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return nil, err
		}
		return func() error { return term.Restore(int(in.Fd()), before) }, nil
	}}
}

// Keys that have no letter. In raw mode Ctrl-C is a key, and no signal.
const (
	keyInterrupt = 3
	keyEscape    = 27
)

// presses are the keys that come in, until ended is closed. A terminal sends arrows and their like as several bytes,
// which come in one piece.
func presses(in io.Reader, ended <-chan struct{}) <-chan byte {
	keys := make(chan byte)
	go func() {
		defer close(keys)
		buffer := make([]byte, 64)
		for {
			n, err := in.Read(buffer)
			pressed := buffer[:n]
			if n > 1 && pressed[0] == keyEscape {
				pressed = nil // an arrow, or another key that means nothing here
			}
			for _, k := range pressed {
				select {
				case keys <- k:
				case <-ended:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return keys
}

// redrawScreen is how soon a change is drawn, and how often the size of the screen is looked at.
const (
	redrawScreen = 30 * time.Millisecond
	lookAtSize   = 500 * time.Millisecond
)

// runScreen serves with a screen and keys. However it ends, the terminal is as before.
func runScreen(ctx context.Context, t *terminal, o *serveOptions, keys *keyboard) (err error) {
	restore, err := keys.raw()
	if err != nil {
		return newDevView(t, o).server.run(ctx)
	}
	screen := newDevScreen()
	d := newDevView(t, o)
	d.screen = screen
	// What others write goes to the screen too.
	to := stream{Writer: screen, live: true, color: t.out.color, file: t.out.file}
	onScreen := &terminal{in: t.in, out: to, err: to, lookup: t.lookup}
	d.out, d.server.t, d.server.log = to, onScreen, quietLog(onScreen)
	s := &screenLoop{view: d, out: t.out, keys: keys.in}
	fmt.Fprint(t.out, enterScreen)
	defer func() { // after a panic too
		fmt.Fprint(t.out, leaveScreen)
		if e := restore(); e != nil && err == nil {
			err = fmt.Errorf("the terminal is not as it was (\"reset\" mends it): %w", e)
		}
		s.farewell()
	}()
	return s.run(ctx)
}

// screenLoop draws the screen and does what keys ask for.
type screenLoop struct {
	view *devView
	out  stream
	keys io.Reader

	choices []choice // of the question on the screen
}

// choice is what a digit stands for.
type choice struct {
	text string
	do   func()
}

// run ends with the server, or at the second Ctrl-C. A panic of the server is one here, for the terminal's sake.
func (s *screenLoop) run(ctx context.Context) error {
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	ctx, quit := context.WithCancel(in.first)
	defer quit()
	over := make(chan struct{})
	defer close(over)
	ended := make(chan error, 1)
	panicked := make(chan any, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				panicked <- p
			}
		}()
		ended <- s.view.server.serve(ctx)
	}()
	keys := presses(s.keys, over)
	size := time.NewTicker(lookAtSize)
	defer size.Stop()
	width, height := 0, 0
	for {
		select {
		case err := <-ended:
			return err
		case p := <-panicked:
			panic(p)
		case <-in.second.Done():
			return errInterrupted
		case k, open := <-keys:
			switch {
			case !open:
				keys = nil // nobody types any more; signals still end it
			case k == keyInterrupt && ctx.Err() != nil:
				return errInterrupted
			case k == keyInterrupt || k == 'q' && len(s.choices) == 0:
				s.view.screen.change(func() { s.view.screen.ending = true })
				quit()
			case ctx.Err() == nil:
				s.press(k)
			}
		case <-s.view.screen.changed:
			time.Sleep(redrawScreen) // what comes with it is drawn with it
			width, height = s.draw()
		case <-size.C:
			if w, h := s.out.size(); w != width || h != height {
				width, height = s.draw()
			}
		}
	}
}

// draw draws the screen.
func (s *screenLoop) draw() (width, height int) {
	width, height = s.out.size()
	fmt.Fprint(s.out, frame(s.view.screen.lines(s.view.out, width, height)))
	return width, height
}

// farewell is what stays on the terminal.
func (s *screenLoop) farewell() {
	if s.view.isServed() {
		s.out.printf("What was going on goes on at the next start; runs are kept in %s.\n", s.view.server.o.dataDir)
	}
}

// press does what a key asks for.
func (s *screenLoop) press(k byte) {
	screen := s.view.screen
	if len(s.choices) > 0 {
		choices := s.choices
		s.ask("", nil)
		if n := int(k - '1'); k >= '1' && n < len(choices) {
			choices[n].do()
		}
		return
	}
	if k != '?' && k != 'h' && k != keyEscape && !s.view.isServed() {
		return // it has yet to begin
	}
	switch k {
	case 'o':
		s.view.showConsole()
	case 's':
		s.ask("Send to which runbook? A digit, or any other key for none.", s.view.samples())
	case 'r':
		s.view.rerun()
	case 't':
		s.view.toggleTests()
	case '?', 'h':
		screen.change(func() { screen.help = !screen.help })
	case keyEscape:
		screen.change(func() { screen.help = false })
	}
}

// maxChoices is how many digits there are.
const maxChoices = 9

// ask shows what digits stand for. A single choice is taken at once.
func (s *screenLoop) ask(question string, choices []choice) {
	if len(choices) == 1 {
		choices[0].do()
		return
	}
	s.choices = choices[:min(len(choices), maxChoices)]
	for i, c := range s.choices {
		question += fmt.Sprintf("\n  %d  %s", i+1, c.text)
	}
	if len(s.choices) == 0 {
		question = ""
	}
	s.view.screen.change(func() { s.view.screen.question = question })
}
