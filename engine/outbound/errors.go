package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Kind is the error kind that a failed call gives its step.
type Kind string

const (
	KindInput     Kind = "input"     // refused by the guard, or a URL that we do not call
	KindNetwork   Kind = "network"   // no connection, or it broke
	KindTimeout   Kind = "timeout"   // a time limit of ours or of the caller
	KindHTTP      Kind = "http"      // an answer that we do not accept: too large, a redirect that we do not follow
	KindCancelled Kind = "cancelled" // the caller gave up
)

// Classify is the kind of an error of this package, or of an error of the
// client that [Client.HTTP] gives out. Nil has no kind; what is unknown is
// KindNetwork.
func Classify(err error) Kind {
	var (
		call     *Error
		refused  *Refused
		bad      *BadURL
		large    *TooLarge
		redirect *RedirectError
		timeout  interface{ Timeout() bool }
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &call):
		return call.Kind
	case errors.As(err, &refused), errors.As(err, &bad):
		return KindInput
	case errors.As(err, &large), errors.As(err, &redirect):
		return KindHTTP
	case errors.Is(err, context.Canceled):
		return KindCancelled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout
	}
	return KindNetwork
}

// Error is a call that failed on its way. Its text is short and holds the host,
// never the path, query, headers or body.
type Error struct {
	Kind Kind
	Host string // host:port
	What string // the whole message
	Err  error  // the cause; its own text may hold the URL
}

func (e *Error) Error() string { return e.What }

// Unwrap gives the cause for errors.Is and errors.As; do not print it.
func (e *Error) Unwrap() error { return e.Err }

// TooLarge is an answer over a limit.
type TooLarge struct {
	Host   string // host:port
	What   string // "body" or "headers"
	Limit  int64  // bytes; of a body after decompression
	Status int    // HTTP status, 0 where unknown
}

func (e *TooLarge) Error() string {
	if e.What == "body" {
		return fmt.Sprintf("answer of %s: its body is larger than the limit of %s (after decompression)", e.Host, size(e.Limit))
	}
	return fmt.Sprintf("answer of %s: its %s are larger than the limit of %s", e.Host, e.What, size(e.Limit))
}

// RedirectError is a redirect that we do not follow although redirects are on.
type RedirectError struct {
	Host   string // host:port that sent the redirect
	Status int
	Why    string
	Err    error // the refusal of the next hop, or nil
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("redirect (%d) of %s not followed: %s", e.Status, e.Host, e.Why)
}

func (e *RedirectError) Unwrap() error { return e.Err }

func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Explain turns an error of the client that [Client.HTTP] gives out into one
// whose text is short and holds no URL. Errors of this package come back as
// they are.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	host := "the server"
	var ue *url.Error
	if errors.As(err, &ue) {
		if u, perr := url.Parse(ue.URL); perr == nil {
			if t, cerr := checkParsed(u); cerr == nil {
				host = t.hostPort()
			}
		}
	}
	return explain(err, host, "")
}

// explain names what went wrong; within is the time limit to mention, or "".
func explain(err error, host, within string) error {
	var (
		refused  *Refused
		bad      *BadURL
		large    *TooLarge
		redirect *RedirectError
		call     *Error
	)
	switch {
	case errors.As(err, &redirect): // first: it may wrap a *BadURL
		return redirect
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &bad):
		return bad
	case errors.As(err, &large):
		return large
	case errors.As(err, &call):
		return call
	}
	what, kind := reason(err, host, within)
	return &Error{Kind: kind, Host: host, What: what, Err: inner(err)}
}

func reason(err error, host, within string) (string, Kind) {
	var (
		dns     *net.DNSError
		op      *net.OpError
		errno   syscall.Errno
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		timeout interface{ Timeout() bool }
	)
	slow := errors.As(err, &timeout) && timeout.Timeout()
	text := inner(err).Error()
	switch {
	case errors.Is(err, context.Canceled):
		return "call to " + host + ": cancelled", KindCancelled
	case errors.As(err, &dns):
		switch {
		case dns.IsNotFound:
			return "look up " + hostOnly(host) + ": no such host", KindNetwork
		case dns.IsTimeout:
			return "look up " + hostOnly(host) + ": the name server did not answer", KindTimeout
		}
		return "look up " + hostOnly(host) + ": the name server failed", KindNetwork
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		to := "connect to " + host
		if op.Op == "proxyconnect" {
			to = "connect to the proxy for " + host
		}
		switch {
		case slow:
			return to + ": no answer in time", KindTimeout
		case errors.As(err, &errno):
			return to + ": " + errno.Error(), KindNetwork
		}
		return to + ": " + EscapeLog(inner(op.Err).Error(), 160), KindNetwork
	case slow || errors.Is(err, context.DeadlineExceeded):
		if within != "" {
			return "call to " + host + ": no complete answer within " + within, KindTimeout
		}
		return "call to " + host + ": no complete answer in time", KindTimeout
	case errors.As(err, &cert):
		return "TLS with " + host + ": " + EscapeLog(cert.Err.Error(), 200), KindNetwork
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return "TLS with " + host + ": it answers in plain HTTP", KindNetwork
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &record), errors.As(err, &alert):
		return "TLS with " + host + ": " + EscapeLog(text, 200), KindNetwork
	case errors.As(err, &errno):
		return "call to " + host + ": " + errno.Error(), KindNetwork
	case strings.HasSuffix(text, "EOF"):
		return "call to " + host + ": it closed the connection before its answer was complete", KindNetwork
	}
	return "call to " + host + ": " + EscapeLog(text, 200), KindNetwork
}

// inner takes off the *url.Error, whose text holds the whole URL.
func inner(err error) error {
	var ue *url.Error
	for errors.As(err, &ue) {
		err = ue.Err
	}
	return err
}

// headerLimit recognises net/http's two errors for headers over the limit,
// which are not exported.
func headerLimit(err error) bool {
	s := err.Error()
	return strings.Contains(s, "server response headers exceeded") ||
		strings.Contains(s, "header list larger than")
}

func hostOnly(hostPort string) string {
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		return h
	}
	return hostPort
}

func seconds(d time.Duration) string { return d.Round(time.Millisecond).String() }
