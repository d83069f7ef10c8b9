package api

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/machinebox/graphql"

	"currant/engine/outbound"
)

// userAgent is what servers see of us.
const userAgent = "Currant"

// Client is the client of one account. It is safe for concurrent use; close it when done.
type Client struct {
	config  Config
	at      Endpoints
	now     func() time.Time
	out     *outbound.Client
	wire    *wire
	graphql *graphql.Client
	tokens  *tokens // nil with a personal access token
	own     *granted
	pace    *pacer // nil with NoPacing
	storage *storageCache

	mu     sync.Mutex
	budget Budget
}

// New is a client of the account. It calls nobody. The error is a *steps.Error of kind input.
func New(c Config) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	at, err := c.Endpoints()
	if err != nil {
		return nil, err
	}
	p := c.Outbound
	if p.ConnectTimeout <= 0 || p.ConnectTimeout > connectTimeout {
		p.ConnectTimeout = connectTimeout
	}
	if p.UserAgent == "" {
		p.UserAgent = userAgent
	}
	p.Timeout = c.timeout()
	c.Outbound = p
	client := &Client{config: c, at: at, now: c.Now, out: outbound.NewClient(p), storage: newStorageCache()}
	if client.now == nil {
		client.now = time.Now
	}
	client.wire = newWire(client)
	client.graphql = client.wire.client()
	if c.PersonalAccessToken != "" {
		client.own = client.grant(c.PersonalAccessToken)
	} else {
		client.tokens = newTokens(client)
	}
	if !c.NoPacing {
		client.pace = newPacer(client.now, c.Burst)
	}
	return client, nil
}

// Close gives up a token request that is under way and closes idle connections. Calls under way go on.
func (c *Client) Close() error {
	if c.tokens != nil {
		c.tokens.cancel()
	}
	c.out.Close()
	return nil
}

// Format shows the account alone, whatever the verb: a Client printed by mistake shows no secret.
func (c *Client) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Xurrent account %q", c.config.AccountID)
}

// Endpoints are the addresses that the client calls.
func (c *Client) Endpoints() Endpoints { return c.at }

// Budget is the account's limits as the last answers had them.
func (c *Client) Budget() Budget {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.budget
}

// learn keeps the limits of an answer, where it has any.
func (c *Client) learn(rate, cost Limit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rate != (Limit{}) {
		c.budget.Rate, c.budget.At = rate, c.now()
	}
	if cost != (Limit{}) {
		c.budget.Cost, c.budget.At = cost, c.now()
	}
}

// grant is a token to send, with all that must not be shown while it is in use.
func (c *Client) grant(token string) *granted {
	all := append(slices.Clone(c.config.Secrets), c.config.ClientSecret, c.config.PersonalAccessToken, token)
	return &granted{header: "Bearer " + token, all: all, secrets: outbound.NewSecrets(all...)}
}
