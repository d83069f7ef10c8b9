package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
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

func newKeyset() keyset {
	key := Random(keySize)
	var id uint32
	for id == 0 {
		id = binary.BigEndian.Uint32(Random(4))
	}
	return keyset{
		Format: keysetFormat, Note: note, Primary: keyID(id),
		Keys: []keysetKey{{ID: keyID(id), Algorithm: algorithm, Key: key, Check: checkOf(key)}},
	}
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
func decodeKeyset(text []byte) (*Vault, error) {
	var k keyset
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&k); err != nil {
		return nil, fmt.Errorf("it is not a key file")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands after its end")
	}
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
