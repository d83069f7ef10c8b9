package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

const (
	keysetFormat = "currant keys 1"
	algorithm    = "XAES-256-GCM"
)

// keyset is the key file.
type keyset struct {
	Format  string      `json:"format"`
	Note    string      `json:"note"`
	Primary string      `json:"primary"` // id of the key that seals
	Keys    []keysetKey `json:"keys"`
}

type keysetKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	Key       []byte `json:"key"`   // base64
	Check     string `json:"check"` // so that damage is found at the start, not at the first secret
}

const note = "Secret. Keep a copy apart from the data: without this file no stored secret can be read."

func newKeyset() keyset { return keyset{Format: keysetFormat, Note: note}.withFresh() }

// withFresh is the key set with one key more, which seals from now on.
func (k keyset) withFresh() keyset {
	taken := map[string]bool{keyID(0): true}
	for _, key := range k.Keys {
		taken[key.ID] = true
	}
	id := keyID(0)
	for taken[id] {
		id = keyID(binary.BigEndian.Uint32(Random(4)))
	}
	key := Random(keySize)
	k.Primary, k.Keys = id, append([]keysetKey{{ID: id, Algorithm: algorithm, Key: key, Check: checkOf(key)}}, k.Keys...)
	return k
}

// withOnlyPrimary is the key set without the keys that no longer seal.
func (k keyset) withOnlyPrimary() keyset {
	k.Keys = slices.DeleteFunc(slices.Clone(k.Keys), func(key keysetKey) bool { return key.ID != k.Primary })
	return k
}

func checkOf(key []byte) string {
	sum := sha256.Sum256(append([]byte("currant key check\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

func (k keyset) encode() ([]byte, error) {
	text, err := json.MarshalIndent(k, "", "  ")
	return append(text, '\n'), err
}

// decodeKeyset reads a key file. Its errors never quote the text.
func decodeKeyset(text []byte) (k keyset, _ *Vault, _ error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&k); err != nil {
		return k, nil, fmt.Errorf("it is not a key file")
	}
	if _, err := d.Token(); err != io.EOF {
		return k, nil, fmt.Errorf("something stands after its end")
	}
	v, err := k.vault()
	return k, v, err
}

// vault checks the keys and makes them ready for use.
func (k keyset) vault() (*Vault, error) {
	if k.Format != keysetFormat {
		return nil, fmt.Errorf("its format is not %q", keysetFormat)
	}
	v := &Vault{keys: map[uint32]*xaes{}}
	for i, key := range k.Keys {
		id, err := parseID(key.ID)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the id of key %d is not eight hexadecimal digits", i+1)
		case v.keys[id] != nil:
			return nil, fmt.Errorf("key %s stands in it twice", keyID(id))
		case key.Algorithm != algorithm:
			return nil, fmt.Errorf("key %s is not for %s", keyID(id), algorithm)
		case len(key.Key) != keySize || checkOf(key.Key) != key.Check:
			return nil, fmt.Errorf("key %s is damaged", keyID(id))
		}
		if v.keys[id], err = newXAES(key.Key); err != nil {
			return nil, fmt.Errorf("key %s: %w", keyID(id), err)
		}
	}
	id, err := parseID(k.Primary)
	if err != nil || v.keys[id] == nil {
		return nil, fmt.Errorf("its primary key is not among its keys")
	}
	v.primary = id
	return v, nil
}

func parseID(text string) (uint32, error) {
	if len(text) != 8 {
		return 0, strconv.ErrSyntax
	}
	id, err := strconv.ParseUint(text, 16, 32)
	return uint32(id), err
}
