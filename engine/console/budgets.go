package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sampleEvery = 10 * time.Second
	samples     = 360 // an hour
	maxSeries   = 500 // budgets whose past is kept
)

// history is what was left of budgets over the last hour, in memory.
type history struct {
	mu     sync.Mutex // guards series
	series map[string]*ring
}

// ring holds the last samples, in thousandths of the limit; −1 is not known.
type ring struct {
	at  int
	val [samples]int16
}

func newHistory() *history { return &history{series: map[string]*ring{}} }

func budgetKey(conn Connection, b Budget) string {
	return strings.Join([]string{conn.Blueprint, conn.Name, conn.Account, conn.Address, b.Name}, "\x00")
}

// left is what a budget has left, in thousandths: all of it once its window is over.
func (b Budget) left(now time.Time) int {
	switch {
	case b.Limit <= 0:
		return -1
	case !b.Reset.IsZero() && now.After(b.Reset):
		return 1000
	}
	return int(max(0, min(1000*b.Remaining/b.Limit, 1000)))
}

func (h *history) add(now time.Time, conns []Connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := map[string]*ring{}
	for _, conn := range conns {
		for _, b := range conn.Budgets {
			key := budgetKey(conn, b)
			r := h.series[key]
			if r == nil {
				r = &ring{}
				for i := range r.val {
					r.val[i] = -1
				}
			}
			if next[key] == nil && len(next) < maxSeries {
				r.val[r.at%samples] = int16(b.left(now))
				r.at++
				next[key] = r
			}
		}
	}
	h.series = next // what no connection has any more is forgotten
}

// line is a sparkline's points, in a box of samples by 100; "" where there are too few.
func (h *history) line(key string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.series[key]
	if r == nil || r.at < 2 {
		return ""
	}
	var b strings.Builder
	for i := range samples {
		if v := r.val[(r.at+i)%samples]; v >= 0 {
			b.WriteString(strconv.Itoa(i) + "," + strconv.Itoa(100-int(v)/10) + " ")
		}
	}
	return strings.TrimSpace(b.String())
}

// sample keeps what is left of all budgets now.
func (c *Console) sample(ctx context.Context) {
	if c.o.Connections == nil {
		return
	}
	conns, err := c.o.Connections(ctx)
	if err != nil {
		c.log.Debug("console: budgets are not known", "error", err)
		return
	}
	c.budgets.add(c.now(), conns)
}

type connectionRow struct {
	Connection
	Meters []meter
}

// meter is a budget with its past.
type meter struct {
	Budget
	Part int // left, in thousandths; −1 is not known
	Low  bool
	Line string
}

// low is the part of a budget, in thousandths, below which the client slows down (steps/xurrent/api).
const low = 200

func (c *Console) showConnections(w http.ResponseWriter, r *http.Request) error {
	var rows []connectionRow
	if c.o.Connections != nil {
		conns, err := c.o.Connections(r.Context())
		if err != nil {
			return err
		}
		for _, conn := range conns {
			row := connectionRow{Connection: conn}
			for _, b := range conn.Budgets {
				part := b.left(c.now())
				row.Meters = append(row.Meters, meter{Budget: b, Part: part, Low: part >= 0 && part < low, Line: c.budgets.line(budgetKey(conn, b))})
			}
			rows = append(rows, row)
		}
	}
	return c.render(w, r, http.StatusOK, "connections", "Connections", rows)
}
