package httpreq

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"currant/engine/outbound"
)

const whyMultipart = "Content-Type of a multipart body is set by the step; write content_type in the part blocks"

// reserved are the headers that say how a message travels: they are the transport's.
func reserved(lower string) bool {
	switch lower {
	case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
		"proxy-authorization", "upgrade", "trailer", "te", "expect":
		return true
	}
	return false
}

// headerProblem is what is wrong with a header, or "". It never quotes the value.
func headerProblem(name, value string) string {
	if name == "" {
		return "a header has no name"
	}
	for i := range len(name) {
		if !tokenByte(name[i]) {
			return fmt.Sprintf("the header name %q has a character that no header name has", outbound.EscapeLog(name, 80))
		}
	}
	if reserved(strings.ToLower(name)) {
		return fmt.Sprintf("the header %q is set by the call itself and cannot be written", name)
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Sprintf("the value of the header %q holds a line break or another control character", name)
		}
	}
	return ""
}

// tokenByte is RFC 9110's tchar.
func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// setHeaders puts headers over those that are there.
func setHeaders(dst http.Header, headers map[string]*string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		if value == nil {
			continue
		}
		if why := headerProblem(name, *value); why != "" {
			return fmt.Errorf("headers: %s", why)
		}
		dst[http.CanonicalHeaderKey(name)] = []string{*value}
	}
	return nil
}
