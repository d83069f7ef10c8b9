package sim

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// reply is an answer that is made up before any of it is sent, so that a fault can spoil it on its way.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newReply() *reply { return &reply{header: http.Header{}} }

// Header is that of [http.ResponseWriter].
func (a *reply) Header() http.Header { return a.header }

// WriteHeader is that of [http.ResponseWriter]; the first status counts.
func (a *reply) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write is that of [http.ResponseWriter].
func (a *reply) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant that gzip knows
	}
	return z
}}

// finish settles status, compression and length.
func (a *reply) finish(r *http.Request) []byte {
	a.WriteHeader(http.StatusOK)
	body := a.body.Bytes()
	if len(body) >= 256 && acceptsGzip(r) && a.header.Get("Content-Encoding") == "" {
		var small bytes.Buffer
		z := zippers.Get().(*gzip.Writer)
		z.Reset(&small)
		_, err := z.Write(body)
		if err == nil {
			err = z.Close()
		}
		zippers.Put(z)
		if err == nil {
			body = small.Bytes()
			a.header.Set("Content-Encoding", "gzip")
		}
	}
	if a.status != http.StatusNoContent {
		a.header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return body
}

func acceptsGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// send writes the whole answer.
func (a *reply) send(w http.ResponseWriter, r *http.Request) {
	body := a.finish(r)
	a.sendHead(w)
	_, _ = w.Write(body) // the client is gone: nobody is left to tell
}

func (a *reply) sendHead(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
}

// writeJSON answers with a value as JSON.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer is no JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// writeMessage answers as the API does where it refuses: {"message": …} (PLATFORM 1.6).
func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"message": message})
}
