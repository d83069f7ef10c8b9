package sim

import (
	"bytes"
	"crypto/hmac"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// maxFields and maxField bound the form of an upload beside its file.
const (
	maxFields = 50
	maxField  = 64 << 10 // bytes
)

const pathFiles = pathStorage + "files/"

// serveStorage is the storage host: uploads (PLATFORM 5.2), expiring links to what was uploaded (PLATFORM 5.3), and
// pictures.
func (s *Sim) serveStorage(w http.ResponseWriter, r *http.Request, entry *recorded) {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, pathFiles):
		s.serveFile(w, r)
	case strings.HasPrefix(path, pathPictures):
		s.servePicture(w, r)
	case path != pathStorage+providerS3 && path != pathStorage+providerLocal:
		writeMessage(w, http.StatusNotFound, "Not Found")
	case r.Method != http.MethodPost:
		methodNotAllowed(w, http.MethodPost)
	case path == pathStorage+providerS3:
		s.serveS3(w, r, entry)
	default:
		s.serveLocal(w, r, entry)
	}
}

// refusedUpload is why an upload is refused, in the words of S3.
type refusedUpload struct {
	status       int
	code, detail string
}

func (e *refusedUpload) Error() string { return e.code + ": " + e.detail }

func refuse(status int, code, detail string) *refusedUpload {
	return &refusedUpload{status, code, detail}
}

func (s *Sim) serveS3(w http.ResponseWriter, r *http.Request, entry *recorded) {
	fail := func(e *refusedUpload) {
		writeXML(w, e.status, struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
			Message string
		}{Code: e.code, Message: e.detail})
	}
	if strings.TrimSpace(r.Header.Get("Authorization")) != "" {
		fail(refuse(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed: the upload form is signed, an Authorization header must not be sent"))
		return
	}
	f, e := s.receive(r, entry, s.checkForm)
	if e != nil {
		fail(e)
		return
	}
	s.store.put(f)
	w.Header().Set("Location", s.baseURL()+pathFiles+escapeKey(f.key))
	writeXML(w, http.StatusCreated, struct {
		XMLName  xml.Name `xml:"PostResponse"`
		Location string
		Bucket   string
		Key      string
		ETag     string
	}{Location: s.baseURL() + pathFiles + escapeKey(f.key), Bucket: "simulated", Key: f.key, ETag: `"` + randomHex(16) + `"`})
}

func (s *Sim) serveLocal(w http.ResponseWriter, r *http.Request, entry *recorded) {
	f, e := s.receive(r, entry, func(_ map[string]string, filename string) (string, error) {
		return "attachments/local/" + strconv.Itoa(s.clock.now().UTC().Year()) + "/" + randomHex(8) + "/" + filename, nil
	})
	if e != nil {
		writeMessage(w, e.status, e.Error())
		return
	}
	s.store.put(f)
	writeJSON(w, http.StatusOK, map[string]any{"key": f.key, "size": f.size})
}

// receive reads the form of an upload; `file` has to be its last field (PLATFORM 5.2).
func (s *Sim) receive(r *http.Request, entry *recorded, check func(map[string]string, string) (string, error)) (*file, *refusedUpload) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return nil, refuse(http.StatusPreconditionFailed, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data")
	}
	form := multipart.NewReader(r.Body, params["boundary"])
	fields := map[string]string{}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "POST requires exactly one file upload per request")
		}
		if err != nil {
			return nil, unreadable(err)
		}
		name := part.FormName()
		if len(entry.Fields) >= maxFields {
			return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The form has too many fields")
		}
		entry.Fields = append(entry.Fields, name)
		if name == "file" {
			return s.receiveFile(form, part, entry, fields, check)
		}
		value, err := io.ReadAll(io.LimitReader(part, maxField+1))
		switch _, twice := fields[name]; {
		case err != nil:
			return nil, unreadable(err)
		case len(value) > maxField:
			return nil, refuse(http.StatusBadRequest, "MaxPostPreDataLengthExceeded", "The field "+name+" is too long")
		case twice:
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "The field "+name+" is given twice")
		}
		fields[name] = string(value)
	}
}

func (s *Sim) receiveFile(form *multipart.Reader, part *multipart.Part, entry *recorded, fields map[string]string,
	check func(map[string]string, string) (string, error)) (*file, *refusedUpload) {
	filename := path.Base("/" + strings.ReplaceAll(part.FileName(), `\`, "/"))
	if part.FileName() == "" || filename == "/" {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "The file has no name")
	}
	key, err := check(fields, filename)
	if err != nil {
		return nil, refuse(http.StatusForbidden, "AccessDenied", "Invalid according to Policy: "+err.Error())
	}
	if !s.allowed(filename) {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Files like "+filename+" may not be uploaded: allowed are "+strings.Join(s.options.Extensions, ", "))
	}
	f := &file{key: key, media: fields["Content-Type"]}
	if f.media == "" {
		f.media = part.Header.Get("Content-Type")
	}
	var content bytes.Buffer
	n, err := io.Copy(&keeper{buffer: &content, limit: min(maxFileKept, s.options.SizeLimit)}, io.LimitReader(part, s.options.SizeLimit))
	entry.Size = n
	switch {
	case err != nil:
		return nil, unreadable(err)
	case n >= s.options.SizeLimit:
		return nil, refuse(http.StatusBadRequest, "EntityTooLarge", "The file must be smaller than "+strconv.FormatInt(s.options.SizeLimit, 10)+" bytes")
	}
	if next, err := form.NextRawPart(); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, unreadable(err)
		}
		entry.Fields = append(entry.Fields, next.FormName())
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "The field "+next.FormName()+" comes after the file, which must be the last")
	}
	f.size, f.content, f.lost = n, content.Bytes(), int64(content.Len()) < n
	return f, nil
}

func unreadable(err error) *refusedUpload {
	return refuse(http.StatusBadRequest, "MalformedPOSTRequest", "The form cannot be read: "+err.Error())
}

// keeper keeps what is written up to a limit, and nothing at all of what is longer.
type keeper struct {
	buffer *bytes.Buffer
	limit  int64
	over   bool
}

// Write never fails.
func (k *keeper) Write(b []byte) (int, error) {
	if k.over = k.over || int64(k.buffer.Len()+len(b)) > k.limit; k.over {
		*k.buffer = bytes.Buffer{}
		return len(b), nil
	}
	return k.buffer.Write(b)
}

func writeXML(w http.ResponseWriter, status int, v any) {
	b, err := xml.Marshal(v)
	if err != nil {
		http.Error(w, "the answer is no XML: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_, _ = w.Write(b)
}

func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// ExpiringURL is a link to an uploaded file that works without a token for a quarter of an hour (PLATFORM 5.3). It is empty where
// no file has the key.
func (s *Sim) ExpiringURL(key string) string {
	if _, ok := s.store.get(key); !ok {
		return ""
	}
	until := strconv.FormatInt(s.clock.now().Add(15*time.Minute).Unix(), 10)
	return s.baseURL() + pathFiles + escapeKey(key) + "?expires=" + until + "&signature=" + s.store.sign("link "+until+" "+key)
}

func (s *Sim) serveFile(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		methodNotAllowed(w, http.MethodGet)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, pathFiles)
	until := r.URL.Query().Get("expires")
	second, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !hmac.Equal([]byte(r.URL.Query().Get("signature")), []byte(s.store.sign("link "+until+" "+key))) || s.clock.now().Unix() >= second {
		writeMessage(w, http.StatusForbidden, "The link is not signed for this file, or has expired")
		return
	}
	s.serveContent(w, key)
}

// serveContent answers with an uploaded file.
func (s *Sim) serveContent(w http.ResponseWriter, key string) {
	f, ok := s.store.get(key)
	switch {
	case !ok:
		writeMessage(w, http.StatusNotFound, "Not Found")
	case f.lost:
		writeMessage(w, http.StatusGone, "The content of this file was too large to be kept")
	default:
		w.Header().Set("Content-Type", f.media)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(f.content)
	}
}
