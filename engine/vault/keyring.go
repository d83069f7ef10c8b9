package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const keyringFormat = "currant keyring 1"

// keyring is what is stored of the keys that values are sealed with.
type keyring struct {
	Format string `json:"format"`
	Place  string `json:"place"` // of the master key; "" is the data directory's key file
	// Wrapped is, of a key service, the key that Sealed is sealed with, as the service encrypted it.
	Wrapped []byte `json:"wrapped,omitempty"`
	Sealed  []byte `json:"sealed"` // a ring
}

// ring is the secret part of a keyring.
type ring struct {
	Keys   keyset `json:"keys"`
	Derive []byte `json:"derive"`
}

func (r ring) vault() (*Vault, error) {
	v, err := r.Keys.vault()
	if err != nil {
		return nil, err
	}
	if len(r.Derive) != keySize {
		return nil, errors.New("what secrets are derived from is missing")
	}
	v.path, v.derive = "the keyring of the data directory", r.Derive
	return v, nil
}

// NewKeyring makes a keyring, sealed at a place; a key file that is missing there is made. The keys of the file
// adopt, if there is one, become part of it, so that what was sealed with them alone opens. Once the keyring
// is stored, settle is called: it removes what is no longer needed.
func NewKeyring(ctx context.Context, at Place, adopt string) (doc []byte, v *Vault, settle func() error, err error) {
	adopted, _, err := read(adopt)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, err
	}
	was := err == nil
	r := ring{Keys: keyset{Format: keysetFormat, Note: note, Keys: adopted.Keys}.withFresh(), Derive: Random(keySize)}
	if at.path != "" {
		if _, err := Open(at.path); err != nil {
			return nil, nil, nil, err
		}
	}
	settle = func() error { return nil }
	if was && !sameFile(at.path, adopt) {
		settle = func() error { return forgetFile(adopt) }
	}
	doc, v, err = sealRing(ctx, r, at)
	return doc, v, settle, err
}

// OpenKeyring opens a stored keyring with the master key at a place. The error is fs.ErrNotExist for a missing
// key file, ErrUnknownKey for another key, ErrDoesNotOpen for a damaged keyring, ErrService.
func OpenKeyring(ctx context.Context, doc []byte, at Place) (*Vault, error) {
	r, err := openRing(ctx, doc, at)
	if err != nil {
		return nil, err
	}
	return r.vault()
}

// Recorded is the address of the master key of a stored keyring, without the key where it stood in it.
func Recorded(doc []byte) (uri string, err error) {
	k, err := decodeKeyring(doc)
	return k.Place, err
}

// NeedsKey says whether a recorded address is of no use without a key that only people know.
func NeedsKey(recorded string) bool { return recorded == schemeBase64 }

// Rekey seals a stored keyring anew: from the master key at one place with a new one at another, or the same.
// With dataKey it gets a key with which values are sealed from then on; those before still open.
//
// Until settle has been called, old and new keyring both open: so first the result is stored, then settle is
// called. Whatever is killed between, one of the two is stored, and opens.
func Rekey(ctx context.Context, doc []byte, from, to Place, dataKey bool) (next []byte, v *Vault, settle func() error, err error) {
	r, err := openRing(ctx, doc, from)
	if err != nil {
		return nil, nil, nil, err
	}
	if dataKey {
		r.Keys = r.Keys.withFresh()
	}
	if to.path != "" {
		if err := addKey(to.path); err != nil {
			return nil, nil, nil, err
		}
	}
	next, v, err = sealRing(ctx, r, to)
	return next, v, func() error {
		var errs []error
		if from.path != "" && !sameFile(from.path, to.path) {
			errs = append(errs, forgetFile(from.path), sweep(from.path))
		}
		if to.path != "" {
			errs = append(errs, dropOldKeys(to.path), sweep(to.path))
		}
		return errors.Join(errs...)
	}, err
}

// sealRing seals a ring and proves, before anybody relies on it, that it opens.
func sealRing(ctx context.Context, r ring, at Place) ([]byte, *Vault, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, nil, err
	}
	k, err := at.seal(ctx, plain)
	if err != nil {
		return nil, nil, err
	}
	doc, err := json.Marshal(k)
	if err != nil {
		return nil, nil, err
	}
	v, err := OpenKeyring(ctx, doc, at)
	return doc, v, err
}

func openRing(ctx context.Context, doc []byte, at Place) (r ring, err error) {
	k, err := decodeKeyring(doc)
	if err != nil {
		return r, err
	}
	if at.open != nil && len(k.Wrapped) == 0 || at.open == nil && len(k.Wrapped) > 0 {
		return r, fmt.Errorf("%w: the stored keys are sealed by %s, not by %s", ErrUnknownKey, recordedName(k.Place), at)
	}
	plain, err := at.unseal(ctx, k)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(plain, &r); err != nil {
		return r, fmt.Errorf("%w: the stored keys have another form", ErrDoesNotOpen)
	}
	return r, nil
}

func decodeKeyring(doc []byte) (k keyring, err error) {
	if err := json.Unmarshal(doc, &k); err != nil || k.Format != keyringFormat || len(k.Sealed) < Overhead {
		return k, fmt.Errorf("%w: the stored keys have a form that this release does not know", ErrDoesNotOpen)
	}
	return k, nil
}

func recordedName(uri string) string {
	switch uri {
	case "":
		return "the data directory's key file"
	case schemeBase64:
		return "the key of a base64key://… address"
	}
	return uri
}

// sameFile says whether two paths lead to one file: a folder above it may have several names.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func forgetFile(path string) error {
	if err := removed(path); err != nil {
		return fmt.Errorf("the key file %s is no longer needed, but cannot be removed; remove it: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}
