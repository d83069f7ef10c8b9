package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"currant/engine/journal"
)

// fakeDisk takes writes in order and answers them on a goroutine of its own. While full, it takes none.
type fakeDisk struct {
	mu   sync.Mutex
	full bool
	recs map[string]string
	puts int
	ends int
}

func (d *fakeDisk) Submit(w journal.Write, done func(error)) {
	go func() { done(d.take(w)) }()
}

func (d *fakeDisk) take(w journal.Write) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return fmt.Errorf("write: %w", journal.ErrFull)
	}
	for path := range d.recs {
		if named(w.Delete, path) {
			delete(d.recs, path)
		}
	}
	for _, r := range w.Put {
		d.recs[r.Path] = string(r.Data)
		d.puts++
	}
	if w.End != nil {
		d.ends++
	}
	return nil
}

func (d *fakeDisk) setFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func put(path, data string) journal.Write {
	return journal.Write{Put: []journal.Record{{Path: path, Data: []byte(data)}}}
}

// While the disk is full a run's writes wait and stay in order; when there is room they are all there, without
// a restart (promise D5).
func TestD5WritesWaitForRoom(t *testing.T) {
	d := &fakeDisk{recs: map[string]string{}, full: true}
	ws := &writes{store: d, pause: time.Millisecond}
	for i := range 100 {
		if _, err := ws.submit(put(fmt.Sprint("p", i%10), fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ws.submit(journal.Write{Delete: []string{"p9", "p8*"}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	waited := make(chan error)
	go func() { waited <- ws.wait(t.Context()) }()
	select {
	case err := <-waited:
		t.Fatalf("stored on a full disk: %v", err)
	case <-ctx.Done():
	}
	d.setFull(false)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if len(d.recs) != 8 || d.recs["p0"] != "90" || d.recs["p7"] != "97" {
		t.Errorf("records %v", d.recs)
	}
}

// A stop does not wait for room.
func TestD5StopOnAFullDisk(t *testing.T) {
	d := &fakeDisk{recs: map[string]string{}, full: true}
	ws := &writes{store: d, pause: 10 * time.Millisecond}
	if _, err := ws.submit(put("a", "1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := ws.wait(ctx); !errors.Is(err, errStopping) {
		t.Errorf("error %v", err)
	}
	if _, err := ws.submit(put("b", "1")); !errors.Is(err, errStopping) {
		t.Errorf("a write after that: %v", err)
	}
}

// What comes while a write is on its way is put together, and much of it is held up.
func TestWritesAreMergedInOrder(t *testing.T) {
	d := &fakeDisk{recs: map[string]string{}}
	ws := &writes{store: d, pause: time.Millisecond}
	for i := range 5000 {
		w := put(fmt.Sprint("k", i%7), fmt.Sprint(i))
		if i%3 == 0 {
			w.Delete = []string{fmt.Sprint("k", (i+1)%7)}
		}
		if _, err := ws.submit(w); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ws.submit(journal.Write{End: &journal.End{Status: journal.Finished, At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	if err := ws.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for i := range 5000 {
		if i%3 == 0 {
			delete(want, fmt.Sprint("k", (i+1)%7))
		}
		want[fmt.Sprint("k", i%7)] = fmt.Sprint(i)
	}
	if fmt.Sprint(d.recs) != fmt.Sprint(want) || d.ends != 1 {
		t.Errorf("records %v, want %v; %d ends", d.recs, want, d.ends)
	}
	if d.puts > 4000 {
		t.Logf("%d puts reached the disk", d.puts)
	}
}
