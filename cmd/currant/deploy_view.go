package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"

	"currant/blueprints"
)

// How changes are marked.
var (
	signOf  = map[blueprints.Action]string{blueprints.Create: "+", blueprints.Update: "~", blueprints.Delete: "-", blueprints.Disable: "!", blueprints.Enable: "+"}
	styleOf = map[string]string{"+": styleGood, "~": styleWarn, "-": styleBad, "!": styleBad}
)

// show prints a plan for people: what changes, account by account, and how much of what.
func (p *deployPlan) show(out stream) {
	for _, on := range p.parts {
		on.show(out)
	}
	sum := p.tally()
	switch {
	case len(p.parts) == 0:
		out.printf("%s The blueprint %q has nothing to deploy.\n", out.style(styleBold, "No changes."), p.bp.Name)
	case sum.changes() == 0 && len(p.parts) > 1:
		out.printf("%s The accounts are as the blueprint says.\n", out.style(styleBold, "No changes."))
	case sum.changes() == 0:
		out.printf("%s The account is as the blueprint says.\n", out.style(styleBold, "No changes."))
	default:
		enable, unchanged := "", ""
		if sum.Enable > 0 {
			enable = fmt.Sprintf(", %d to enable", sum.Enable)
		}
		if sum.None > 0 {
			unchanged = fmt.Sprintf("; %d unchanged", sum.None)
		}
		out.printf("%s %d to create, %d to update%s, %d to delete, %d to disable%s.\n", out.style(styleBold, "Plan:"), sum.Create, sum.Update, enable, sum.Delete, sum.Disable, unchanged)
	}
	if len(p.publishing) > 0 {
		names := make([]string, len(p.publishing))
		for i, one := range p.publishing {
			names[i] = one.String()
		}
		out.printf("To be published then: %s.\n", strings.Join(names, ", "))
	}
}

// show prints what changes on one account.
func (p *partPlan) show(out stream) {
	var sum tally
	for _, c := range p.changes() {
		sum.add(c.Action)
	}
	title := out.style(styleBold, "Account "+p.title())
	if p.plan == nil && p.unseen != "" {
		out.printf("%s: the blueprint has nothing for it, and whether something is left there of an earlier one is not known: %s\n\n", title, plain(p.unseen))
		return
	}
	if sum.changes() == 0 {
		out.printf("%s: %d unchanged.\n\n", title, sum.None)
		return
	}
	out.printf("%s:\n\n", title)
	for _, c := range p.changes() {
		if c.Action != blueprints.None {
			showChange(out, c)
		}
	}
}

// showChange prints one change, field by field.
func showChange(out stream, c *blueprints.Change) {
	sign := signOf[c.Action]
	out.printf("  %s %s%s\n", out.style(styleOf[sign], sign+" "+string(c.Action)), out.style(styleBold, plain(c.Address)), named(c))
	if c.Note != "" {
		out.printf("      %s\n", out.style(styleDim, "# "+plain(c.Note)))
	}
	width := 0
	for _, f := range c.Fields {
		if !isText(f) {
			width = max(width, runewidth.StringWidth(plain(f.Path)))
		}
	}
	for _, f := range c.Fields {
		showField(out, c.Action, f, width)
	}
	out.printf("\n")
}

// named is what a thing is called on the account, where its address does not say it.
func named(c *blueprints.Change) string {
	if c.Name == "" || c.Kind == "webhook" || c.Kind == "webhook_policy" || strings.Contains(c.Address, c.Name) {
		return ""
	}
	return " " + literal(c.Name)
}

func showField(out stream, action blueprints.Action, f blueprints.Field, width int) {
	sign := "~"
	switch {
	case f.Sensitive:
	case f.Before == nil && f.After == nil:
		return
	case f.Before == nil:
		sign = "+"
	case f.After == nil:
		sign = "-"
	}
	drift := ""
	if f.Drift {
		drift = "  " + out.style(styleWarn, "# changed outside Currant since the last apply")
	}
	path := plain(f.Path)
	if !isText(f) {
		value := ""
		switch {
		case f.Sensitive:
			value = "(sensitive)"
		case sign == "+":
			value = literal(f.After)
		case action == blueprints.Delete:
			value = literal(f.Before)
		case sign == "-":
			value = literal(f.Before) + " -> null"
		default:
			value = literal(f.Before) + " -> " + literal(f.After)
		}
		out.printf("      %s %s = %s%s\n", out.style(styleOf[sign], sign), runewidth.FillRight(path, width), value, drift)
		return
	}
	before, _ := f.Before.(string)
	after, _ := f.After.(string)
	out.printf("      %s %s:%s\n", out.style(styleOf[sign], sign), path, drift)
	for _, line := range diffLines(before, after) {
		style := ""
		switch line[0] {
		case '+':
			style = styleGood
		case '-':
			style = styleBad
		case '@', '#':
			style = styleDim
		}
		out.printf("          %s\n", out.style(style, line))
	}
}

// isText says whether a field is shown line by line: a text of several lines.
func isText(f blueprints.Field) bool {
	if f.Sensitive {
		return false
	}
	for _, v := range []any{f.Before, f.After} {
		s, ok := v.(string)
		if v != nil && !ok {
			return false
		}
		if strings.ContainsAny(strings.TrimSpace(s), "\n\r") {
			return true
		}
	}
	return false
}

// maxLiteral is how many characters of a value are shown on one line; --json has all of it.
const maxLiteral = 300

// literal is a value as one writes it, safe to print.
func literal(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "(a value that cannot be shown)"
	}
	return cut(plain(strings.TrimSuffix(b.String(), "\n")), maxLiteral)
}

// cut is a text of at most n characters, or its beginning.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return fmt.Sprintf("%s… (%d more characters)", string(r[:n]), len(r)-n)
}
