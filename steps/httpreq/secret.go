package httpreq

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/outbound"
)

// secrets are texts that go on the wire and must not come out anywhere else. They do not change.
type secrets struct {
	// texts are looked for in answers and messages.
	texts []string
	// parts are the hosts, path segments and query values of secret addresses. They are looked for in
	// messages only: a page that names its own host repeats no secret.
	parts []string
	set   *outbound.Secrets // of texts
}

// maxPieces is how many pieces of one secret text count by themselves.
const maxPieces = 16

// newSecrets prepares texts that were marked sensitive; nil if there are none. A marked text is often more
// than the secret in it, such as "Bearer ${var.token}", or is encoded, and a server may repeat that secret
// alone: pieces that look like one count too.
func newSecrets(marked []string) *secrets {
	if len(marked) == 0 {
		return nil
	}
	return (&secrets{}).with(marked...)
}

// with is the same secrets and more.
func (s *secrets) with(marked ...string) *secrets {
	out := &secrets{}
	if s != nil {
		out.texts, out.parts = slices.Clone(s.texts), slices.Clone(s.parts)
	}
	for _, text := range marked {
		out.add(text)
	}
	out.set = outbound.NewSecrets(out.texts...)
	return out
}

func (s *secrets) add(text string) {
	if slices.Contains(s.texts, text) {
		return
	}
	s.texts = append(s.texts, text)
	rest := text
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		s.parts = append(s.parts, u.Host, u.Hostname())
		rest = u.RequestURI()
		s.parts = append(s.parts, strings.FieldsFunc(rest, separates)...)
		if len(u.Path) > 1 {
			s.texts = append(s.texts, u.Path)
		}
	}
	s.decoded(text)
	n := 0
	for piece := range strings.FieldsFuncSeq(rest, separates) {
		if piece != text && looksSecret(piece) && n < maxPieces {
			s.texts = append(s.texts, piece)
			s.decoded(piece)
			n++
		}
	}
}

// decoded adds what a text says in URL encoding or Base64.
func (s *secrets) decoded(text string) {
	var plain []string
	if strings.ContainsAny(text, "%+") {
		if p, err := url.QueryUnescape(text); err == nil {
			plain = append(plain, p)
		}
		if p, err := url.PathUnescape(text); err == nil {
			plain = append(plain, p)
		}
	}
	if p, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil && len(p) >= 8 && utf8.Valid(p) {
		plain = append(plain, string(p))
		if _, password, ok := strings.Cut(string(p), ":"); ok { // of basic authentication
			plain = append(plain, password)
		}
	}
	for _, p := range plain {
		if p != "" && !slices.Contains(s.texts, p) {
			s.texts = append(s.texts, p)
		}
	}
}

func separates(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`=,;:&?/#|()[]{}<>", r) }

func looksSecret(piece string) bool {
	return len(piece) >= 12 || len(piece) >= 8 && strings.ContainsAny(piece, "0123456789")
}

// in says whether an answer holds one of the secrets.
func (s *secrets) in(b []byte) bool { return s != nil && s.set.Contains(b) }

// redactor covers the secrets of all sets in messages. One set of all, for those that overlap.
func redactor(sets ...*secrets) *outbound.Secrets {
	var all []string
	for _, s := range sets {
		if s != nil {
			all = append(append(all, s.texts...), s.parts...)
		}
	}
	return outbound.NewSecrets(all...)
}

// markedTexts adds the texts and numbers of all sensitive parts of a value.
func markedTexts(v cty.Value, out []string) []string {
	if v.IsMarked() {
		v, _ = v.UnmarkDeep()
		return leaves(v, out)
	}
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return out
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		out = markedTexts(el, out)
	}
	return out
}

func leaves(v cty.Value, out []string) []string {
	switch {
	case !v.IsKnown() || v.IsNull():
	case v.Type() == cty.String || v.Type() == cty.Number:
		if s, err := convert.Convert(v, cty.String); err == nil && s.AsString() != "" {
			out = append(out, s.AsString())
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			out = leaves(el, out)
		}
	}
	return out
}
