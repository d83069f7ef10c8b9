package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"currant/engine/compile"
	"currant/steps/xurrent"
)

// fetchModels reads the data models of a blueprint's accounts, so that steps are checked against them. It
// gives the names of the connections whose accounts it has asked.
func fetchModels(ctx context.Context, bp *compile.Blueprint, refresh bool) (asked []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		account, err := openAccount(ctx, bp.Connections[name])
		if err != nil {
			return asked, err
		}
		if account == nil {
			continue
		}
		_, err = account.Model(ctx, refresh)
		if e := account.Close(); err == nil {
			err = e
		}
		if err != nil {
			return asked, fmt.Errorf("the data model of connection %q: %w", name, err)
		}
		asked = append(asked, name)
	}
	return asked, nil
}

// openAccount opens a connection of a blueprint; nil where it is of another type.
func openAccount(ctx context.Context, conn *compile.Connection) (*xurrent.Account, error) {
	if conn.Kind.Name != "xurrent" {
		return nil, nil
	}
	args := conn.Known()
	if !args.IsWhollyKnown() {
		return nil, invalidf("connection %q (%s:%d): its arguments are not known; give its variables values, with --var or the environment", conn.Name, conn.Range.Filename, conn.Range.Start.Line)
	}
	opened, err := conn.Kind.Open(ctx, args)
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", conn.Name, err)
	}
	account, _ := opened.(*xurrent.Account)
	return account, nil
}

// loadOnline is load, with the accounts' data models asked for first.
func loadOnline(ctx context.Context, t *terminal, dir string, o *sourceOptions, partial, refresh bool) (*loaded, error) {
	l, err := load(t, dir, o, partial)
	if err != nil || l.diags.HasErrors() && l.Blueprint == nil {
		return l, err
	}
	asked, err := fetchModels(ctx, l.Blueprint, refresh)
	if err != nil {
		if l.diags.HasErrors() {
			return l, nil // what is wrong with the blueprint comes first: it may be why
		}
		return nil, err
	}
	if len(asked) == 0 {
		return l, nil
	}
	return load(t, dir, o, partial)
}
