package httpreq

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path"
	"path/filepath"
	"strings"

	"currant/engine/lang"
	"currant/steps"
)

// segment is a stretch of a multipart body: bytes, or a file that is opened when it is sent.
type segment struct {
	text []byte
	file *file
}

// file is a file below the blueprint's directory.
type file struct {
	root, name string // name has no links in it
	shown      string // as written
	size       int64
}

// multipart puts the parts together. Files are read while they are sent; their sizes are known before, so
// that the request has a Content-Length, which many servers insist on.
func (x *exchange) multipart() (payload, error) {
	var (
		buf      bytes.Buffer
		segments []segment
		length   int64
	)
	w := multipart.NewWriter(&buf)
	cut := func() {
		segments = append(segments, segment{text: bytes.Clone(buf.Bytes())})
		length += int64(buf.Len())
		buf.Reset()
	}
	for i := range x.args.Parts {
		p := &x.args.Parts[i]
		header, err := p.header()
		if err != nil {
			return payload{}, err
		}
		body, err := w.CreatePart(header)
		if err != nil {
			return payload{}, steps.Errorf(steps.InternalError, "part %q: %s", p.Name, err)
		}
		switch {
		case p.Value != nil:
			_, _ = io.WriteString(body, *p.Value)
		case p.Content != nil:
			_, _ = io.WriteString(body, *p.Content)
		default:
			f, err := findFile(x.call.Dir, *p.FilePath)
			if err != nil {
				return payload{}, steps.Errorf(steps.InputError, "part %q: file_path %q: %s", p.Name, *p.FilePath, err)
			}
			cut()
			segments = append(segments, segment{file: f})
			length += f.size
		}
	}
	_ = w.Close() // it writes to the buffer
	cut()
	return payload{
		contentType: w.FormDataContentType(), multipart: true, length: length,
		open: func() (io.ReadCloser, error) { return openSegments(segments) },
	}, nil
}

func (p *part) header() (textproto.MIMEHeader, error) {
	n := 0
	for _, s := range []*string{p.Value, p.FilePath, p.Content} {
		if s != nil {
			n++
		}
	}
	if n != 1 {
		return nil, steps.Errorf(steps.InputError, "part %q: exactly one of value, file_path and content may be other than null", p.Name)
	}
	name := ""
	switch {
	case p.FileName != nil:
		name = *p.FileName
	case p.FilePath != nil:
		name = path.Base(*p.FilePath)
	case p.Content != nil:
		name = p.Name
	}
	h := textproto.MIMEHeader{}
	disposition := fmt.Sprintf(`form-data; name="%s"`, quoteEscape.Replace(p.Name))
	if name != "" {
		disposition += fmt.Sprintf(`; filename="%s"`, quoteEscape.Replace(name))
	}
	h["Content-Disposition"] = []string{disposition}
	contentType := ""
	switch {
	case p.ContentType != nil:
		contentType = *p.ContentType
	case name != "":
		contentType = typeOf(name, p.Content != nil)
	}
	if contentType != "" {
		if why := headerProblem("Content-Type", contentType); why != "" {
			return nil, steps.Errorf(steps.InputError, "part %q: content_type: %s", p.Name, why)
		}
		h["Content-Type"] = []string{contentType}
	}
	return h, nil
}

// quoteEscape is what the HTML standard says of names in multipart/form-data.
var quoteEscape = strings.NewReplacer("\"", "%22", "\r", "%0D", "\n", "%0A")

func typeOf(name string, text bool) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	if text {
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// findFile is a regular file below dir. The errors say what is wrong without the path, which the caller
// knows.
func findFile(dir, rel string) (*file, error) {
	if dir == "" {
		return nil, errors.New("files cannot be read here")
	}
	full, err := lang.ConfinePath(dir, rel)
	if err != nil {
		return nil, err
	}
	root, err := lang.ConfinePath(dir, ".")
	if err != nil {
		return nil, err
	}
	name, err := filepath.Rel(root, full)
	if err != nil {
		return nil, errors.New("it cannot be found in the blueprint's directory")
	}
	f := &file{root: root, name: name, shown: rel}
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	return f, r.Close()
}

// open opens the file again, through no link, and fails where it is another kind or size than before.
func (f *file) open() (io.ReadCloser, error) {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, plainReason(err)
	}
	defer root.Close()
	info, err := root.Lstat(f.name)
	if err != nil {
		return nil, plainReason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	r, err := root.Open(f.name)
	if err != nil {
		return nil, plainReason(err)
	}
	f.size = info.Size()
	return r, nil
}

// plainReason is a file error without the path: messages have the path as it was written.
func plainReason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// openSegments reads the segments one after the other and has one file open at a time.
func openSegments(segments []segment) (io.ReadCloser, error) {
	return &segmentReader{rest: segments}, nil
}

type segmentReader struct {
	rest []segment
	cur  io.Reader
	file io.Closer
}

func (r *segmentReader) Read(p []byte) (int, error) {
	for {
		if r.cur == nil {
			if len(r.rest) == 0 {
				return 0, io.EOF
			}
			next := r.rest[0]
			r.rest = r.rest[1:]
			if next.file == nil {
				r.cur = bytes.NewReader(next.text)
			} else {
				size := next.file.size
				again := *next.file
				f, err := again.open()
				if err != nil {
					return 0, &fileError{next.file.shown, err.Error()}
				}
				if again.size != size {
					f.Close()
					return 0, &fileError{next.file.shown, "it changed while it was sent"}
				}
				r.cur, r.file = io.LimitReader(f, size), f
			}
		}
		n, err := r.cur.Read(p)
		if err == io.EOF {
			r.Close()
			r.cur = nil
			if n == 0 {
				continue
			}
			err = nil
		}
		return n, err
	}
}

// Close closes the file that is open.
func (r *segmentReader) Close() error {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
	return nil
}

// fileError is a file of a part that cannot be read while it is sent.
type fileError struct{ path, why string }

func (e *fileError) Error() string { return fmt.Sprintf("file_path %q: %s", e.path, e.why) }
