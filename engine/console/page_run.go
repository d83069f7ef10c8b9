package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"currant/engine"
	"currant/engine/journal"
)

// runPage is one run whole.
type runPage struct {
	engine.Head
	Form                        string
	Path, RunbookPath           string
	Message                     string
	Problem                     *engine.ViewError
	SourceLink                  string // to where it failed
	Took                        string
	Trigger                     value
	Outputs                     []named
	Tree                        []*node
	Steps, Hidden               int
	Waits                       []wait
	Lines                       []engine.ViewLine
	LinesLeft                   int
	LogsPath, TestPath          string
	Ended                       bool
	CanRetry, CanCancel, IsHeld bool
	Live, Events                string // where the page is followed; "" for an ended run
	State                       string // differs where the page shows something else than durations
}

type named struct {
	Name  string
	Value value
}

// wait is what a run waits for.
type wait struct {
	Path, Reason string
	Until        time.Time
	Held         bool
}

// pageLogs is how many lines of its log a run's page shows, the last ones.
const pageLogs = 100

// viewOf reads a run for a page.
func (c *Console) viewOf(r *http.Request) (engine.View, error) {
	v, err := c.o.Engine.View(r.Context(), r.PathValue("id"))
	return v, ofRun(err)
}

// ofRun makes an answer of an error about a run.
func ofRun(err error) error {
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return refusef(http.StatusNotFound, "There is no such run. It may have been pruned.")
	case errors.Is(err, journal.ErrAmbiguous):
		return refusef(http.StatusNotFound, "More than one run begins so; write more of its id.")
	}
	return err
}

func (c *Console) showRun(w http.ResponseWriter, r *http.Request) error {
	page, err := c.runPage(r)
	if err != nil {
		return err
	}
	return c.render(w, r, http.StatusOK, "run", page.Blueprint+"/"+page.Runbook+" "+page.Status, page)
}

// showLive is the part of a run's page that changes while it goes.
func (c *Console) showLive(w http.ResponseWriter, r *http.Request) error {
	page, err := c.runPage(r)
	if err != nil {
		return err
	}
	return c.write(w, http.StatusOK, "run", "live", page)
}

func (c *Console) runPage(r *http.Request) (*runPage, error) {
	v, err := c.viewOf(r)
	if err != nil {
		return nil, err
	}
	path := "/runs/" + url.PathEscape(v.JobUUID)
	p := &runPage{Head: v.Head, Path: path, Message: v.Message, Problem: v.Error, LogsPath: path + "/logs", TestPath: path + "/test",
		Ended: !v.EndedAt.IsZero()}
	if s := c.sessionOf(r); s != nil {
		p.Form = s.form
	}
	if c.runbookOf(v.Blueprint, v.Runbook) != nil {
		p.RunbookPath = "/blueprints/" + url.PathEscape(v.Blueprint) + "/" + url.PathEscape(v.Runbook)
	}
	end := v.EndedAt
	if end.IsZero() {
		end = c.now()
		p.Events = path + "/events"
		p.Live = path + "/live?" + r.URL.RawQuery
	}
	p.Took = took(end.Sub(v.AcceptedAt))
	p.SourceLink = c.placeOf(v)
	t := &tree{run: v.JobUUID, from: v.AcceptedAt, to: end, window: windowsOf(r.URL.Query()), room: valuesMost}
	t.link = func(at string, from int) string { return path + "?" + windowQuery(r.URL.Query(), at, from) + "#steps" }
	trigger, err := engine.ReadTrigger(r.Context(), c.o.Engine.Store(), v.JobUUID)
	if err != nil {
		return nil, ofRun(err)
	}
	p.Trigger = t.value("", "trigger", trigger)
	p.Outputs = t.outputs(v.Outputs)
	p.Tree = t.build(v.Steps)
	p.Steps, p.Hidden = t.steps, t.hidden
	p.LinesLeft = max(len(v.Logs)-pageLogs, 0)
	p.Lines = v.Logs[p.LinesLeft:]
	for _, s := range v.Steps {
		if (s.Status == "waiting" || s.Status == "held") && len(p.Waits) < 20 {
			p.Waits = append(p.Waits, wait{Path: s.Path, Reason: s.Waiting, Until: s.WakeAt, Held: s.Status == "held"})
		}
	}
	p.State = stateOf(v)
	status := journal.Status(v.Status)
	p.CanRetry = status == journal.Failed || status == journal.Cancelled
	p.CanCancel, p.IsHeld = !status.Ended(), status == journal.Held
	return p, nil
}

// stateOf names what a run has come to.
func stateOf(v engine.View) string {
	h := fnv.New64a()
	fmt.Fprint(h, v.Status, v.Attempt, v.WakeAt.UnixNano(), len(v.Steps), len(v.Logs))
	for _, s := range v.Steps {
		fmt.Fprint(h, s.Path, s.Status, s.Attempt, s.Count, s.WakeAt.UnixNano(), s.EndedAt.UnixNano(), s.Waiting)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

func (t *tree) outputs(raw json.RawMessage) []named {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return nil
	}
	var out []named
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := t.value(name, "outputs", values[name])
		if v.Text == "" {
			v.Text = string(values[name])
		}
		out = append(out, named{name, v})
	}
	return out
}

// placeOf is the line of the blueprint in force where a run has failed; "" if another version is in force.
func (c *Console) placeOf(v engine.View) string {
	if v.Error == nil || v.Error.File == "" {
		return ""
	}
	for _, bp := range c.o.Engine.Blueprints() {
		if bp.Name != v.Blueprint || bp.Digest != v.Version || bp.Files[v.Error.File] == nil {
			continue
		}
		q := url.Values{"file": {v.Error.File}, "show": {"force"}}
		if v.Error.Line > pageLines {
			q.Set("from", strconv.Itoa(v.Error.Line))
		}
		return "/blueprints/" + url.PathEscape(bp.Name) + "?" + q.Encode() + "#L" + strconv.Itoa(v.Error.Line)
	}
	return ""
}

// windowsOf reads where the windows of loops begin: w=PATH:N.
func windowsOf(query url.Values) map[string]int {
	out := map[string]int{}
	for _, w := range query["w"] {
		at := strings.LastIndexByte(w, ':')
		if at < 0 || len(out) >= 20 {
			continue
		}
		if n, err := strconv.Atoi(w[at+1:]); err == nil && n >= 0 {
			out[w[:at]] = n
		}
	}
	return out
}

func windowQuery(query url.Values, path string, from int) string {
	windows := windowsOf(query)
	windows[path] = from
	v := url.Values{}
	for _, at := range slices.Sorted(maps.Keys(windows)) {
		v.Add("w", at+":"+strconv.Itoa(windows[at]))
	}
	return v.Encode()
}

type logsPage struct {
	Run, Path string
	Lines     []engine.ViewLine
	Total     int
	Earlier   string
	Later     string
}

// wholeLogs is how many lines the page of a log has.
const wholeLogs = 500

func (c *Console) showLogs(w http.ResponseWriter, r *http.Request) error {
	v, err := c.viewOf(r)
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("from")) // what is no number is the beginning
	from = max(0, min(from, len(v.Logs)))
	to := min(from+wholeLogs, len(v.Logs))
	p := logsPage{Run: v.JobUUID, Path: "/runs/" + url.PathEscape(v.JobUUID), Lines: v.Logs[from:to], Total: len(v.Logs)}
	if from > 0 {
		p.Earlier = p.Path + "/logs?from=" + strconv.Itoa(max(from-wholeLogs, 0))
	}
	if to < len(v.Logs) {
		p.Later = p.Path + "/logs?from=" + strconv.Itoa(to)
	}
	return c.render(w, r, http.StatusOK, "logs", "Log of "+shortID(v.JobUUID), p)
}

type valuePage struct {
	Run, Path, Step, Part, Text string
}

// showValue is one value whole.
func (c *Console) showValue(w http.ResponseWriter, r *http.Request) error {
	v, err := c.viewOf(r)
	if err != nil {
		return err
	}
	p := valuePage{Run: v.JobUUID, Path: "/runs/" + url.PathEscape(v.JobUUID), Step: r.URL.Query().Get("path"), Part: r.URL.Query().Get("part")}
	var raw json.RawMessage
	switch p.Part {
	case "trigger":
		if raw, err = engine.ReadTrigger(r.Context(), c.o.Engine.Store(), v.JobUUID); err != nil {
			return ofRun(err)
		}
	case "outputs":
		var all map[string]json.RawMessage
		if err := json.Unmarshal(v.Outputs, &all); err != nil {
			return err
		}
		raw = all[p.Step]
	default:
		for _, s := range v.Steps {
			if s.Path == p.Step && p.Part == "arguments" {
				raw = s.Arguments
			} else if s.Path == p.Step {
				raw = s.Output
			}
		}
	}
	if raw == nil {
		return refusef(http.StatusNotFound, "The run has no such value.")
	}
	p.Text = pretty(raw)
	return c.render(w, r, http.StatusOK, "value", "A value of "+shortID(v.JobUUID), p)
}
