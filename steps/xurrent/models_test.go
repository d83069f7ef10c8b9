package xurrent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

const asked = "__schema"

func TestP21ModelIsKeptForAnHour(t *testing.T) {
	w := newWorld(t, sim.Options{})
	get := func(refresh bool) {
		t.Helper()
		if _, err := w.account.Model(t.Context(), refresh); err != nil {
			t.Fatal(err)
		}
	}
	get(false)
	get(false)
	w.now = w.now.Add(time.Hour - time.Second)
	get(false)
	if n := w.requests(asked); n != 1 {
		t.Fatalf("asked %d times within the hour", n)
	}
	w.now = w.now.Add(2 * time.Second)
	get(false)
	if n := w.requests(asked); n != 2 {
		t.Errorf("asked %d times after an hour", n)
	}
	get(true)
	if n := w.requests(asked); n != 3 {
		t.Errorf("asked %d times after a refresh", n)
	}
	again := NewModels(w.deps.Models.dir) // another process
	if again.known("simulated", "wdc") == nil {
		t.Error("the model is not kept in the directory")
	}
}

func TestModelIsAskedForOnceByManyAtOnce(t *testing.T) {
	w := newWorld(t, sim.Options{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := w.account.Model(t.Context(), false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.requests(asked); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestP22FailuresAreRemembered(t *testing.T) {
	for _, tc := range []struct {
		fault    string
		remember time.Duration
	}{
		{`{"operation": "__schema", "kind": "404", "times": 1}`, 10 * time.Minute},
		{`{"operation": "__schema", "kind": "500", "times": 1}`, 30 * time.Second},
		{`{"operation": "__schema", "kind": "503", "times": 1, "retry_after": 1}`, 0},
	} {
		w := newWorld(t, sim.Options{})
		w.fault(tc.fault)
		if _, err := w.account.Model(t.Context(), false); err == nil {
			t.Fatalf("%s: no error", tc.fault)
		}
		w.account = w.open("secret") // its pacing has not heard of the fault
		if tc.remember > 0 {
			w.now = w.now.Add(tc.remember - time.Second)
			if _, err := w.account.Model(t.Context(), false); err == nil || w.requests(asked) != 1 {
				t.Errorf("%s: asked again too soon (%v)", tc.fault, err)
			}
		}
		w.now = w.now.Add(2 * time.Second)
		if _, err := w.account.Model(t.Context(), false); err != nil {
			t.Errorf("%s: %v after it was to be forgotten", tc.fault, err)
		}
	}
}

func TestP23AnotherSecretAsksAtOnce(t *testing.T) {
	w := newWorld(t, sim.Options{Credentials: map[string]string{"id": "right"}})
	var e *steps.Error
	if _, err := w.account.Model(t.Context(), false); !errors.As(err, &e) || e.Kind != steps.AuthError {
		t.Fatalf("got %v", err)
	}
	if _, err := w.open("right").Model(t.Context(), false); err != nil {
		t.Error(err)
	}
	for digest := range w.deps.Models.failed {
		if strings.Contains(digest, "secret") || len(digest) != 64 {
			t.Errorf("the failure is remembered under %q", digest)
		}
	}
}

func TestP24RememberedMessage(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.fault(`{"operation": "__schema", "kind": "404", "body": "` + strings.Repeat("secret ", 100) + `", "times": 1}`)
	if _, err := w.account.Model(t.Context(), false); err == nil {
		t.Fatal("no error")
	}
	_, err := w.account.Model(t.Context(), false)
	var e *steps.Error
	if !errors.As(err, &e) || len(e.Message) > 200 || strings.Contains(e.Message, "secret") {
		t.Errorf("got %v", err)
	}
}

// An old model serves while the service has trouble; refused credentials are told.
func TestOldModelInTrouble(t *testing.T) {
	w := newWorld(t, sim.Options{})
	if _, err := w.account.Model(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.fault(`{"operation": "__schema", "kind": "500", "times": 1}`)
	if _, err := w.account.Model(t.Context(), false); err != nil {
		t.Errorf("in trouble: %v", err)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.fault(`{"operation": "__schema", "kind": "500", "times": 1}`)
	if _, err := w.account.Model(t.Context(), true); err == nil {
		t.Error("a refresh that fails says so")
	}
}

func TestDamagedModelIsAskedForAgain(t *testing.T) {
	w := newWorld(t, sim.Options{})
	if _, err := w.account.Model(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(w.deps.Models.dir, "*.model"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.deps.Models = NewModels(w.deps.Models.dir)
	if _, err := w.open("secret").Model(t.Context(), false); err != nil {
		t.Error(err)
	}
	if n := w.requests(asked); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// Of an account that is known only when a run is going, the model of another in its environment is taken.
func TestModelOfAnAccountNotKnownYet(t *testing.T) {
	w := newWorld(t, sim.Options{})
	unknown := cty.ObjectVal(map[string]cty.Value{"account_id": cty.UnknownVal(cty.String)})
	if w.deps.modelOf(unknown) != nil {
		t.Fatal("there is none yet")
	}
	if _, err := w.account.Model(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if w.deps.modelOf(unknown) == nil {
		t.Error("the model of wdc was to serve")
	}
	if other := cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("other")}); w.deps.modelOf(other) != nil {
		t.Error("another account has a model of its own")
	}
}
