package console

import (
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"currant/engine/journal"
)

// metrics tells figures in the text form of Prometheus.
func (c *Console) metrics(w http.ResponseWriter, r *http.Request) error {
	counts, err := c.o.Engine.Store().Counts(r.Context())
	if err != nil {
		return err
	}
	var b strings.Builder
	family := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP currant_%s %s\n# TYPE currant_%[1]s %[3]s\n", name, help, kind)
	}
	gauge := func(name, help string, value any) {
		family(name, "gauge", help)
		fmt.Fprintf(&b, "currant_%s %v\n", name, value)
	}
	family("runs", "gauge", "Runs in the store, by status.")
	for _, status := range statuses {
		fmt.Fprintf(&b, "currant_runs{status=%q} %d\n", status, counts.ByStatus[journal.Status(status)])
	}
	family("runs_accepted_total", "counter", "Runs that were ever accepted into this store.")
	fmt.Fprintf(&b, "currant_runs_accepted_total %d\n", counts.Accepted)
	busy := c.o.Engine.Busy()
	gauge("runs_active", "Runs that are being executed.", busy.Active)
	gauge("runs_queued", "Runs that wait for a worker or for their concurrency group.", busy.Queued)
	gauge("workers", "How many runs may be executed at once.", busy.Workers)
	gauge("store_failed", "1 if the store takes no more writes.", bit(c.health() != nil))
	family("blueprint_in_force", "gauge", "1 if a blueprint is in force as its files are, 0 if they are invalid.")
	c.mu.Lock()
	for _, dir := range slices.Sorted(maps.Keys(c.reloads)) {
		fmt.Fprintf(&b, "currant_blueprint_in_force{dir=\"%s\"} %d\n", label(dir), bit(!c.reloads[dir].Diags.HasErrors()))
	}
	c.mu.Unlock()
	ready, _ := c.ready()
	gauge("ready", "1 if events are taken.", bit(ready))
	gauge("uptime_seconds", "Since the process began.", int64(c.now().Sub(c.started)/time.Second))
	gauge("goroutines", "Goroutines of the process.", runtime.NumGoroutine())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge("heap_bytes", "Memory of live and not yet collected objects.", memory.HeapAlloc)
	gauge("memory_bytes", "Memory that the process has from the system.", memory.Sys)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = fmt.Fprint(w, b.String())
	return nil
}

func bit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// label escapes a label's value as the form asks.
func label(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
