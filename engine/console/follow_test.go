package console

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"currant/engine/journal"
)

// A run is followed as it goes: its page changes without being loaded again, and keeps what is unfolded.
func TestLiveFollow(t *testing.T) {
	r := newRig(t, shop, nil)
	s := r.screen()
	id := r.start("order", "")
	r.gate.next(t)
	s.open("/runs/" + id)
	s.awaitText("● live")
	s.awaitText("pay gate")
	s.do(chromedp.Evaluate[chromedp.Void](`window.same = true; document.querySelector("details.trigger").open = true`))
	r.gate.release()
	s.awaitText("Retry from the failed step")
	s.awaitText("The bank said no.")
	if !of(s, chromedp.Evaluate[bool](`window.same === true && document.querySelector("details.trigger").open`)) {
		t.Error("the page was loaded anew, or what was unfolded is folded")
	}
	if strings.Contains(s.text("body"), "● live") {
		t.Error("an ended run is still called live")
	}
	if got := s.complaints(); len(got) > 0 {
		t.Errorf("the browser complains: %v", got)
	}
}

// What happens in pages, by clicks and keys alone.
func TestPaths(t *testing.T) {
	r := newRig(t, shop, fakes)
	s := r.screen()
	failed := r.start("order", "")
	r.gate.next(t)
	r.gate.release()
	r.await(failed, journal.Failed)
	paused := r.start("pause", "")
	r.await(paused, journal.Waiting)

	s.open("/")
	s.follow(`a[href="/blueprints/shop/order"]`)
	s.awaitText("Times out after")
	s.follow(`.row a[href="/runs/` + failed + `"]`)
	s.awaitText("Retry from the failed step")
	s.follow("#retry")
	s.awaitText("The run goes on from the step that failed.")
	s.awaitText("Attempt")
	r.await(failed, journal.Failed)

	s.open("/runs")
	s.do(chromedp.SetValue(chromedp.CSS("select[name=status]"), "waiting"))
	s.follow(".search button")
	s.awaitText("Show all")
	if text := s.text("main"); strings.Contains(text, "shop/order") && !strings.Contains(text, "shop/pause") {
		t.Errorf("the search is not one:\n%s", text)
	}
	s.follow(`.row a[href="/runs/` + paused + `"]`)
	s.awaitText("Waiting until")
	s.click(".ask summary")
	s.follow("#cancel")
	s.awaitText("The run is being cancelled")
	r.await(paused, journal.Cancelled)
	s.awaitText("cancelled")

	held := storedRun(r, ids(1), "order", journal.Held)
	s.open("/runs/" + held)
	s.follow("#skip")
	s.awaitText("The run goes on without its step.")

	s.open("/runs/" + failed + "/test")
	s.click("#copy")
	s.awaitText("Cop") // Copied, or what to press where the browser keeps the clipboard to itself

	// Keys: the first Tab is the way past the navigation; j goes to the rows, and Enter opens one.
	s.open("/runs")
	s.do(chromedp.KeyEvent("\t"))
	if at := of(s, chromedp.Evaluate[string](`document.activeElement.className`)); at != "skip" {
		t.Errorf("the first Tab goes to %q", at)
	}
	s.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("k"))
	s.away(chromedp.KeyEvent("\r"))
	s.awaitText("Copy as test")
	s.follow(".out button")
	s.awaitText("Log in")
	if got := s.complaints(); len(got) > 0 {
		t.Errorf("the browser complains: %v", got)
	}
	if got := s.outside(); len(got) > 0 {
		t.Errorf("asked outside: %v", got)
	}
}

// Streams: a refusal for strangers, an end when one logs out, and a bound on how many there are.
func TestStreams(t *testing.T) {
	r := newRig(t, shop, nil)
	id := r.start("pause", "")
	r.await(id, journal.Waiting)
	if a := r.stranger().get("/runs/" + id + "/events"); a.status != http.StatusSeeOther {
		t.Errorf("a stranger's stream: %d", a.status)
	}
	v := r.visitor()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan error, 1)
	open := func() *http.Response {
		resp, err := v.Do(v.request(http.MethodGet, "/runs/"+id+"/events", "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := open()
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatal(kind)
	}
	for range maxStreams - 1 {
		if _, leave := r.c.hub.follow(id); leave == nil {
			t.Fatal("too few may follow")
		} else {
			defer leave()
		}
	}
	if a := v.get("/runs/" + id + "/events"); a.status != http.StatusServiceUnavailable {
		t.Errorf("one stream too many: %d", a.status)
	}
	go func() {
		buffer := make([]byte, 4096)
		for {
			if _, err := resp.Body.Read(buffer); err != nil {
				ended <- err
				return
			}
		}
	}()
	v.post("/logout", nil)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("a stream goes on after the log out")
	}
}
