package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/testrun"
	"currant/steps"
	"currant/steps/xurrent"
)

// tests are those of a blueprint, with all that running them needs.
type tests struct {
	loaded
	suite  *testrun.Suite
	values lang.Values
	// models are the data models of simulated accounts: all tests share them.
	models *xurrent.Models
}

// loadTests reads and checks a blueprint and its tests, against the data model of a simulated account.
func loadTests(ctx context.Context, t *terminal, o *testOptions) (l *tests, err error) {
	l = &tests{models: xurrent.NewModels("")}
	l.files = map[string][]byte{}
	if l.values, err = o.values(t, true, l.files); err != nil {
		return nil, err
	}
	src, diags := lang.ReadDir(o.dir)
	maps.Copy(l.files, src.Bytes())
	if l.diags, l.source = diags, src; diags.HasErrors() {
		return l, nil
	}
	account, err := newTestAccount(time.Now())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, account.close()) }()
	options, err := compileOptions(account.deps(l.models), l.values, "")
	if err != nil {
		return nil, err
	}
	l.Blueprint, l.diags = compile.Compile(src, options)
	asked, err := l.fetch(ctx, options.Steps)
	if err != nil {
		return nil, err
	}
	if asked {
		l.Blueprint, l.diags = compile.Compile(src, options)
	}
	if l.diags.HasErrors() {
		l.checkTests()
		return l, nil
	}
	l.suite, diags = testrun.Bind(l.Blueprint, src.Tests)
	l.diags = append(l.diags, diags...)
	return l, nil
}

// fetch reads the data models of the accounts of a blueprint's connections.
func (l *tests) fetch(ctx context.Context, kinds *steps.Registry) (asked bool, err error) {
	accounts := map[string]bool{}
	for _, conn := range l.Connections {
		if conn.Kind.Name != "xurrent" {
			continue
		}
		id := "test" // of an account that is known only in a test: all have the same model
		if v, ok := steps.Known(conn.Known(), "account_id"); ok && v.Type() == cty.String {
			id = v.AsString()
		}
		accounts[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		opened, err := kinds.Connection("xurrent").Open(ctx, cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal(id), "personal_access_token": cty.StringVal("pat-test")}))
		if err != nil {
			continue // what is wrong with the connection is reported where it is written
		}
		account := opened.(*xurrent.Account)
		_, err = account.Model(ctx, false)
		if err = errors.Join(err, account.Close()); err != nil {
			return false, fmt.Errorf("the data model of the simulated account: %w", err)
		}
	}
	return len(accounts) > 0, nil
}

// setup is what one test has for itself: a simulated account that is not made before somebody calls it.
func (l *tests) setup(_ context.Context, now time.Time) (*testrun.Surroundings, error) {
	account, err := newTestAccount(now)
	if err != nil {
		return nil, err
	}
	options, err := compileOptions(account.deps(l.models), l.values, "")
	if err != nil {
		return nil, errors.Join(err, account.close())
	}
	return &testrun.Surroundings{Compile: options, Advance: account.advance, Close: account.close,
		Install: func(ctx context.Context, bp *compile.Blueprint, kept lang.Kept, in testrun.Installation) error {
			return account.install(ctx, account.deps(l.models).Xurrent, bp, kept, in)
		}}, nil
}
