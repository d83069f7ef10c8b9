package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

// Limits of one request. Sources: PLATFORM 2.2, 2.6 and 3.1.
const (
	// MaxTimeout is the longest time of one GraphQL request or upload, and what a Config without one has.
	MaxTimeout = 5 * time.Minute
	// MaxAnswer is the largest answer of the GraphQL API that is read, in bytes after decompression.
	MaxAnswer = 64 << 20

	connectTimeout = 5 * time.Second
	tokenTimeout   = 20 * time.Second
	maxShortAnswer = 1 << 20 // of tokens, introspection and storages, in bytes
)

// Environment is the addresses that the runner is told of, not the blueprint: those of a simulated account.
// An address that is set wins over all that a connection says, so that nothing of a blueprint reaches a real
// account while it is tried.
type Environment struct {
	GraphQL, OAuth2, REST string
	// Issuer is the address that the account's webhooks are signed by; "{account}" in it stands for the account.
	Issuer string
}

// Config is a connection to an account.
type Config struct {
	AccountID           string // such as "wna-it"
	ClientID            string
	ClientSecret        string
	PersonalAccessToken string // where set, no token is asked for (PLATFORM 2.1)

	Stage  string // "Prod" (also ""), "QA" or "Demo"
	Region string // "" or "au", "ch", "uk", "us"
	// The addresses of a non-standard environment; they win over Stage and Region (PLATFORM 1.4).
	GraphQLEndpoint, OAuth2Endpoint, RESTEndpoint string

	// Timeout is of one request, at most MaxTimeout; 0 is MaxTimeout.
	Timeout time.Duration
	// Secrets are texts that never go into a message, beside the client secret and the tokens.
	Secrets     []string
	Environment Environment
	Outbound    outbound.Policy

	// NoPacing sends requests as they come, until the service refuses.
	NoPacing bool
	// Burst is the most requests within two seconds; 0 is no limit.
	Burst int

	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Format shows the account alone, whatever the verb: a Config printed by mistake shows no secret.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Xurrent account %q", c.AccountID) }

// LogValue is Format.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Key tells connections apart without showing them: it is another one as soon as an address, the account or a
// credential changes, and holds them only as a hash. It is for what is remembered of a connection, such as a
// failed introspection (PLATFORM 3.7). The error is that of Endpoints.
func (c Config) Key() (string, error) {
	at, err := c.Endpoints()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, s := range []string{at.GraphQL, at.Token, c.AccountID, c.ClientID, c.ClientSecret, c.PersonalAccessToken} {
		sum := sha256.Sum256([]byte(s)) // of fixed length, so that no text can pass for two
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c Config) timeout() time.Duration {
	if c.Timeout <= 0 || c.Timeout > MaxTimeout {
		return MaxTimeout
	}
	return c.Timeout
}

// check reports what makes a connection unusable.
func (c Config) check() error {
	invalid := func(what string) error { return steps.Errorf(steps.InputError, "connection to Xurrent: %s", what) }
	for _, v := range []struct{ name, text string }{
		{"account_id", c.AccountID}, {"personal_access_token", c.PersonalAccessToken},
	} {
		if strings.ContainsFunc(v.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return invalid(v.name + " holds a line break or another control character, which a header cannot have")
		}
	}
	switch {
	case strings.TrimSpace(c.AccountID) == "":
		return invalid("account_id is empty")
	case c.PersonalAccessToken == "" && (c.ClientID == "" || c.ClientSecret == ""):
		return invalid("client_id and client_secret, or personal_access_token, are needed")
	}
	return nil
}
