package api

import (
	"compress/gzip"
	"context"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"currant/steps"
)

func TestExactNumbersAndGzip(t *testing.T) {
	s := serve(t)
	s.on("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, `{"data":{"n":9007199254740993,"big":"`+strings.Repeat("x", 100_000)+`"}}`)
		z.Close()
	})
	if a := must(t, s.client(t, withPAT), me); !strings.HasPrefix(string(a.Data), `{"n":9007199254740993,`) || len(a.Data) < 100_000 {
		t.Errorf("%.100s", a.Data)
	}
}

func TestAnswerIsBounded(t *testing.T) {
	s := serve(t)
	s.on("/graphql", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip") // small on the wire
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		block := strings.Repeat(" ", 1<<20)
		for range 66 {
			if _, err := io.WriteString(z, block); err != nil {
				return
			}
		}
		z.Close()
	})
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	failed(t, err, steps.HTTPError, "larger than the limit of 64 MiB")
}

// breaking breaks connections before any answer.
func breaking(times int32, then http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) > times {
			then(w, r)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		if times%2 == 1 {
			_ = conn.(*net.TCPConn).SetLinger(0) // a reset
		}
		conn.Close()
	}
}

func TestReadsAreSentAgainWhereTheConnectionBreaks(t *testing.T) {
	good := answer(200, `{"data":{"me":{"id":"1"}}}`)
	for _, times := range []int32{1, 2} {
		s := serve(t)
		s.on("/graphql", breaking(times, good))
		must(t, s.client(t, withPAT), me)
		if n := len(s.to("/graphql")); n != int(times)+1 {
			t.Errorf("%d requests", n)
		}
	}
	s := serve(t)
	s.on("/graphql", breaking(3, good))
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	if failed(t, err, steps.NetworkError, "call to 127.0.0.1:"); len(s.to("/graphql")) != 3 {
		t.Errorf("%d requests", len(s.to("/graphql")))
	}
	// A mutation may have arrived.
	s = serve(t)
	s.on("/graphql", breaking(1, good))
	_, err = s.client(t, withPAT).Do(context.Background(), Request{Text: "mutation { x { id } }"})
	if failed(t, err, steps.NetworkError); len(s.to("/graphql")) != 1 {
		t.Errorf("a mutation was sent %d times", len(s.to("/graphql")))
	}
}

func TestTruncatedAnswer(t *testing.T) {
	s := serve(t)
	s.on("/graphql", answer(200, `{"data":{"me":`, "Content-Length", "500"))
	_, err := s.client(t, withPAT).Do(context.Background(), me)
	failed(t, err, steps.NetworkError, "closed the connection before its answer was complete")
	s.on("/graphql", answer(500, `oops`, "Content-Length", "500"))
	_, err = s.client(t, withPAT).Do(context.Background(), me)
	failed(t, err, steps.HTTPError, "500", "oops")
}

func TestTimeoutsAndCancelling(t *testing.T) {
	s := serve(t)
	come, release := make(chan struct{}, 8), make(chan struct{})
	s.on("/graphql", func(http.ResponseWriter, *http.Request) {
		come <- struct{}{}
		<-release
	})
	defer close(release)
	_, err := s.client(t, withPAT, func(c *Config) { c.Timeout = 30 * time.Millisecond }).Do(context.Background(), me)
	failed(t, err, steps.TimeoutError, "no complete answer within 30ms")

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err = s.client(t, withPAT).Do(ctx, me)
	failed(t, err, steps.TimeoutError)

	for len(come) > 0 {
		<-come
	}
	stopped, stop := context.WithCancel(context.Background())
	got := make(chan error, 1)
	c := s.client(t, withPAT)
	go func() {
		_, err := c.Do(stopped, me)
		got <- err
	}()
	<-come
	stop()
	failed(t, <-got, steps.CancelledError)
	if c := (Config{Timeout: time.Hour}); c.timeout() != 5*time.Minute {
		t.Errorf("a timeout of %s", c.timeout())
	}
}

func TestGuardHolds(t *testing.T) {
	s := serve(t)
	c := s.config()
	c.Outbound.Allow = nil
	c.PersonalAccessToken = patCanary
	_, err := opened(t, c).Do(context.Background(), me)
	failed(t, err, steps.InputError, "127.0.0.1")
	c.PersonalAccessToken = ""
	_, err = opened(t, c).Do(context.Background(), me)
	failed(t, err, steps.InputError, "token request", "127.0.0.1")
	if len(s.to("/graphql"))+len(s.to("/token")) != 0 {
		t.Error("a guarded address was called")
	}
}

// The library hides statuses, errors and sizes: nobody but wire.go may make a client of it, nor set its Log,
// which prints tokens.
func TestLibraryIsUsedInOnePlace(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // the compiler's business
		}
		for _, i := range file.Imports {
			if i.Path.Value != `"github.com/machinebox/graphql"` {
				continue
			}
			found++
			if at := filepath.ToSlash(path); !strings.HasSuffix(at, "steps/xurrent/api/wire.go") && !strings.HasSuffix(at, "steps/xurrent/api/client.go") {
				t.Errorf("%s imports machinebox/graphql: use api.Client", at)
			}
		}
		return nil
	})
	if err != nil || found != 2 {
		t.Errorf("%d imports, %v", found, err)
	}
	for _, name := range []string{"wire.go", "client.go"} {
		if b, err := os.ReadFile(name); err != nil || strings.Contains(string(b), ".Log =") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
