package console

import (
	"fmt"
	"strings"
	"testing"

	"currant/engine"
)

// The tree is that of the paths: blocks of steps, loops in loops, and steps whose parent left no record.
func TestTree(t *testing.T) {
	var steps []engine.ViewStep
	for _, path := range []string{"a", "a.then/b", "a.branch.left/c", "rooms", "rooms.room[0]/x", "rooms.room[0]/inner", "rooms.room[0]/inner.thing[1]/y", "rooms.room[2]/x", "gone.each[4]/z"} {
		status := "ok"
		if strings.HasSuffix(path, "[2]/x") {
			status = "failed"
		}
		steps = append(steps, engine.ViewStep{Path: path, Name: path[strings.LastIndexByte(path, '/')+1:], Status: status})
	}
	tr := &tree{run: "r", window: map[string]int{}, link: func(path string, from int) string { return fmt.Sprint(path, ":", from) }, room: 1000}
	var b strings.Builder
	var show func(nodes []*node, indent string)
	show = func(nodes []*node, indent string) {
		for _, n := range nodes {
			fmt.Fprintf(&b, "%s%s\n", indent, n.Path)
			for _, bl := range n.Blocks {
				fmt.Fprintf(&b, "%s %s:\n", indent, bl.Label)
				show(bl.Nodes, indent+"  ")
				if bl.Loop != nil {
					for _, it := range bl.Loop.Iterations {
						fmt.Fprintf(&b, "%s  [%d] %s %s\n", indent, it.Index, it.Status, it.Key)
						show(it.Nodes, indent+"    ")
					}
				}
			}
		}
	}
	show(tr.build(steps), "")
	want := `a
 then:
  a.then/b
 branch left:
  a.branch.left/c
rooms
 room:
  [2] failed rooms.room[2]
    rooms.room[2]/x
  [0] ok rooms.room[0]
    rooms.room[0]/x
    rooms.room[0]/inner
     thing:
      [1] ok rooms.room[0]/inner.thing[1]
        rooms.room[0]/inner.thing[1]/y
gone
 each:
  [4] ok gone.each[4]
    gone.each[4]/z
`
	if b.String() != want {
		t.Errorf("\n%s", b.String())
	}
}

// However much a run remembers, a page shows a part of it, and says so.
func TestTreeIsBounded(t *testing.T) {
	var steps []engine.ViewStep
	for i := range 3 * maxSteps {
		steps = append(steps, engine.ViewStep{Path: fmt.Sprint("s", i), Output: []byte(`"` + strings.Repeat("x", 10_000) + `"`), Status: "ok"})
	}
	tr := &tree{run: "r", room: valuesMost}
	nodes := tr.build(steps)
	size := 0
	for _, n := range nodes {
		size += len(n.Result.Text)
		if n.Result.More == "" {
			t.Fatal("a cut value has no link to the whole")
		}
	}
	if len(nodes) != maxSteps || tr.hidden != 2*maxSteps || size > valuesMost+10*maxSteps {
		t.Errorf("%d steps, %d hidden, %d bytes", len(nodes), tr.hidden, size)
	}
}
