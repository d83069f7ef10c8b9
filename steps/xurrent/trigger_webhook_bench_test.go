//go:build unix

package xurrent_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/verify"
)

// benchConnections is how many callers send at once.
const benchConnections = 64

// BenchmarkSignedWebhook is signed webhooks (ES256, 1 KB) verified, stored with fsync and answered. `floor` is the
// least that any server has to do for the same answer: read the request, verify the signature, append the event
// to a log whose syncs are shared by those that wait, answer. Each op is one webhook; webhooks/s says how many.
func BenchmarkSignedWebhook(b *testing.B) {
	h := newHook(b, hookOptions{trigger: policyOf(signer), level: slog.LevelError})
	b.Run("runner", func(b *testing.B) { sendAll(b, h, h.h) })
	b.Run("floor", func(b *testing.B) { sendAll(b, h, newFloor(b)) })
}

func sendAll(b *testing.B, h *hook, handler http.Handler) {
	srv := httptest.NewServer(handler)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConnections}}
	defer client.CloseIdleConnections()
	bodies := make([][]byte, b.N)
	pad := strings.Repeat("x", 250)
	for i := range bodies {
		bodies[i] = []byte(h.good(object{"data": data(object{"payload": object{"status": "assigned", "note": pad}})}))
	}
	if n := len(bodies[0]); n < 1000 || n > 1500 {
		b.Fatalf("a body of %d bytes", n)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	used := processorTime(b)
	for range benchConnections {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return
				}
				req, err := http.NewRequest(http.MethodPost, srv.URL+"/inbound/test/r", bytes.NewReader(bodies[i]))
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("X-Xurrent-Delivery", fmt.Sprintf("%p-%d", &bodies[0], i))
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Errorf("status %d", resp.StatusCode)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64((processorTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
}

// processorTime is what the process has used, callers included: unlike time it does not depend on what else the
// machine does.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// newFloor is the least server.
func newFloor(b *testing.B) http.Handler {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	type entry struct {
		data []byte
		done chan error
	}
	queue := make(chan entry, 1024)
	b.Cleanup(func() { close(queue); f.Close() })
	go func() {
		var waiting []entry
		var batch []byte
		for first := range queue {
			waiting, batch = append(waiting[:0], first), append(batch[:0], first.data...)
			for more := true; more; {
				select {
				case e, ok := <-queue:
					if more = ok; ok {
						waiting, batch = append(waiting, e), append(batch, e.data...)
					}
				default:
					more = false
				}
			}
			_, err := f.Write(batch)
			if err == nil {
				err = f.Sync()
			}
			for _, e := range waiting {
				e.done <- err
			}
		}
	}()
	key := &signer.PublicKey
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		token := string(body[len(`{"jwt":"`) : len(body)-len(`"}`)])
		_, err = jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{"ES256"}))
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		e := entry{body, make(chan error, 1)}
		queue <- e
		if err := <-e.done; err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"job_uuid":"0190c2f6-0000-7000-8000-000000000000"}`)
	})
}

// BenchmarkVerify is the verification alone, and floor the signature in it.
func BenchmarkVerify(b *testing.B) {
	h := newHook(b, hookOptions{trigger: policyOf(signer)})
	v := verify.New(verify.Options{})
	defer v.Close()
	sent := token(signer, es256, h.claims(object{"data": data(object{"payload": object{"note": strings.Repeat("x", 250)}})}))
	p := verify.Policy{Issuers: []string{acme}, Algorithm: "ES256", Key: &signer.PublicKey}
	b.Run("token", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), sent, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		parts := strings.LastIndexByte(sent, '.')
		sig, err := jwt.NewParser().DecodeSegment(sent[parts+1:])
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := jwt.SigningMethodES256.Verify(sent[:parts], sig, &signer.PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
}
