package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// The least that parts of the screen get where there is too little room.
const (
	leastActivity = 5
	leastProblem  = 4
	leastRunbooks = 2
)

// devKeys are the keys, and what they do.
var devKeys = [][2]string{
	{"o", "open the console in a browser"},
	{"s", "send a sample event, or run what is started by hand"},
	{"r", "run the last run again, with what it began with"},
	{"t", "run the tests, now and on each save; again: no longer"},
	{"?", "show or hide this"},
	{"q", "end; what goes on goes on at the next start"},
}

// lines is the screen as text, exactly height lines or fewer, none wider than width.
func (s *devScreen) lines(out stream, width, height int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	foot := s.foot(out)
	head := folded(s.title, width)
	if len(head) == 0 {
		head = []string{out.style(styleBold, "currant dev") + "  starting…"}
	}
	body := s.body(out, max(height-len(head)-len(foot)-leastActivity-1, leastRunbooks+leastProblem))
	room := max(height-len(head)-len(body)-len(foot)-1, 0)
	activity := folded(s.activity[max(len(s.activity)-room, 0):], width)
	activity = activity[max(len(activity)-room, 0):]
	var all []string
	all = append(all, head...)
	all = append(all, body...)
	all = append(all, "")
	all = append(all, activity...)
	if over := len(all) + len(foot) - height; over > 0 { // a very small screen: what is below counts
		all = all[min(over, len(all)):]
	}
	for len(all)+len(foot) < height {
		all = append(all, "")
	}
	all = append(all, foot...)
	if over := len(all) - height; over > 0 {
		all = all[over:]
	}
	for i, line := range all {
		all[i] = clip(line, width)
	}
	return all
}

// body is what is served, and what is wrong with it, in so many lines.
func (s *devScreen) body(out stream, room int) []string {
	var all []string
	problems, runbooks, fixed := 0, 0, len(s.blueprints)+1
	for _, b := range s.blueprints {
		problems += len(b.problem) + len(b.failure)
		runbooks += len(b.runbooks)
		if b.tests != "" {
			fixed++
		}
	}
	// Mistakes come first, the list of what is served gets what they leave.
	forProblems := min(problems, max(room-fixed-min(runbooks, leastRunbooks*len(s.blueprints)), leastProblem))
	forRunbooks := max(room-fixed-forProblems, leastRunbooks)
	for i, b := range s.blueprints {
		all = append(all, fmt.Sprintf("%s  %s  %s", out.style(styleBold, b.name), b.state, out.style(styleDim, b.dir)))
		share := forRunbooks / (len(s.blueprints) - i)
		shown := cutTo(len(b.runbooks), share)
		for _, rb := range b.runbooks[:shown] {
			all = append(all, fmt.Sprintf("  %-20s %s", rb[0], out.style(styleDim, rb[1])))
		}
		forRunbooks -= shown
		if left := len(b.runbooks) - shown; left > 0 {
			all = append(all, out.style(styleDim, fmt.Sprintf("  … and %s", count(left, "more runbook"))))
			forRunbooks--
		}
		all = append(all, some(out, b.problem, &forProblems, "currant validate "+b.dir)...)
		if b.tests != "" {
			all = append(all, "  tests  "+b.tests)
			all = append(all, some(out, b.failure, &forProblems, "currant test "+b.dir)...)
		}
	}
	return all
}

// cutTo is how many of n lines are shown in a room: all, or so many that a line fits that says how many are left.
func cutTo(n, room int) int {
	if n <= room {
		return n
	}
	return max(room-1, 0)
}

// some are the first lines of a text that fit; command shows them all.
func some(out stream, text []string, room *int, command string) []string {
	if len(text) <= *room {
		*room -= len(text)
		return text
	}
	shown := max(*room-1, 0)
	*room = 0
	return append(append([]string{}, text[:shown]...), out.style(styleDim, fmt.Sprintf("… %d more lines: %s", len(text)-shown, command)))
}

// foot is what the keys do, or what is asked.
func (s *devScreen) foot(out stream) []string {
	switch {
	case s.ending:
		return []string{out.style(styleBold, "Ending: what is being called may finish. Ctrl-C leaves at once.")}
	case s.question != "":
		return strings.Split(s.question, "\n")
	case s.help:
		var all []string
		for _, k := range devKeys {
			all = append(all, "  "+out.style(styleBold, k[0])+"  "+k[1])
		}
		return all
	}
	tests := "run tests on save"
	if s.testing {
		tests = "stop the tests"
	}
	var parts []string
	for _, k := range [][2]string{{"o", "console"}, {"s", "send"}, {"r", "rerun"}, {"t", tests}, {"?", "help"}, {"q", "quit"}} {
		parts = append(parts, out.style(styleBold, k[0])+" "+out.style(styleDim, k[1]))
	}
	return []string{strings.Join(parts, "  ")}
}

// clip cuts a line to so many columns.
func clip(line string, width int) string {
	head, _ := cutAt(line, width)
	return head
}

// folded are lines of so many columns: a longer one goes on in the next.
func folded(lines []string, width int) (all []string) {
	for _, line := range lines {
		head, rest := cutAt(line, width)
		all = append(all, head)
		for rest != "" && head != "" {
			head, rest = cutAt(rest, width)
			all = append(all, head)
		}
	}
	return all
}

// cutAt cuts a line after so many columns; 0 is no limit. Its colours, the only control sequences that lines have, take
// none, and the rest goes on with the one that it is in.
func cutAt(line string, width int) (head, rest string) {
	var b strings.Builder
	used, colour := 0, ""
	for i := 0; i < len(line); {
		if line[i] == '\x1b' {
			end := strings.IndexByte(line[i:], 'm')
			if end < 0 {
				break
			}
			if colour = line[i : i+end+1]; colour == styleReset {
				colour = ""
			}
			b.WriteString(line[i : i+end+1])
			i += end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		if r == '\t' {
			r = ' '
		}
		w := runewidth.RuneWidth(r)
		if width > 0 && used+w > width {
			rest = colour + line[i:]
			break
		}
		used += w
		b.WriteRune(r)
		i += size
	}
	if colour != "" {
		b.WriteString(styleReset)
	}
	if used == 0 {
		return b.String(), "" // not even a character fits
	}
	return b.String(), rest
}

// frame is what draws the lines over what was there, on a terminal in raw mode.
func frame(lines []string) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// What begins and ends the screen: it is another one than that of the commands before, and has no cursor.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[2J"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
)
