package httpreq

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"currant/engine/outbound"
	"currant/steps"
)

// maxExcerpt is how much of an unexpected answer a message shows, in bytes.
const maxExcerpt = 300

// safe covers secrets in a step's error. What comes with it is not changed: others may share it.
func (x *exchange) safe(err error) error {
	var failed *steps.Error
	if errors.As(err, &failed) {
		covered := *failed
		covered.Message = x.redact(failed.Message)
		return &covered
	}
	var back *steps.PutBack
	if errors.As(err, &back) {
		covered := *back
		covered.Reason = x.redact(back.Reason)
		return &covered
	}
	return steps.Errorf(steps.InternalError, "%s", x.redact(err.Error()))
}

func (x *exchange) redact(text string) string {
	sets := []*secrets{x.secrets, x.client.secrets}
	if x.granted != nil {
		sets = append(sets, x.granted.secrets)
	}
	return redactor(sets...).Redact(text)
}

// failure is the step's error where there is no answer.
func (x *exchange) failure(err error) error {
	if done, ok := asStep(err); ok {
		return x.safe(done)
	}
	var file *fileError
	if errors.As(err, &file) {
		return x.safe(steps.Errorf(steps.InputError, "%s", file))
	}
	failed := steps.Errorf(steps.ErrorKind(outbound.Classify(err)), "%s %s: %s", x.args.Method, x.shown(), err)
	var large *outbound.TooLarge
	var redirect *outbound.RedirectError
	switch {
	case errors.As(err, &large):
		failed.Status = large.Status
	case errors.As(err, &redirect):
		failed.Status = redirect.Status
	}
	return x.safe(failed)
}

// unexpected is the step's answer to a status that it does not expect.
func (x *exchange) unexpected(resp *outbound.Response) error {
	what := fmt.Sprintf("%s %s: answered %s", x.args.Method, x.shown(), statusText(resp.Status))
	if putsBack(resp.Status) {
		return x.safe(&steps.PutBack{After: outbound.RetryAfter(resp.Header, x.now()), Reason: what, Status: resp.Status})
	}
	what = x.redact(what)
	if to := resp.Header.Get("Location"); to != "" && resp.Status >= 300 && resp.Status <= 399 {
		what += ", a redirect"
		if u, err := resp.URL.Parse(to); err == nil {
			what += " to " + outbound.EscapeLog(x.redact(outbound.RedactURL(u)), maxExcerpt)
		}
		what += "; follow_redirects = 1 follows it"
	}
	// Covered first and cut then: a secret that is cut in two would not be found.
	text, isText := bodyText(resp)
	if !isText {
		text = fmt.Sprintf("(%d bytes of %s)", len(resp.Body), mediaType(resp))
	}
	if excerpt := outbound.EscapeLog(x.redact(text), maxExcerpt); excerpt != "" {
		what += ": " + excerpt
	}
	return &steps.Error{Kind: steps.HTTPError, Status: resp.Status, Message: what}
}

// shown is the address as messages have it.
func (x *exchange) shown() string {
	secret := func(text *string) bool { return text != nil && *text != "" && slices.Contains(x.call.Secrets, *text) }
	switch {
	case secret(x.args.URL) || x.client.hidden:
		return "(sensitive URL)"
	case secret(x.args.Path):
		return x.url.Scheme + "://" + x.url.Host + "/" + outbound.Sensitive
	}
	u := *x.url
	if n := len(encode(x.query, false)); len(x.query) > 0 && n <= len(u.RawQuery) {
		u.RawQuery = u.RawQuery[:len(u.RawQuery)-n] + encode(x.query, true)
	}
	return outbound.EscapeLog(outbound.RedactURL(&u), 500)
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}
