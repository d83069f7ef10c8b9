package graph

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// Whatever the labels hold, the picture is well-formed, and every box and arrow is in it.
func TestSVGIsWellFormed(t *testing.T) {
	c := &Chart{name: `a<b>&"c"`, boxes: []box{{name: "start", shape: shapeTrigger}, {name: strings.Repeat("long", 20), kind: "<kind>", shape: shapeChoice, row: 1},
		{name: "loop", kind: "loop", shape: shapeLoop, row: 2, column: 1}, {name: "end", shape: shapeEnd, row: 3}},
		arrows: []arrow{{from: 0, to: 1, label: "a & <b>"}, {from: 1, to: 2}, {from: 2, to: 1, back: true}, {from: 0, to: 3, label: "\x00"}, {from: 2, to: 3}}}
	var out strings.Builder
	if err := WriteSVG(&out, []*Chart{c, c}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(out.String())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		if e, ok := token.(xml.StartElement); ok {
			seen[e.Name.Local]++
		}
	}
	// Per chart three boxes are rectangles; the choice, and each arrow, is a path; the head of arrows is one more.
	if seen["rect"] != 6 || seen["path"] != 2*(1+5)+1 {
		t.Errorf("%v", seen)
	}
}

// In a page the stylesheet of the page has the colours, for a policy that allows no others.
func TestInlineHasNoStyle(t *testing.T) {
	c := &Chart{name: "a", boxes: []box{{name: "start", shape: shapeTrigger}, {name: "end", shape: shapeEnd}}, arrows: []arrow{{from: 0, to: 1}}}
	var inline, whole strings.Builder
	if err := WriteInline(&inline, c); err != nil {
		t.Fatal(err)
	}
	if err := WriteSVG(&whole, []*Chart{c}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(inline.String(), "style") || !strings.Contains(whole.String(), "<style>") || strings.Contains(inline.String(), `class="title"`) {
		t.Errorf("%s\n%s", inline.String(), whole.String())
	}
}
