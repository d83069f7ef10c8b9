// Package graph draws runbooks: boxes and arrows, written as SVG, as a mermaid flowchart or for Graphviz. The
// command "graph" and the console draw the same picture. What names hold is escaped for each form.
//
// Start at chart.go; svg.go and text.go are the forms. It may import engine/compile.
package graph
