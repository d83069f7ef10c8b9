package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/lang"
)

// What keys of dev ask for. Commands do most of it, as if they were typed in another terminal; what they say goes to
// the screen.

// command runs a command line beside the server, and then tells what it has said and how it has ended.
func (d *devView) command(args []string, in string, then func(code int, said string)) {
	go func() {
		said := &shared{}
		out := stream{Writer: said, color: d.out.color}
		code := execute(args, &terminal{in: strings.NewReader(in), out: out, err: out, lookup: d.server.t.lookup})
		then(code, strings.TrimRight(said.String(), "\n"))
	}()
}

// shared takes what several write.
type shared struct {
	mu sync.Mutex // guards text
	bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(p)
}

// sources are the flags that give a command the variables of the server.
func (d *devView) sources() (flags []string) {
	for _, v := range d.server.o.vars {
		flags = append(flags, "--var", v)
	}
	for _, f := range d.server.o.varFiles {
		flags = append(flags, "--var-file", f)
	}
	return flags
}

// samples are the runbooks that can be tried: by an event, or by a run.
func (d *devView) samples() (all []choice) {
	for _, bp := range d.server.engine.Blueprints() {
		for _, rb := range bp.Runbooks {
			if !rb.Enabled {
				continue
			}
			all = append(all, choice{rb.Blueprint.Name + "/" + rb.Name + " (" + rb.Trigger.Kind.Name + ")", func() { d.sample(rb) }})
		}
	}
	if len(all) == 0 {
		d.screen.say("%s", "There is no runbook to send an event to.")
	}
	return all
}

// sample sends a sample event to a runbook. One that is not started by events is run.
func (d *devView) sample(rb *compile.Runbook) {
	args := []string{"send", rb.Name, rb.Blueprint.Dir, "--url", d.server.publicURL, "--data-dir", d.server.o.dataDir}
	byEvent, input := rb.Trigger.Kind.Endpoint, ""
	if !byEvent {
		args = []string{"run", rb.Name, rb.Blueprint.Dir, "--json", "--data-dir", d.server.o.dataDir}
		if t, _, ok := rb.Trigger.Body.TypeOf("input_schema"); ok {
			text, err := json.Marshal(sampleOf(t))
			if err != nil {
				d.screen.say("%s", plain(err.Error()))
				return
			}
			input, args = string(text), append(args, "--input", "-")
		}
	}
	d.command(append(args, d.sources()...), input, func(code int, said string) {
		if code != exitDone || byEvent { // the end of a run has a line already
			d.screen.say("%s", said)
		}
	})
}

// rerunTime bounds the storing of a run.
const rerunTime = 10 * time.Second

// rerun starts the last run again, with what it began with.
func (d *devView) rerun() {
	d.mu.Lock()
	last := d.last
	d.mu.Unlock()
	if last == "" {
		d.screen.say("No run has ended yet: s sends a sample event.")
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), rerunTime)
		defer cancel()
		if err := d.repeat(ctx, last); err != nil {
			d.screen.say("%s The last run is not run again: %s", d.out.style(styleBad, "✗"), plain(err.Error()))
		}
	}()
}

// maskedText is what secrets are replaced by in what people see.
const maskedText = `"(sensitive)"`

func (d *devView) repeat(ctx context.Context, id string) error {
	e := d.server.engine
	r, err := e.Store().Run(ctx, id)
	if err != nil {
		return err
	}
	rb := runbookInForce(e, r.Blueprint, r.Runbook)
	if rb == nil {
		return invalidf("the runbook %s/%s is gone", r.Blueprint, r.Runbook)
	}
	trigger, err := engine.ReadTrigger(ctx, e.Store(), id)
	if err != nil {
		return err
	}
	began, err := lang.ParseJSON(trigger, lang.DataLimits{})
	if err != nil {
		return err
	}
	if rb.Trigger.Kind.Name == "manual" {
		if began, err = inputOf(began); err != nil {
			return err
		}
	}
	value, err := engine.Input(rb, began)
	if err != nil {
		return err
	}
	if bytes.Contains(trigger, []byte(maskedText)) {
		d.screen.say("The secrets of what it began with are not repeated: %s is in their place.", maskedText)
	}
	_, _, err = e.Start(ctx, rb, engine.Start{Value: value, Origin: id})
	return err
}

// inputOf is the input of a run that was started by hand.
func inputOf(trigger cty.Value) (cty.Value, error) {
	if !trigger.Type().IsObjectType() || !trigger.Type().HasAttribute("input") {
		return cty.NilVal, nil
	}
	return trigger.GetAttr("input"), nil
}

func runbookInForce(e *engine.Engine, blueprint, runbook string) *compile.Runbook {
	for _, bp := range e.Blueprints() {
		if bp.Name == blueprint {
			return bp.Runbook(runbook)
		}
	}
	return nil
}

// toggleTests runs the tests now and on each save, or no longer.
func (d *devView) toggleTests() {
	on := false
	d.screen.change(func() {
		on = !d.screen.testing
		d.screen.testing = on
		for _, b := range d.screen.blueprints {
			b.tests, b.failure = "", nil
		}
	})
	if on {
		for _, dir := range d.server.o.dirs {
			d.runTests(dir)
		}
	}
}

// runTests runs the tests of a directory; the last line of what they say is shown, and what has failed.
func (d *devView) runTests(dir string) {
	d.screen.change(func() { d.screen.of(dir).tests = "running…" })
	d.command(append([]string{"test", dir}, d.sources()...), "", func(code int, said string) {
		lines := strings.Split(said, "\n")
		d.screen.change(func() {
			if !d.screen.testing {
				return
			}
			b := d.screen.of(dir)
			switch last := lines[len(lines)-1]; code {
			case exitDone:
				b.tests, b.failure = d.out.style(styleGood, "✓")+" "+last, nil
			case exitFailed:
				b.tests, b.failure = d.out.style(styleBad, "✗")+" "+last, lines[:len(lines)-1]
			default:
				b.tests, b.failure = d.out.style(styleBad, "✗")+" They cannot be run.", lines
			}
			b.tests += " " + d.out.style(styleDim, "("+clock(time.Now())+")")
		})
	})
}

// showConsole opens the console in a browser.
func (d *devView) showConsole() {
	link := d.server.consoleLink()
	if link == "" {
		d.screen.say("There is no console: it is switched off.")
		return
	}
	if !hasScreen(d.server.t.lookup) {
		d.screen.say("No browser can be opened here. This address lets one in, once:\n%s", link)
		return
	}
	if err := openInBrowser(d.server.o.dataDir, link); err != nil {
		d.screen.say("No browser opens: %s. This address lets one in, once:\n%s", plain(err.Error()), d.server.consoleLink())
		return
	}
	d.screen.say("The console is open in the browser.")
}
