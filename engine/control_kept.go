package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"currant/engine/lang"
)

// keptRequest asks for kept values at the socket. Bytes are base64 in JSON; null is no value.
type keptRequest struct {
	// Key is of the value; of a list, what keys begin with.
	Key string `json:"key"`
	// Old is what the value must be for New to take its place, where it is to be swapped.
	Old *[]byte `json:"old,omitempty"`
	New *[]byte `json:"new,omitempty"`
}

// value is New; nil is none.
func (q keptRequest) value() []byte {
	if q.New == nil {
		return nil
	}
	return append([]byte{}, *q.New...)
}

// keptAnswer is what the socket says of it.
type keptAnswer struct {
	Value *[]byte  `json:"value,omitempty"`
	Keys  []string `json:"keys,omitempty"`
	// Stale says that the value is another one than Old, and was left as it is.
	Stale bool   `json:"stale,omitempty"`
	Error string `json:"error,omitempty"`
	// Damaged says that the error is lang.ErrKeptDamaged.
	Damaged bool `json:"damaged,omitempty"`
}

// maxKeptRequest bounds a request, in bytes. What commands keep is small.
const maxKeptRequest = 4 << 20

// shareKept lets commands read and change the kept values that are shared with them.
func (e *Engine) shareKept(mux *http.ServeMux) {
	serve := func(do func(r *http.Request, q keptRequest) (keptAnswer, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var q keptRequest
			a := keptAnswer{}
			err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxKeptRequest)).Decode(&q)
			if err == nil {
				a, err = do(r, q)
			}
			if err != nil {
				a = keptAnswer{Error: err.Error(), Damaged: errors.Is(err, lang.ErrKeptDamaged)}
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(a) // who asked may have left
		}
	}
	shared := sharedKept{e.kept, e.vault.o.Shared}
	mux.HandleFunc("POST /kept/get", serve(func(r *http.Request, q keptRequest) (keptAnswer, error) {
		value, err := shared.Get(r.Context(), q.Key)
		return keptAnswer{Value: nullable(value)}, err
	}))
	mux.HandleFunc("POST /kept/keys", serve(func(r *http.Request, q keptRequest) (keptAnswer, error) {
		keys, err := shared.Keys(r.Context(), q.Key)
		return keptAnswer{Keys: keys}, err
	}))
	mux.HandleFunc("POST /kept/replace", serve(func(r *http.Request, q keptRequest) (keptAnswer, error) {
		return keptAnswer{}, shared.ReplaceKept(r.Context(), q.Key, q.value())
	}))
	mux.HandleFunc("POST /kept/swap", serve(func(r *http.Request, q keptRequest) (a keptAnswer, err error) {
		err = shared.Update(r.Context(), q.Key, func(old []byte) ([]byte, error) {
			if (old == nil) != (q.Old == nil) || old != nil && !bytes.Equal(old, *q.Old) {
				a.Stale = true
				return old, nil
			}
			return q.value(), nil
		})
		return a, err
	}))
}

// nullable is a value in JSON: an empty one is one.
func nullable(b []byte) *[]byte {
	if b == nil {
		return nil
	}
	return &b
}

// sharedKept is those of the kept values that are shared with commands.
type sharedKept struct {
	lang.Kept
	shared func(key string) bool
}

func (s sharedKept) check(key string) error {
	if s.shared == nil || !s.shared(key) {
		return fmt.Errorf("what is kept as %q is for the runner only", key)
	}
	return nil
}

// Get is part of lang.Kept.
func (s sharedKept) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.check(key); err != nil {
		return nil, err
	}
	return s.Kept.Get(ctx, key)
}

// Update is part of lang.Kept.
func (s sharedKept) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if err := s.check(key); err != nil {
		return err
	}
	return s.Kept.Update(ctx, key, change)
}

// ReplaceKept is part of lang.KeptReplacer.
func (s sharedKept) ReplaceKept(ctx context.Context, key string, value []byte) error {
	if err := s.check(key); err != nil {
		return err
	}
	return lang.ReplaceKept(ctx, s.Kept, key, value)
}

// Keys is part of lang.Kept. Keys that are not shared are left out.
func (s sharedKept) Keys(ctx context.Context, prefix string) ([]string, error) {
	keys, err := s.Kept.Keys(ctx, prefix)
	return slices.DeleteFunc(keys, func(key string) bool { return s.check(key) != nil }), err
}
