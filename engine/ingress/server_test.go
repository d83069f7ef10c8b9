package ingress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// listen runs a door's server on a loopback port until the test ends, or stop is called.
func listen(t testing.TB, d *door) (addr string, stop func() error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx, ln) }()
	var once sync.Once
	stop = func() (err error) {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), stop
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

const rawGood = "POST /inbound/shop/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

// statusOf1 sends bytes on a connection and reads one answer; 0 means that the connection was closed.
func exchange(t testing.TB, c net.Conn, raw string) (int, *http.Response) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		return 0, nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode, resp
}

func TestW1HalfOpenConnections(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	addr, _ := listen(t, d)
	for i := range 500 {
		c := dial(t, addr)
		if i%2 == 0 {
			_, _ = io.WriteString(c, "POST /inbound/shop/orders HTTP/1.1\r\nHost: x\r\nContent-Le")
		}
	}
	began := time.Now()
	if code, _ := exchange(t, dial(t, addr), rawGood); code != 200 || len(d.taken()) != 1 {
		t.Errorf("status %d", code)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("a good request took %s", took)
	}
}

// Over the limit of connections a new one is told 503 at once, and gets in when unused ones have waited for a
// second.
func TestW1ConnectionLimit(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	d.Limits.Connections = 5
	hold := make(chan struct{})
	accept := d.Accept
	entered := make(chan struct{}, 10)
	d.Accept = func(ctx context.Context, tr *Trigger, ev Event) (Receipt, error) {
		entered <- struct{}{}
		<-hold
		return accept(ctx, tr, ev)
	}
	addr, _ := listen(t, d)
	var wg sync.WaitGroup
	for range 5 {
		c := dial(t, addr)
		wg.Go(func() {
			if code, _ := exchange(t, c, rawGood); code != 200 {
				t.Errorf("held request: %d", code)
			}
		})
		<-entered
	}
	code, resp := exchange(t, dial(t, addr), rawGood)
	if code != 503 || resp.Header.Get("Retry-After") != "1" || len(entered) != 0 {
		t.Errorf("over the limit: %d", code)
	}
	close(hold)
	wg.Wait()
	// The five are kept alive and unused now. One of them gives way as soon as it has waited for a second.
	for began := time.Now(); ; {
		if code, _ := exchange(t, dial(t, addr), rawGood); code == 200 {
			break
		}
		if time.Since(began) > 5*time.Second {
			t.Fatal("idle connections shut a new one out")
		}
	}
}

func TestW1Timeouts(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	d.Limits = Limits{Header: 100 * time.Millisecond, Request: 200 * time.Millisecond, Idle: 100 * time.Millisecond}
	addr, _ := listen(t, d)
	for name, raw := range map[string]string{
		"nothing": "",
		"headers": "POST /inbound/shop/orders HTTP/1.1\r\nHost: x\r\n",
		"body":    strings.Replace(rawGood, "2\r\n\r\n{}", "20\r\n\r\n{", 1),
	} {
		c := dial(t, addr)
		_, _ = io.WriteString(c, raw)
		b, err := io.ReadAll(c)
		if err != nil || len(d.taken()) != 0 || name == "body" && !strings.HasPrefix(string(b), "HTTP/1.1 408") {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	c := dial(t, addr)
	if code, _ := exchange(t, c, rawGood); code != 200 {
		t.Error(code)
	}
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Errorf("idle: %q %v", b, err)
	}
}

// A length over the limit is refused before the body is sent, and a chunked body when it is over it.
func TestW1LargeBodies(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	addr, _ := listen(t, d)
	if code, _ := exchange(t, dial(t, addr), strings.Replace(rawGood, "2\r\n\r\n{}", "262145\r\n\r\n", 1)); code != 413 {
		t.Errorf("Content-Length: %d", code)
	}
	if code, _ := exchange(t, dial(t, addr), strings.Replace(rawGood, "2\r\n\r\n{}", "262145\r\nExpect: 100-continue\r\n\r\n", 1)); code != 413 {
		t.Errorf("Expect: %d", code)
	}
	chunked := "POST /inbound/shop/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	if code, _ := exchange(t, dial(t, addr), chunked+fmt.Sprintf("%x\r\n", 262145)+strings.Repeat(" ", 262145)); code != 413 {
		t.Errorf("chunks: %d", code)
	}
	if len(d.taken()) != 0 {
		t.Error("an event was accepted")
	}
	body := strings.Repeat(" ", 262142) + "{}"
	if code, _ := exchange(t, dial(t, addr), chunked+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)); code != 200 || len(d.taken()) != 1 {
		t.Errorf("a body of 256 KiB: %d", code)
	}
}

// Compressed bodies are not unpacked, so no bomb goes off.
func TestW1Bombs(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	addr, _ := listen(t, d)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd", "identity, gzip", "x"} {
		raw := strings.Replace(rawGood, "Content-Length", "Content-Encoding: "+coding+"\r\nContent-Length", 1)
		if code, _ := exchange(t, dial(t, addr), raw); code != 415 || len(d.taken()) != 0 {
			t.Errorf("%s: %d", coding, code)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 10<<20 {
		t.Errorf("%d bytes", grown)
	}
}

// When all slots are taken the answer is 503 at once; afterwards all is as before.
func TestW3Full(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	d.Limits.InFlight = 4
	hold := make(chan struct{})
	entered := make(chan struct{}, 4)
	var accepted atomic.Int64
	d.Accept = func(context.Context, *Trigger, Event) (Receipt, error) {
		accepted.Add(1)
		entered <- struct{}{}
		<-hold
		return Receipt{Run: testRun, Fresh: true}, nil
	}
	addr, _ := listen(t, d)
	var wg sync.WaitGroup
	for range 4 {
		c := dial(t, addr)
		wg.Go(func() {
			if code, _ := exchange(t, c, rawGood); code != 200 {
				t.Errorf("held: %d", code)
			}
		})
		<-entered
	}
	began := time.Now()
	for range 50 {
		code, resp := exchange(t, dial(t, addr), rawGood)
		if code != 503 || resp.Header.Get("Retry-After") != "1" {
			t.Fatalf("full: %d", code)
		}
	}
	if took := time.Since(began); took > time.Second || accepted.Load() != 4 {
		t.Errorf("50 refusals took %s; %d accepted", took, accepted.Load())
	}
	close(hold)
	wg.Wait()
	if code, _ := exchange(t, dial(t, addr), rawGood); code != 200 {
		t.Errorf("afterwards: %d", code)
	}
}

// A stop finishes the answer that is under way, refuses new connections and waits for no half-open one.
func TestD13Drain(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	hold, entered := make(chan struct{}), make(chan struct{})
	accept := d.Accept
	d.Accept = func(ctx context.Context, tr *Trigger, ev Event) (Receipt, error) {
		close(entered)
		<-hold
		if err := ctx.Err(); err != nil {
			return Receipt{}, err
		}
		return accept(ctx, tr, ev)
	}
	addr, stop := listen(t, d)
	for range 20 {
		dial(t, addr)
	}
	var wg sync.WaitGroup
	c := dial(t, addr)
	wg.Go(func() {
		code, resp := exchange(t, c, rawGood)
		if code != 200 || resp.Header.Get("X-Job-Uuid") != testRun {
			t.Errorf("the answer under way: %d", code)
		}
	})
	<-entered
	stopped := make(chan error, 1)
	began := time.Now()
	go func() { stopped <- stop() }()
	for {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		_ = nc.Close()
		runtime.Gosched()
	}
	if w := d.do(request("GET", "/readyz", "")); w.Code != 503 {
		t.Errorf("readyz while stopping: %d", w.Code)
	}
	close(hold)
	wg.Wait()
	if err := <-stopped; err != nil || time.Since(began) > 4*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestDrainEnds(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	d.Limits.Drain = 50 * time.Millisecond
	hold, entered, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	d.Accept = func(context.Context, *Trigger, Event) (Receipt, error) {
		close(entered)
		<-hold
		close(left)
		return Receipt{}, errors.New("late")
	}
	addr, stop := listen(t, d)
	c := dial(t, addr)
	_, _ = io.WriteString(c, rawGood)
	<-entered
	if err := stop(); err == nil || !strings.Contains(err.Error(), "50ms") {
		t.Error(err)
	}
	close(hold)
	<-left
}

func TestRunReportsAListenerThatFails(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := d.Run(t.Context(), ln); err == nil {
		t.Error("no error")
	}
}
