package outbound

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// formsOf lists the spellings under which a secret turns up, without repeats,
// none shorter than minSecret.
func formsOf(secret string) []string {
	forms := []string{secret}
	for _, s := range []string{secret, strings.ReplaceAll(secret, "\n", "\r\n")} {
		quoted := []string{jsonText(s, true), jsonText(s, false), quoteBody(strconv.Quote(s)), quoteBody(strconv.QuoteToASCII(s))}
		for _, q := range quoted {
			// A text that was escaped is often put into JSON or a log line once more.
			forms = append(forms, q, strings.ReplaceAll(q, "/", `\/`), jsonText(q, true), jsonText(q, false))
		}
	}
	forms = append(forms, html.EscapeString(secret))

	query, path := url.QueryEscape(secret), url.PathEscape(secret)
	for _, e := range []string{query, strings.ReplaceAll(query, "+", "%20"), path} {
		forms = append(forms, e, lowerEscapes(e))
	}
	forms = append(forms, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for offset := range 3 {
		std, web := base64At(secret, offset)
		forms = append(forms, std, web, url.QueryEscape(std))
	}
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < minSecret })
	slices.Sort(forms)
	return slices.Compact(forms)
}

// jsonText is the inside of s as a JSON string, with or without Go's escapes
// for HTML.
func jsonText(s string, escapeHTML bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	if err := e.Encode(s); err != nil {
		return s
	}
	return quoteBody(strings.TrimSuffix(b.String(), "\n"))
}

func quoteBody(s string) string { return s[1 : len(s)-1] }

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

// base64At is the part of the base64 text that depends on the secret alone when
// offset bytes (modulo 3) stand before it, in the standard and the URL alphabet.
func base64At(secret string, offset int) (std, web string) {
	padded := append(make([]byte, offset), secret...)
	first := (offset*8 + 5) / 6
	end := len(padded) * 8 / 6
	return base64.RawStdEncoding.EncodeToString(padded)[first:end],
		base64.RawURLEncoding.EncodeToString(padded)[first:end]
}
