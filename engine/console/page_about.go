package console

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"currant/engine"
	"currant/engine/journal"
)

type aboutPage struct {
	Version, Go, Platform string
	Up                    string
	Started               time.Time
	PublicURL, Dir        string
	Zone                  string
	Healthy, Ready        bool
	Trouble               []string
	Busy                  engine.Load
	Counts                []count
	Accepted              int64
	Pprof                 bool
}

// health is whether the process can do its work.
func (c *Console) health() error { return c.o.Engine.Store().Err() }

func (c *Console) ready() (bool, []string) {
	if err := c.health(); err != nil {
		return false, []string{"the store takes no more writes: " + err.Error()}
	}
	if c.o.Ready == nil {
		return true, nil
	}
	return c.o.Ready()
}

func (c *Console) showAbout(w http.ResponseWriter, r *http.Request) error {
	counts, err := c.o.Engine.Store().Counts(r.Context())
	if err != nil {
		return err
	}
	zone, _ := time.Now().Zone()
	p := aboutPage{Version: c.o.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Up: took(c.now().Sub(c.started)), Started: c.started,
		PublicURL: c.o.PublicURL, Dir: c.o.Dir, Zone: zone, Healthy: c.health() == nil, Busy: c.o.Engine.Busy(), Accepted: counts.Accepted, Pprof: c.o.Pprof}
	p.Ready, p.Trouble = c.ready()
	for _, status := range statuses {
		p.Counts = append(p.Counts, count{status, int(counts.ByStatus[journal.Status(status)])})
	}
	return c.render(w, r, http.StatusOK, "about", "About", p)
}

// healthz and readyz say yes or no to anyone, and why to those who are logged in (promise W10).
func (c *Console) healthz(w http.ResponseWriter, r *http.Request) error {
	err := c.health()
	var why []string
	if err != nil {
		why = []string{err.Error()}
	}
	return c.probe(w, r, err == nil, why)
}

func (c *Console) readyz(w http.ResponseWriter, r *http.Request) error {
	ok, why := c.ready()
	return c.probe(w, r, ok, why)
}

func (c *Console) probe(w http.ResponseWriter, r *http.Request, ok bool, why []string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok\n"
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = "unavailable\n"
	}
	if c.sessionOf(r) != nil || r.Header.Get("Authorization") != "" && c.bearer(r) == nil {
		for _, line := range why {
			text += shown(strings.ReplaceAll(line, "\n", " ")) + "\n"
		}
	}
	_, _ = fmt.Fprint(w, text)
	return nil
}
