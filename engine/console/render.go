package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
)

//go:embed assets pages
var files embed.FS

// views are the pages' templates by name, each with the frame around it.
type views map[string]*template.Template

// parseViews reads the templates: frame.html and part_*.html are in every page.
func parseViews() (views, error) {
	shared, err := template.New("frame").Funcs(functions).ParseFS(files, "pages/frame.html", "pages/part_*.html")
	if err != nil {
		return nil, err
	}
	names, err := files.ReadDir("pages")
	if err != nil {
		return nil, err
	}
	out := views{}
	for _, f := range names {
		name, isPage := strings.CutSuffix(f.Name(), ".html")
		if !isPage || name == "frame" || strings.HasPrefix(name, "part_") {
			continue
		}
		own, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if out[name], err = own.ParseFS(files, path.Join("pages", f.Name())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// frame is what stands around a page.
type frame struct {
	Title, Section string
	Form           string // the session's form token; "" for those who are not logged in
	Flash          string
	Failed         bool // Flash tells of something that failed
	Page           any
}

// section is the part of the navigation that a page belongs to.
var section = map[string]string{"blueprints": "blueprints", "blueprint": "blueprints", "runbook": "blueprints", "directory": "blueprints",
	"runs": "runs", "run": "runs", "logs": "runs", "value": "runs", "test": "runs", "connections": "connections", "apps": "apps", "about": "about"}

// render writes a page whole, or nothing of it.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name, title string, page any) error {
	f := frame{Title: title, Section: section[name], Page: page}
	if s := c.sessionOf(r); s != nil {
		f.Form = s.form
		f.Flash, f.Failed = c.sessions.said(s)
	}
	return c.write(w, status, name, "frame", f)
}

func (c *Console) write(w http.ResponseWriter, status int, name, block string, data any) error {
	var b bytes.Buffer
	if err := c.views[name].ExecuteTemplate(&b, block, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // whoever left needs no page
	return nil
}

type failedPage struct {
	Status  int
	Message string
}

// fail answers with what went wrong. A browser that has to log in is sent to do so.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, s *session, err error) {
	var known *httpError
	if !errors.As(err, &known) {
		c.log.Error("console: a page failed", "path", shown(r.URL.Path), "error", err)
		known = &httpError{http.StatusInternalServerError, "The console could not make the page: " + err.Error()}
		if s == nil {
			known.message = "The console could not make the page."
		}
	}
	if known == errLogin && r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if known == errTries {
		w.Header().Set("Retry-After", "60")
	}
	if s == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(known.status)
		_, _ = fmt.Fprintln(w, known.message)
		return
	}
	f := frame{Title: http.StatusText(known.status), Form: s.form, Page: failedPage{known.status, known.message}}
	if err := c.write(w, known.status, "failed", "frame", f); err != nil {
		c.log.Error("console: a page failed", "error", err)
	}
}

// assetTypes are the files that are no pages, and their types.
var assetTypes = map[string]string{"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}

func (c *Console) asset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	kind, ok := assetTypes[name]
	if !ok {
		return refusef(http.StatusNotFound, "There is no such page.")
	}
	text, err := files.ReadFile("assets/" + name)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text)
	return nil
}
