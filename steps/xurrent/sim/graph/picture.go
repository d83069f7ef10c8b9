package graph

import (
	"encoding/base64"
	"mime"
	"net/url"
	"strings"
)

// maxPicture is what a data URI of a picture must stay below, bytes (PLATFORM 9.1).
const maxPicture = 2 << 20

// pictureEndings are the pictures that the service takes, by media type.
var pictureEndings = map[string]string{"image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png", "image/svg+xml": ".svg", "image/webp": ".webp"}

// picture gives the step that sets the picture of a record: an address as it is, or the address under which the content of a
// data URI is served from then on.
func (w *writer) picture(v any) step {
	uri := strings.TrimSpace(asText(v))
	if uri == "" {
		return func(r *record) { r.set(keyPicture, nil) }
	}
	if !strings.HasPrefix(uri, "data:") {
		if u, err := url.Parse(uri); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			w.problem("pictureUri", "Picture URI must be an http, https or data URI")
		}
		return func(r *record) { r.set(keyPicture, uri) }
	}
	if len(uri) >= maxPicture {
		w.problem("pictureUri", "Picture URI is too long: a data URI must be smaller than 2 MB")
		return nil
	}
	media, content, problem := readDataURI(uri)
	if problem != "" {
		w.problem("pictureUri", "Picture URI "+problem)
		return nil
	}
	return func(r *record) {
		if w.x.hooks.StorePicture != nil {
			uri = w.x.hooks.StorePicture(w.a.id, fileName(r.text(keyName))+pictureEndings[media], media, content)
		}
		r.set(keyPicture, uri)
	}
}

// readDataURI reads data:image/png;base64,iVBO…; problem is what is wrong with it.
func readDataURI(uri string) (media string, content []byte, problem string) {
	head, data, ok := strings.Cut(strings.TrimPrefix(uri, "data:"), ",")
	head, encoded := strings.CutSuffix(head, ";base64")
	media, _, err := mime.ParseMediaType(head)
	switch {
	case !ok || err != nil || !encoded:
		return "", nil, "is no data URI with base64, such as data:image/png;base64,iVBORw0KGgo="
	case pictureEndings[media] == "":
		return "", nil, "has the type " + shown(media) + ", allowed are " + strings.Join(sortedKeys(pictureEndings), ", ")
	}
	content, err = base64.StdEncoding.DecodeString(data)
	if err != nil || len(content) == 0 {
		return "", nil, "has content that is no base64"
	}
	return media, content, ""
}

// fileName is a name as that of a file: what is not a letter or digit of ASCII becomes an underscore.
func fileName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	if len(words) == 0 {
		return "picture"
	}
	joined := strings.Join(words, "_")
	return joined[:min(len(joined), 60)]
}
