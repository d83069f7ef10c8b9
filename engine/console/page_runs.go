package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"currant/engine/journal"
	"currant/engine/lang"
)

// runRow is a run in a list.
type runRow struct {
	ID, Status, Blueprint, Runbook, Context, Summary string
	Attempt                                          int
	Accepted                                         time.Time
	Took                                             string
	Path                                             string
}

func (c *Console) rows(runs []journal.Run) []runRow {
	var out []runRow
	for _, r := range runs {
		row := runRow{ID: r.ID, Status: string(r.Status), Blueprint: r.Blueprint, Runbook: r.Runbook, Context: cut(r.Context, 120), Summary: cut(r.Summary, 240),
			Attempt: r.Attempt, Accepted: r.AcceptedAt, Path: "/runs/" + url.PathEscape(r.ID)}
		switch {
		case !r.EndedAt.IsZero():
			row.Took = took(r.EndedAt.Sub(r.AcceptedAt))
		case r.Status == journal.Waiting && !r.WakeAt.IsZero():
			row.Took = "until " + stamp(r.WakeAt)
		}
		out = append(out, row)
	}
	return out
}

// search is what the form of the list holds.
type search struct {
	Runbook, Status, Context, Since, Until, Text string
}

type runsPage struct {
	search
	Problem  string // what of the search cannot be read
	Statuses []string
	Known    []string // runbooks in force
	Runs     []runRow
	Older    string // link to the next page
	Newest   string // link to the first page, from another one
	Narrowed bool
	Took     string
}

var statuses = []string{string(journal.Queued), string(journal.Running), string(journal.Waiting), string(journal.Held),
	string(journal.Finished), string(journal.Failed), string(journal.Cancelled)}

// pageRuns is how many runs a page of the list has.
const pageRuns = 50

func (c *Console) showRuns(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	page := runsPage{Statuses: statuses, search: search{Runbook: query.Get("runbook"), Status: query.Get("status"), Context: query.Get("context"),
		Since: query.Get("since"), Until: query.Get("until"), Text: query.Get("text")}}
	page.Narrowed = page.search != search{}
	for _, bp := range c.o.Engine.Blueprints() {
		page.Known = append(page.Known, bp.Name)
		for _, rb := range bp.Runbooks {
			page.Known = append(page.Known, bp.Name+"/"+rb.Name)
		}
	}
	if page.Runbook != "" && !slices.Contains(page.Known, page.Runbook) {
		page.Known = append(page.Known, page.Runbook) // one that is not in force any more
	}
	f, problem := page.filter(c.now())
	f.Limit = pageRuns + 1
	f.BeforeSeq, _ = strconv.ParseInt(query.Get("before"), 10, 64) // what is no number is the first page
	status := http.StatusOK
	if page.Problem = problem; problem != "" {
		status = http.StatusBadRequest
	} else {
		begun := time.Now()
		runs, err := c.o.Engine.Store().List(r.Context(), f)
		if err != nil {
			return err
		}
		link := page.link()
		if f.BeforeSeq > 0 {
			page.Newest = "/runs?" + link.Encode()
		}
		if len(runs) > pageRuns {
			runs = runs[:pageRuns]
			link.Set("before", strconv.FormatInt(runs[pageRuns-1].Seq, 10))
			page.Older = "/runs?" + link.Encode()
		}
		page.Runs = c.rows(runs)
		page.Took = took(time.Since(begun))
	}
	return c.render(w, r, status, "runs", "Runs", page)
}

func (s search) link() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"runbook": s.Runbook, "status": s.Status, "context": s.Context, "since": s.Since, "until": s.Until, "text": s.Text} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func (s search) filter(now time.Time) (f journal.Filter, problem string) {
	f = journal.Filter{Blueprint: s.Runbook, Status: journal.Status(s.Status), Context: s.Context, Text: strings.TrimSpace(s.Text)}
	if bp, rb, ok := strings.Cut(s.Runbook, "/"); ok {
		f.Blueprint, f.Runbook = bp, rb
	}
	if s.Status != "" && !slices.Contains(statuses, s.Status) {
		return f, "There is no status " + strconv.Quote(s.Status) + "."
	}
	for _, moment := range []struct {
		text string
		to   *time.Time
	}{{s.Since, &f.Since}, {s.Until, &f.Until}} {
		at, ok := momentOf(moment.text, now)
		if !ok {
			return f, strconv.Quote(moment.text) + " is no time. Write a date such as 2026-11-22, a time such as 2026-11-22 08:00, or a duration ago such as 24h."
		}
		*moment.to = at
	}
	return f, ""
}

// momentOf reads a time, a date in the runner's zone, or a duration before now; "" is the zero time.
func momentOf(s string, now time.Time) (time.Time, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, true
	}
	if d, err := lang.ParseDuration(s); err == nil {
		return now.Add(-d), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
