package vault

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The vectors are those of c2sp.org/XAES-256-GCM: one for each value of the bit
// that the doubling carries.
func TestXAESVectors(t *testing.T) {
	nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
	plain := []byte("XAES-256-GCM")
	tests := []struct {
		key        byte
		bind, want string
	}{
		{0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	}
	for _, test := range tests {
		x, err := newXAES(bytes.Repeat([]byte{test.key}, keySize))
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.seal(nil, nonce, plain, []byte(test.bind))
		if err != nil || hex.EncodeToString(got) != test.want {
			t.Errorf("key %x: got %x, %v, want %s", test.key, got, err, test.want)
		}
		if back, err := x.open(nonce, got, []byte(test.bind)); !bytes.Equal(back, plain) {
			t.Errorf("key %x: opened %q, %v", test.key, back, err)
		}
	}
}
