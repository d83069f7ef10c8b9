package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// service answers requests for further pages of teams and, in each, of members.
type service struct {
	teams, members int
	page           int
	calls          int
	stuck          bool
}

func (s *service) connection(kind string, total, from int) string {
	to := min(from+s.page, total)
	var nodes []string
	for i := from; i < to; i++ {
		n := fmt.Sprintf(`{"id":"%s%d"}`, kind, i)
		if kind == "t" && s.members > 0 {
			n = fmt.Sprintf(`{"id":"t%d","members":%s}`, i, s.connection("m", s.members, 0))
		}
		nodes = append(nodes, n)
	}
	return fmt.Sprintf(`{"pageInfo":{"hasNextPage":%v,"endCursor":"%d"},"nodes":[%s]}`, to < total || s.stuck, to, strings.Join(nodes, ","))
}

func (s *service) fetch(t *testing.T) Fetch {
	return func(_ context.Context, m More) (json.RawMessage, error) {
		s.calls++
		var vars struct{ ID, After string }
		if err := json.Unmarshal(m.Variables, &vars); err != nil {
			t.Fatal(err)
		}
		valid(t, m.Text)
		from := 0
		if _, err := fmt.Sscan(vars.After, &from); err != nil {
			t.Fatal(err)
		}
		if vars.ID == "p" {
			return json.RawMessage(`{"node":{"teams":` + s.connection("t", s.teams, from) + `}}`), nil
		}
		return json.RawMessage(`{"node":{"members":` + s.connection("m", s.members, from) + `}}`), nil
	}
}

// TestP27NestedConnectionsAreCompleteLists: they come back as plain lists, beyond a page too.
func TestP27NestedConnectionsAreCompleteLists(t *testing.T) {
	q := mustQuery(t, QueryArgs{Object: "me", Include: []string{"teams.members"}})
	if text := q.Text(false); !strings.Contains(text, "teams(first: 100) { pageInfo { hasNextPage endCursor } nodes { ") {
		t.Error(text)
	}
	sel := fieldsOf(t, "Person", "name teams { nodes { members { nodes { id } } } }")
	for _, s := range []*service{{teams: 3, members: 2, page: 10}, {teams: 25, members: 31, page: 10}} {
		data := fmt.Sprintf(`{"teams":%s,"id":"p"}`, s.connection("t", s.teams, 0))
		v, err := sel.Record(context.Background(), []byte(data), s.fetch(t))
		if err != nil {
			t.Fatal(err)
		}
		teams := v.GetAttr("teams").AsValueSlice()
		if len(teams) != s.teams || !v.Type().Equals(sel.Type()) {
			t.Errorf("%d teams of %d", len(teams), s.teams)
		}
		for _, team := range teams {
			members := team.GetAttr("members").AsValueSlice()
			if len(members) != s.members || members[s.members-1].GetAttr("id").AsString() != fmt.Sprintf("m%d", s.members-1) {
				t.Errorf("%d members of %d", len(members), s.members)
			}
		}
		pages := func(n int) int { return (n - 1) / s.page }
		if want := pages(s.teams) + s.teams*pages(s.members); s.calls != want {
			t.Errorf("%d further pages were asked for, not %d", s.calls, want)
		}
	}
	s := &service{teams: 25, page: 10}
	sel = fieldsOf(t, "Person", "teams(first: 10) { nodes { id } }")
	v, err := sel.Record(context.Background(), []byte(`{"teams":`+s.connection("t", 25, 0)+`}`), s.fetch(t))
	if err != nil || len(v.GetAttr("teams").AsValueSlice()) != 10 || s.calls > 0 {
		t.Errorf("the part that the user chose is completed: %v", err)
	}
}

func TestFurtherPagesFail(t *testing.T) {
	sel := fieldsOf(t, "Person", "id teams { nodes { id } }")
	first := (&service{teams: 25, page: 10}).connection("t", 25, 0)
	answer := func(text string) Fetch {
		return func(context.Context, More) (json.RawMessage, error) { return json.RawMessage(text), nil }
	}
	down := errors.New("the service is down")
	for name, c := range map[string]struct {
		data  string
		fetch Fetch
		want  string
	}{
		"no id":          {`{"teams":` + first + `}`, answer(`{}`), "the record around them has no id"},
		"no fetch":       {`{"id":"p","teams":` + first + `}`, nil, "cannot be asked for"},
		"the error":      {`{"id":"p","teams":` + first + `}`, func(context.Context, More) (json.RawMessage, error) { return nil, down }, "the service is down"},
		"gone":           {`{"id":"p","teams":` + first + `}`, answer(`{"node":null}`), "No data returned for 'node'"},
		"same page":      {`{"id":"p","teams":` + first + `}`, answer(`{"node":{"teams":` + first + `}}`), "same page again"},
		"empty for ever": {`{"id":"p","teams":` + first + `}`, answer(`{"node":{"teams":{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}}`), "same page again"},
		"no JSON":        {`{"id":"p","teams":` + first + `}`, answer(`<html>`), "an object is expected"},
	} {
		_, err := sel.Record(context.Background(), []byte(c.data), c.fetch)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := &service{teams: 2 * maxNested, page: 5000}
	_, err := sel.Record(context.Background(), []byte(`{"id":"p","teams":`+s.connection("t", s.teams, 0)+`}`), s.fetch(t))
	if err == nil || !strings.Contains(err.Error(), "more than 100000 nodes") || s.calls > maxNested/s.page {
		t.Errorf("nested nodes without end are read: %v, %d calls", err, s.calls)
	}
	s = &service{teams: maxNested, page: 5000}
	if _, err := sel.Record(context.Background(), []byte(`{"id":"p","teams":`+s.connection("t", s.teams, 0)+`}`), s.fetch(t)); err != nil {
		t.Errorf("as many as are allowed: %v", err)
	}
}
