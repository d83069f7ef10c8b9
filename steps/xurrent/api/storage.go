package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"currant/engine/outbound"
	"currant/steps"
)

const storageText = `query { attachmentStorage { uploadUri provider providerParameters sizeLimit allowedExtensions } }`

const (
	// storageLife is for how long one answer serves several files (PLATFORM 5.1).
	storageLife = time.Minute
	// defaultSizeLimit holds where the account tells none, in bytes.
	defaultSizeLimit = 2 << 30
)

// storage is where an account's attachments go.
type storage struct {
	uri, provider string
	fields        []field
	sizeLimit     int64 // bytes; files are smaller
	extensions    []string
	answer        *Answer
	until         time.Time
}

// field is a field of the form to send.
type field struct{ name, value string }

// storageCache keeps the last answer. Who waits for another's query can give up.
type storageCache struct {
	lock chan struct{} // holds one token: who has it may touch last
	last *storage
}

func newStorageCache() *storageCache {
	s := &storageCache{lock: make(chan struct{}, 1)}
	s.lock <- struct{}{}
	return s
}

// storageInfo is where to send a file.
func (c *Client) storageInfo(ctx context.Context) (*storage, error) {
	select {
	case <-c.storage.lock:
	case <-ctx.Done():
		return nil, c.shown(ctx.Err())
	}
	defer func() { c.storage.lock <- struct{}{} }()
	if s := c.storage.last; s != nil && s.until.After(c.now()) {
		return s, nil
	}
	a, err := c.Do(ctx, Request{Text: storageText, Read: true})
	if err != nil {
		return nil, err
	}
	s, err := readStorage(a)
	if err != nil {
		return nil, err
	}
	s.until = c.now().Add(storageLife)
	c.storage.last = s
	return s, nil
}

func readStorage(a *Answer) (*storage, error) {
	var data struct {
		AttachmentStorage *struct {
			UploadURI          string          `json:"uploadUri"`
			Provider           string          `json:"provider"`
			ProviderParameters json.RawMessage `json:"providerParameters"`
			SizeLimit          *float64        `json:"sizeLimit"`
			AllowedExtensions  []string        `json:"allowedExtensions"`
		} `json:"attachmentStorage"`
	}
	if err := json.Unmarshal(a.Data, &data); err != nil {
		return nil, steps.Errorf(steps.DecodeError, "the account's attachment storage cannot be read: another form of answer was expected")
	}
	got := data.AttachmentStorage
	switch {
	case got == nil:
		return nil, steps.Errorf(steps.DecodeError, "No attachment storage info returned")
	case strings.TrimSpace(got.UploadURI) == "":
		return nil, steps.Errorf(steps.DecodeError, "No upload URI returned")
	case got.Provider != "s3" && got.Provider != "local":
		return nil, steps.Errorf(steps.DecodeError, "the account's attachment storage is %q; s3 and local are known", outbound.EscapeLog(got.Provider, 40))
	}
	s := &storage{uri: strings.TrimSpace(got.UploadURI), provider: got.Provider, sizeLimit: defaultSizeLimit, extensions: got.AllowedExtensions, answer: a}
	if got.SizeLimit != nil && *got.SizeLimit > 0 && *got.SizeLimit < 1<<53 {
		s.sizeLimit = int64(*got.SizeLimit)
	}
	var err error
	if s.fields, err = readFields(got.ProviderParameters); err != nil {
		return nil, steps.Errorf(steps.DecodeError, "the account's attachment storage has parameters that are no JSON object of texts")
	}
	return s, nil
}

// readFields reads an object in its order, its values as texts.
func readFields(raw json.RawMessage) (out []field, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if text := plainText(raw); raw[0] == '"' { // JSON within a text
		return readFields(json.RawMessage(text))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, field{name: fmt.Sprint(name), value: fieldText(value)})
	}
	if _, err := d.Token(); err != nil && err != io.EOF {
		return nil, err
	}
	return out, nil
}

// fieldText is a value as a form has it: 201 for 201.0 (PLATFORM 5.2).
func fieldText(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && bytes.ContainsAny(raw, ".eE") {
		if f, err := strconv.ParseFloat(string(raw), 64); err == nil && f == float64(int64(f)) && f < 1<<53 && f > -1<<53 {
			return strconv.FormatInt(int64(f), 10)
		}
	}
	return plainText(raw)
}

// takes reports a file that the account will not take (PLATFORM 5.1): its ending, or its size where that is
// known (not negative).
func (s *storage) takes(name string, size int64) error {
	ending := endingOf(name)
	allowed := len(s.extensions) == 0 || slices.ContainsFunc(s.extensions, func(e string) bool {
		return strings.EqualFold(strings.TrimPrefix(e, "."), ending)
	})
	if !allowed {
		list := outbound.EscapeLog(strings.Join(s.extensions, ", "), maxMessage)
		if ending == "" {
			return steps.Errorf(steps.InputError, "the file %q has no ending such as .txt; the account takes files of %s", name, list)
		}
		return steps.Errorf(steps.InputError, "the account takes no files of the ending %q (file %q); it takes %s", ending, name, list)
	}
	if size >= s.sizeLimit {
		return s.tooLarge(name, fmt.Sprintf("has %d bytes", size))
	}
	return nil
}

func (s *storage) tooLarge(name, how string) error {
	return steps.Errorf(steps.InputError, "the file %q %s; the account takes files of less than %d bytes", name, how, s.sizeLimit)
}

func endingOf(name string) string { return strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) }

// mediaTypes are those by the endings of names (PLATFORM 5.2).
var mediaTypes = map[string]string{
	"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
	"svg": "image/svg+xml", "webp": "image/webp", "json": "application/json", "xml": "application/xml",
	"csv": "text/csv", "txt": "text/plain", "zip": "application/zip",
}

// MediaType is the media type of a file by the ending of its name (PLATFORM 5.2).
func MediaType(name string) string {
	if t, ok := mediaTypes[endingOf(name)]; ok {
		return t
	}
	return "application/octet-stream"
}
