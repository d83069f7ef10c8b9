package console

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"currant/engine/compile"
	"currant/engine/graph"
	"currant/engine/journal"
	"currant/engine/lang"
)

type runbookPage struct {
	runbookRow
	Blueprint, BlueprintPath string
	Endpoint                 bool
	Source                   string // link to its text
	Concurrency              string
	Timeout, Retention       string
	Steps                    int
	Picture                  template.HTML
	Runs                     []runRow
	All                      string // link to all its runs
}

func (c *Console) runbookOf(blueprint, name string) *compile.Runbook {
	for _, bp := range c.o.Engine.Blueprints() {
		if bp.Name == blueprint {
			return bp.Runbook(name)
		}
	}
	return nil
}

// lastRuns is how many runs a runbook's page shows.
const lastRuns = 10

func (c *Console) showRunbook(w http.ResponseWriter, r *http.Request) error {
	rb := c.runbookOf(r.PathValue("blueprint"), r.PathValue("runbook"))
	if rb == nil {
		return refusef(http.StatusNotFound, "There is no runbook %s/%s in force.", r.PathValue("blueprint"), r.PathValue("runbook"))
	}
	row := c.runbookRow(rb)
	page := runbookPage{runbookRow: row, Blueprint: rb.Blueprint.Name, BlueprintPath: "/blueprints/" + url.PathEscape(rb.Blueprint.Name),
		Endpoint: rb.Trigger.Kind.Endpoint, Concurrency: strings.ReplaceAll(rb.Concurrency, "_", " "), Timeout: lang.FormatDuration(rb.Timeout),
		Retention: lang.FormatDuration(rb.Retention), Steps: len(rb.Nodes)}
	at := rb.Range
	v := url.Values{"file": {at.Filename}, "show": {"force"}}
	if at.Start.Line > pageLines {
		v.Set("from", fmt.Sprint(at.Start.Line))
	}
	page.Source = fmt.Sprintf("%s?%s#L%d", page.BlueprintPath, v.Encode(), at.Start.Line)
	var picture strings.Builder
	if err := graph.WriteInline(&picture, graph.New(rb)); err != nil {
		return err
	}
	page.Picture = template.HTML(picture.String()) // package graph escapes what names hold
	runs, err := c.o.Engine.Store().List(r.Context(), journal.Filter{Blueprint: rb.Blueprint.Name, Runbook: rb.Name, Limit: lastRuns})
	if err != nil {
		return err
	}
	page.Runs = c.rows(runs)
	page.All = "/runs?" + url.Values{"runbook": {rb.Blueprint.Name + "/" + rb.Name}}.Encode()
	return c.render(w, r, http.StatusOK, "runbook", rb.Blueprint.Name+"/"+rb.Name, page)
}
