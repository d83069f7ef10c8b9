package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"currant/engine/journal"
	"currant/engine/vault"
)

// KeyFile is the name of the file, in the data directory, with the master key, if it is nowhere else.
const KeyFile = "key"

// KeyOptions say where the master key of a data directory is: the key that seals the keys of sealed values.
type KeyOptions struct {
	// URI is its address, as vault.ParsePlace takes it; "" is where it was last.
	URI string
	// Services opens key services; nil knows none.
	Services vault.OpenService
	// KindOf names, for people, what is kept under a key; nil calls everything a value.
	KindOf func(key string) string
	// Shared says which kept values commands beside the runner may read and change (Client.Kept, OpenKept); nil is
	// none. What a customer has sent is for no command to read.
	Shared func(key string) bool
}

// Rekey is what a rotation does.
type Rekey struct {
	// URI is where the new master key is to be; "" is where the present one is.
	URI string
	// DataKey asks for a new data key too: values are sealed with it from then on, and those before still open.
	DataKey bool
}

// keys are the keys of a data directory's sealed values. A rotation replaces them under those who use them.
type keys struct {
	now   atomic.Pointer[vault.Vault]
	store *journal.Store  // nil where they are only read
	read  *journal.Reader // the store's, or one beside it
	dir   string
	o     KeyOptions
	mu    sync.Mutex // one rotation at a time
}

// Seal is part of run.Sealer.
func (k *keys) Seal(plain, bind []byte) ([]byte, error) { return k.now.Load().Seal(plain, bind) }

// Unseal is part of run.Sealer.
func (k *keys) Unseal(sealed, bind []byte) ([]byte, error) { return k.now.Load().Unseal(sealed, bind) }

// Derive gives bytes that are secret and always the same for a purpose (vault.Vault).
func (k *keys) Derive(purpose string, n int) ([]byte, error) { return k.now.Load().Derive(purpose, n) }

// openKeys opens the keyring of a data directory, or makes one in a directory that has sealed nothing yet, or
// whose values were sealed with the key file itself. An error that means that values cannot be read says
// which; nothing has been changed then.
func openKeys(ctx context.Context, store *journal.Store, dir string, o KeyOptions) (*keys, error) {
	k := &keys{store: store, read: store.Reader, dir: dir, o: o}
	doc, err := store.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return k, k.begin(ctx)
	}
	return k, k.open(ctx, doc)
}

// open opens the keyring, whose document is doc.
func (k *keys) open(ctx context.Context, doc []byte) error {
	at, err := k.current(doc)
	if err != nil {
		return err
	}
	v, err := vault.OpenKeyring(ctx, doc, at)
	if err != nil {
		return k.lost(ctx, err, at)
	}
	k.now.Store(v)
	return nil
}

func (k *keys) own() string { return filepath.Join(k.dir, KeyFile) }

// begin makes the keyring.
func (k *keys) begin(ctx context.Context) error {
	at, err := vault.ParsePlace(k.o.URI, k.own(), k.o.Services)
	if err != nil {
		return err
	}
	_, err = vault.OpenExisting(k.own())
	if errors.Is(err, fs.ErrNotExist) {
		totals, err := k.store.Totals(ctx)
		if err != nil {
			return err
		}
		kept, err := k.store.KeptKeys(ctx, "")
		if err != nil {
			return err
		}
		if totals.Runs+totals.Schedules > 0 || len(kept) > 0 { // by an earlier release, which made the file at its first start
			own, err := vault.ParsePlace("", k.own(), nil)
			if err != nil {
				return err
			}
			return k.lost(ctx, fmt.Errorf("%s is missing: %w", own, fs.ErrNotExist), own)
		}
	}
	doc, v, settle, err := vault.NewKeyring(ctx, at, k.own())
	if err != nil {
		return err
	}
	if err := k.store.PutKeyring(ctx, doc); err != nil {
		return err
	}
	k.now.Store(v)
	return settle()
}

// current is where the master key is now: where the settings say, or where it was last.
func (k *keys) current(doc []byte) (vault.Place, error) {
	recorded, err := vault.Recorded(doc)
	if err != nil {
		return vault.Place{}, fmt.Errorf("%s: %w", k.dir, err)
	}
	if k.o.URI != "" {
		return vault.ParsePlace(k.o.URI, k.own(), k.o.Services)
	}
	if vault.NeedsKey(recorded) {
		return vault.Place{}, fmt.Errorf("the keys of %s are sealed with a key that was given as base64key://…: give it again, with the environment variable CURRANT_KEY_URI or the setting key_uri", k.dir)
	}
	return vault.ParsePlace(recorded, k.own(), k.o.Services)
}

// lost explains that the keyring does not open: what cannot be read without it, and what can be done.
func (k *keys) lost(ctx context.Context, cause error, at vault.Place) error {
	if errors.Is(cause, vault.ErrService) {
		return fmt.Errorf("the keys of %s cannot be opened: %w. Nothing was changed, and nothing is lost while the service has its key: see to the service, its address and its credentials, and start again", k.dir, cause)
	}
	what, err := k.sealed(ctx)
	if err != nil {
		return errors.Join(cause, err)
	}
	remedy := "Give the right address with --key-uri"
	if path, ok := at.IsFile(); ok {
		remedy = fmt.Sprintf("Restore %s from a backup, or name the right one with --key-uri file:///PATH", path)
	}
	dir, err := filepath.Abs(k.dir)
	if err != nil {
		dir = k.dir
	}
	return fmt.Errorf("%w. Without the right key what was sealed in %s cannot be read: %s. Nothing was changed. %s, and start again. "+
		"If the key is lost for good, so are these values: to start over without them, stop all runners, move the directory away with\n\n\tmv '%s' '%s.lost'\n\nand start again; "+
		"runs are lost with it, and secrets must be set, or sent by the account, again", cause, k.dir, what, remedy, dir, dir)
}

// sealed says what is sealed in the data directory.
func (k *keys) sealed(ctx context.Context) (string, error) {
	kept, err := k.read.KeptKeys(ctx, "")
	if err != nil {
		return "", err
	}
	totals, err := k.read.Totals(ctx)
	if err != nil {
		return "", err
	}
	kinds := map[string]int{}
	for _, key := range kept {
		kind := "value"
		if k.o.KindOf != nil {
			kind = k.o.KindOf(key)
		}
		kinds[kind]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%s: %d", kind, kinds[kind]))
	}
	text := fmt.Sprintf("%d kept values", len(kept))
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, "; ") + ")"
	}
	return fmt.Sprintf("%s, and the sensitive values of %d runs that have not ended, of %d that have, and of %d schedules",
		text, totals.Unfinished, totals.Runs-totals.Unfinished, totals.Schedules), nil
}

// rekey rotates the master key and, if asked for, the data key. Killed at any point, the directory opens with
// the key it had or with the new one.
func (k *keys) rekey(ctx context.Context, r Rekey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	doc, err := k.store.Keyring(ctx)
	if err != nil {
		return err
	}
	from, err := k.current(doc)
	if err != nil {
		return err
	}
	to := from
	if r.URI != "" {
		if to, err = vault.ParsePlace(r.URI, k.own(), k.o.Services); err != nil {
			return err
		}
	}
	next, v, settle, err := vault.Rekey(ctx, doc, from, to, r.DataKey)
	if err != nil {
		return err
	}
	// From here on a caller who goes away ends nothing: the keyring might be stored, and nobody here know of it.
	if err := k.store.PutKeyring(context.WithoutCancel(ctx), next); err != nil {
		return err
	}
	k.now.Store(v) // only now: a key that is not stored may seal nothing
	if r.URI != "" {
		k.o.URI = r.URI
	}
	return settle()
}

// Rekey rotates the master key of the engine's data directory.
func (e *Engine) Rekey(ctx context.Context, r Rekey) error { return e.vault.rekey(ctx, r) }

// RekeyStore rotates the master key of a data directory that no engine has open but by this store.
func RekeyStore(ctx context.Context, store *journal.Store, dir string, o KeyOptions, r Rekey) error {
	k, err := openKeys(ctx, store, dir, o)
	if err != nil {
		return err
	}
	return k.rekey(ctx, r)
}
