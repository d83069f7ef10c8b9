package lang

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"golang.org/x/text/encoding/ianaindex"
)

func encodingFunctions(opts FunctionOptions) []entry {
	return []entry{
		{name: "base64decode", summary: "The UTF-8 text that a Base64 text encodes.",
			params: []string{"string: the Base64"}, fn: textFunc(base64Decode, "string")},
		{name: "base64encode", summary: "The text's UTF-8 bytes in Base64.",
			params: []string{"string: the text"}, fn: textFunc(func(s []string) (string, error) {
				return base64.StdEncoding.EncodeToString([]byte(s[0])), nil
			}, "string")},
		{name: "base64gzip", summary: "The text's UTF-8 bytes, compressed with gzip, in Base64.",
			params: []string{"string: the text"}, fn: textFunc(base64Gzip, "string")},
		{name: "csvdecode", summary: "A list of objects from comma-separated values, whose first line names the attributes.",
			params: []string{"string: the CSV"}, fn: stdlib.CSVDecodeFunc, before: csvRows},
		{name: "jsondecode", summary: "The value that a JSON text writes.",
			params: []string{"string: the JSON"}, fn: jsonDecodeFunc(opts.DecodeJSON)},
		{name: "jsonencode", summary: "The value as JSON.",
			params: []string{"value: the value"}, fn: stdlib.JSONEncodeFunc},
		{name: "textdecodebase64", summary: "The text that Base64 encodes in a named character set.",
			params: []string{"source: the Base64", "encoding: the character set's IANA name, such as UTF-16LE"}, fn: textFunc(textDecode, "source", "encoding")},
		{name: "textencodebase64", summary: "The text in a named character set, in Base64.",
			params: []string{"string: the text", "encoding: the character set's IANA name, such as UTF-16LE"}, fn: textFunc(textEncode, "string", "encoding")},
		{name: "urldecode", summary: "The text that a URL's query writes with + and %XX.",
			params: []string{"string: the encoded text"}, fn: textFunc(func(s []string) (string, error) {
				out, err := url.QueryUnescape(s[0])
				return validText(out, err)
			}, "string")},
		{name: "urlencode", summary: "The text as it is written in a URL's query.",
			params: []string{"string: the text"}, fn: textFunc(func(s []string) (string, error) { return url.QueryEscape(s[0]), nil }, "string")},
		{name: "yamldecode", summary: "The value that a YAML text writes.",
			params: []string{"src: the YAML, at most 1 MiB"}, fn: yamlDecodeFunc},
		{name: "yamlencode", summary: "The value as YAML.",
			params: []string{"value: the value"}, fn: yaml.YAMLEncodeFunc},
	}
}

func base64Decode(s []string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(s[0])
	if err != nil {
		return "", function.NewArgErrorf(0, "this is no Base64")
	}
	return validText(string(raw), nil)
}

func validText(s string, err error) (string, error) {
	switch {
	case err != nil:
		return "", err
	case !utf8.ValidString(s):
		return "", errors.New("the result is no UTF-8 text")
	}
	return s, nil
}

func base64Gzip(s []string) (string, error) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(s[0])); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

func textDecode(s []string) (string, error) {
	enc, err := ianaindex.IANA.Encoding(s[1])
	if err != nil || enc == nil {
		return "", function.NewArgErrorf(1, "%q is no character set that is supported", s[1])
	}
	raw, err := base64.StdEncoding.DecodeString(s[0])
	if err != nil {
		return "", function.NewArgErrorf(0, "this is no Base64")
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return "", function.NewArgErrorf(0, "this is no text in %s", s[1])
	}
	return validText(string(out), nil)
}

func textEncode(s []string) (string, error) {
	enc, err := ianaindex.IANA.Encoding(s[1])
	if err != nil || enc == nil {
		return "", function.NewArgErrorf(1, "%q is no character set that is supported", s[1])
	}
	out, err := enc.NewEncoder().Bytes([]byte(s[0]))
	if err != nil {
		return "", function.NewArgErrorf(0, "the text has characters that %s has not", s[1])
	}
	return base64.StdEncoding.EncodeToString(out), nil
}

// csvRows bounds the objects that a CSV becomes, each of which costs memory also where it is empty.
func csvRows(args []cty.Value) error {
	s := args[0].AsString()
	rows := strings.Count(s, "\n") + 1
	if rows > MaxValueElements+2 {
		return fmt.Errorf("the result would be %s", tooManyElements)
	}
	if cells := strings.Count(s, ",") + rows; cells*elementBytes > MaxValueBytes {
		return errTextTooLong
	}
	return nil
}

func jsonDecodeFunc(decode func([]byte) (cty.Value, error)) function.Function {
	if decode == nil {
		decode = func(b []byte) (cty.Value, error) { return ParseJSON(b, DataLimits{}) }
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("string")},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return decode([]byte(args[0].AsString())) },
	})
}

// nesting is the greatest number of brackets open at once, those in texts included.
func nesting(b []byte) int {
	open, deepest := 0, 0
	for _, c := range b {
		switch {
		case c == '[' || c == '{':
			open++
			deepest = max(deepest, open)
		case (c == ']' || c == '}') && open > 0:
			open--
		}
	}
	return deepest
}

const (
	maxYAMLBytes   = 1 << 20
	maxYAMLNesting = 100
)

// yamlDecodeFunc decodes straight to a value. Working out the type first, as go-cty-yaml's own function
// does, walks what aliases refer to as often as they do, which a short text can make endless; values share
// it, and are measured afterwards.
var yamlDecodeFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("src")},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		src := []byte(args[0].AsString())
		if len(src) > maxYAMLBytes {
			return cty.NilVal, function.NewArgErrorf(0, "more than %d bytes of YAML", maxYAMLBytes)
		}
		if nesting(src) > maxYAMLNesting || blockNesting(src) > maxYAMLNesting {
			return cty.NilVal, function.NewArgErrorf(0, "the YAML is nested deeper than %d levels", maxYAMLNesting)
		}
		return yaml.Standard.Unmarshal(src, cty.DynamicPseudoType)
	},
})

// blockNesting bounds how deep YAML's indented blocks go: by the indentation, and by the indicators (`- `,
// `? `, `key: `) that one line may open several blocks with.
func blockNesting(src []byte) int {
	deepest := 0
	var open []int // the indentations that are open, as far as lines tell
	for line := range bytes.Lines(src) {
		text := bytes.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		for len(open) > 0 && open[len(open)-1] >= indent {
			open = open[:len(open)-1]
		}
		open = append(open, indent)
		for len(text) > 1 && (text[0] == '-' || text[0] == '?') && (text[1] == ' ' || text[1] == '\t') {
			rest := bytes.TrimLeft(text[1:], " \t")
			indent += len(text) - len(rest)
			open = append(open, indent)
			text = rest
		}
		deepest = max(deepest, len(open))
	}
	return deepest
}
