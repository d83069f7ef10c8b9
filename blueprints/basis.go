package blueprints

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// ledger collects what a plan depends on.
type ledger struct {
	salt    string
	entries []any
	secrets map[string]string
}

// concealRounds make guessing a secret from a basis slow.
const concealRounds = 100_000

func (l *ledger) field(t *thing, w *wish, before, after any, sensitive bool) {
	is, will := w.canon(before), w.canon(after)
	if sensitive {
		is, will = l.conceal(is), l.conceal(will)
	}
	l.note(t.change.Address, w.path, is, will)
}

func (l *ledger) thing(t *thing) {
	l.note(t.change.Address, string(t.change.Action), t.id, t.active, t.activate, t.link)
}

func (l *ledger) note(entry ...any) { l.entries = append(l.entries, entry) }

// conceal is a value's name in the basis, from which the value is hard to guess.
func (l *ledger) conceal(v any) any {
	text := encoded(v)
	if known, ok := l.secrets[text]; ok {
		return known
	}
	key, err := pbkdf2.Key(sha256.New, text, []byte("currant basis "+l.salt), concealRounds, sha256.Size)
	if err != nil {
		return nil // only of lengths that no hash has
	}
	if l.secrets == nil {
		l.secrets = map[string]string{}
	}
	l.secrets[text] = hex.EncodeToString(key)
	return l.secrets[text]
}

func (l *ledger) sum() string {
	b, err := json.Marshal(l.entries)
	if err != nil {
		return "" // JSON values always can be
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
