package console

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screen is a page in a real browser that has logged in.
type screen struct {
	*rig
	ctx context.Context

	mu      sync.Mutex // guards what follows
	asked   []string   // addresses that were asked for
	trouble []string   // what the browser complained of, dialogs too
}

// chromium finds the browser. Where the tests must run in one, as in CI, a missing one is a failure.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" || os.Getenv("CURRANT_BROWSER") != "" {
		t.Fatal("there is no chromium: install it, for the console is tested in a browser")
	}
	t.Skip("there is no chromium; the console is not tested in a browser")
	return ""
}

// screen opens a browser at the console.
func (r *rig) screen() *screen {
	r.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(r.t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("host-resolver-rules", "MAP rebind.example.net 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	alloc, stopAll := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopPage := chromedp.NewContext(alloc)
	most := 2 * time.Minute
	if long {
		most = 15 * time.Minute
	}
	ctx, stopTime := context.WithTimeout(ctx, most)
	s := &screen{rig: r, ctx: ctx}
	r.t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it closes the browser in order
		stopTime()
		stopPage()
		stopAll()
	})
	if err := chromedp.Listen(ctx, s.heard); err != nil {
		r.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		r.t.Fatal(err)
	}
	s.do(chromedp.Navigate(r.c.Link()), chromedp.WaitVisible(chromedp.CSS("h1")))
	return s
}

func (s *screen) heard(ev any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		s.asked = append(s.asked, ev.Request.URL)
	case *page.EventJavascriptDialogOpening:
		s.trouble = append(s.trouble, "dialog: "+ev.Message)
		go func() { _, _ = chromedp.Call(s.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) }()
	case *runtime.EventExceptionThrown:
		s.trouble = append(s.trouble, "exception: "+ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		s.trouble = append(s.trouble, "console."+string(ev.Type))
	}
}

func (s *screen) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, actions...); err != nil {
		s.t.Fatal(err)
	}
}

// open goes to a page of the console.
func (s *screen) open(path string) {
	s.t.Helper()
	s.do(chromedp.Navigate(s.url+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// of is what an action on a screen gives.
func of[T any](s *screen, a chromedp.Action[T]) T {
	s.t.Helper()
	v, err := chromedp.Run(s.ctx, a)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// text is what a person reads in the first element that fits.
func (s *screen) text(selector string) string {
	s.t.Helper()
	return of(s, chromedp.Text(chromedp.CSS(selector)))
}

// awaitText waits until the page says something.
func (s *screen) awaitText(text string) {
	s.t.Helper()
	_, err := chromedp.Run(s.ctx, chromedp.PollFunction[bool](`(want) => document.body && document.body.innerText.includes(want)`,
		chromedp.WithPollingArgs(text), chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(20*time.Millisecond)))
	if err != nil {
		s.t.Fatalf("the page never said %q: %v\n%s", text, err, s.text("body"))
	}
}

func (s *screen) click(selector string) {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS(selector)))
}

// follow clicks what leads to another page, and waits for it.
func (s *screen) follow(selector string) {
	s.t.Helper()
	s.away(chromedp.Click(chromedp.CSS(selector)))
}

func (s *screen) away(a chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if _, err := chromedp.RunResponse(s.ctx, a); err != nil {
		s.t.Fatal(err)
	}
}

// look sets the width of the screen, and light or dark.
func (s *screen) look(width int, scheme string) {
	s.t.Helper()
	_, err := chromedp.Call(s.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(chromedp.EmulateViewport(int64(width), 900))
}

// outside are the addresses that were asked for beyond the console.
func (s *screen) outside() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range s.asked {
		if u, err := url.Parse(address); err != nil || "http://"+u.Host != s.url && !strings.HasPrefix(address, "data:") {
			out = append(out, address)
		}
	}
	return out
}

func (s *screen) complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.trouble...)
}
