package sim

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	tokenPrefix = "sim-token-"
	patPrefix   = "pat-"
	maxTokens   = 10_000
)

// everyScope is what introspection says of a token that may do everything.
var everyScope = []string{"account:Read", "attachment:Read", "ci:Create", "ci:Read", "ci:Update", "me:Read", "person:Create",
	"person:Read", "person:Update", "request:Create", "request:Read", "request:Update", "team:Read"}

// tokens issues and knows access tokens (PLATFORM 2).
type tokens struct {
	clock       *clock
	life        time.Duration
	credentials map[string]string

	mu     sync.Mutex
	issued map[string]access
	order  []string            // of issue, for the bound
	scopes map[string][]string // what a client or personal access token may do, where that is not everything
}

// access is what a bearer stands for.
type access struct {
	client  string // client id, or the personal access token itself
	expires time.Time
}

func newTokens(c *clock, o Options) *tokens {
	return &tokens{clock: c, life: o.TokenLife, credentials: maps.Clone(o.Credentials), issued: map[string]access{}, scopes: map[string][]string{}}
}

// issue makes an opaque token.
func (t *tokens) issue(client string) string {
	text := tokenPrefix + randomHex(20)
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.order) >= maxTokens {
		delete(t.issued, t.order[0])
		t.order = t.order[1:]
	}
	t.issued[text] = access{client: client, expires: t.clock.now().Add(t.life)}
	t.order = append(t.order, text)
	return text
}

// revoke makes every token that was issued worthless, as a changed secret does.
func (t *tokens) revoke() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.issued)
	t.issued, t.order = map[string]access{}, nil
	return n
}

// limit sets what a client or personal access token may do; nil is everything.
func (t *tokens) limit(client string, scopes []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if scopes == nil {
		delete(t.scopes, client)
		return
	}
	if _, known := t.scopes[client]; known || len(t.scopes) < maxTokens {
		t.scopes[client] = scopes
	}
}

// scopesOf are those of a client; nil is everything.
func (t *tokens) scopesOf(client string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scopes[client]
}

// bearer finds who makes a request.
func (t *tokens) bearer(r *http.Request) (a access, text string, ok bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	text = strings.TrimSpace(text)
	if !strings.EqualFold(scheme, "bearer") || text == "" || len(text) > 8192 {
		return access{}, "", false
	}
	if !strings.HasPrefix(text, tokenPrefix) {
		return access{client: text}, text, t.credentials == nil || strings.HasPrefix(text, patPrefix)
	}
	t.mu.Lock()
	a, ok = t.issued[text]
	t.mu.Unlock()
	return a, text, ok && t.clock.now().Before(a.expires)
}

// serveToken exchanges client credentials for a token (PLATFORM 2.2, 2.3).
func (s *Sim) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		methodNotAllowed(w, http.MethodPost)
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The content type must be application/x-www-form-urlencoded.")
		return
	}
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The form cannot be read.")
		return
	}
	form := r.PostForm
	for _, name := range []string{"grant_type", "client_id", "client_secret"} {
		if len(form[name]) > 1 {
			oauthError(w, http.StatusBadRequest, "invalid_request", "The parameter "+name+" is given more than once.")
			return
		}
	}
	switch grant := form.Get("grant_type"); {
	case grant == "":
		oauthError(w, http.StatusBadRequest, "invalid_request", "The request is missing the parameter grant_type.")
		return
	case grant != "client_credentials":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported.")
		return
	}
	s.exchangeClient(w, form)
}

func (s *Sim) exchangeClient(w http.ResponseWriter, form url.Values) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if id == "" || secret == "" {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The request is missing client_id or client_secret.")
		return
	}
	if app, ours := s.application(id); ours {
		if !exchangeApplication(w, app, secret) {
			return
		}
	} else if s.tokens.credentials != nil {
		want, known := s.tokens.credentials[id]
		if !known || subtle.ConstantTimeCompare([]byte(want), []byte(secret)) != 1 {
			oauthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
			return
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, map[string]any{"access_token": s.tokens.issue(id), "token_type": "Bearer", "expires_in": int64(s.tokens.life / time.Second)})
}

// serveIntrospect tells what a token may do (PLATFORM 2.6).
func (s *Sim) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		methodNotAllowed(w, http.MethodGet)
		return
	}
	who, _, ok := s.tokens.bearer(r)
	if !ok {
		unauthorized(w)
		return
	}
	if app, ours := s.application(who.client); ours && !app.works() {
		unauthorized(w)
		return
	}
	scopes := s.scopesOf(who.client)
	if scopes == nil {
		scopes = everyScope
	}
	writeJSON(w, http.StatusOK, map[string]any{"active": true, "scopes": scopes})
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	writeMessage(w, http.StatusUnauthorized, "The access token is invalid, expired or revoked")
}

func methodNotAllowed(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	writeMessage(w, http.StatusMethodNotAllowed, "The method is not allowed here, only "+allowed)
}

// randomHex is n random bytes as text.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// newUUID is a random UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
