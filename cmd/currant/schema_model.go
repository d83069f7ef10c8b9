package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
)

// simulatedBlueprint has a connection for a simulated account: all of them have the same data model, whatever the
// account and the credentials are.
const simulatedBlueprint = `connection "xurrent" "simulated" {
  account_id    = "simulated"
  client_id     = "simulated"
  client_secret = "simulated"
}
`

// staleAfter is the age from which on a data model that is kept is said to be old.
const staleAfter = 24 * time.Hour

// model is the data model of the blueprint's account: the one that is kept, however old, or else it is fetched.
func (o *schemaOptions) model(ctx context.Context, t *terminal, dir string) (*schema.Schema, error) {
	connections, err := o.connections(t, dir)
	if err != nil {
		return nil, err
	}
	if len(connections) > 1 {
		var names []string
		for _, conn := range connections {
			names = append(names, conn.Name)
		}
		return nil, usagef("the blueprint has %d xurrent connections; name one with --connection: %s", len(names), strings.Join(names, ", "))
	}
	conn := connections[0]
	if o.account == nil {
		if s, age := o.kept(conn); s != nil {
			if age > staleAfter {
				t.err.printf("The data model of %s is %s old; \"currant schema refresh\" fetches it anew.\n", o.nameOf(conn), lang.FormatDuration(age.Truncate(time.Hour)))
			}
			return s, nil
		}
		t.err.printf("No data model of %s is kept in %s yet: fetching it.\n", o.nameOf(conn), o.dataDir)
	}
	return o.fetch(ctx, conn, false)
}

// connections are those to Xurrent accounts: all of the blueprint, or the one that --connection names.
func (o *schemaOptions) connections(t *terminal, dir string) ([]*compile.Connection, error) {
	bp, err := o.blueprint(t, dir)
	if err != nil {
		return nil, err
	}
	var all []*compile.Connection
	var names []string
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		if conn := bp.Connections[name]; conn.Kind.Name == "xurrent" {
			all, names = append(all, conn), append(names, name)
		}
	}
	switch {
	case len(all) == 0:
		return nil, invalidf("the blueprint %q has no xurrent connection; --sim shows the data model of the simulated account", bp.Name)
	case o.connection == "" || o.account != nil:
		return all, nil
	}
	i := slices.Index(names, o.connection)
	if i < 0 {
		hint := lang.DidYouMean(o.connection, names)
		if hint == "" {
			hint = " It has " + strings.Join(names, ", ") + "."
		}
		return nil, usagef("--connection: the blueprint %q has no xurrent connection %q.%s", bp.Name, o.connection, hint)
	}
	return all[i : i+1], nil
}

// blueprint is the one in dir, for its connections: other mistakes in it do no harm, and variables need no values.
func (o *schemaOptions) blueprint(t *terminal, dir string) (*compile.Blueprint, error) {
	if o.account == nil {
		l, err := load(t, dir, &o.sourceOptions, true)
		if err == nil && l.Blueprint == nil {
			err = l.err()
		}
		if err != nil {
			return nil, err
		}
		return l.Blueprint, nil
	}
	options, _, err := o.compile(t, true, "")
	if err != nil {
		return nil, err
	}
	src, diags := lang.FromFiles("simulated", map[string][]byte{"main.hcl": []byte(simulatedBlueprint)})
	bp, more := compile.Compile(src, options)
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, diags
	}
	return bp, nil
}

func (o *schemaOptions) nameOf(conn *compile.Connection) string {
	if o.account != nil {
		return o.account.about()
	}
	account := ""
	if v, ok := steps.Known(conn.Known(), "account_id"); ok {
		account = " (" + plain(v.AsString()) + ")"
	}
	return fmt.Sprintf("connection %q%s", conn.Name, account)
}

// fetch asks the account for its data model, which is then kept; without refresh one of the last hour will do.
func (o *schemaOptions) fetch(ctx context.Context, conn *compile.Connection, refresh bool) (*schema.Schema, error) {
	account, err := openAccount(ctx, conn)
	if err != nil {
		return nil, err
	}
	s, err := account.Model(ctx, refresh)
	if err = errors.Join(wrap("the data model of "+o.nameOf(conn), err), account.Close()); err != nil {
		return nil, err
	}
	return s, nil
}

// kept is the data model that is kept of a connection's account, and its age; nil where there is none. Credentials are
// not needed for it. The connection's type tells its digest, by which it is found among those in the data directory.
func (o *schemaOptions) kept(conn *compile.Connection) (*schema.Schema, time.Duration) {
	digest := ""
	if conn.Kind.Basis != nil {
		digest = conn.Kind.Basis(conn.Known())
	}
	if digest == "" {
		return nil, 0
	}
	dir := filepath.Join(o.dataDir, "schema") // as deps has it
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		b, readErr := os.ReadFile(path)
		if err != nil || readErr != nil {
			continue
		}
		if s, err := schema.Decode(b); err == nil && s.Digest() == digest {
			return s, time.Since(info.ModTime())
		}
	}
	return nil, 0
}
