package xurrent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

// pollsOfRound is how many polls of one step go at once.
const pollsOfRound = 4

// poller polls for all async steps.
type poller struct {
	out   *outbound.Client
	slots slots
}

func newPoller(p outbound.Policy) *poller {
	return &poller{out: outbound.NewClient(p)}
}

// poll is what one poll came to: at most one of body, refused and err.
type poll struct {
	body    cty.Value // NilVal: not ready yet
	size    int       // of the body, in bytes
	refused time.Duration
	why     string // it was refused
	err     error  // a *steps.Error; it has no more of the address than its host
}

// poll asks for one result. An address is mostly a link that carries its own permission (PLATFORM 4.1); the
// token of an account goes only to the account's own hosts. Nil is no account.
func (p *poller) poll(ctx context.Context, account *Account, urls []string, i int) poll {
	name := fmt.Sprintf("result %d of %d", i+1, len(urls))
	u, err := outbound.CheckURL(urls[i])
	if err != nil {
		return poll{err: steps.Errorf(steps.InputError, "%s: %s", name, err)}
	}
	name += " at " + u.Host
	release, err := p.slots.take(ctx, u.Host)
	if err != nil {
		return poll{err: steps.Errorf(steps.CancelledError, "the polls were given up")}
	}
	defer release()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return poll{err: steps.Errorf(steps.InputError, "%s: the address cannot be called", name)}
	}
	req.Header.Set("Accept", "application/json")
	if account != nil {
		if err := account.client.Authorize(ctx, req); err != nil {
			return unauthorized(err)
		}
	}
	resp, err := p.out.Do(ctx, req, outbound.CallOptions{Redirects: outbound.MaxRedirects})
	if err != nil {
		return poll{err: steps.Errorf(steps.ErrorKind(outbound.Classify(err)), "%s: %s", name, err)}
	}
	return p.read(name, resp)
}

// unauthorized is a poll for which there is no token.
func unauthorized(err error) poll {
	var back *steps.PutBack
	if errors.As(err, &back) {
		return poll{refused: back.After, why: back.Reason}
	}
	return poll{err: err}
}

// read tells a result from an answer (PLATFORM 4.2).
func (p *poller) read(name string, resp *outbound.Response) poll {
	switch resp.Status {
	case http.StatusOK:
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return poll{refused: outbound.RetryAfter(resp.Header, time.Now()), why: fmt.Sprintf("%s: answered %d %s", name, resp.Status, http.StatusText(resp.Status))}
	default:
		return poll{err: &steps.Error{Kind: steps.HTTPError, Status: resp.Status, Message: fmt.Sprintf("%s: answered %d %s", name, resp.Status, http.StatusText(resp.Status))}}
	}
	raw := bytes.TrimSpace(bytes.TrimPrefix(resp.Body, []byte("\ufeff")))
	if len(raw) == 0 {
		return poll{}
	}
	body, err := lang.ParseJSON(raw, lang.DataLimits{})
	if err != nil {
		return poll{err: steps.Errorf(steps.DecodeError, "%s: its JSON is refused: %s", name, err)}
	}
	if nothing(body) {
		return poll{}
	}
	return poll{body: body, size: len(raw)}
}

// nothing says that a result is not ready yet: {}, [], null and an empty text (PLATFORM 4.2).
func nothing(v cty.Value) bool {
	switch t := v.Type(); {
	case v.IsNull():
		return true
	case t == cty.String:
		return v.AsString() == ""
	case t.IsObjectType() || t.IsTupleType():
		return v.LengthInt() == 0
	}
	return false
}
