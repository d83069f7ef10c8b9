package ingress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"currant/engine/lang"
)

const inboundPrefix = "/inbound/"

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	var t *Trigger
	var a answer
	defer func() {
		if p := recover(); p != nil {
			// A fault of ours. What was being done is in the stack; the request's content is not.
			s.Log.Error("request handler failed", "panic", shown(panicText(p)), "stack", cut(string(debug.Stack()), 8<<10))
			a = answerRefusal(refuse(http.StatusInternalServerError, "The runner failed to handle the request."))
		}
		if len(r.TransferEncoding) > 0 || r.ContentLength > s.Limits.BodyBytes {
			// What follows a chunked body is not looked at by framing, and what was not read is not waited for.
			a.close = true
		}
		a.write(w)
		s.logged(r, t, a, time.Since(started))
	}()
	switch path := r.URL.EscapedPath(); {
	case path == "/healthz":
		a = probe(r, true)
	case path == "/readyz":
		a = probe(r, s.ready())
	case strings.HasPrefix(path, inboundPrefix):
		t, a = s.inbound(r, path[len(inboundPrefix):])
	default:
		a = answerError(notFound())
	}
}

func panicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	}
	return "unknown"
}

// planned refuses the events of a kind that a later build receives. The sender keeps them for a while.
func planned(k *Kind) *Refusal {
	return refuse(http.StatusNotImplemented, "This build of Currant cannot receive events of the trigger kind %q yet.", k.Name)
}

func notFound() *Refusal { return refuse(http.StatusNotFound, "There is no such endpoint.") }

func (s *Server) ready() bool {
	if s.draining.Load() {
		return false
	}
	if s.Ready == nil {
		return true
	}
	ok, detail := s.Ready()
	if !ok {
		s.Log.Debug("not ready", "because", shown(strings.Join(detail, "; ")))
	}
	return ok
}

func probe(r *http.Request, ok bool) answer {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return answerError(notAllowed([]string{http.MethodGet, http.MethodHead}))
	case !ok:
		return answer{status: http.StatusServiceUnavailable, contentType: plainText, body: []byte("unavailable\n")}
	}
	return answer{status: http.StatusOK, contentType: plainText, body: []byte("ok\n")}
}

func notAllowed(methods []string) *Refusal {
	r := refuse(http.StatusMethodNotAllowed, "The method is not accepted here. Use %s.", strings.Join(methods, " or "))
	r.Header = http.Header{"Allow": {strings.Join(methods, ", ")}}
	return r
}

// inbound answers a request below /inbound/: rest is blueprint/runbook, or something below it.
func (s *Server) inbound(r *http.Request, rest string) (*Trigger, answer) {
	t, postfix := s.route(rest)
	if t == nil {
		return nil, answerError(notFound())
	}
	if err := t.Admit(r.Method, r.Header, r.ContentLength, s.Limits.BodyBytes); err != nil {
		return t, answerError(err)
	}
	req, err := s.read(r, postfix)
	if err != nil {
		return t, answerError(err)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return t, answerError(full())
	}
	// Not ended by a caller that hangs up: an event that was read is worth keeping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.Limits.Request)
	defer cancel()
	ev, err := t.Receive(ctx, req)
	if err != nil {
		return t, answerError(err)
	}
	if ev.Discard != "" {
		return t, answer{status: http.StatusOK, contentType: plainText, body: []byte(ev.Discard), note: "discarded"}
	}
	receipt, err := s.Accept(ctx, t, ev)
	if err != nil {
		return t, answerError(err)
	}
	return t, s.accepted(t, ev, receipt)
}

// route finds the trigger that serves a path, and what is below its endpoint. Names are compared as they
// were sent: they have no characters that need escaping.
func (s *Server) route(rest string) (*Trigger, string) {
	blueprint, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return nil, ""
	}
	runbook, rest, _ := strings.Cut(rest, "/")
	if !lang.ValidName(blueprint) || !lang.ValidName(runbook) {
		return nil, ""
	}
	t, ok := s.Route(blueprint, runbook)
	if !ok || t == nil {
		return nil, ""
	}
	return t, rest
}

func full() *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Message: "The runner is busy. Try again.", RetryAfter: time.Second}
}

// Admit refuses a request to the trigger's endpoint by its head, before the body is read: length is what the body is
// said to have, in bytes, or -1, and most what it may have. The error is a *Refusal.
func (t *Trigger) Admit(method string, header http.Header, length, most int64) error {
	switch {
	case !t.Enabled || !t.Kind.Endpoint:
		return notFound()
	case t.Kind.Accept == nil:
		return planned(t.Kind)
	}
	methods := []string{http.MethodPost}
	if t.Kind.Methods != nil {
		if m := t.Kind.Methods(t.Args); len(m) > 0 {
			methods = m
		}
	}
	if !slices.Contains(methods, method) {
		return notAllowed(methods)
	}
	for _, c := range header.Values("Content-Encoding") {
		if c != "" && !strings.EqualFold(c, "identity") {
			return refuse(http.StatusUnsupportedMediaType, "Encoded bodies are not accepted. Send the body as it is, without Content-Encoding.")
		}
	}
	if length > most {
		return tooLarge(most)
	}
	return nil
}

// read makes a Request within the limits, of one that Admit takes.
func (s *Server) read(r *http.Request, postfix string) (*Request, error) {
	if len(s.slots) == cap(s.slots) {
		return nil, full()
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The query cannot be read.")
	}
	if postfix, err = url.PathUnescape(postfix); err != nil || !utf8.ValidString(postfix) {
		return nil, refuse(http.StatusBadRequest, "The path cannot be read.")
	}
	body, err := s.readBody(r)
	if err != nil {
		return nil, err
	}
	return &Request{Method: r.Method, Header: r.Header, Query: query, Postfix: postfix, Body: body, At: s.Now(), Kept: s.Kept}, nil
}

func tooLarge(most int64) *Refusal {
	return refuse(http.StatusRequestEntityTooLarge, "The body is larger than %d KiB.", most>>10)
}

func (s *Server) readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 {
		// No more than a little for bytes that were promised and have not come.
		buf.Grow(int(min(n, 8<<10)) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(r.Body, s.Limits.BodyBytes+1))
	var ne net.Error
	switch {
	case n > s.Limits.BodyBytes:
		return nil, tooLarge(s.Limits.BodyBytes)
	case errors.As(err, &ne) && ne.Timeout():
		return nil, refuse(http.StatusRequestTimeout, "The body did not come in time.")
	case err != nil:
		r := refuse(http.StatusBadRequest, "The body cannot be read: it is cut off, or its chunks are malformed.")
		r.Reason = err.Error()
		return nil, r
	}
	return buf.Bytes(), nil
}

// accepted is the answer to an event that is on disk. From here on nothing may turn it into a refusal: the
// sender would send it again.
func (s *Server) accepted(t *Trigger, ev Event, receipt Receipt) answer {
	a, own, err := t.response(ev)
	if err != nil {
		s.Log.Warn("the answer of a respond block failed; the default was sent", "blueprint", t.Blueprint, "runbook", t.Runbook, "error", shown(err.Error()))
	}
	if err != nil || !own {
		a = answer{status: http.StatusOK, contentType: jsonText, body: jobBody(receipt.Run)}
	}
	a.job, a.note = receipt.Run, "accepted"
	if !receipt.Fresh {
		a.note = "repeated"
	}
	return a
}

func (s *Server) logged(r *http.Request, t *Trigger, a answer, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case a.status >= 500 || a.status == http.StatusUnauthorized:
		level = slog.LevelWarn
	case a.status >= 400 && a.note != "accepted" && a.note != "repeated":
		level = slog.LevelInfo
	}
	ctx := r.Context()
	if !s.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs, slog.Int("status", a.status), slog.String("method", cut(r.Method, 64)), slog.String("remote", shown(r.RemoteAddr)))
	if t != nil {
		// Not the path: what is below an endpoint may be a secret of its caller's.
		attrs = append(attrs, slog.String("blueprint", t.Blueprint), slog.String("runbook", t.Runbook))
	} else {
		attrs = append(attrs, slog.String("path", cut(r.URL.EscapedPath(), 200)))
	}
	if a.note != "" {
		attrs = append(attrs, slog.String("result", a.note))
	}
	if a.job != "" {
		attrs = append(attrs, slog.String("run", shown(a.job)))
	}
	if a.reason != "" {
		attrs = append(attrs, slog.String("reason", shown(a.reason)))
	}
	attrs = append(attrs, slog.Duration("took", took))
	s.Log.LogAttrs(ctx, level, "request", attrs...)
}
