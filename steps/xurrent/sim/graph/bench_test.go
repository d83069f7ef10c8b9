package graph

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkSeed100k makes an account of 100,000 records.
func BenchmarkSeed100k(b *testing.B) {
	w := newWorld(b, Options{Seed: 100_000})
	i := 0
	for b.Loop() {
		i++
		w.Account(fmt.Sprint("a", i))
		w.mu.Lock()
		clear(w.accounts) // so that memory does not grow with the number of rounds
		w.mu.Unlock()
	}
}

// BenchmarkPage reads pages of 100 people with ten fields, one after the other, from 100,000 records.
func BenchmarkPage(b *testing.B) {
	for _, args := range []string{"", `, filter: {disabled: false}`, `, order: [{field: name}]`} {
		b.Run("people"+args, func(b *testing.B) {
			a := newWorld(b, Options{Seed: 100_000}).Account("wdc")
			cursor := ""
			for b.Loop() {
				after := ""
				if cursor != "" {
					after = fmt.Sprintf(", after: %q", cursor)
				}
				r := ask(b, a, `{ people(first: 100`+after+args+`) { pageInfo { hasNextPage endCursor }
				  nodes { id name primaryEmail jobTitle employeeID language timeZone disabled vip createdAt } } }`, "")
				cursor = endCursor(b, r)
			}
		})
	}
}

// endCursor takes the cursor out of an answer without decoding the rest, which would be most of the time.
func endCursor(b *testing.B, r Response) string {
	if len(r.Errors) > 0 {
		b.Fatal(r.Errors)
	}
	const start = `{"people":{"pageInfo":{"hasNextPage":true,"endCursor":"`
	if s := string(r.Data[:min(len(r.Data), 200)]); len(s) > len(start) && s[:len(start)] == start {
		for i := len(start); i < len(s); i++ {
			if s[i] == '"' {
				return s[len(start):i]
			}
		}
	}
	return ""
}

// BenchmarkMutation changes one of 100,000 records.
func BenchmarkMutation(b *testing.B) {
	a := newWorld(b, Options{Seed: 100_000}).Account("wdc")
	id := a.nodeID(a.at(a.byType["Request"][100]))
	vars := variables(b, `{"input": {"id": "`+id+`", "status": "completed", "note": ""}}`)
	for b.Loop() {
		r := a.Execute(context.Background(), Caller{}, Request{Query: `mutation($input: RequestUpdateInput!) { requestUpdate(input: $input) { errors { path message } request { id status } } }`, Variables: vars})
		if len(r.Errors) > 0 {
			b.Fatal(r.Errors)
		}
	}
}

// BenchmarkModel reads the schema, as the first World of a process does.
func BenchmarkModel(b *testing.B) {
	for b.Loop() {
		if _, err := readModel(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIntrospection answers the big query when it is not the first time.
func BenchmarkIntrospection(b *testing.B) {
	a := smallAccount(b)
	for b.Loop() {
		if r := ask(b, a, platformIntrospection, ""); len(r.Errors) > 0 {
			b.Fatal(r.Errors)
		}
	}
}
