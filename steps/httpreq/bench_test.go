package httpreq

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

const benchAnswer = `{"id":12345,"name":"Ann","tags":["a","b"],"ok":true}`

func benchServer(b *testing.B) string {
	return serve(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchAnswer)
	}).URL
}

func benchStep(b *testing.B, base, src string, conn *Client, parallel bool) {
	k := Kind(loopback())
	args := evaluated(b, k.Spec(), src, vars("base", str(base), "s", secret("some-secret-text-0123")))
	one := func() {
		c := &steps.Call{Key: "run/step", Args: args, Now: noon}
		if conn != nil {
			c.Connection = conn
		}
		out, err := k.Do(b.Context(), c)
		if err != nil || out.GetAttr("status").Equals(cty.NumberIntVal(200)).False() {
			b.Error(err)
		}
	}
	b.ReportAllocs()
	if parallel {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				one()
			}
		})
		return
	}
	for b.Loop() {
		one()
	}
}

func BenchmarkGet(b *testing.B) { benchStep(b, benchServer(b), `url = "${var.base}/x"`, nil, false) }

func BenchmarkPost(b *testing.B) {
	base := benchServer(b)
	conn := opened(b, "base_url = var.base\nauth \"bearer\" { token = var.s }", vars("base", str(base), "s", secret("some-secret-text-0123")))
	benchStep(b, base, "path = \"/x\"\nmethod = \"POST\"\njson = { a = 1, b = \"text\", c = [1, 2, 3] }", conn, false)
}

func BenchmarkPostParallel(b *testing.B) {
	base := benchServer(b)
	conn := opened(b, "base_url = var.base\nauth \"bearer\" { token = var.s }", vars("base", str(base), "s", secret("some-secret-text-0123")))
	b.SetParallelism(16)
	benchStep(b, base, "path = \"/x\"\nmethod = \"POST\"\njson = { a = 1, b = \"text\", c = [1, 2, 3] }", conn, true)
}

// BenchmarkPostSecret has a secret in its arguments, which is looked for in the answer.
func BenchmarkPostSecret(b *testing.B) {
	base := benchServer(b)
	benchStep(b, base, "url = \"${var.base}/x\"\nmethod = \"POST\"\njson = { a = var.s }", nil, false)
}

// BenchmarkPlainHTTP is what BenchmarkGet is to be compared with.
func BenchmarkPlainHTTP(b *testing.B) {
	base := benchServer(b)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	c := http.Client{Transport: tr}
	b.ReportAllocs()
	for b.Loop() {
		resp, err := c.Get(base + "/x")
		if err != nil {
			b.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.HasPrefix(string(body), "{") {
			b.Fatal("no answer")
		}
	}
}
