package blueprints

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path"
	"strings"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// localFile is an image of the blueprint.
type localFile struct {
	path    string
	content []byte
	sum     string // of the content
}

// wishFiles are the files that a wish needs on the account.
type wishFiles struct {
	local map[string]*localFile // by their paths in the text, or the picture's
	keys  map[string]string     // of those that the account has, by their sums
}

// loader reads files: of the blueprint once each, and those of the account.
type loader struct {
	dir   string
	local map[string]*localFile
}

func (l *loader) file(name string) (*localFile, error) {
	if f := l.local[name]; f != nil {
		return f, nil
	}
	at, err := lang.ConfinePath(l.dir, name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(at)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxImage+1))
	if err != nil {
		return nil, errors.New(reason(err))
	}
	if len(content) > maxImage {
		return nil, errors.New("it is larger than 10 MiB")
	}
	file := &localFile{path: name, content: content, sum: sum(content)}
	if l.local == nil {
		l.local = map[string]*localFile{}
	}
	l.local[name] = file
	return file, nil
}

// dataURL is a picture as a mutation takes it (PLATFORM 8.6).
func (f *localFile) dataURL() string {
	media := mediaTypes[strings.ToLower(path.Ext(f.path))]
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(f.content)
}

// sumOf is the sum of a file of the account; "" of one that is not there any more, or is larger than any of ours. Of
// one at an address that may not be called, why says so.
func (c *caller) sumOf(ctx context.Context, address string) (content, why string, err error) {
	if data, ok := strings.CutPrefix(address, "data:"); ok {
		_, body, _ := strings.Cut(data, ",")
		if content, err := base64.StdEncoding.DecodeString(body); err == nil {
			return sum(content), "", nil
		}
		return "", "", nil
	}
	var read []byte
	err = api.Patiently(ctx, c.waits, func() error {
		body, _, err := c.account.Fetch(ctx, address, maxImage+2)
		if err != nil {
			return err
		}
		defer body.Close()
		if read, err = io.ReadAll(io.LimitReader(body, maxImage+1)); err != nil {
			return steps.Errorf(steps.NetworkError, "a file of the account could not be read to its end")
		}
		return nil
	})
	var failed *steps.Error
	switch {
	case err == nil && len(read) <= maxImage:
		return sum(read), "", nil
	case err == nil:
		return "", "", nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case !errors.As(err, &failed): // too large, or put off for too long
		var back *steps.PutBack
		if errors.As(err, &back) {
			return "", "", err
		}
		return "", "", nil
	case failed.Kind == steps.InputError:
		return "", failed.Message, nil
	case failed.Status == http.StatusNotFound, failed.Status == http.StatusForbidden, failed.Status == http.StatusGone:
		return "", "", nil
	}
	return "", "", err
}
