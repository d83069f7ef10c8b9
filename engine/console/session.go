package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	sessionIdle = 12 * time.Hour     // without a request
	sessionLife = 7 * 24 * time.Hour // from the login
	linkLife    = 15 * time.Minute   // of a link that logs in
	maxSessions = 100                // at once; the one that was idle longest goes
	secretBytes = 32                 // of tokens and ids
)

// session is one browser that has logged in.
type session struct {
	form    string // is in every form of the session
	begun   time.Time
	seen    time.Time
	flash   string // said on the next page
	flashed bool   // flash is of something that failed
}

type digest = [sha256.Size]byte

// sessions are those who are logged in, by the digest of their ids, so that nothing here is worth stealing.
type sessions struct {
	now   func() time.Time
	mu    sync.Mutex // guards what follows
	byID  map[digest]*session
	links map[digest]time.Time // unused links, and until when
	tries *tries
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byID: map[digest]*session{}, links: map[digest]time.Time{}, tries: newTries(now)}
}

func randomText() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// begin makes a session in place of an older one of the same browser, and gives its id.
func (s *sessions) begin(old string) string {
	id := randomText()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(old)))
	var oldest digest
	for key, one := range s.byID {
		if !s.alive(one, now) {
			delete(s.byID, key)
		} else if first := s.byID[oldest]; first == nil || one.seen.Before(first.seen) {
			oldest = key
		}
	}
	if len(s.byID) >= maxSessions {
		delete(s.byID, oldest)
	}
	s.byID[sha256.Sum256([]byte(id))] = &session{form: randomText(), begun: now, seen: now}
	return id
}

func (s *sessions) alive(one *session, now time.Time) bool {
	return now.Sub(one.seen) < sessionIdle && now.Sub(one.begun) < sessionLife
}

// find is the session of an id, or nil.
func (s *sessions) find(id string) *session {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.byID[sha256.Sum256([]byte(id))]
	if one == nil || !s.alive(one, now) {
		return nil
	}
	one.seen = now
	return one
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

// say keeps a text for the session's next page.
func (s *sessions) say(one *session, failed bool, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.flash, one.flashed = text, failed
}

func (s *sessions) said(one *session) (text string, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, failed = one.flash, one.flashed
	one.flash, one.flashed = "", false
	return text, failed
}

// link makes a code that logs in once.
func (s *sessions) link() string {
	code := randomText()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, until := range s.links {
		if !now.Before(until) {
			delete(s.links, key)
		}
	}
	s.links[sha256.Sum256([]byte(code))] = now.Add(linkLife)
	return code
}

// redeem uses a code up.
func (s *sessions) redeem(code string) bool {
	key := sha256.Sum256([]byte(code))
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.links[key]
	delete(s.links, key)
	return ok && s.now().Before(until)
}

// cookieName tells the cookies of consoles on one host apart: a browser sends them to every port.
func (c *Console) cookieName() string {
	_, port, err := net.SplitHostPort(c.Address())
	if err != nil {
		port = "0"
	}
	if c.secure {
		return "__Host-currant_" + port
	}
	return "currant_" + port
}

func (c *Console) cookie(id string, age int) *http.Cookie {
	return &http.Cookie{Name: c.cookieName(), Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.secure, MaxAge: age}
}

// sessionOf is who asks, or nil.
func (c *Console) sessionOf(r *http.Request) *session {
	cookie, err := r.Cookie(c.cookieName())
	if err != nil || len(cookie.Value) > 100 {
		return nil
	}
	return c.sessions.find(cookie.Value)
}
