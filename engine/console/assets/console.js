// The console's own script: it follows a run, copies a test, and moves among rows with j and k. All pages work
// without it, except that a run is not followed.
"use strict";

// follow asks for the changing part of a run's page whenever the run has moved.
function follow(live) {
  let source = null, busy = false, again = false, ended = false, pressed = false, later = null;
  const sign = (on) => { const s = live.querySelector(".following"); if (s) s.hidden = !on; };

  // take puts what the server made in place, and keeps what is unfolded and where the focus is.
  const take = (page) => {
    const next = page.body;
    const state = (of) => of.querySelector("[data-state]").dataset.state;
    if (state(next) === state(live)) return;
    if (pressed) { later = page; return; } // a click begins and ends at one button
    const open = new Map();
    for (const d of live.querySelectorAll("details[data-key]")) open.set(d.dataset.key, d.open);
    for (const d of next.querySelectorAll("details[data-key]")) if (open.has(d.dataset.key)) d.open = open.get(d.dataset.key);
    const at = document.activeElement;
    const key = at && live.contains(at) ? (at.id || (at.tagName === "SUMMARY" && at.parentElement.dataset.key)) : "";
    live.replaceChildren(...Array.from(next.childNodes, (n) => document.importNode(n, true)));
    sign(!ended);
    if (!key) return;
    const same = document.getElementById(key) ||
      Array.from(live.querySelectorAll("details[data-key] > summary")).find((s) => s.parentElement.dataset.key === key);
    if (same) same.focus({ preventScroll: true });
  };

  live.addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => { pressed = false; if (later) { const page = later; later = null; setTimeout(take, 50, page); } });
  }

  // Parsed by the browser as a document: no script in it runs, and no text becomes markup here.
  const load = () => {
    if (busy) { again = true; return; }
    busy = true;
    const begun = performance.now();
    const ask = new XMLHttpRequest();
    ask.open("GET", live.dataset.live);
    ask.responseType = "document";
    ask.onloadend = () => {
      if (ask.status === 200 && ask.response) take(ask.response);
      else if (ask.status === 401) location.reload();
      // A page that takes the runner long is asked for less often.
      setTimeout(() => { busy = false; if (again) { again = false; load(); } }, Math.min(5000, 2 * (performance.now() - begun)));
    };
    ask.send();
  };

  const start = () => {
    if (source || ended) return;
    source = new EventSource(live.dataset.events);
    source.addEventListener("open", () => sign(true));
    source.addEventListener("change", load);
    source.addEventListener("end", () => { ended = true; stop(); load(); });
    source.addEventListener("error", () => sign(false));
  };
  const stop = () => { if (source) source.close(); source = null; sign(false); };

  // A browser opens few connections to one host: a page that nobody sees takes none.
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else start(); });
  if (!document.hidden) start();
}

const live = document.querySelector("#live[data-events]");
if (live) follow(live);

const copy = document.getElementById("copy"), test = document.getElementById("test");
if (copy && test) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    test.select();
    try { await navigator.clipboard.writeText(test.value); copy.textContent = "Copied"; } catch { copy.textContent = "Press Ctrl-C"; }
  });
}

// j and k go down and up the rows; Enter opens one. "/" goes to the search.
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target.closest("input, select, textarea")) return;
  if (e.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { e.preventDefault(); search.focus(); }
    return;
  }
  if (e.key !== "j" && e.key !== "k") return;
  const rows = Array.from(document.querySelectorAll(".row > a.what, .tree summary"));
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + (e.key === "j" ? 1 : -1)))].focus();
});
