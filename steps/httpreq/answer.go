package httpreq

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
)

var noJSON = cty.NullVal(cty.DynamicPseudoType)

// output is the step's output. What repeats a secret that was sent is marked sensitive.
func (x *exchange) output(resp *outbound.Response) (cty.Value, error) {
	text, isText := bodyText(resp)
	body := cty.StringVal(text)
	data := noJSON
	if isText {
		var err error
		if data, err = x.json(resp, text); err != nil {
			return cty.NilVal, err
		}
	}
	if x.repeats(resp.Body) {
		body, data = lang.MarkSensitive(body), lang.MarkSensitive(data)
	}
	headers := cty.MapValEmpty(cty.String)
	if len(resp.Header) > 0 {
		vals := make(map[string]cty.Value, len(resp.Header))
		for name, values := range resp.Header {
			value := values[0]
			if len(values) > 1 {
				value = strings.Join(values, ", ")
			}
			v := cty.StringVal(strings.ToValidUTF8(value, "\ufffd"))
			if x.repeats([]byte(value)) {
				v = lang.MarkSensitive(v)
			}
			vals[strings.ToLower(name)] = v
		}
		headers = cty.MapVal(vals)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"status":      cty.NumberIntVal(int64(resp.Status)),
		"headers":     headers,
		"body":        body,
		"json":        data,
		"duration_ms": cty.NumberIntVal(int64(resp.Duration / time.Millisecond)),
	}), nil
}

// repeats says whether a part of the answer holds a secret of the request.
func (x *exchange) repeats(b []byte) bool {
	known := x.client.secrets
	if x.granted != nil {
		known = x.granted.secrets
	}
	return x.secrets.in(b) || known.in(b)
}

// json is the answer's body as a value, or null where it is no JSON. An answer that says that it is JSON,
// and is, but over our limits is an error: a step that went on without it would do the wrong thing.
func (x *exchange) json(resp *outbound.Response, text string) (cty.Value, error) {
	b := bytes.TrimSpace(bytes.TrimPrefix(resp.Body, []byte("\ufeff")))
	if len(b) == 0 {
		return noJSON, nil
	}
	declared := isJSON(mediaType(resp))
	if !declared && b[0] != '{' && b[0] != '[' {
		return noJSON, nil // a page of text that happens to be "true" or "12" is no JSON
	}
	if !utf8.Valid(b) {
		b = []byte(text) // in UTF-8 by now
	}
	v, err := lang.ParseJSON(b, lang.DataLimits{})
	switch {
	case err == nil:
		return v, nil
	case declared && json.Valid(b):
		return cty.NilVal, x.safe(&steps.Error{Kind: steps.DecodeError, Status: resp.Status,
			Message: x.args.Method + " " + x.shown() + ": the JSON of the answer is refused: " + err.Error()})
	}
	return noJSON, nil
}

func mediaType(resp *outbound.Response) string {
	t, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// bodyText is the body as text: what is UTF-8 as it is; of other text the charset that the answer declares
// (ISO 8859-1 and its like), else with U+FFFD for what cannot be read. A body that is no text, such as an
// image, is given in Base64, the same for every answer of its media type, so that a later step can send it on.
func bodyText(resp *outbound.Response) (text string, isText bool) {
	t := mediaType(resp)
	switch {
	case isBinary(t):
		return base64.StdEncoding.EncodeToString(resp.Body), false
	case utf8.Valid(resp.Body):
		return string(resp.Body), true
	}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && isLatin1(params["charset"]) {
		return fromLatin1(resp.Body), true
	}
	if strings.HasPrefix(t, "text/") || isJSON(t) || strings.HasSuffix(t, "xml") || t == "application/x-www-form-urlencoded" || t == "application/javascript" {
		return strings.ToValidUTF8(string(resp.Body), "\ufffd"), true
	}
	return base64.StdEncoding.EncodeToString(resp.Body), false
}

func isBinary(mediaType string) bool {
	major, minor, _ := strings.Cut(mediaType, "/")
	switch major {
	case "image":
		return minor != "svg+xml"
	case "audio", "video", "font":
		return true
	}
	switch mediaType {
	case "application/pdf", "application/zip", "application/gzip", "application/x-gzip", "application/x-tar":
		return true
	}
	return false
}

// isLatin1 says whether a charset is ISO 8859-1 or read as it: browsers read both, and US-ASCII, as Windows 1252.
func isLatin1(charset string) bool {
	switch strings.ToLower(charset) {
	case "iso-8859-1", "iso8859-1", "latin1", "us-ascii", "windows-1252", "cp1252":
		return true
	}
	return false
}

// high1252 are the characters of Windows 1252 from 0x80 to 0x9f (WHATWG Encoding, index windows-1252).
const high1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

func fromLatin1(b []byte) string {
	table := []rune(high1252)
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for _, c := range b {
		if c >= 0x80 && c <= 0x9f {
			out.WriteRune(table[c-0x80])
		} else {
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}
