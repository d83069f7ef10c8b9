package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"currant/blueprints"
)

// What a plan shows of fields of all kinds.
func TestPlanShowsFields(t *testing.T) {
	long := strings.Repeat("line\n", 300)
	var b bytes.Buffer
	showChange(stream{Writer: &b}, &blueprints.Change{Action: blueprints.Update, Kind: "app", Name: "Sur\x1b[2Jvey", Address: "app.survey", Note: "it was re\u202enamed", Fields: []blueprints.Field{
		{Path: "name", Before: "a", After: "b", Drift: true},
		{Path: "secret", Sensitive: true},
		{Path: "count", Before: 1, After: nil},
		{Path: "none"},
		{Path: "list", Before: nil, After: []any{"<x>", true}},
		{Path: "wide", Before: "", After: strings.Repeat("ü", maxLiteral+10)},
		{Path: "crlf", Before: "a\r\nb\r\n", After: "a\nb\n", Text: true},
		{Path: "text", Before: "one\ntwo\nthree\nfour\nfive\nsix\n", After: "one\ntwo\nthree\nfour\nfi\u202eve\nsix\n\n", Text: true},
		{Path: "new", Before: nil, After: long, Text: true},
		{Path: "gone", Before: "x\ny", After: nil, Text: true},
		{Path: "all", Before: long, After: strings.ReplaceAll(long, "line", "other"), Text: true},
	}})
	golden(t, "testdata/deploy/fields.txt", b.String())
	if strings.ContainsAny(b.String(), "\x1b\u202e\r") {
		t.Error("what does not print is printed")
	}
}

// The lock of a data directory ends with who has it, and says who that is.
func TestDeploymentLock(t *testing.T) {
	dir := t.TempDir() + "/data"
	release, err := lockDeployment(t.Context(), dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDeployment(t.Context(), dir, 0, nil); err == nil || !strings.Contains(err.Error(), "process ") {
		t.Errorf("a second one: %v", err)
	}
	waited := make(chan string, 1)
	got := make(chan error, 1)
	go func() {
		again, err := lockDeployment(t.Context(), dir, patience, func(holder string) { waited <- holder })
		if err == nil {
			err = again()
		}
		got <- err
	}()
	if holder := <-waited; !strings.Contains(holder, "process ") {
		t.Errorf("waiting for %s", holder)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the lock did not become free")
	}
}

// Which addresses are of this machine only.
func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:7780": true, "http://127.9.9.9": true, "http://localhost": true, "http://LOCALHOST.:1": true, "http://x.localhost": true, "http://[::1]:7780": true, "http://0.0.0.0": true,
		"http://[::ffff:127.0.0.1]": true, "https://hooks.example.com": false, "http://10.0.0.1": false, "http://localhost.example.com": false, unsetURL: false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
