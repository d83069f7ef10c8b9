package outbound

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"testing"
)

func benchServer(b *testing.B) (string, []byte) {
	body := bytes.Repeat([]byte("x"), 1000)
	s := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	return s.URL, body
}

func BenchmarkDo(b *testing.B) {
	url, _ := benchServer(b)
	c := newClient(b, Policy{Allow: loopback()})
	req := get(b, url)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), req, CallOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainHTTP is what BenchmarkDo is to be compared with.
func BenchmarkPlainHTTP(b *testing.B) {
	url, _ := benchServer(b)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	c := http.Client{Transport: tr}
	b.ReportAllocs()
	for b.Loop() {
		resp, err := c.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
}

func BenchmarkDenied(b *testing.B) {
	a := netip.MustParseAddr("2606:4700::1111")
	b.ReportAllocs()
	for b.Loop() {
		Denied(a, nil)
	}
}

func BenchmarkCheckURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = CheckURL("https://api.example.com:8443/v1/requests?page=2")
	}
}
