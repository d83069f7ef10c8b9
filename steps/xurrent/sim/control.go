package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// maxControl bounds a control request, bytes.
const maxControl = 1 << 20

// maxWait is the longest that a control request waits for something to happen.
const maxWait = time.Minute

// controls are the endpoints under /sim/. All speak JSON; names of fields are those of the structs that they read.
//
//	GET    /sim/requests    what was asked: ?since=NUMBER&path=PREFIX&wait=DURATION; DELETE forgets it
//	GET    /sim/operations  how often each root field of GraphQL was executed, until the requests are forgotten
//	POST   /sim/faults      a rule of how requests go wrong (type fault); GET lists the rules, DELETE ends them
//	POST   /sim/limits      {rate, cost, window}, from now on
//	POST   /sim/scopes      {client, scopes}: what a client id or personal access token may do
//	DELETE /sim/tokens      revokes every access token
//	POST   /sim/policies    {account, algorithm, audience, expires_in}: a webhook policy, whose private key stays here
//	POST   /sim/deliver     sends a delivery to any URL and tells the answer (type deliverOrder)
//	POST   /sim/redeliver   {delivery}: sends it again, with a new id
//	GET    /sim/deliveries  ?event=NAME&delivery=ID&state=STATE&count=N&wait=DURATION
//	POST   /sim/rotate      {account}: its published keys are withdrawn
//	POST   /sim/advance     {by}: moves the simulated time ahead
//	GET    /sim/state       a summary
//
// appControls lists those of apps.
func (s *Sim) controls() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/requests", s.controlRequests)
	mux.HandleFunc("DELETE /sim/requests", func(w http.ResponseWriter, _ *http.Request) { s.recorder.clear(); done(w) })
	mux.HandleFunc("GET /sim/operations", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"operations": s.recorder.operations()})
	})
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"faults": s.faults.list()})
	})
	mux.HandleFunc("POST /sim/faults", s.controlFault)
	mux.HandleFunc("DELETE /sim/faults", func(w http.ResponseWriter, _ *http.Request) { s.faults.clear(); done(w) })
	mux.HandleFunc("POST /sim/limits", s.controlLimits)
	mux.HandleFunc("POST /sim/scopes", s.controlScopes)
	mux.HandleFunc("DELETE /sim/tokens", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]int{"revoked": s.tokens.revoke()})
	})
	mux.HandleFunc("POST /sim/policies", s.controlPolicy)
	mux.HandleFunc("POST /sim/deliver", s.controlDeliver)
	mux.HandleFunc("POST /sim/redeliver", s.controlRedeliver)
	mux.HandleFunc("GET /sim/deliveries", s.controlDeliveries)
	mux.HandleFunc("POST /sim/rotate", s.controlRotate)
	mux.HandleFunc("POST /sim/advance", s.controlAdvance)
	mux.HandleFunc("GET /sim/state", s.controlState)
	s.appControls(mux)
	return mux
}

// serveControl keeps web pages out: they can neither send JSON here from another origin, nor reach us under a name of theirs.
func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	if !s.localHost(r.Host) {
		controlError(w, http.StatusForbidden, fmt.Errorf("the control endpoints are not served under the name %q", r.Host))
		return
	}
	if r.Method == http.MethodPost {
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
			controlError(w, http.StatusUnsupportedMediaType, errors.New("the content type must be application/json"))
			return
		}
	}
	s.control.ServeHTTP(w, r)
}

// readControl reads a request's JSON; where it returns false the refusal is written.
func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	d.UseNumber()
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		controlError(w, http.StatusBadRequest, fmt.Errorf("the body cannot be read: %w", err))
		return false
	}
	return true
}

func controlError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func done(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

// controlRequests shows the requests after `since` whose path begins with `path`, and waits up to `wait` for the first.
func (s *Sim) controlRequests(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, err := strconv.ParseInt(first(query.Get("since"), "0"), 10, 64)
	wait, waitErr := waitOf(r)
	if err = errors.Join(err, waitErr); err != nil {
		controlError(w, http.StatusBadRequest, fmt.Errorf("since is a number and wait a duration: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	found, last, dropped := s.recorder.await(ctx, since, query.Get("path"))
	writeJSON(w, http.StatusOK, map[string]any{"requests": found, "last": last, "dropped": dropped})
}

func waitOf(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	return min(max(0, d), maxWait), err
}

func (s *Sim) controlFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if !readControl(w, r, &f) {
		return
	}
	if err := s.faults.add(&f); err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusCreated, map[string]int{"id": f.ID})
}

func (s *Sim) controlLimits(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Rate   int    `json:"rate"`
		Cost   int    `json:"cost"`
		Window string `json:"window"`
	}
	if !readControl(w, r, &in) {
		return
	}
	var length time.Duration
	if in.Window != "" {
		var err error
		if length, err = time.ParseDuration(in.Window); err != nil || length <= 0 {
			controlError(w, http.StatusBadRequest, fmt.Errorf("window %q is no duration above 0, such as \"1h\"", in.Window))
			return
		}
	}
	s.limits.set(in.Rate, in.Cost, length)
	rate, cost, length := s.limits.settings()
	writeJSON(w, http.StatusOK, map[string]any{"rate": rate, "cost": cost, "window": length.String()})
}

// controlScopes sets what a client, or a personal access token, may do; null is everything.
func (s *Sim) controlScopes(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Client string   `json:"client"`
		Scopes []string `json:"scopes"`
	}
	if readControl(w, r, &in) {
		s.tokens.limit(in.Client, in.Scopes)
		done(w)
	}
}

func (s *Sim) controlRedeliver(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Delivery string `json:"delivery"`
	}
	if !readControl(w, r, &in) {
		return
	}
	p, answer, err := s.courier.redeliver(r.Context(), in.Delivery)
	switch {
	case p == nil:
		controlError(w, http.StatusNotFound, err)
	case err != nil:
		controlError(w, http.StatusBadGateway, err)
	default:
		writeJSON(w, http.StatusOK, map[string]any{"delivery": p.id, "origin": p.origin, "status": answer.status, "body": answer.body})
	}
}

// controlDeliveries lists deliveries, of one `event` or one `delivery` where asked. It waits up to `wait` until as many as `count` are
// in the `state`.
func (s *Sim) controlDeliveries(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	count, err := strconv.Atoi(first(query.Get("count"), "1"))
	wait, waitErr := waitOf(r)
	if err = errors.Join(err, waitErr); err != nil {
		controlError(w, http.StatusBadRequest, fmt.Errorf("count is a number and wait a duration: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	for {
		all, changed := s.courier.list()
		all = slices.DeleteFunc(all, func(d deliveryView) bool {
			return query.Has("event") && d.Event != query.Get("event") || query.Has("delivery") && d.Delivery != query.Get("delivery") ||
				query.Has("state") && d.State != query.Get("state")
		})
		if len(all) < count {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
			}
		}
		writeJSON(w, http.StatusOK, map[string]any{"deliveries": all})
		return
	}
}

// controlRotate withdraws the published keys of an account.
func (s *Sim) controlRotate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Account string `json:"account"`
	}
	if readControl(w, r, &in) {
		s.keys.rotate(in.Account)
		done(w)
	}
}

func (s *Sim) controlAdvance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		By string `json:"by"`
	}
	if !readControl(w, r, &in) {
		return
	}
	d, err := time.ParseDuration(in.By)
	if err != nil || d <= 0 || d > 10*365*24*time.Hour {
		controlError(w, http.StatusBadRequest, fmt.Errorf("by %q is no duration above 0, such as \"1h\"", in.By))
		return
	}
	s.Advance(d)
	writeJSON(w, http.StatusOK, map[string]any{"now": s.clock.now().UTC()})
}

func (s *Sim) controlState(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	accounts := map[string]int{}
	for id := range s.accounts {
		accounts[id] = 0
	}
	s.mu.Unlock()
	for id := range accounts {
		accounts[id] = s.world.Account(id).Records()
	}
	rate, cost, length := s.limits.settings()
	files, kept := s.store.count()
	states := map[string]int{}
	all, _ := s.courier.list()
	for _, d := range all {
		states[d.State]++
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"now": s.clock.now().UTC(), "base": s.baseURL(), "addresses": AddressesOf(s.baseURL()), "accounts": accounts,
		"limits":   map[string]any{"rate": rate, "cost": cost, "window": length.String()},
		"storage":  map[string]any{"provider": s.options.Storage, "files": files, "bytes": kept},
		"webhooks": s.hooks.list(), "deliveries": states, "faults": len(s.faults.list()), "installations": len(s.apps.find("", "", "")),
	})
}
