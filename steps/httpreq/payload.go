package httpreq

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// payload is a request's body, which may be sent more than once.
type payload struct {
	contentType string
	multipart   bool
	length      int64
	open        func() (io.ReadCloser, error) // nil without a body
}

func (x *exchange) payload() (payload, error) {
	a := x.args
	switch {
	case len(a.Parts) > 0:
		return x.multipart()
	case !isNull(a.JSON):
		plain := a.JSON
		if x.marked {
			plain, _ = lang.UnmarkDeep(plain)
		}
		b, err := lang.ToJSON(plain)
		if err != nil {
			return payload{}, steps.Errorf(steps.InputError, "json: %s", err)
		}
		return bytesPayload("application/json", b), nil
	case a.Body != nil:
		return textPayload("text/plain; charset=utf-8", *a.Body), nil
	case !isNull(a.Form):
		fields, err := pairsOf(a.Form)
		if err != nil {
			return payload{}, steps.Errorf(steps.InputError, "form: %s", err)
		}
		return textPayload("application/x-www-form-urlencoded", encode(fields, false)), nil
	}
	return payload{}, nil
}

func isNull(v cty.Value) bool {
	if v == cty.NilVal {
		return true
	}
	v, _ = v.Unmark()
	return v.IsNull()
}

func bytesPayload(contentType string, b []byte) payload {
	return payload{contentType: contentType, length: int64(len(b)), open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

func textPayload(contentType, s string) payload {
	if s == "" {
		return payload{contentType: contentType}
	}
	return payload{contentType: contentType, length: int64(len(s)), open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(s)), nil
	}}
}

// keyText is a step's key as a header can have it.
func keyText(key string) string {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f || len(key) > 255 {
			sum := sha256.Sum256([]byte(key))
			return hex.EncodeToString(sum[:])
		}
	}
	return key
}
