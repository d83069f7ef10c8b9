package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// What Unseal can find wrong; the errors say more, so use errors.Is.
var (
	// ErrUnknownKey: the key file is not the one the value was sealed with.
	ErrUnknownKey = errors.New("unknown key")
	// ErrDoesNotOpen: the value was altered, or it was sealed for another place.
	ErrDoesNotOpen = errors.New("sealed value does not open")
)

const (
	formTink   = 1 // first byte of a sealed value, see the package comment
	headerSize = 1 + 4
	// Overhead is how many bytes longer a sealed value is than the plain one.
	Overhead = headerSize + nonceSize + tagSize
)

// Vault holds the keys of one key file, or of one keyring. It is immutable and safe for concurrent use.
type Vault struct {
	path    string
	primary uint32
	keys    map[uint32]*xaes
	derive  []byte // of a keyring: what Derive expands
}

// KeyID names the key that seals, as eight hexadecimal digits. It is not secret.
func (v *Vault) KeyID() string { return keyID(v.primary) }

func keyID(id uint32) string { return fmt.Sprintf("%08x", id) }

// String keeps keys out of whatever a Vault is printed into.
func (v Vault) String() string { return "vault with key " + keyID(v.primary) }

// GoString is String.
func (v Vault) GoString() string { return v.String() }

// Seal encrypts plain for the place that bind names; bind is not stored, and may
// be empty. Equal values give different results. The error is for keys and
// ciphers the machine refuses, not for any plain or bind.
func (v *Vault) Seal(plain, bind []byte) ([]byte, error) {
	out := make([]byte, headerSize+nonceSize, len(plain)+Overhead)
	out[0] = formTink
	binary.BigEndian.PutUint32(out[1:], v.primary)
	nonce := out[headerSize:]
	rand.Read(nonce) // never fails, see crypto/rand
	out, err := v.keys[v.primary].seal(out, nonce, plain, bind)
	if err != nil {
		return nil, fmt.Errorf("sealing with key %s: %w", v.KeyID(), err)
	}
	return out, nil
}

// Unseal opens what Seal made for the same bind. The errors are ErrUnknownKey
// and ErrDoesNotOpen; they hold nothing of the value.
func (v *Vault) Unseal(sealed, bind []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != formTink {
		return nil, fmt.Errorf("%w: %d bytes that are not a sealed value", ErrDoesNotOpen, len(sealed))
	}
	id := binary.BigEndian.Uint32(sealed[1:])
	key := v.keys[id]
	if key == nil {
		return nil, fmt.Errorf("%w: the value was sealed with key %s, which is not in %s (its key is %s): "+
			"start with the key file that the data was written with, or restore it from a backup; without it the value cannot be read and must be set again",
			ErrUnknownKey, keyID(id), v.path, v.KeyID())
	}
	plain, err := key.open(sealed[headerSize:][:nonceSize], sealed[headerSize+nonceSize:], bind)
	if err != nil {
		return nil, fmt.Errorf("%w: it was altered, or moved here from another place (key %s is right)", ErrDoesNotOpen, keyID(id))
	}
	return plain, nil
}

// Derive gives n bytes, at most 8160, that are secret and always the same for a purpose: of a keyring, whatever
// keys it gets later.
func (v *Vault) Derive(purpose string, n int) ([]byte, error) {
	if len(v.derive) == 0 {
		return nil, errors.New("vault: a key file alone derives nothing")
	}
	return hkdf.Expand(sha256.New, v.derive, purpose, n)
}

// Random gives n bytes fit for keys and tokens; none if n is not positive.
func Random(n int) []byte {
	b := make([]byte, max(n, 0))
	rand.Read(b) // never fails, see crypto/rand
	return b
}
