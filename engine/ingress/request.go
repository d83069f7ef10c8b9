package ingress

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Request is what a kind's Accept sees of a request: within the limits, its body read whole.
type Request struct {
	Method string
	Header http.Header
	Query  url.Values
	// Postfix is the path below the endpoint, decoded, without its leading slash.
	Postfix string
	Body    []byte
	// At is when the request was read.
	At time.Time
	// Kept is what outlives runs; nil where a request is only tried.
	Kept lang.Kept
}

// JSON is the body as a value. The error is a *Refusal: 415 for another content type, 400 for no body, or
// for one that is no JSON within the limits.
func (r *Request) JSON() (cty.Value, error) {
	if err := r.expect(jsonMedia); err != nil {
		return cty.NilVal, err
	}
	return r.parseJSON()
}

// JSONText is the body of a request that says it is JSON, unread. The error is a *Refusal: 415 for another
// content type, 400 for no body.
func (r *Request) JSONText() ([]byte, error) {
	if err := r.expect(jsonMedia); err != nil {
		return nil, err
	}
	if len(r.Body) == 0 {
		return nil, noBody()
	}
	return r.Body, nil
}

// bodyLimits bound a body before it becomes a value. Its bytes are bounded already.
var bodyLimits = lang.DataLimits{Bytes: 256 << 10, Depth: 64, Elements: 30_000}

func (r *Request) parseJSON() (cty.Value, error) {
	if len(r.Body) == 0 {
		return cty.NilVal, noBody()
	}
	v, err := lang.ParseJSON(r.Body, bodyLimits)
	if err != nil {
		return cty.NilVal, refuse(http.StatusBadRequest, "The body is not JSON that can be read: %s", shown(err.Error()))
	}
	return v, nil
}

func noBody() *Refusal { return refuse(http.StatusBadRequest, "The request has no body.") }

// media is a family of content types. A request without a content type is in each but form.
type media struct {
	name string
	has  func(mediaType string) bool
	bare bool
}

var (
	jsonMedia = media{"application/json", func(t string) bool {
		return t == "application/json" || t == "text/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json")
	}, true}
	formMedia = media{"application/x-www-form-urlencoded", func(t string) bool {
		return t == "application/x-www-form-urlencoded"
	}, false}
	textMedia = media{"text/plain", func(t string) bool {
		return strings.HasPrefix(t, "text/") || t == "application/xml" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+xml")
	}, true}
)

// expect refuses a request whose content type is another, or whose text is not UTF-8.
func (r *Request) expect(m media) error {
	header := r.Header.Values("Content-Type")
	if len(header) == 0 || len(header) == 1 && header[0] == "" {
		if m.bare {
			return nil
		}
		return refuse(http.StatusUnsupportedMediaType, "The request has no content type. Send it with \"Content-Type: %s\".", m.name)
	}
	t, params, err := mime.ParseMediaType(header[0])
	if err != nil || len(header) > 1 || !m.has(t) {
		return refuse(http.StatusUnsupportedMediaType, "The content type is not accepted here. Send it with \"Content-Type: %s\".", m.name)
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, "Only the character set UTF-8 is accepted.")
}

// texts are headers or parameters as a map of texts, repeated ones joined by ", ".
func texts(values map[string][]string, name func(string) string, sensitive func(string) bool) cty.Value {
	if len(values) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	out := make(map[string]cty.Value, len(values))
	for k, v := range values {
		text := strings.Join(v, ", ")
		if !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "\uFFFD")
		}
		n := name(k)
		out[n] = cty.StringVal(text)
		if sensitive(n) {
			out[n] = lang.MarkSensitive(out[n])
		}
	}
	return cty.MapVal(out)
}

func asIs(s string) string    { return s }
func notSecret(s string) bool { return false }

// isToken says whether a text can be a header's name (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < '!' || c > '~' || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}
