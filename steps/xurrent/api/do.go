package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

// Request is a GraphQL operation.
type Request struct {
	Text string
	// Variables is a JSON object, or nothing. It goes on the wire as it is and never into a message.
	Variables json.RawMessage
	// Operation is the name of the operation to run where Text has several.
	Operation string
	// Read says that it changes nothing: it is sent again, twice at most, where the connection fails.
	Read bool
	// Secrets are texts in Variables that must not be shown, though an answer may repeat them.
	Secrets []string
}

// Answer is an operation that succeeded.
type Answer struct {
	Data       json.RawMessage // an object that is not empty
	Rate, Cost Limit
	RequestID  string // for the vendor's support; "" where there was none
}

const (
	readAttempts = 3
	retryPause   = 200 * time.Millisecond // doubled for the next
)

// Do runs an operation. Its errors, which hold no secret, are
//
//   - *steps.PutBack for an answer 429 or 503, and where the account's limits ask for a pause that is longer
//     than MaxWait (Paced);
//   - *steps.Error of kind graphql (all messages, with path and code; also where data came too), not_found
//     (404, or every message is "Not Found", PLATFORM 3.3), auth (a refused token request), http (another
//     status), decode (no JSON, no data), input (an address that may not be called), network, timeout and
//     cancelled.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	a, _, err := c.Ask(ctx, r)
	return a, err
}

// Times for which a failed introspection is remembered (PLATFORM 3.7).
const (
	rememberRefusal = 10 * time.Minute
	rememberOutage  = 30 * time.Second
)

// Ask is Do, and says for how long its failure is to be remembered instead of asking again: ten minutes where
// asking again cannot help, half a minute where the service has trouble, else not at all (PLATFORM 3.7).
func (c *Client) Ask(ctx context.Context, r Request) (a *Answer, remember time.Duration, err error) {
	body, err := r.encode()
	if err != nil {
		return nil, 0, err
	}
	refused := false
	for attempt := 1; ; attempt++ {
		g, err := c.authorization(ctx)
		if err != nil {
			return nil, rememberToken(err), err
		}
		a, err := c.once(ctx, &exchange{request: &r, body: body, granted: g})
		switch {
		case err == nil:
			return a, 0, nil
		case !refused && c.tokens != nil && statusOf(err) == http.StatusUnauthorized:
			refused = true // it may have been revoked before its time (PLATFORM 2.2)
			c.tokens.drop(g)
			attempt--
			continue
		case r.Read && attempt < readAttempts && broken(err) && pause(ctx, retryPause<<(attempt-1)) == nil:
			continue
		}
		return nil, rememberAnswer(err), c.shown(err)
	}
}

func rememberToken(err error) time.Duration {
	var failed *steps.Error
	switch {
	case !errors.As(err, &failed):
		return 0
	case failed.Kind == steps.AuthError:
		return rememberRefusal
	case failed.Kind == steps.HTTPError || failed.Kind == steps.DecodeError:
		return rememberOutage
	}
	return 0
}

func rememberAnswer(err error) time.Duration {
	switch status := statusOf(err); {
	case status >= 400 && status <= 499:
		return rememberRefusal
	case status != 0 && status != http.StatusOK:
		return rememberOutage
	}
	return 0
}

// statusOf is the unexpected status behind an error, or 0.
func statusOf(err error) int {
	var failed *steps.Error
	if errors.As(err, &failed) {
		return failed.Status
	}
	return 0
}

// authorization is the token to send.
func (c *Client) authorization(ctx context.Context) (*granted, error) {
	if c.own != nil {
		return c.own, nil
	}
	return c.tokens.get(ctx)
}

// once is one request, paced.
func (c *Client) once(ctx context.Context, x *exchange) (*Answer, error) {
	turn, err := c.pace.acquire(ctx, x.request.Text)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, c.config.timeout())
	defer cancel()
	err = c.wire.send(limited, x)
	turn.done(x.outcome(c.now()))
	if x.header != nil {
		c.learn(x.rate, x.cost)
	}
	if err != nil {
		if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			return nil, steps.Errorf(steps.TimeoutError, "call to %s: no complete answer within %s", c.wire.host, c.config.timeout())
		}
		return nil, err
	}
	return &Answer{Data: x.data, Rate: x.rate, Cost: x.cost, RequestID: x.requestID()}, nil
}

// shown is an error as the caller gets it: failures on the way are explained without addresses.
func (c *Client) shown(err error) error {
	var back *steps.PutBack
	if errors.As(err, &back) {
		return back
	}
	var failed *steps.Error
	if errors.As(err, &failed) {
		return failed
	}
	err = outbound.Explain(err)
	out := steps.Errorf(steps.ErrorKind(outbound.Classify(err)), "%s", err)
	var large *outbound.TooLarge
	if errors.As(err, &large) {
		out.Status = large.Status
	}
	return out
}

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
