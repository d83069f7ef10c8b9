package sim

import (
	"net/http"
	"strconv"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

const (
	discoverySuffix = "/.well-known/openid-configuration"
	keySetSuffix    = "/.well-known/jwks.json"
	policyPart      = "webhook_policies/"
)

// serveAccount is the account's own address: OpenID discovery (PLATFORM 6.8), the callback of webhook.verify (PLATFORM 6.9)
// and the end of an app's configuration (PLATFORM 7.2 step 6).
func (s *Sim) serveAccount(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		methodNotAllowed(w, http.MethodGet)
		return
	}
	account, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, pathAccounts), "/")
	if !validAccount(account) {
		writeMessage(w, http.StatusNotFound, "Not Found")
		return
	}
	rest = "/" + rest
	if number, ok := strings.CutPrefix(rest, "/webhooks/"); ok && strings.HasSuffix(number, "/verify") {
		s.serveVerify(w, r, account, strings.TrimSuffix(number, "/verify"))
		return
	}
	if number, ok := strings.CutPrefix(rest, "/app_instances/"); ok && strings.HasSuffix(number, "/confirm") {
		s.serveConfirmation(w, r, account, strings.TrimSuffix(number, "/confirm"))
		return
	}
	if below, ok := strings.CutSuffix(rest, discoverySuffix); ok {
		s.serveDiscovery(w, account, below)
		return
	}
	if below, ok := strings.CutSuffix(rest, keySetSuffix); ok {
		s.serveKeySet(w, account, below)
		return
	}
	writeMessage(w, http.StatusNotFound, "Not Found")
}

// issuerKeys are the keys of an issuer: of the account itself, or of one of its policies.
func (s *Sim) issuerKeys(account, below string) ([]*signingKey, bool) {
	if below == "" {
		return s.keys.published(account), true
	}
	number, ok := strings.CutPrefix(below, "/"+policyPart)
	n, err := strconv.ParseInt(number, 10, 64)
	a, known := s.existing(account)
	if !ok || err != nil || !known {
		return nil, false
	}
	for _, policy := range a.All("WebhookPolicy") {
		if graph.Number(text(policy, "id")) == n {
			key, err := s.keys.ofPolicy(policy)
			if err != nil {
				return nil, false
			}
			return []*signingKey{key}, true
		}
	}
	return nil, false
}

// existing finds an account that is there already: a stranger's path makes none.
func (s *Sim) existing(id string) (*graph.Account, bool) {
	s.mu.Lock()
	there := s.accounts[id]
	s.mu.Unlock()
	if !there {
		return nil, false
	}
	return s.world.Account(id), true
}

func (s *Sim) serveDiscovery(w http.ResponseWriter, account, below string) {
	if _, ok := s.issuerKeys(account, below); !ok {
		writeMessage(w, http.StatusNotFound, "Not Found")
		return
	}
	issuer := s.accountURL(account) + below
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": issuer, "jwks_uri": issuer + keySetSuffix, "response_types_supported": []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"},
	})
}

func (s *Sim) serveKeySet(w http.ResponseWriter, account, below string) {
	list, ok := s.issuerKeys(account, below)
	if !ok {
		writeMessage(w, http.StatusNotFound, "Not Found")
		return
	}
	set := []map[string]string{}
	for _, key := range list {
		if public, ok := key.jwk(); ok {
			set = append(set, public)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": set})
}

// text is a record's field as text, "" where it has none.
func text(record map[string]any, field string) string {
	t, _ := record[field].(string)
	return t
}

// related is the node id of the record that a field points to.
func related(record map[string]any, field string) string {
	to, _ := record[field].(map[string]any)
	return text(to, "id")
}
