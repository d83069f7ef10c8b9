package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMermaid writes charts as one mermaid flowchart with a subgraph per runbook.
func WriteMermaid(w io.Writer, charts []*Chart) error {
	out := bufio.NewWriter(w)
	shapes := map[boxShape][2]string{shapeStep: {"[", "]"}, shapeTrigger: {"([", "])"}, shapeChoice: {"{", "}"}, shapeLoop: {"[[", "]]"}, shapeEnd: {"((", "))"}}
	fmt.Fprint(out, "flowchart TD\n")
	for i, c := range charts {
		fmt.Fprintf(out, "  subgraph r%d [\"%s\"]\n", i, mermaidText(c.name))
		for n, b := range c.boxes {
			s := shapes[b.shape]
			fmt.Fprintf(out, "    r%d_n%d%s\"%s\"%s\n", i, n, s[0], strings.ReplaceAll(mermaidText(b.text("\n")), "\n", "<br/>"), s[1])
		}
		for _, a := range c.arrows {
			line := "-->"
			if a.back {
				line = "-.->"
			}
			label := ""
			if a.label != "" {
				label = "|\"" + mermaidText(a.label) + "\"|"
			}
			fmt.Fprintf(out, "    r%d_n%d %s%s r%d_n%d\n", i, a.from, line, label, i, a.to)
		}
		fmt.Fprint(out, "  end\n")
	}
	return out.Flush()
}

// mermaidText is text in quotes: a quote cannot be escaped but by its entity.
func mermaidText(s string) string {
	return strings.NewReplacer("&", "#amp;", `"`, "#quot;", "#", "#35;", "<", "#lt;", ">", "#gt;").Replace(s)
}

// text is what stands in a box.
func (b box) text(newline string) string {
	if b.kind == "" {
		return b.name
	}
	return b.name + newline + b.kind
}

// WriteDot writes charts as one graph with a cluster per runbook.
func WriteDot(w io.Writer, charts []*Chart) error {
	out := bufio.NewWriter(w)
	shapes := map[boxShape]string{shapeStep: "box", shapeTrigger: "oval", shapeChoice: "diamond", shapeLoop: "box3d", shapeEnd: "doublecircle"}
	fmt.Fprint(out, "digraph blueprint {\n  node [fontname=\"sans-serif\"];\n")
	for i, c := range charts {
		fmt.Fprintf(out, "  subgraph cluster_%d {\n    label=%s;\n", i, dotText(c.name))
		for n, b := range c.boxes {
			fmt.Fprintf(out, "    r%d_n%d [shape=%s, label=%s];\n", i, n, shapes[b.shape], dotText(b.text("\n")))
		}
		for _, a := range c.arrows {
			var attrs []string
			if a.label != "" {
				attrs = append(attrs, "label="+dotText(a.label))
			}
			if a.back {
				attrs = append(attrs, "style=dashed", "constraint=false")
			}
			list := ""
			if len(attrs) > 0 {
				list = " [" + strings.Join(attrs, ", ") + "]"
			}
			fmt.Fprintf(out, "    r%d_n%d -> r%d_n%d%s;\n", i, a.from, i, a.to, list)
		}
		fmt.Fprint(out, "  }\n")
	}
	fmt.Fprint(out, "}\n")
	return out.Flush()
}

func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
