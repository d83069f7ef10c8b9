package console

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What is too large is refused, and connections that send nothing hold nobody up.
func TestW1ConsoleLimits(t *testing.T) {
	r := newRig(t, shop, nil)
	v := r.visitor()
	form := v.form()
	for size, status := range map[int]int{100: http.StatusNotFound, maxBody + 1: http.StatusRequestEntityTooLarge} {
		req := v.request(http.MethodPost, "/runs/none/cancel", url.Values{"form": {form}, "pad": {strings.Repeat("x", size)}}.Encode())
		req.Header.Set("Origin", r.url)
		if a := v.do(req); a.status != status {
			t.Errorf("a form of %d bytes: %d", size, a.status)
		}
	}
	req := v.request(http.MethodGet, "/", "")
	req.Header.Set("X-Pad", strings.Repeat("x", 80<<10))
	if resp, err := v.Do(req); err == nil { // an error: it is cut off before it has sent all
		if resp.Body.Close(); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("80 KiB of headers: %d", resp.StatusCode)
		}
	}
	address := strings.TrimPrefix(r.url, "http://")
	for range 100 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x"); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if v.page("/about"); time.Since(begun) > 2*time.Second {
		t.Errorf("a page took %v beside connections that send nothing", time.Since(begun))
	}
}
