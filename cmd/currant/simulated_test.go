package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// The address that is left is that of the command that came first and is still going.
func TestSimulatedAddress(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(dir, simAddressFile)
	state := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sim/state" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	first, second, other := httptest.NewServer(state), httptest.NewServer(state), httptest.NewServer(http.NotFoundHandler())
	defer second.Close()
	defer other.Close()
	at := func(want string) {
		t.Helper()
		if got := simulatedAt(t.Context(), dir); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	leave := func(s *simulated) {
		t.Helper()
		if err := s.leave(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	takeBack := func(s *simulated) {
		t.Helper()
		if err := s.takeBack(); err != nil {
			t.Fatal(err)
		}
	}
	at("")
	a, b := &simulated{url: first.URL}, &simulated{url: second.URL}
	leave(a)
	at(first.URL)
	leave(b)
	at(first.URL)
	takeBack(b) // has left nothing
	at(first.URL)

	first.Close() // without taking its address back, as a process that is killed
	at("")
	leave(b)
	at(second.URL)
	takeBack(a) // is not there any more
	at(second.URL)
	takeBack(b)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is there still: %v", err)
	}
	takeBack(b)

	for _, text := range []string{"", "nonsense\x00", other.URL, "http://127.0.0.1:1"} {
		writeFile(t, path, text)
		at("")
	}
}
