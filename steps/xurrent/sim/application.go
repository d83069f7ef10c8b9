package sim

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

// clientPrefix begins the client ids of installations' OAuth applications: one that is gone is never taken for any client.
const clientPrefix = "sim-app-"

// Grants of OAuth applications (PLATFORM 7.9), as the parts of a secrets delivery are named.
const (
	grantClient        = "client_credentials"
	grantAuthorization = "authorization_code"
)

// application is an OAuth application that an installation has in the customer account (PLATFORM 7.2 step 5).
type application struct {
	nodeID, clientID, secret string
	grant                    string
	scopes                   []string // nil is everything; apps.mu guards it
	of                       *installation
}

func (s *Sim) newApplication(in *installation, grant string, scopes []string) *application {
	return &application{nodeID: sampleNode("OauthApplication", s.lines.Add(1)), clientID: clientPrefix + randomHex(16), secret: randomHex(32),
		grant: grant, scopes: scopes, of: in}
}

// delivered is the application in a secrets delivery (PLATFORM 7.3).
func (a *application) delivered() map[string]any {
	return map[string]any{"nodeID": a.nodeID, "client_id": a.clientID, "client_secret": a.secret}
}

// grantsOf gives the actions that an offering's scopes allow, by grant. A scope without actions allows everything: nil.
func grantsOf(a *graph.Account, offering map[string]any) map[string][]string {
	grants, all, denied := map[string][]string{}, map[string]bool{}, map[string][]string{}
	list, _ := offering["scopes"].([]any)
	for _, e := range list {
		to, _ := e.(map[string]any)
		scope, _ := a.Get("AppOfferingScope", text(to, "id"))
		grant, actions := first(text(scope, "grantType"), grantClient), texts(scope["actions"])
		if text(scope, "effect") == "deny" {
			denied[grant] = append(denied[grant], actions...)
			continue
		}
		all[grant] = all[grant] || len(actions) == 0
		grants[grant] = append(grants[grant], actions...)
	}
	for grant := range grants {
		if all[grant] {
			grants[grant] = nil
			continue
		}
		grants[grant] = slices.DeleteFunc(grants[grant], func(a string) bool { return slices.Contains(denied[grant], a) })
	}
	return grants
}

// application finds who has a client id; ours says that it is, or was, an installation's.
func (s *Sim) application(client string) (app *application, ours bool) {
	if !strings.HasPrefix(client, clientPrefix) {
		return nil, false
	}
	s.apps.mu.Lock()
	defer s.apps.mu.Unlock()
	return s.apps.clients[client], true
}

// works says whether the application may be used: its installation is there and none of its switches is off.
func (a *application) works() bool { return a != nil && !a.of.stopped.Load() }

// exchangeApplication is the token request of an installation's application; where it returns false the refusal is written.
func exchangeApplication(w http.ResponseWriter, app *application, secret string) bool {
	switch {
	case !app.works() || subtle.ConstantTimeCompare([]byte(app.secret), []byte(secret)) != 1:
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
	case app.grant != grantClient:
		oauthError(w, http.StatusBadRequest, "unauthorized_client", "The client may not use this grant type.")
	default:
		return true
	}
	return false
}

// mayEnter says whether who makes a request may be in an account: the token of an installation is good for the customer's only, and
// worthless while the installation is switched off. Where it returns false the refusal is written.
func (s *Sim) mayEnter(w http.ResponseWriter, who access, account string) bool {
	app, ours := s.application(who.client)
	switch {
	case !ours:
		return true
	case !app.works():
		unauthorized(w)
	case app.of.customer.ID() != account:
		writeMessage(w, http.StatusForbidden, "The access token gives no access to the account "+account)
	default:
		return true
	}
	return false
}

// scopesOf are the scopes of a client; nil is everything.
func (s *Sim) scopesOf(client string) []string {
	if scopes := s.tokens.scopesOf(client); scopes != nil {
		return scopes
	}
	s.apps.mu.Lock()
	defer s.apps.mu.Unlock()
	if app := s.apps.clients[client]; app != nil {
		return app.scopes
	}
	return nil
}
