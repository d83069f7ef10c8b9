package console

import (
	"net/http"
	"net/http/pprof"
)

// route is one page, or one thing that can be done.
type route struct {
	pattern string
	who     access
	serve   func(w http.ResponseWriter, r *http.Request) error
}

// register makes the table of all routes.
func (c *Console) register() {
	c.routes = []route{
		{"GET /{$}", loggedIn, c.showBlueprints},
		{"GET /blueprints/{blueprint}", loggedIn, c.showBlueprint},
		{"GET /blueprints/{blueprint}/{runbook}", loggedIn, c.showRunbook},
		{"GET /directories/{nth}", loggedIn, c.showDirectory},
		{"GET /runs", loggedIn, c.showRuns},
		{"GET /runs/{id}", loggedIn, c.showRun},
		{"GET /runs/{id}/live", loggedIn, c.showLive},
		{"GET /runs/{id}/events", loggedIn, c.streamRun},
		{"GET /runs/{id}/logs", loggedIn, c.showLogs},
		{"GET /runs/{id}/value", loggedIn, c.showValue},
		{"GET /runs/{id}/test", loggedIn, c.showTest},
		{"POST /runs/{id}/retry", loggedIn, c.retryRun},
		{"POST /runs/{id}/cancel", loggedIn, c.cancelRun},
		{"POST /runs/{id}/resume", loggedIn, c.resumeRun},
		{"GET /connections", loggedIn, c.showConnections},
		{"GET /apps", loggedIn, c.showApps},
		{"GET /about", loggedIn, c.showAbout},
		{"POST /logout", loggedIn, c.logout},
		{"GET /metrics", machine, c.metrics},
		{"GET /login", public, c.showLogin},
		{"POST /login", public, c.login},
		{"GET /healthz", public, c.healthz},
		{"GET /readyz", public, c.readyz},
		{"GET /assets/{name}", public, c.asset},
	}
	if c.o.Pprof {
		for pattern, h := range map[string]http.HandlerFunc{"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline,
			"/debug/pprof/profile": pprof.Profile, "/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace} {
			c.routes = append(c.routes, route{"GET " + pattern, machine, func(w http.ResponseWriter, r *http.Request) error { h(w, r); return nil }})
		}
	}
	c.mux, c.who = http.NewServeMux(), map[string]access{}
	for _, r := range c.routes {
		c.who[r.pattern] = r.who
		c.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			if err := r.serve(w, req); err != nil {
				c.fail(w, req, c.sessionOf(req), err)
			}
		})
	}
	c.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		c.fail(w, req, c.sessionOf(req), refusef(http.StatusNotFound, "There is no such page."))
	})
}
