package sim

import "net/http"

// serveREST refuses what the simulated account has no REST for, as an API that is missing a path does: import, export and
// deletion are not simulated (PLATFORM 3.14).
func (s *Sim) serveREST(w http.ResponseWriter, r *http.Request, account string) {
	if _, _, _, ok := s.admit(w, r, account); ok {
		writeMessage(w, http.StatusNotFound, "Not Found: the simulated account answers GraphQL only")
	}
}
