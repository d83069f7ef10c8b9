package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"currant/engine/outbound"
	"currant/steps"
)

const (
	maxExcerpt = 300  // bytes of an unexpected body in a message
	maxErrors  = 20   // of an answer's errors that a message lists
	maxMessage = 500  // bytes of one of them
	maxText    = 4000 // bytes of all of them
)

// refused is what an answer with another status than 200 means (PLATFORM 3.2, 3.3 and 3.4).
func (c *Client) refused(x *exchange, body []byte) error {
	if putsBack(x.status) {
		return c.putBack(x)
	}
	kind := steps.HTTPError
	if x.status == http.StatusNotFound {
		kind = steps.NotFoundError
	}
	message := fmt.Sprintf("HTTP error from Xurrent GraphQL API at %s: %s", c.wire.host, statusText(x.status))
	if text := excerpt(body, x.redact); text != "" {
		message += " '" + text + "'"
	}
	return &steps.Error{Kind: kind, Status: x.status, Message: message + x.quoted()}
}

func (c *Client) putBack(x *exchange) error {
	reason := "Xurrent API rate limit hit"
	if x.status == http.StatusServiceUnavailable {
		reason = "Xurrent API not available"
	}
	if raw := strings.TrimSpace(x.header.Get("Retry-After")); raw != "" {
		reason += " (retry after: " + outbound.EscapeLog(x.redact(raw), 60) + ")"
	}
	return &steps.PutBack{After: outbound.RetryAfter(x.header, c.now()), Reason: reason, Status: x.status}
}

// graphErrors is an answer's errors as far as they can be read.
type graphErrors struct {
	Errors json.RawMessage `json:"errors"`
}

type graphError struct {
	Message    json.RawMessage `json:"message"`
	Path       json.RawMessage `json:"path"`
	Extensions json.RawMessage `json:"extensions"`
}

// unusable is what is wrong with an answer 200.
func (c *Client) unusable(x *exchange) error {
	fail := func(kind steps.ErrorKind, text string) error {
		return &steps.Error{Kind: kind, Message: text + x.quoted()}
	}
	var answer graphErrors
	switch {
	case len(bytes.TrimSpace(x.answer)) == 0:
		return fail(steps.DecodeError, "No data from Xurrent GraphQL API: the answer of "+c.wire.host+" is empty")
	case !json.Valid(x.answer):
		return fail(steps.DecodeError, "The answer of "+c.wire.host+" is no JSON: '"+excerpt(x.answer, x.redact)+"'")
	case json.Unmarshal(x.answer, &answer) != nil:
		return fail(steps.DecodeError, "The answer of "+c.wire.host+" is no JSON object: '"+excerpt(x.answer, x.redact)+"'")
	}
	list, absent := listErrors(answer.Errors, x.redact)
	switch {
	case list == "":
		return fail(steps.DecodeError, "No data from Xurrent GraphQL API")
	case absent:
		return fail(steps.NotFoundError, "Errors from Xurrent GraphQL API: "+list)
	}
	return fail(steps.GraphQLError, "Errors from Xurrent GraphQL API: "+list)
}

// listErrors tells all errors, with path and code; absent is that every one is "Not Found" (PLATFORM 3.3).
func listErrors(raw json.RawMessage, redact func(string) string) (list string, absent bool) {
	var each []json.RawMessage
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", false
	case json.Unmarshal(raw, &each) != nil:
		return excerpt(raw, redact), false // no list, and surely no success
	case len(each) == 0:
		return "", false
	}
	absent = true
	var parts []string
	for _, one := range each {
		var e graphError
		if json.Unmarshal(one, &e) != nil {
			e.Message = one
		}
		text := plainText(e.Message)
		if text == "" {
			text = "(no message)"
		}
		absent = absent && text == "Not Found"
		if len(parts) < maxErrors {
			parts = append(parts, outbound.EscapeLog(redact(text), maxMessage)+where(e, redact))
		}
	}
	list = outbound.EscapeLog(strings.Join(parts, "; "), maxText)
	if n := len(each) - len(parts); n > 0 {
		list += fmt.Sprintf("; and %d more", n)
	}
	return list, absent
}

// where is an error's path and code, in brackets.
func where(e graphError, redact func(string) string) string {
	var about []string
	var path []json.RawMessage
	if json.Unmarshal(e.Path, &path) == nil && len(path) > 0 {
		names := make([]string, len(path))
		for i, p := range path {
			names[i] = plainText(p)
		}
		about = append(about, "path "+strings.Join(names, "."))
	} else if text := plainText(e.Path); text != "" && len(path) == 0 && text != "[]" {
		about = append(about, "path "+text)
	}
	var extensions struct {
		Code json.RawMessage `json:"code"`
	}
	if json.Unmarshal(e.Extensions, &extensions) == nil && plainText(extensions.Code) != "" {
		about = append(about, "code "+plainText(extensions.Code))
	}
	if len(about) == 0 {
		return ""
	}
	return " (" + outbound.EscapeLog(redact(strings.Join(about, ", ")), maxMessage) + ")"
}

// plainText is a JSON text without its quotes, "" for nothing and null, and other JSON as it is.
func plainText(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// quoted is the request's id, for who asks the vendor.
func (x *exchange) quoted() string {
	if id := x.requestID(); id != "" {
		return " (request id " + x.redact(id) + ")"
	}
	return ""
}

// excerpt is the beginning of a body: covered first and cut then, for a secret that is cut in two would not
// be found.
func excerpt(body []byte, redact func(string) string) string {
	const look, show = 1 << 20, 2 << 10
	text := redact(string(body[:min(len(body), look)]))
	text = strings.ToValidUTF8(text[:min(len(text), show)], "\ufffd")
	return outbound.EscapeLog(strings.Join(strings.Fields(text), " "), maxExcerpt)
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}
