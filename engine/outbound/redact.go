package outbound

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

const redacted = "[REDACTED]"

// secretName matches the names of query parameters and headers whose values are
// not for people. Read only.
var secretName = regexp.MustCompile(`(?i)token|secret|api[_-]?key|access[_-]?token|passw(or)?d|pwd|auth|credential|assertion|jwt|signature|sig|code`)

// RedactURL is u as text for a log line or an error: without user info and
// fragment, and with [REDACTED] for the values of query parameters whose names
// sound secret. Nil gives "".
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	v := *u
	v.User, v.Fragment, v.RawFragment = nil, "", ""
	if v.RawQuery == "" {
		return v.String()
	}
	pairs := strings.FieldsFunc(v.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		name, _, hasValue := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if hasValue && secretName.MatchString(plain) {
			pairs[i] = name + "=" + redacted
		}
	}
	v.RawQuery = strings.Join(pairs, "&")
	return v.String()
}

// RedactHeader is a header's value for a log line: "[REDACTED len=n]" for the
// headers that carry credentials, with the query redacted for those that carry
// a URL, else the value itself.
func RedactHeader(name, value string) string {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key":
		return fmt.Sprintf("[REDACTED len=%d]", len(value))
	case "location", "content-location", "referer":
		if u, err := url.Parse(value); err == nil {
			return RedactURL(u)
		}
		return fmt.Sprintf("[REDACTED len=%d]", len(value))
	}
	if secretName.MatchString(name) {
		return fmt.Sprintf("[REDACTED len=%d]", len(value))
	}
	return value
}
