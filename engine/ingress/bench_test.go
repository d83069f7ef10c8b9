package ingress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type reader struct{ *strings.Reader }

func (reader) Close() error { return nil }

type discardWriter struct {
	h      http.Header
	status int
}

func (w *discardWriter) Header() http.Header         { return w.h }
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *discardWriter) WriteHeader(s int)           { w.status = s }

// A body of 1 KiB, through a schema and a bearer token, to the point where the event would be written.
func BenchmarkAccept(b *testing.B) {
	body := `{"subject":"A request was completed","items":[` + strings.TrimSuffix(strings.Repeat(`{"name":"an item of the order","price":12.5},`, 20), ",") + `],"note":"` + strings.Repeat("n", 70) + `"}`
	schema := `body_schema = object({
    subject = string
    note    = string
    items   = list(object({ name = string, price = number }))
  })`
	for _, bb := range []struct{ name, src string }{
		{"any", openEndpoint},
		{"schema", "trigger \"json_endpoint\" {\n" + schema + "\n}"},
		{"schema, auth, discard_when", "trigger \"json_endpoint\" {\n" + schema + "\nauth \"bearer\" { token = var.token }\ndiscard_when = trigger.body.subject == \"x\"\n}"},
		{"any, hmac", "trigger \"json_endpoint\" {\nauth \"hmac\" {\nheader = \"X-Sig\"\nsecret = var.token\n}\n}"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			tr := trigger(b, bb.src)
			s := &Server{
				Route: func(string, string) (*Trigger, bool) { return tr, true },
				Accept: func(context.Context, *Trigger, Event) (Receipt, error) {
					return Receipt{Run: testRun, Fresh: true}, nil
				},
				Log: slog.New(slog.DiscardHandler),
			}
			h := s.Handler()
			r := httptest.NewRequest("POST", "/inbound/shop/orders", nil)
			r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + testSecret}, "User-Agent": {"bench"}, "Accept": {"*/*"},
				"X-Sig": {hexOf(body)}}
			r.ContentLength = int64(len(body))
			w := &discardWriter{h: http.Header{}}
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r.Body = reader{strings.NewReader(body)}
				clear(w.h)
				h.ServeHTTP(w, r)
				if w.status != 200 {
					b.Fatal(w.status)
				}
			}
		})
	}
}

func hexOf(body string) string { return hex.EncodeToString(sign(sha256.New, testSecret, body)) }
