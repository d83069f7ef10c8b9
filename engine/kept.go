package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"currant/engine/journal"
	"currant/engine/lang"
)

// kept is what outlives runs (lang.Kept): rows of the journal, each sealed for its key, so that a row in another
// row's place does not open.
type kept struct {
	e     *Engine
	mu    sync.Mutex // guards turns
	turns map[string]*turn
	watch keptWatch
}

// turn is whose turn it is to change one key.
type turn struct {
	taken chan struct{} // holds one element while somebody has it
	users int           // who have it or wait for it
}

// Kept is what outlives runs.
func (e *Engine) Kept() lang.Kept { return e.kept }

func newKept(e *Engine) *kept {
	return &kept{e: e, turns: map[string]*turn{}, watch: newKeptWatch(e.deliver)}
}

// place is what a kept value is bound to. A run's values are bound to its id, which has no such beginning.
func place(key string) []byte { return []byte("kept\x00" + key) }

// Get is part of lang.Kept.
func (k *kept) Get(ctx context.Context, key string) ([]byte, error) {
	sealed, err := sealedKept(ctx, k.e.store.Reader, key)
	if err != nil || sealed == nil {
		return nil, err
	}
	return unsealKept(k.e.vault, key, sealed)
}

// sealedKept is a kept value as it is stored; nil where there is none.
func sealedKept(ctx context.Context, r *journal.Reader, key string) ([]byte, error) {
	sealed, _, err := r.Kept(ctx, key)
	if errors.Is(err, journal.ErrDamaged) {
		err = fmt.Errorf("%w: %w", lang.ErrKeptDamaged, err)
	}
	return sealed, err
}

func unsealKept(v *keys, key string, sealed []byte) ([]byte, error) {
	plain, err := v.Unseal(sealed, place(key))
	if err != nil {
		return nil, fmt.Errorf("what is kept as %q: %w: %w", key, lang.ErrKeptDamaged, err)
	}
	if plain == nil {
		plain = []byte{} // an empty value is one
	}
	return plain, nil
}

// Update is part of lang.Kept. Change may use Get and Keys, and Update for other keys.
func (k *kept) Update(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error {
	release, err := k.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	old, err := k.Get(ctx, key)
	if err != nil {
		return err
	}
	value, err := change(old)
	if err != nil {
		return err
	}
	if value == nil && old == nil {
		return nil
	}
	return k.put(ctx, key, value)
}

// ReplaceKept is part of lang.KeptReplacer.
func (k *kept) ReplaceKept(ctx context.Context, key string, value []byte) error {
	release, err := k.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	return k.put(ctx, key, value)
}

// put stores a value, or deletes it where it is nil, and tells who waits for it.
func (k *kept) put(ctx context.Context, key string, value []byte) error {
	if value == nil {
		return k.e.store.Keep(ctx, key, nil)
	}
	sealed, err := k.e.vault.Seal(value, place(key))
	if err != nil {
		return err
	}
	if err := k.e.store.Keep(ctx, key, sealed); err != nil {
		return err
	}
	k.watch.changed(key)
	return nil
}

// Keys is part of lang.Kept.
func (k *kept) Keys(ctx context.Context, prefix string) ([]string, error) {
	return k.e.store.KeptKeys(ctx, prefix)
}

// take waits until nobody else changes a key.
func (k *kept) take(ctx context.Context, key string) (release func(), err error) {
	k.mu.Lock()
	t := k.turns[key]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		k.turns[key] = t
	}
	t.users++
	k.mu.Unlock()
	leave := func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(k.turns, key)
		}
	}
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
