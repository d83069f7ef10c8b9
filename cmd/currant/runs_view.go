package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"currant/engine"
	"currant/engine/lang"
)

// showHeads prints a list of runs as a table.
func showHeads(out stream, heads []engine.Head) {
	if len(heads) == 0 {
		out.printf("No runs.\n")
		return
	}
	rows := [][]string{{"ID", "STATUS", "RUNBOOK", "CONTEXT", "ACCEPTED", "TOOK", "SUMMARY"}}
	for _, h := range heads {
		rows = append(rows, headRow(h))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			text := cell
			if i < len(row)-1 {
				text = runewidth.FillRight(cell, widths[i]) + "  "
			}
			if n > 0 && i == 1 {
				text = out.style(statusStyle(cell), text)
			}
			b.WriteString(text)
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 {
			line = out.style(styleBold, line)
		}
		out.printf("%s\n", line)
	}
}

func headRow(h engine.Head) []string {
	took := ""
	if !h.EndedAt.IsZero() {
		took = lang.FormatDuration(h.EndedAt.Sub(h.AcceptedAt))
	}
	status := h.Status
	return []string{h.JobUUID, status, h.Blueprint + "/" + h.Runbook, runewidth.Truncate(plain(h.Context), 40, "…"), stamp(h.AcceptedAt), took,
		runewidth.Truncate(plain(h.Summary), 100, "…")}
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05")
}

// showView prints one run. Files are the sources of its blueprint, for the excerpt of what failed.
func showView(out stream, files map[string][]byte, v engine.View) {
	field := func(name, value string) {
		if value != "" {
			out.printf("%-10s %s\n", name, value)
		}
	}
	field("Run", v.JobUUID)
	field("Status", out.style(statusStyle(v.Status), v.Status))
	field("Runbook", v.Blueprint+"/"+v.Runbook)
	field("Context", plain(v.Context))
	field("Accepted", stamp(v.AcceptedAt))
	field("Started", stamp(v.StartedAt))
	field("Ended", stamp(v.EndedAt))
	field("Goes on", stamp(v.WakeAt))
	if v.Attempt > 1 {
		field("Attempt", itoa(v.Attempt))
	}
	field("Called by", v.Parent)
	field("Repeats", v.Origin)
	field("Version", v.Version[:min(12, len(v.Version))])
	if len(v.Steps) > 0 {
		out.printf("\n%s\n", out.style(styleBold, "Steps:"))
		for _, s := range v.Steps {
			showStep(out, s)
		}
	}
	if len(v.Logs) > 0 {
		out.printf("\n%s\n", out.style(styleBold, "Log:"))
		for _, l := range v.Logs {
			out.printf("  %s\n", logLine(out, l))
		}
	}
	outputs(out, v)
	failure(out, files, v)
}

func showStep(out stream, s engine.ViewStep) {
	side := s.Kind
	if !s.EndedAt.IsZero() && !s.StartedAt.IsZero() {
		side += "  " + lang.FormatDuration(s.EndedAt.Sub(s.StartedAt))
	}
	if s.Attempt > 1 {
		side += fmt.Sprintf("  attempt %d", s.Attempt)
	}
	if s.Count > 0 {
		side += fmt.Sprintf("  %d done", s.Count)
	}
	switch {
	case s.Error != nil:
		side += "  " + plain(s.Error.Message)
	case s.Status == "waiting" || s.Status == "held":
		if !s.WakeAt.IsZero() {
			side += "  until " + clock(s.WakeAt)
		}
		if s.Waiting != "" {
			side += "  " + plain(s.Waiting)
		}
	}
	depth := strings.Count(s.Path, "/")
	out.printf("  %s%s  %s\n", strings.Repeat("  ", depth), out.style(statusStyle(s.Status), glyphs[s.Status]+" "+s.Path), out.style(styleDim, side))
}

func logLine(out stream, l engine.ViewLine) string {
	style := map[string]string{"error": styleBad, "warn": styleWarn}[l.Level]
	text := fmt.Sprintf("%s %s %s", out.style(styleDim, clock(l.At)), out.style(style, fmt.Sprintf("%-5s", l.Level)), plain(l.Message))
	if l.Step != "" {
		text += out.style(styleDim, "  ("+l.Step+")")
	}
	if len(l.Data) > 0 {
		text += " " + plain(string(l.Data))
	}
	return text
}
