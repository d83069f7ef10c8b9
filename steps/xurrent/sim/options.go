package sim

import (
	"log/slog"
	"strings"
	"time"
)

// Options say how the simulated account behaves. The zero value is an account as the vendor's documents describe it.
type Options struct {
	// Seed is the number of records of each account; 0 is a small company of about 100.
	Seed int
	// Now is the time of day; nil is time.Now. POST /sim/advance moves it ahead from there.
	Now func() time.Time
	// Log is told of deliveries and faults; nil is silence.
	Log *slog.Logger
	// RateLimit is how many API requests one token may make in an account per RateWindow; 0 is 3600 (PLATFORM 3.4).
	RateLimit int
	// RateWindow is the fixed window of both limits; 0 is an hour.
	RateWindow time.Duration
	// CostLimit is how many cost points one token may use in an account per RateWindow; 0 is 5000 (PLATFORM 3.4).
	CostLimit int
	// Storage is the provider of attachment storage, "s3" (the default) or "local" (PLATFORM 5.1).
	Storage string
	// SizeLimit is the size in bytes that a file must stay below; 0 is 2147483648 for s3 and 20971520 for local (PLATFORM 5.1).
	SizeLimit int64
	// Extensions are the file name endings that may be uploaded, without dot; none allows all.
	Extensions []string
	// AsyncDelay is how long the result of an async query takes; 0 is one second, below 0 is no time (PLATFORM 4.1).
	AsyncDelay time.Duration
	// AsyncPolls is how many polls of an async result find it not ready, however late they come.
	AsyncPolls int
	// TokenLife is how long an access token lives; 0 is an hour (PLATFORM 2.2).
	TokenLife time.Duration
	// Credentials are the client ids with their secrets; nil accepts every pair, and every bearer token that is not ours as a
	// personal access token. With Credentials only bearers that begin with "pat-" are personal access tokens.
	Credentials map[string]string
	// RetryDelays are the times between the attempts of a delivery; nil is ten growing ones from ten seconds to four hours
	// (PLATFORM 6.12: up to ten retries, the intervals are not published).
	RetryDelays []time.Duration
	// State is a file that keeps the accounts from one start to the next, "" for none. It is written when the service is closed, and
	// every few seconds while something changes; the private keys and the secrets of the accounts are in it. Records, webhooks,
	// installations and their credentials are kept, and up to 64 MiB of uploaded files; deliveries under way are not, nor are access
	// tokens, faults and limits. A file that cannot be used is put aside, see [Sim.Damaged].
	State string

	saveEvery time.Duration // in place of saveEvery
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.RateLimit <= 0 {
		o.RateLimit = 3600
	}
	if o.RateWindow <= 0 {
		o.RateWindow = time.Hour
	}
	if o.CostLimit <= 0 {
		o.CostLimit = 5000
	}
	if o.Storage == "" {
		o.Storage = providerS3
	}
	if o.SizeLimit <= 0 {
		o.SizeLimit = 2147483648
		if o.Storage == providerLocal {
			o.SizeLimit = 20971520
		}
	}
	if o.AsyncDelay == 0 {
		o.AsyncDelay = time.Second
	}
	if o.TokenLife <= 0 {
		o.TokenLife = time.Hour
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute,
			30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour}
	}
	return o
}

// Addresses are those of an environment that a runner is told of (PLATFORM 1.2).
type Addresses struct {
	GraphQL, OAuth2, REST string
	Issuer                string // with "{account}" in the place of the account id
}

// AddressesOf gives the addresses of a simulated account that is reached at the base URL.
func AddressesOf(base string) Addresses {
	base = strings.TrimSuffix(base, "/")
	return Addresses{GraphQL: base + "/graphql", OAuth2: base + "/oauth/token", REST: base + "/rest", Issuer: base + "/accounts/{account}"}
}
