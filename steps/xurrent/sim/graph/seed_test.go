package graph

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"testing"
	"time"
)

func TestSeedIsTheSameEveryTime(t *testing.T) {
	one, two := newWorld(t, Options{Seed: 500}), newWorld(t, Options{Seed: 500})
	two.Account("other") // accounts do not depend on each other
	a, b, c := one.Account("wdc"), two.Account("wdc"), two.Account("other")
	for _, typ := range []string{"Person", "Request", "ConfigurationItem", "Team", "Note"} {
		if !reflect.DeepEqual(a.All(typ), b.All(typ)) {
			t.Errorf("the %s records differ", typ)
		}
		if a.All(typ)[0]["id"] == c.All(typ)[0]["id"] {
			t.Errorf("two accounts share the id of a %s", typ)
		}
	}
	if a.Records() != 500 {
		t.Errorf("%d records", a.Records())
	}
	if _, err := New(Options{Seed: -1}); err == nil {
		t.Error("a negative seed is accepted")
	}
}

// Every value of the seed is one that the schema allows, and the company makes sense.
func TestSeedFitsSchema(t *testing.T) {
	a := newWorld(t, Options{Seed: 2000}).Account("wdc")
	emails := map[string]bool{}
	counts := map[string]int{}
	for _, r := range a.records {
		counts[r.typ.name]++
		for _, s := range r.slots {
			f := r.typ.fields[s.key.String()]
			if f == nil || f.kind != scalarField {
				continue
			}
			if kept, problem := a.world.model.scalar(f.named, s.value); problem != "" || !reflect.DeepEqual(kept, s.value) {
				t.Fatalf("%s.%s: %s", r.typ.name, f.name, problem)
			}
		}
		if r.typ.name == "Person" {
			email := r.text(keyOf("primaryEmail"))
			if emails[email] {
				t.Errorf("two people have the address %s", email)
			}
			emails[email] = true
		}
		if at := r.text(keyCreatedAt); at >= timestamp(clock) {
			t.Errorf("%s was made at %s", r.typ.name, at)
		}
	}
	small := newWorld(t, Options{}).Account("wdc")
	got := fmt.Sprint(len(small.All("Person")), len(small.All("Team")), len(small.All("Service")), len(small.All("Request")), len(small.All("ConfigurationItem")))
	if got != "40 6 4 60 30" {
		t.Errorf("people, teams, services, requests, items: %s", got)
	}
	for _, r := range small.All("Request") {
		if len(r["notes"].([]any)) == 0 || r["team"] == nil || r["requestedFor"] == nil {
			t.Errorf("request %v", r)
		}
	}
	statuses := map[any]bool{}
	for _, r := range small.All("Request") {
		statuses[r["status"]] = true
	}
	if want := len(a.world.model.schema.Types["RequestStatus"].EnumValues); len(statuses) != want {
		t.Errorf("%d of %d statuses", len(statuses), want)
	}
	if counts["Person"] < 600 || counts["Request"] < 800 {
		t.Errorf("counts %v", counts)
	}
}

// 100,000 records fit in 150 MB and are made in about a second.
func TestSeedSize(t *testing.T) {
	if os.Getenv("CURRANT_LONG") == "" {
		t.Skip("a long test: set CURRANT_LONG=1")
	}
	var before, after runtime.MemStats
	w := newWorld(t, Options{Seed: 100_000})
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	a := w.Account("wdc")
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	mb := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("%d records in %v, %d MB", a.Records(), took, mb)
	if a.Records() != 100_000 || mb > 150 || took > 5*time.Second {
		t.Errorf("%d records in %v, %d MB", a.Records(), took, mb)
	}
}
