package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/vault"
	"currant/steps"
)

// keep stores a value as whoever uses lang.Kept does.
func (w *world) keep(key, value string) {
	w.t.Helper()
	err := w.e.Kept().Update(context.Background(), key, func([]byte) ([]byte, error) { return []byte(value), nil })
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wantKept(key, want string) {
	w.t.Helper()
	got, err := w.e.Kept().Get(context.Background(), key)
	if err != nil || string(got) != want {
		w.t.Errorf("%s: %q, %v; want %q", key, got, err, want)
	}
}

// Every pair of 20 rows is swapped in the store: none opens in the other's place.
func TestX1KeptRowsOpenOnlyInTheirPlace(t *testing.T) {
	w := newWorld(t)
	w.open()
	const rows = 20
	ctx, store := context.Background(), w.e.Store()
	var sealed [rows][]byte
	name := func(i int) string { return fmt.Sprintf("x/customers/c%d/app/token", i) }
	for i := range rows {
		w.keep(name(i), fmt.Sprint("secret ", i))
		b, _, err := store.Kept(ctx, name(i))
		if err != nil {
			t.Fatal(err)
		}
		sealed[i] = b
	}
	put := func(i int, b []byte) {
		if err := store.Keep(ctx, name(i), b); err != nil {
			t.Fatal(err)
		}
	}
	for i := range rows {
		for j := range i {
			put(i, sealed[j])
			put(j, sealed[i])
			for _, k := range []int{i, j} {
				if got, err := w.e.Kept().Get(ctx, name(k)); !errors.Is(err, vault.ErrDoesNotOpen) || got != nil {
					t.Errorf("%d swapped with %d: %q, %v", i, j, got, err)
				}
			}
			put(i, sealed[i])
			put(j, sealed[j])
		}
	}
	for i := range rows {
		w.wantKept(name(i), fmt.Sprint("secret ", i))
	}
}

func TestKeptUpdate(t *testing.T) {
	w := newWorld(t)
	w.open()
	kept, ctx := w.e.Kept(), context.Background()
	w.keep("a/b", "1")
	w.keep("a/c", "")
	w.keep("b", "2")
	w.wantKept("a/c", "")
	if got, err := kept.Get(ctx, "a/c"); got == nil || err != nil {
		t.Errorf("an empty value is %v, %v", got, err)
	}
	mine := errors.New("mine")
	if err := kept.Update(ctx, "a/b", func([]byte) ([]byte, error) { return []byte("3"), mine }); !errors.Is(err, mine) {
		t.Error(err)
	}
	w.wantKept("a/b", "1")
	for range 2 { // the second deletes nothing
		if err := kept.Update(ctx, "b", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
	}
	if got, err := kept.Get(ctx, "b"); got != nil || err != nil {
		t.Errorf("%q %v", got, err)
	}
	// Whoever waits for a turn may give up, and a change may look at other keys.
	err := kept.Update(ctx, "a/b", func(old []byte) ([]byte, error) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := kept.Update(gone, "a/b", func([]byte) ([]byte, error) { return []byte("late"), nil }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		w.keep("d", "4")
		w.wantKept("a/b", "1")
		return append(old, '5'), nil
	})
	if err != nil {
		t.Error(err)
	}
	w.wantKept("a/b", "15")
	if keys, err := kept.Keys(ctx, "a/"); err != nil || !slices.Equal(keys, []string{"a/b", "a/c"}) {
		t.Errorf("%q %v", keys, err)
	}
}

// Changes of one key by many at once are none lost, and all are there after a crash.
func TestD1KeptUpdatesAreAtomicAndDurable(t *testing.T) {
	w := newWorld(t)
	w.open()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 10 {
				err := w.e.Kept().Update(context.Background(), fmt.Sprint("n", (i+j)%3), func(old []byte) ([]byte, error) {
					n, _ := strconv.Atoi(string(old)) // 0 at first
					return []byte(strconv.Itoa(n + 1)), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.text = ""
	w.crash(func() {})
	total := 0
	for i := range 3 {
		got, err := w.e.Kept().Get(context.Background(), fmt.Sprint("n", i))
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(string(got))
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	if total != 500 {
		t.Errorf("%d of 500 changes are there", total)
	}
}

func TestX3KeptValuesAreNotInClear(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.keep("k", "CaNaRy-in-a-kept-value")
	w.stop()
	err := filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("CaNaRy")) {
			t.Errorf("%s has the value", path)
		}
		if info, statErr := e.Info(); statErr != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("X6: %s: %v %v", path, info.Mode(), statErr)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.open()
	w.wantKept("k", "CaNaRy-in-a-kept-value")
}

// random_secret is another in each run and at each place, the same when a step is done again after a crash, and
// stands nowhere in clear.
func TestX3RandomSecret(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.load(`
runbook "make" {
  trigger "manual" {}
  step "probe" "hold" { value = [random_secret(16), random_secret(16)] }
  output "same" {
    value = "length ${nonsensitive(length(step.hold.value[0]))}"
  }
}
`)
	g := newGate()
	type made struct{ first, second string }
	seen := make(chan made, 10)
	w.on("hold", func(ctx context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		plain, _ := v.UnmarkDeep()
		seen <- made{plain.Index(number(0)).AsString(), plain.Index(number(1)).AsString()}
		return g.probe(ctx, c, v)
	})
	w.run()
	id := w.start("make", cty.NilVal)
	g.next(t)
	first := <-seen
	w.crash(func() { close(g.open) })
	w.ends(id, "finished")
	again := <-seen
	w.ends(w.start("make", cty.NilVal), "finished")
	other := <-seen
	if first != again || len(first.first) != 22 || first.first == first.second || first.first == other.first {
		t.Errorf("first %v, again %v, another run %v", first, again, other)
	}
	w.stop()
	for _, name := range []string{"currant.db", "key"} {
		data, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{first.first, first.second, other.first} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s has a secret in clear", name)
			}
		}
	}
}
