package console

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/lang"
)

// blueprintRow is a blueprint in the list of all, and the head of its page.
type blueprintRow struct {
	Name, Dir, Path  string // Path is of its page
	Description      string
	Version          string // in force; "" for none
	Errors, Warnings int    // of the text that was read last
	Runbooks         []runbookRow
}

// Stale says that what is in force is not what was read last.
func (b blueprintRow) Stale() bool { return b.Errors > 0 }

type runbookRow struct {
	Name, Description string
	Path              string
	Kind, Start       string // the trigger's kind, and how it is started
	Enabled           bool
}

// loaded is a directory as it was read last, or a blueprint in force that no directory is watched for.
type loaded struct {
	reload engine.Reload
	path   string
}

// blueprints are all directories that are watched, and all blueprints in force, by name.
func (c *Console) blueprints() []loaded {
	c.mu.Lock()
	reloads := maps.Clone(c.reloads)
	c.mu.Unlock()
	var out []loaded
	seen := map[string]bool{}
	for i, dir := range slices.Sorted(maps.Keys(reloads)) {
		l := loaded{reload: reloads[dir], path: "/directories/" + strconv.Itoa(i)}
		if bp := l.reload.Blueprint; bp != nil {
			l.path = "/blueprints/" + url.PathEscape(bp.Name)
			seen[bp.Name] = true
		}
		out = append(out, l)
	}
	for _, bp := range c.o.Engine.Blueprints() {
		if !seen[bp.Name] {
			out = append(out, loaded{reload: engine.Reload{Dir: bp.Dir, Blueprint: bp, Files: bp.Files}, path: "/blueprints/" + url.PathEscape(bp.Name)})
		}
	}
	slices.SortStableFunc(out, func(a, b loaded) int { return cmp.Compare(a.name(), b.name()) })
	return out
}

func (l loaded) name() string {
	if l.reload.Blueprint != nil {
		return l.reload.Blueprint.Name
	}
	return filepath.Base(filepath.Clean(l.reload.Dir))
}

func (c *Console) row(l loaded) blueprintRow {
	report := lang.NewReport(nil, l.reload.Diags)
	row := blueprintRow{Name: l.name(), Dir: l.reload.Dir, Path: l.path, Errors: report.ErrorCount, Warnings: report.WarningCount}
	bp := l.reload.Blueprint
	if bp == nil {
		return row
	}
	row.Version, row.Description = short(bp.Digest), bp.Description
	for _, rb := range bp.Runbooks {
		row.Runbooks = append(row.Runbooks, c.runbookRow(rb))
	}
	return row
}

func (c *Console) runbookRow(rb *compile.Runbook) runbookRow {
	return runbookRow{Name: rb.Name, Description: rb.Description, Path: "/blueprints/" + url.PathEscape(rb.Blueprint.Name) + "/" + url.PathEscape(rb.Name),
		Kind: rb.Trigger.Kind.Name, Start: c.howStarted(rb), Enabled: rb.Enabled}
}

// howStarted is the endpoint of a runbook, its schedule, or the command that starts it.
func (c *Console) howStarted(rb *compile.Runbook) string {
	switch k := rb.Trigger.Kind; {
	case k.Endpoint:
		return c.o.PublicURL + "/inbound/" + rb.Blueprint.Name + "/" + rb.Name
	case k.Schedule != nil:
		spec, err := k.Schedule(rb.Trigger.Args)
		if err != nil {
			return ""
		}
		return spec.String()
	case k.Name == "manual":
		return "currant run " + rb.Name
	}
	return ""
}

func (c *Console) showBlueprints(w http.ResponseWriter, r *http.Request) error {
	var rows []blueprintRow
	for _, l := range c.blueprints() {
		rows = append(rows, c.row(l))
	}
	return c.render(w, r, http.StatusOK, "blueprints", "Blueprints", rows)
}

// blueprintPage is a blueprint's runbooks and its source.
type blueprintPage struct {
	blueprintRow
	Took           string
	General        []lang.ReportDiagnostic // that point at no line shown in a file
	Files          []fileTab
	File           string
	Force          bool // the text in force is shown, not the one read last
	Lines          []sourceLine
	Earlier, Later string // links
	Total          int
}

type fileTab struct {
	Name, Link       string
	Errors, Warnings int
	Current          bool
}

func (c *Console) showBlueprint(w http.ResponseWriter, r *http.Request) error {
	for _, l := range c.blueprints() {
		if bp := l.reload.Blueprint; bp != nil && bp.Name == r.PathValue("blueprint") {
			return c.showSource(w, r, l)
		}
	}
	return refusef(http.StatusNotFound, "There is no blueprint %q in force.", r.PathValue("blueprint"))
}

func (c *Console) showDirectory(w http.ResponseWriter, r *http.Request) error {
	for _, l := range c.blueprints() {
		if l.path == "/directories/"+r.PathValue("nth") {
			return c.showSource(w, r, l)
		}
	}
	return refusef(http.StatusNotFound, "There is no such directory, or it holds a valid blueprint by now. Go by the list of blueprints.")
}

func (c *Console) showSource(w http.ResponseWriter, r *http.Request, l loaded) error {
	query := r.URL.Query()
	page := blueprintPage{blueprintRow: c.row(l), Force: query.Get("show") == "force" && l.reload.Blueprint != nil, Took: took(l.reload.Took)}
	texts := l.reload.Files
	var diags []lang.ReportDiagnostic
	if page.Force {
		texts = l.reload.Blueprint.Files
	} else {
		diags = lang.NewReport(texts, l.reload.Diags).Diagnostics
	}
	byFile := map[string][]lang.ReportDiagnostic{}
	for _, d := range diags {
		if d.Range == nil || texts[d.Range.Filename] == nil || holdsValues(d.Range.Filename) {
			page.General = append(page.General, d)
			continue
		}
		byFile[d.Range.Filename] = append(byFile[d.Range.Filename], d)
	}
	page.File = query.Get("file")
	names := slices.Sorted(maps.Keys(texts))
	names = slices.DeleteFunc(names, holdsValues)
	if !slices.Contains(names, page.File) && len(names) > 0 {
		page.File = names[0]
		for _, name := range names { // the first with something wrong in it
			if len(byFile[name]) > 0 {
				page.File = name
				break
			}
		}
	}
	link := func(file string, from int) string {
		v := url.Values{"file": {file}}
		if page.Force {
			v.Set("show", "force")
		}
		if from > 1 {
			v.Set("from", strconv.Itoa(from))
		}
		return l.path + "?" + v.Encode()
	}
	for _, name := range names {
		tab := fileTab{Name: filepath.Base(name), Link: link(name, 1), Current: name == page.File}
		for _, d := range byFile[name] {
			if d.Severity == "error" {
				tab.Errors++
			} else {
				tab.Warnings++
			}
		}
		page.Files = append(page.Files, tab)
	}
	from, _ := strconv.Atoi(query.Get("from")) // what is no number is the beginning
	if len(names) == 0 {
		return c.render(w, r, http.StatusOK, "blueprint", page.Name, page)
	}
	page.Lines, page.Total = sourceLines(page.File, texts[page.File], byFile[page.File], from, c.o.Secrets)
	if n := len(page.Lines); n > 0 {
		if first := page.Lines[0].N; first > 1 {
			page.Earlier = link(page.File, max(first-pageLines, 1))
		}
		if last := page.Lines[n-1].N; last < page.Total {
			page.Later = link(page.File, last+1)
		}
	}
	return c.render(w, r, http.StatusOK, "blueprint", page.Name, page)
}
