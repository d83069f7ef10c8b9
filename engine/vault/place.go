package vault

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
)

// Service encrypts small values with a key that does not leave it: a key management service.
type Service interface {
	Encrypt(ctx context.Context, plain []byte) ([]byte, error)
	Decrypt(ctx context.Context, sealed []byte) ([]byte, error)
	Close() error
}

// OpenService opens the key service at an address such as "awskms://alias/currant".
type OpenService func(ctx context.Context, uri string) (Service, error)

// ErrService is a key service that cannot be reached or refuses: nothing is lost as long as it has the key.
var ErrService = errors.New("the key service does not answer as it should")

// Place is where the master key is, which seals a keyring.
type Place struct {
	uri  string // as it is recorded beside the keyring: without a key
	path string // of a key file
	key  []byte // that stands in the address itself
	open OpenService
}

const (
	schemeFile   = "file://"
	schemeBase64 = "base64key://"
)

// ParsePlace reads an address: "" is the key file own, of the data directory; "file:///PATH" another key file;
// "base64key://KEY" a key of 32 bytes in base64; any other is of a key service, which services opens (nil:
// there are none). The errors quote no key.
func ParsePlace(uri, own string, services OpenService) (Place, error) {
	switch {
	case uri == "":
		return Place{path: own}, nil
	case strings.HasPrefix(uri, schemeFile):
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" || u.RawQuery != "" || !filepath.IsAbs(u.Path) {
			return Place{}, fmt.Errorf("the key address %q cannot be used: a key file is named as file:///PATH, with its absolute path", uri)
		}
		path := filepath.Clean(u.Path)
		if abs, err := filepath.Abs(own); err == nil && abs == path {
			return Place{path: own}, nil
		}
		return Place{uri: schemeFile + filepath.ToSlash(path), path: path}, nil
	case strings.HasPrefix(uri, schemeBase64):
		text := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(uri[len(schemeBase64):]), "=")
		key, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil || len(key) != keySize {
			return Place{}, fmt.Errorf("the key address base64key://… cannot be used: it takes the base64 of %d random bytes, such as \"openssl rand -base64 %d\" makes", keySize, keySize)
		}
		return Place{uri: schemeBase64, key: key}, nil
	// From here on it may be a key whose scheme was left out or misspelt.
	case !strings.Contains(uri, "://"):
		return Place{}, errors.New("the key address cannot be used: it is file:///PATH, base64key://KEY or the address of a key service, such as awskms://alias/currant. It is not shown here, for it may hold a key")
	case services == nil:
		scheme, _, _ := strings.Cut(uri, "://")
		return Place{}, fmt.Errorf("the key address %s://… cannot be used: this build speaks to no key services; use file:///PATH or base64key://KEY", scheme)
	}
	return Place{uri: uri, open: services}, nil
}

// String names the place for people.
func (p Place) String() string {
	switch {
	case p.path != "":
		return "the key file " + p.path
	case p.key != nil:
		return "the key of base64key://…"
	}
	return "the key service at " + p.uri
}

// GoString is String.
func (p Place) GoString() string { return p.String() }

// IsFile says whether the master key is in a file, and which.
func (p Place) IsFile() (path string, ok bool) { return p.path, p.path != "" }

// textVault is the vault of a key that stands in an address.
func textVault(key []byte, name string) (*Vault, error) {
	x, err := newXAES(key)
	if err != nil {
		return nil, err
	}
	id, err := parseID(checkOf(key)[:8])
	if err != nil {
		return nil, err
	}
	return &Vault{path: name, primary: id, keys: map[uint32]*xaes{id: x}}, nil
}

// keyringBind is what a sealed keyring is bound to.
var keyringBind = []byte("currant keyring 1")

// seal seals a keyring at the place.
func (p Place) seal(ctx context.Context, plain []byte) (doc keyring, err error) {
	doc = keyring{Format: keyringFormat, Place: p.uri}
	var v *Vault
	switch {
	case p.path != "":
		v, err = OpenExisting(p.path)
	case p.key != nil:
		v, err = textVault(p.key, p.String())
	default:
		key := Random(keySize)
		err = p.service(ctx, func(s Service) (err error) {
			doc.Wrapped, err = s.Encrypt(ctx, key)
			return err
		})
		if err == nil {
			v, err = textVault(key, p.String())
		}
	}
	if err != nil {
		return doc, err
	}
	doc.Sealed, err = v.Seal(plain, keyringBind)
	return doc, err
}

// unseal opens a keyring.
func (p Place) unseal(ctx context.Context, doc keyring) ([]byte, error) {
	var v *Vault
	var err error
	switch {
	case p.path != "":
		if _, v, err = read(p.path); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is missing: %w", p, fs.ErrNotExist)
		}
	case p.key != nil:
		v, err = textVault(p.key, p.String())
	default:
		var key []byte
		err = p.service(ctx, func(s Service) (err error) {
			key, err = s.Decrypt(ctx, doc.Wrapped)
			return err
		})
		if err == nil {
			v, err = textVault(key, p.String())
		}
	}
	if err != nil {
		return nil, err
	}
	plain, err := v.Unseal(doc.Sealed, keyringBind)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, fmt.Errorf("%w: the stored keys are sealed with key %s, and %s has %s", ErrUnknownKey, keyID(binary.BigEndian.Uint32(doc.Sealed[1:])), p, v.KeyID())
	case err != nil:
		return nil, fmt.Errorf("%w: the stored keys were altered (%s is right)", ErrDoesNotOpen, p)
	}
	return plain, nil
}

func (p Place) service(ctx context.Context, do func(Service) error) error {
	s, err := p.open(ctx, p.uri)
	if err != nil {
		return fmt.Errorf("%w: open %s: %w", ErrService, p.uri, err)
	}
	if err := errors.Join(do(s), s.Close()); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrService, p.uri, err)
	}
	return nil
}
