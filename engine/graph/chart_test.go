package graph

import (
	"strings"
	"testing"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/flow"
)

// runbook compiles a runbook of flow steps.
func runbook(t *testing.T, text string) *compile.Runbook {
	t.Helper()
	kinds, err := steps.NewRegistry([]*steps.Kind{flow.If, flow.Switch, flow.Loop, flow.Repeat, flow.Parallel, flow.Section, flow.Try, flow.Log, flow.Fail, flow.Finish}, nil)
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(ingress.Manual)
	if err != nil {
		t.Fatal(err)
	}
	src, diags := lang.FromFiles("test", map[string][]byte{"main.hcl": []byte("runbook \"r\" {\n trigger \"manual\" {}\n" + text + "\n}\n")})
	bp, more := compile.Compile(src, compile.Options{Steps: kinds, Triggers: triggers})
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	return bp.Runbook("r")
}

const nested = `
step "loop" "rooms" {
  items = [1]
  each "room" {
    step "if" "big" {
      condition = true
      then {
        step "log" "a" { message = "a" }
        step "log" "b" { message = "b" }
      }
      else {
        step "log" "c" { message = "c" }
      }
    }
    step "loop" "inner" {
      items = [1]
      each "thing" {
        step "log" "d" { message = "d" }
      }
    }
  }
}
step "if" "only" {
  condition = true
  then {
    step "log" "e" { message = "e" }
  }
}
step "try" "risky" {
  do {
    step "log" "f" { message = "f" }
  }
  catch {
    step "fail" "g" { message = "g" }
  }
  finally {
    step "log" "h" { message = "h" }
  }
}
step "parallel" "both" {
  branch "left" {
    step "log" "i" { message = "i" }
  }
  branch "right" {
    step "log" "j" { message = "j" }
    step "log" "k" { message = "k" }
  }
}`

// Each box has a place of its own, below what leads to it; the way past a loop is free of its body.
func TestPlaces(t *testing.T) {
	c := New(runbook(t, nested))
	taken := map[[2]int]string{}
	for _, b := range c.boxes {
		if other, ok := taken[[2]int{b.row, b.column}]; ok {
			t.Errorf("%s stands on %s", b.name, other)
		}
		taken[[2]int{b.row, b.column}] = b.name
	}
	if len(c.boxes) != 19 {
		t.Errorf("%d boxes", len(c.boxes))
	}
	for _, a := range c.arrows {
		from, to := c.boxes[a.from], c.boxes[a.to]
		if !a.back && from.row >= to.row {
			t.Errorf("%s (row %d) leads up to %s (row %d)", from.name, from.row, to.name, to.row)
		}
		if a.back || from.column == to.column {
			for row := from.row + 1; row < to.row && !a.back; row++ {
				if other := taken[[2]int{row, from.column}]; other != "" {
					t.Errorf("the way from %s to %s goes through %s", from.name, to.name, other)
				}
			}
			continue
		}
		for row := from.row + 1; row < to.row-1; row++ { // down its own column, then across above the target
			if other := taken[[2]int{row, from.column}]; other != "" && from.column > to.column {
				t.Errorf("the way from %s to %s goes through %s", from.name, to.name, other)
			}
		}
	}
	var svg strings.Builder
	if err := WriteInline(&svg, c); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{">rooms<", ">parallel<", ">each room<", ">done<", ">catch<"} {
		if !strings.Contains(svg.String(), text) {
			t.Errorf("the picture has no %s", text)
		}
	}
}

// What ends with a failure has no end that is reached.
func TestNoEndAfterFail(t *testing.T) {
	for text, want := range map[string]bool{`step "fail" "x" { message = "x" }`: false, `step "log" "x" { message = "x" }`: true} {
		c := New(runbook(t, text))
		if got := c.boxes[len(c.boxes)-1].shape == shapeEnd; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
