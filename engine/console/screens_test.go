package console

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"currant/engine/journal"
)

// Every page fits the screens that people have, in the light and in the dark: nothing is wider than the screen. What
// can be reached by a mouse can be reached by Tab, and has a name.
// CURRANT_SCREENSHOTS names a directory for pictures of them.
func TestScreens(t *testing.T) {
	r := newRig(t, shop, fakes)
	pages := showcase(r)
	s := r.screen()
	for name, path := range pages {
		s.open(path)
		fits(t, s, name)
	}
	s.follow(".out button")
	fits(t, s, "login")
	if got := s.outside(); len(got) > 0 {
		t.Errorf("asked outside: %v", got)
	}
	if got := s.complaints(); len(got) > 0 {
		t.Errorf("the browser complains: %v", got)
	}
}

// fits looks at a page on all screens.
func fits(t *testing.T, s *screen, name string) {
	t.Helper()
	reachable(t, s, name)
	for _, width := range []int{1280, 360} {
		for _, scheme := range []string{"light", "dark"} {
			s.look(width, scheme)
			wide := of(s, chromedp.Evaluate[struct {
				Page   int    `json:"page"`
				Screen int    `json:"screen"`
				By     string `json:"by"`
			}](`(() => { const d = document.documentElement; let by = "";
				for (const e of document.querySelectorAll("body *")) if (e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".code, .picture, pre, .skip, .unseen")) { by = e.outerHTML.slice(0, 200); break }
				return {page: d.scrollWidth, screen: innerWidth, by} })()`))
			if wide.Page > width || wide.Screen != width {
				t.Errorf("%s at %d: the page is %d wide (%s)", name, width, wide.Page, wide.By)
			}
			if dir := os.Getenv("CURRANT_SCREENSHOTS"); dir != "" {
				picture(t, s, filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)))
			}
		}
	}
}

// reachable looks at a page as one does who has no mouse, or sees nothing.
func reachable(t *testing.T, s *screen, name string) {
	t.Helper()
	lost := of(s, chromedp.Evaluate[[]string](`Array.from(document.querySelectorAll("a, button, input, select, textarea, summary")).filter((e) =>
		!e.matches(".no, [type=hidden], [hidden]") && e.checkVisibility() && (e.tabIndex < 0 || !(e.innerText || e.value || e.ariaLabel || e.title || (e.labels && e.labels.length)))).map((e) => e.outerHTML.slice(0, 120))`))
	if len(lost) > 0 {
		t.Errorf("%s: not reached by Tab, or without a name: %v", name, lost)
	}
	structure := of(s, chromedp.Evaluate[string](`(() => { const out = [];
		for (const one of ["h1", "main"]) if (document.querySelectorAll(one).length !== 1) out.push(one + ": not one");
		const seen = new Set(); for (const e of document.querySelectorAll("[id]")) { if (seen.has(e.id)) out.push("id twice: " + e.id); seen.add(e.id); }
		for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) if (!e.labels.length) out.push("no label: " + e.name);
		for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) out.push("no alt");
		return out.join("; ") })()`))
	if structure != "" {
		t.Errorf("%s: %s", name, structure)
	}
}

func picture(t *testing.T, s *screen, file string) {
	t.Helper()
	png := of(s, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// showcase fills a console with what pages can show, and names the pages.
func showcase(r *rig) map[string]string {
	greeted := r.start("greet", `{"name": "Ann"}`)
	r.await(greeted, journal.Finished)
	for i := range 8 {
		r.await(r.start("greet", fmt.Sprintf(`{"name": "customer-%d"}`, i)), journal.Finished)
	}
	failed := r.start("order", "")
	r.gate.next(r.t)
	r.gate.release()
	r.await(failed, journal.Failed)
	paused := r.start("pause", "")
	r.await(paused, journal.Waiting)
	held := storedRun(r, ids(1), "order", journal.Held)
	loop := storedLoop(r, ids(2), 200, 150)
	for i := range 30 {
		conns, _ := r.o.Connections(context.Background())
		for c := range conns {
			for b := range conns[c].Budgets {
				conns[c].Budgets[b].Remaining -= int64(i * 20 * (b + 1))
			}
		}
		r.c.budgets.add(time.Now(), conns)
	}
	bad := shop + "\nrunbook \"late\" {\n  trigger \"manual\" {}\n  step \"log\" \"x\" {\n    mesage = \"typo ${missing.thing}\"\n  }\n}\n"
	r.write(bad)
	return map[string]string{"blueprints": "/", "blueprint": "/blueprints/shop", "runbook": "/blueprints/shop/order", "runs": "/runs", "run-failed": "/runs/" + failed,
		"run-waiting": "/runs/" + paused, "run-held": "/runs/" + held, "run-loop": "/runs/" + loop, "logs": "/runs/" + loop + "/logs",
		"test": "/runs/" + failed + "/test", "connections": "/connections", "apps": "/apps", "about": "/about", "not-found": "/runs/none"}
}
