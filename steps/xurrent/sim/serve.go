package sim

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds every body but an uploaded file, bytes.
const maxBody = 10 << 20

// Paths of the doors.
const (
	pathGraphQL    = "/graphql"
	pathToken      = "/oauth/token"
	pathIntrospect = "/introspect"
	pathStorage    = "/storage/"
	pathAsync      = "/async/"
	pathAccounts   = "/accounts/"
	pathREST       = "/rest/v1/"
	pathControl    = "/sim/"
)

// ServeHTTP answers everything that the simulated service has, under one address.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	if strings.HasPrefix(r.URL.Path, pathControl) {
		s.serveControl(w, r)
		if r.Method != http.MethodGet {
			s.activity.Add(1)
		}
		return
	}
	defer s.activity.Add(1)
	began := time.Now()
	account := accountHeader(r)
	var body []byte
	tooLarge := false
	if !strings.HasPrefix(r.URL.Path, pathStorage) {
		var err error
		body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return // the client went away while it sent
		}
		tooLarge = len(body) > maxBody
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	entry := begin(r, account, body, s.clock.now())
	answer := newReply()
	answer.header.Set("x-request-id", newUUID())
	entry.RequestID = answer.header.Get("x-request-id")

	f, err := s.faultOf(r, account, body)
	switch {
	case err != nil:
		writeMessage(answer, http.StatusBadRequest, err.Error())
	case tooLarge:
		writeMessage(answer, http.StatusRequestEntityTooLarge, "The body is larger than "+strconv.Itoa(maxBody)+" bytes")
	case f == nil || f.handles():
		s.route(answer, r, account, &entry)
	}
	if strings.HasPrefix(r.URL.Path, pathStorage) {
		_, _ = io.CopyN(io.Discard, r.Body, maxFileKept) // who is refused in the middle of a file still reads why
	}
	// What was asked is on record before the answer is out, so that who has the answer finds the record.
	if answer.WriteHeader(http.StatusOK); f != nil {
		entry.Fault = f.Kind
		f.spoil(answer, s.clock.now())
	}
	entry.Status, entry.Took = answer.status, float64(time.Since(began).Microseconds())/1000
	s.recorder.add(entry)
	if f == nil {
		answer.send(w, r)
		return
	}
	s.log.Info("fault", "kind", f.Kind, "path", r.URL.Path, "account", account)
	s.sendFault(w, r, f, answer)
}

// route hands a request to its door.
func (s *Sim) route(w http.ResponseWriter, r *http.Request, account string, entry *recorded) {
	switch path := r.URL.Path; {
	case path == pathGraphQL || path == pathGraphQL+"/":
		s.serveGraphQL(w, r, account, entry)
	case path == pathToken:
		s.serveToken(w, r)
	case path == pathIntrospect:
		s.serveIntrospect(w, r)
	case strings.HasPrefix(path, pathStorage):
		s.serveStorage(w, r, entry)
	case strings.HasPrefix(path, pathAsync):
		s.serveAsync(w, r)
	case strings.HasPrefix(path, pathAccounts):
		s.serveAccount(w, r)
	case strings.HasPrefix(path, pathREST):
		s.serveREST(w, r, account)
	default:
		writeMessage(w, http.StatusNotFound, "Not Found")
	}
}

func (s *Sim) faultOf(r *http.Request, account string, body []byte) (*fault, error) {
	if text := r.Header.Get("X-Sim-Fault"); text != "" {
		return headerFault(text)
	}
	return s.faults.pick(r, account, body), nil
}

// accountHeader is the account id that a request names (PLATFORM 1.6), in the new spelling or the old.
func accountHeader(r *http.Request) string {
	if id := r.Header.Get("X-Xurrent-Account"); id != "" {
		return id
	}
	return r.Header.Get("X-4me-Account")
}

// learnBase remembers where the simulated account is reached, unless it was told.
func (s *Sim) learnBase(r *http.Request) {
	s.mu.Lock()
	learned := s.learned
	s.mu.Unlock()
	if learned || r.Host == "" {
		return
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	s.moveTo(scheme+r.Host, false)
}

// localHost says whether a Host header may use the control endpoints: an address, localhost, or the host that was set. A page
// of another name that a browser was lured to resolve to us is neither.
func (s *Sim) localHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if net.ParseIP(name) != nil || strings.EqualFold(name, "localhost") {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.baseSet && strings.HasSuffix(s.base, "://"+host)
}
