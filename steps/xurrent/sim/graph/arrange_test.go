package graph

import "testing"

// What the service sets up by itself changes the records, and no watcher learns of it.
func TestArrangeTellsNobody(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.Account("wdc")
	var told []string
	w.Watch(func(c Change) { told = append(told, c.Action) })
	id := a.Arrange("Team", map[string]any{"name": "One"})
	if a.Arrange("Team", map[string]any{"id": id, "name": "Two"}) != id || a.Arrange("Nothing", nil) != "" {
		t.Error("the id of what was arranged is another")
	}
	if team, found := a.Get("Team", id); !found || team["name"] != "Two" {
		t.Errorf("arranged: %v", team)
	}
	if a.Withdraw("Person", id) || !a.Withdraw("Team", id) || a.Withdraw("Team", id) {
		t.Error("withdrawn is what is there, and of that type, once")
	}
	if len(told) != 0 {
		t.Errorf("told: %v", told)
	}
	id = a.Put("Team", map[string]any{"name": "Three"})
	if a.Put("Team", map[string]any{"id": id, "name": "Four"}); !a.Delete("Team", id) || len(told) != 3 {
		t.Errorf("of Put and Delete is told: %v", told)
	}
}
