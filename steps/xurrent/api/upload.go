package api

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"currant/engine/outbound"
	"currant/steps"
)

// File is a file to store.
type File struct {
	Name string // without folders
	// ContentType is its media type; "" is that of the name's ending.
	ContentType string
	// Size is in bytes; negative: not known before it is opened.
	Size int64
	// Open opens the content once the name and the size, if known, fit what the account takes. A limit of
	// bytes is too many. The size may be negative still: then the content is kept in a temporary file, for a
	// storage wants to know it beforehand. Its errors are the caller's.
	Open func(ctx context.Context, limit int64) (content io.ReadCloser, size int64, err error)
	// Secrets are texts that must not be shown, though the storage may repeat them.
	Secrets []string
}

// Stored is a file that was stored.
type Stored struct {
	Key  string // to attach it by
	Size int64  // bytes
	// The limits and the request's id are those of the query for the storage, which serves for a minute.
	Rate, Cost Limit
	RequestID  string
}

// Upload stores a file (PLATFORM 5.2). The content is streamed, and no token or account goes to the storage.
// The errors are those of Do; kind input is a file that the account does not take, of which nothing was sent,
// and kind http a storage that refused it or gave no key.
func (c *Client) Upload(ctx context.Context, f File) (*Stored, error) {
	if f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' }) {
		return nil, steps.Errorf(steps.InputError, "the file's name %q has to be one name, without folders and control characters", f.Name)
	}
	if f.ContentType == "" {
		f.ContentType = MediaType(f.Name)
	}
	if strings.ContainsFunc(f.ContentType, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, steps.Errorf(steps.InputError, "the content type %q holds characters that a header cannot have", f.ContentType)
	}
	s, err := c.storageInfo(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.takes(f.Name, f.Size); err != nil {
		return nil, err
	}
	content, size, err := f.Open(ctx, s.sizeLimit)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if size < 0 {
		spooled, n, err := spool(content, s.sizeLimit)
		if err != nil {
			return nil, c.spoolError(f, s, err)
		}
		defer spooled.Close()
		content, size = spooled, n
	}
	if err := s.takes(f.Name, size); err != nil {
		return nil, err
	}
	key, err := c.store(ctx, s, f, content, size)
	if err != nil {
		return nil, err
	}
	return &Stored{Key: key, Size: size, Rate: s.answer.Rate, Cost: s.answer.Cost, RequestID: s.answer.RequestID}, nil
}

// spool keeps content of a size that is not known in a file that has no name any more.
func spool(content io.Reader, limit int64) (*os.File, int64, error) {
	f, err := os.CreateTemp("", "upload-")
	if err != nil {
		return nil, 0, err
	}
	_ = os.Remove(f.Name()) // it lives until it is closed
	n, err := io.Copy(f, io.LimitReader(content, limit))
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, n, nil
}

func (c *Client) spoolError(f File, s *storage, err error) error {
	var large *outbound.TooLarge
	var local *os.PathError
	switch {
	case errors.As(err, &large):
		return s.tooLarge(f.Name, "is too large")
	case errors.As(err, &local):
		return steps.Errorf(steps.InternalError, "the file %q cannot be kept for the moment: %s", f.Name, local.Err)
	}
	return c.shown(err)
}

// store sends the form: Content-Type, the provider's parameters in their order, and the file last, for the
// storage ignores what comes after it.
func (c *Client) store(ctx context.Context, s *storage, f File, content io.Reader, size int64) (string, error) {
	to, err := outbound.CheckURL(s.uri)
	if err != nil {
		return "", steps.Errorf(steps.InputError, "the address of the account's attachment storage: %s", err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, one := range append([]field{{"Content-Type", f.ContentType}}, s.fields...) {
		_ = w.WriteField(one.name, one.value) // to memory
	}
	_, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + quoteEscape.Replace(f.Name) + `"`},
		"Content-Type":        {f.ContentType},
	})
	before := bytes.Clone(form.Bytes())
	form.Reset()
	_ = w.Close()

	exact := &exactReader{r: content, left: size}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), io.MultiReader(bytes.NewReader(before), exact, &form))
	if err != nil {
		return "", steps.Errorf(steps.InputError, "the address of the account's attachment storage cannot be called")
	}
	req.ContentLength = int64(len(before)) + size + int64(form.Len())
	req.Header.Set("Content-Type", w.FormDataContentType())
	resp, err := c.out.Do(ctx, req, outbound.CallOptions{Timeout: c.config.timeout(), MaxBody: maxShortAnswer})
	redact := func(text string) string { return c.storageSecrets(f, s).Redact(text) }
	if err != nil {
		if why := exact.failed.Load(); why != nil {
			return "", steps.Errorf(steps.InputError, "the file %q: %s", f.Name, redact(*why))
		}
		return "", c.shown(err)
	}
	return c.key(s, resp, redact)
}

// quoteEscape is what the HTML standard says of names in multipart/form-data.
var quoteEscape = strings.NewReplacer("\"", "%22", "\r", "%0D", "\n", "%0A")

// storageSecrets are those of the connection and the file, and what lets somebody else store files.
func (c *Client) storageSecrets(f File, s *storage) *outbound.Secrets {
	g := c.grant("")
	g.secrets.Add(f.Secrets...)
	for _, one := range s.fields {
		if n := strings.ToLower(one.name); strings.Contains(n, "signature") || strings.Contains(n, "token") || n == "policy" {
			g.secrets.Add(one.value)
		}
	}
	return g.secrets
}

// key is what the storage calls the file.
func (c *Client) key(s *storage, resp *outbound.Response, redact func(string) string) (string, error) {
	fail := func(message string) error {
		if text := excerpt(resp.Body, redact); text != "" {
			message += " '" + text + "'"
		}
		return &steps.Error{Kind: steps.HTTPError, Status: resp.Status, Message: message}
	}
	switch {
	case putsBack(resp.Status): // LANGUAGE section 3
		return "", &steps.PutBack{After: outbound.RetryAfter(resp.Header, c.now()), Status: resp.Status,
			Reason: fmt.Sprintf("the upload (%s) was answered %s", s.provider, statusText(resp.Status))}
	case resp.Status != http.StatusOK && resp.Status != http.StatusCreated && resp.Status != http.StatusNoContent:
		return "", fail(fmt.Sprintf("Upload failed (%s): %s", s.provider, statusText(resp.Status)))
	}
	key := ""
	if s.provider == "local" {
		var answer struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(resp.Body, &answer) == nil {
			key = answer.Key
		}
	} else {
		key = keyElement(resp.Body)
	}
	if key = strings.TrimSpace(key); key == "" {
		return "", fail("Could not extract storage key from upload response")
	}
	return key, nil
}

// keyElement is the text of the first Key element, "" where there is none.
func keyElement(body []byte) string {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "Key" {
			var key string
			if d.DecodeElement(&key, &start) != nil {
				return ""
			}
			return key
		}
	}
}
