package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"currant/engine/journal"
)

// evil is a page of another site, opened by the operator: it sends changes to the console in all the ways that a
// browser has, reads what it can, and then says what came of it.
const evil = `<!doctype html><title>busy</title><body>
<form method="post" action="%[1]s/runs/%[2]s/cancel"><input name="form" value="guess"><button>A prize</button></form>
<script>
(async () => {
  const said = [];
  const post = { method: "POST", credentials: "include", mode: "no-cors", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "form=guess" };
  await fetch("%[1]s/runs/%[2]s/cancel", post).catch(() => {});
  await fetch("%[1]s/runs/%[2]s/cancel", { ...post, headers: { "Content-Type": "text/plain" } }).catch(() => {});
  await fetch("%[1]s/logout", post).catch(() => {});
  navigator.sendBeacon("%[1]s/runs/%[2]s/cancel", new URLSearchParams({ form: "guess" }));
  for (const path of ["/runs", "/metrics", "/runs/%[2]s/live"]) {
    const text = await fetch("%[1]s" + path, { credentials: "include" }).then((r) => r.text(), () => "");
    if (text) said.push("read " + path);
  }
  await new Promise((done) => { const s = document.createElement("script"); s.src = "%[1]s/runs"; s.onload = () => { said.push("script"); done(); }; s.onerror = done; document.body.append(s); });
  await new Promise((done) => { const e = new EventSource("%[1]s/runs/%[2]s/events", { withCredentials: true }); e.onopen = () => { said.push("stream"); e.close(); done(); }; e.onerror = () => { e.close(); done(); }; });
  await fetch("/done?said=" + encodeURIComponent(said.join(", ")));
  document.title = "done " + said.join(", ");
})();
</script>`

// A page of another site, on another port of this host even, changes and reads nothing; a name that leads here is
// not the console's.
func TestW6OtherSitesInABrowser(t *testing.T) {
	r := newRig(t, shop, nil)
	s := r.screen()
	run := r.start("pause", "")
	r.await(run, journal.Waiting)
	var said atomic.Value // a string, once the page is done
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/done" {
			said.Store(req.URL.Query().Get("said"))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, evil, r.url, run)
	}))
	t.Cleanup(other.Close)
	s.do(chromedp.Navigate(other.URL), chromedp.PollFunction[chromedp.Void](`() => document.title.startsWith("done")`))
	if got := said.Load(); got != "" {
		t.Errorf("another site could: %v", got)
	}
	s.follow("button")
	if text := s.text("body"); !strings.Contains(text, "comes from another site") {
		t.Errorf("a form of another site: %s", text)
	}
	stored, err := r.e.Store().Run(context.Background(), run)
	if err != nil || stored.Status != journal.Waiting {
		t.Errorf("the run is %s, %v: another site cancelled it", stored.Status, err)
	}
	s.open("/runs")
	if !strings.Contains(s.text("body"), "shop/pause") {
		t.Error("another site logged the operator out")
	}
	s.do(chromedp.Navigate(strings.Replace(r.url, "127.0.0.1", "rebind.example.net", 1) + "/runs"))
	if text := s.text("body"); !strings.Contains(text, "not served under this name") {
		t.Errorf("a name that leads here is served: %s", text)
	}
	// The control: from its own page the same is done.
	s.open("/runs/" + run)
	s.click(".ask summary")
	s.follow("#cancel")
	r.await(run, journal.Cancelled)
}
