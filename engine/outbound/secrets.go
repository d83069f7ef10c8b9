package outbound

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// Sensitive stands where a secret stood.
const Sensitive = "(sensitive)"

// minSecret is the shortest secret that is looked for: shorter ones would turn
// every text into holes. minLine is the same for a line of a longer secret.
const (
	minSecret = 4
	minLine   = 16
)

// Secrets finds known secrets in text, in whatever form they got there: plain,
// JSON- or Go-escaped, URL-escaped, HTML-escaped, in base64 (at any offset, so
// within a Basic header too) and in hex. Secrets shorter than 4 bytes are
// ignored. Of a secret with several lines each long line counts by itself.
//
// It is safe for concurrent use, a nil *Secrets knows no secrets, and printing
// one shows only how many there are.
type Secrets struct {
	mu    sync.RWMutex
	known map[string]bool
	index formIndex
}

// formIndex finds the forms that may begin at a place of a text.
type formIndex struct {
	forms map[[minSecret]byte][]string // by their first bytes
	pairs *[1 << 16 / 64]uint64        // bit set: some form begins with these two bytes
}

func (x *formIndex) add(form string) {
	if x.forms == nil {
		x.forms = map[[minSecret]byte][]string{}
		x.pairs = new([1 << 16 / 64]uint64)
	}
	key := [minSecret]byte([]byte(form[:minSecret]))
	x.forms[key] = append(x.forms[key], form)
	p := uint16(key[0])<<8 | uint16(key[1])
	x.pairs[p/64] |= 1 << (p % 64)
}

// NewSecrets returns a set that knows the given secrets.
func NewSecrets(secrets ...string) *Secrets {
	s := &Secrets{}
	s.Add(secrets...)
	return s
}

// Add makes more secrets known.
func (s *Secrets) Add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		s.add(secret)
		trimmed := strings.TrimSpace(secret)
		s.add(trimmed)
		if !strings.Contains(trimmed, "\n") {
			continue
		}
		for line := range strings.SplitSeq(trimmed, "\n") {
			line = strings.TrimSpace(line)
			// "-----BEGIN PRIVATE KEY-----" is not the secret part of a key.
			if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
				s.add(line)
			}
		}
	}
}

func (s *Secrets) add(secret string) {
	if len(secret) < minSecret || s.known[secret] {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[secret] = true
	for _, f := range formsOf(secret) {
		s.index.add(f)
	}
}

// Redact replaces every occurrence of a secret by "(sensitive)". Occurrences
// that overlap or touch become one.
func (s *Secrets) Redact(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var b strings.Builder
	done := 0
	for from, to, ok := next(&s.index, text, 0); ok; {
		b.WriteString(text[done:from])
		b.WriteString(Sensitive)
		done = to
		from, to, ok = next(&s.index, text, to)
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// Contains reports whether a secret occurs in data.
func (s *Secrets) Contains(data []byte) bool {
	if s == nil {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, _, ok := next(&s.index, data, 0)
	return ok
}

// next finds the first stretch at or after start that secrets cover: the union
// of occurrences that overlap, so that no tail of a secret is left standing.
func next[T string | []byte](x *formIndex, text T, start int) (from, to int, ok bool) {
	if x.forms == nil {
		return 0, 0, false
	}
	for i := start; i+minSecret <= len(text); i++ {
		if ok && i > to {
			break
		}
		if p := uint16(text[i])<<8 | uint16(text[i+1]); x.pairs[p/64]&(1<<(p%64)) == 0 {
			continue
		}
		key := [minSecret]byte{text[i], text[i+1], text[i+2], text[i+3]}
		for _, f := range x.forms[key] {
			if end := i + len(f); end <= len(text) && string(text[i:end]) == f {
				if !ok {
					from, ok = i, true
				}
				to = max(to, end)
			}
		}
	}
	return from, to, ok
}

func (s *Secrets) count() int {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.known)
}

// String says how many secrets are known.
func (s *Secrets) String() string { return fmt.Sprintf("Secrets(%d)", s.count()) }

// GoString is String, so that %#v shows nothing more.
func (s *Secrets) GoString() string { return s.String() }

// Format is String for every verb: %+v of a struct must not reach the fields.
func (s *Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is String.
func (s *Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON is String.
func (s *Secrets) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", s.String()), nil }
