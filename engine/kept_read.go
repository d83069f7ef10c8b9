package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"currant/engine/journal"
	"currant/engine/lang"
)

// ErrReadOnly is the error of a change of kept values that were opened for reading.
var ErrReadOnly = errors.New("kept values were opened for reading only")

// OpenKept opens what is kept in a data directory, as far as it is shared (KeyOptions.Shared), for reading. It
// changes nothing, starts nothing and does not take the directory: a runner may have it open. A directory that no runner has
// used keeps nothing. The keys are opened by the first value that is there to be read; the errors then are those of
// New. close ends it.
func OpenKept(dir string, o KeyOptions) (kept lang.Kept, close func() error, err error) {
	r, err := journal.OpenReader(dir)
	switch {
	case errors.Is(err, journal.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return sharedKept{noneKept{}, o.Shared}, func() error { return nil }, nil
	case err != nil:
		return nil, nil, err
	}
	return sharedKept{&readKept{keys: &keys{read: r, dir: dir, o: o}}, o.Shared}, r.Close, nil
}

// readKept is what is kept, for reading.
type readKept struct {
	keys *keys
	mu   sync.Mutex // while the keys are opened
}

// Get is part of lang.Kept.
func (k *readKept) Get(ctx context.Context, key string) ([]byte, error) {
	sealed, err := sealedKept(ctx, k.keys.read, key)
	if err != nil || sealed == nil {
		return nil, err
	}
	if err := k.unlock(ctx); err != nil {
		return nil, err
	}
	return unsealKept(k.keys, key, sealed)
}

// unlock opens the keys, once.
func (k *readKept) unlock(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys.now.Load() != nil {
		return nil
	}
	doc, err := k.keys.read.Keyring(ctx)
	if err != nil {
		return err
	}
	if doc == nil {
		return fmt.Errorf("what is kept in %s has no keyring; a runner must have started there first", k.keys.dir)
	}
	ctx, cancel := context.WithTimeout(ctx, keyTime)
	defer cancel()
	return k.keys.open(ctx, doc)
}

// Update is part of lang.Kept.
func (k *readKept) Update(context.Context, string, func([]byte) ([]byte, error)) error {
	return ErrReadOnly
}

// Keys is part of lang.Kept.
func (k *readKept) Keys(ctx context.Context, prefix string) ([]string, error) {
	return k.keys.read.KeptKeys(ctx, prefix)
}

// noneKept is what is kept where there is nothing yet.
type noneKept struct{}

// Get is part of lang.Kept.
func (noneKept) Get(context.Context, string) ([]byte, error) { return nil, nil }

// Update is part of lang.Kept.
func (noneKept) Update(context.Context, string, func([]byte) ([]byte, error)) error {
	return ErrReadOnly
}

// Keys is part of lang.Kept.
func (noneKept) Keys(context.Context, string) ([]string, error) { return nil, nil }
