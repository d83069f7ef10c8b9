package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/steps"
	"currant/steps/xurrent"
)

// enabler makes on simulated accounts what the triggers of apps need to receive events: at the start, and when
// what they need has changed. It works alone, for two at once would make things twice.
type enabler struct {
	server *server
	// told is told what was done for a blueprint, also where that ended with an error.
	told func(blueprint string, did []xurrent.Enabled, err error)
	wake chan struct{} // holds one element while there may be something to do
	anew atomic.Bool   // what was done does not count any more

	done map[string]string // the needs that are met, by blueprint and connection; of the goroutine of run
}

func newEnabler(s *server) *enabler {
	e := &enabler{server: s, wake: make(chan struct{}, 1), done: map[string]string{}, told: s.enabled}
	e.look()
	return e
}

// look lets the enabler look whether a blueprint needs something else than before.
func (e *enabler) look() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// again lets the enabler do everything again: the account may be another one that listens at the same address.
func (e *enabler) again() {
	e.anew.Store(true)
	e.look()
}

// run works from when events are taken until ctx ends: webhooks that are made ask at once whether they arrive.
func (e *enabler) run(ctx context.Context, taken <-chan struct{}) error {
	select {
	case <-taken:
	case <-ctx.Done():
		return nil
	}
	for {
		select {
		case <-e.wake:
		case <-ctx.Done():
			return nil
		}
		if e.anew.Swap(false) {
			clear(e.done)
		}
		for _, bp := range e.server.engine.Blueprints() {
			did, err := e.enable(ctx, bp)
			if ctx.Err() == nil && (len(did) > 0 || err != nil) {
				e.told(bp.Name, did, err)
			}
		}
	}
}

// enable does for a blueprint what is not done yet. What is left unchanged is not told.
func (e *enabler) enable(ctx context.Context, bp *compile.Blueprint) (did []xurrent.Enabled, err error) {
	needs := needsOf(bp, e.server.publicURL)
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		more, failed := e.on(ctx, bp, bp.Connections[name], needs[name])
		did, err = append(did, more...), errors.Join(err, failed)
	}
	return slices.DeleteFunc(did, func(d xurrent.Enabled) bool { return d.Action == xurrent.ActionUnchanged }), err
}

// on does for a blueprint what is not done yet on the account of a connection.
func (e *enabler) on(ctx context.Context, bp *compile.Blueprint, conn *compile.Connection, needs []xurrent.Need) (did []xurrent.Enabled, err error) {
	account, err := openAccount(ctx, conn)
	if err != nil || account == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, account.Close()) }()
	text, err := json.Marshal(needs)
	if err != nil {
		return nil, err
	}
	key, met := bp.Name+" "+conn.Name, account.Provider()+" "+string(text)
	if e.done[key] == met {
		return nil, nil
	}
	if did, err = account.Enable(ctx, e.server.engine.Kept(), needs); err != nil {
		return did, fmt.Errorf("connection %q: %w", conn.Name, err)
	}
	e.done[key] = met
	return did, nil
}

// needsOf is what the runbooks of a blueprint need on accounts, by the connection to them.
func needsOf(bp *compile.Blueprint, publicURL string) map[string][]xurrent.Need {
	pages := configurationPages(bp)
	out := map[string][]xurrent.Need{}
	for _, rb := range bp.Runbooks {
		if !rb.Enabled {
			continue
		}
		need, ok := xurrent.NeedOf(rb.Trigger, publicURL)
		conn := providerOf(bp, rb.Trigger)
		if !ok || conn == "" {
			continue
		}
		out[conn] = append(out[conn], need)
		if need.ConfigurationURITemplate != "" && len(need.AppReferences) == 1 {
			pages[need.AppReferences[0]] = need.ConfigurationURITemplate
		}
	}
	// A page that the blueprint names is where customers go; the endpoint is only where nothing names one.
	for _, needs := range out {
		for i, need := range needs {
			if need.Kind == "configuration" && len(need.AppReferences) == 1 {
				needs[i].ConfigurationURITemplate = pages[need.AppReferences[0]]
			}
		}
	}
	return out
}

// configurationPages are the addresses that the apps of a blueprint name, by reference.
func configurationPages(bp *compile.Blueprint) map[string]string {
	out := map[string]string{}
	for _, r := range bp.Resources {
		if r.Kind != "app" {
			continue
		}
		reference := r.Name
		if v, ok := steps.Known(r.Args, "reference"); ok {
			reference = v.AsString()
		}
		if v, ok := steps.Known(r.Args, "configuration_uri_template"); ok {
			out[reference] = v.AsString()
		}
	}
	return out
}

// providerOf is the name of the connection that a trigger belongs to: the one it names, or the only one; "" where
// there is none.
func providerOf(bp *compile.Blueprint, t *ingress.Trigger) string {
	if a := t.Body.Attr("connection"); a != nil {
		if ref, d := a.Reference(); d == nil && bp.Connections[ref.Name] != nil {
			return ref.Name
		}
		return ""
	}
	only := ""
	for name, conn := range bp.Connections {
		if conn.Kind.Name != t.Kind.Connection {
			continue
		}
		if only != "" {
			return ""
		}
		only = name
	}
	return only
}

// logEnabled is a server's view of what was done on an account.
func logEnabled(log *slog.Logger, blueprint string, did []xurrent.Enabled, err error) {
	for _, d := range did {
		log.Info("enabled on the simulated account", "blueprint", blueprint, "what", d.What, "name", d.Name, "action", d.Action, "id", d.ID)
	}
	if err != nil {
		log.Error("triggers are not all enabled on the simulated account; SIGHUP tries again", "blueprint", blueprint, "error", err)
	}
}

// enabled says what was done on an account.
func (d *devView) enabled(blueprint string, did []xurrent.Enabled, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range did {
		d.out.printf("%s %s %s %s on the simulated account\n", d.out.style(styleGood, "✓"), one.What, plain(one.Name), one.Action)
	}
	if err != nil {
		d.out.printf("%s %s: its triggers are not all enabled on the simulated account: %s. Save a file of it to try again.\n", d.out.style(styleBad, "✗"), plain(blueprint), plain(err.Error()))
	}
}
