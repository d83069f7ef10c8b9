package xurrent

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

// A service that gives the same cursor again and again would have the same records worked on for ever.
func TestP34CursorThatDoesNotMove(t *testing.T) {
	w := newWorld(t, sim.Options{})
	src := "object = \"people\"\nfields = \"id\"\npage_size = 5"
	w.mustPage(src)
	u, err := url.Parse(w.sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	cursor := regexp.MustCompile(`"endCursor":\s*"[^"]*"`)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(r *http.Response) error {
			b, err := io.ReadAll(r.Body)
			b = cursor.ReplaceAll(b, []byte(`"endCursor":"stuck"`))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			r.Header.Del("Content-Length")
			return err
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // what is missing is refused by the account
		b = bytes.ReplaceAll(b, []byte(`"after":"stuck"`), []byte(`"after":null`))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		proxy.ServeHTTP(rw, r)
	}))
	defer server.Close()
	w.deps.Environment.GraphQL = server.URL + "/graphql"
	w.account = w.open("secret")
	k := newQuery(w.deps)
	c := w.call(k, src)
	for n := 1; ; n++ {
		pg, err := k.Pager.Fetch(t.Context(), c)
		if err != nil {
			if e, ok := err.(*steps.Error); !ok || e.Kind != steps.DecodeError || !strings.Contains(err.Error(), "same page again") || n != 2 {
				t.Errorf("page %d: %v", n, err)
			}
			return
		}
		if c.Cursor = pg.Next; pg.Next == nil || n > 3 {
			t.Fatalf("page %d of the same cursor is taken", n)
		}
	}
}
