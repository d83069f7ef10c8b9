package console

import (
	"net/http"
	"strings"
	"testing"

	"currant/engine/journal"
)

// Every page shows what it is for.
func TestPages(t *testing.T) {
	r := newRig(t, shop, func(o *Options) { fakes(o) })
	greeted := r.start("greet", `{"name": "Ann"}`)
	r.await(greeted, journal.Finished)
	order := r.start("order", "")
	r.gate.next(t)
	paused := r.start("pause", "")
	r.await(paused, journal.Waiting)
	v := r.visitor()
	v.page("/", "shop", "in force", "greet", "json_endpoint", "https://hooks.example.com/inbound/shop/order")
	v.page("/blueprints/shop", `id="L2"`, `<span class="t-a">blueprint</span>`, "Orders of a shop")
	v.page("/blueprints/shop/order", "<svg", "lines", "https://hooks.example.com/inbound/shop/order", `href="/runs/`+order)
	v.page("/runs", greeted, order, paused)
	v.page("/runs/"+greeted, "finished", "Hello, Ann!", "hello", "<code>name</code>")
	v.page("/runs/"+order, "running", "pay", "3 done", `data-events="/runs/`+order+`/events"`, "Cancel this run")
	v.page("/runs/"+paused, "Waiting until", "night")
	v.page("/runs/"+greeted+"/logs", "Hello, Ann!")
	v.page("/runs/"+greeted+"/value?part=trigger", "Ann")
	v.page("/runs/"+greeted+"/test", "runbook.greet", "Ann", "Copy")
	v.page("/connections", "provider", "requests", "3\u202F600", "slowed down")
	v.page("/apps", "survey", "wdc", "token", "installed", "removed")
	v.page("/about", "1.2.3-test", "events are taken", r.o.Dir)
	v.page("/runs/"+greeted[:35], "Hello, Ann!")
	r.gate.release()
	r.await(order, journal.Failed)
	body := v.page("/runs/"+order, "failed", "The bank said no.", "Retry from the failed step", "(sensitive)")
	if strings.Contains(body, "s3cr3t") {
		t.Error("a secret is shown")
	}
	for path, status := range map[string]int{"/runs/ffff": 404, "/nothing": 404, "/blueprints/other": 404, "/blueprints/shop/other": 404, "/assets/x": 404,
		"/runs?status=odd": 400, "/runs?since=never": 400, "/directories/7": 404, "/runs/" + order + "/value?part=output&path=none": 404} {
		if a := v.get(path); a.status != status || !strings.Contains(a.body, "Log out") && path != "/assets/x" {
			t.Errorf("%s: %d instead of %d\n%s", path, a.status, status, a.body)
		}
	}
	if a := v.get("/debug/pprof/"); a.status != http.StatusNotFound {
		t.Errorf("profiles are served unasked: %d", a.status)
	}
}
