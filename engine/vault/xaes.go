package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

const (
	keySize   = 32
	nonceSize = 24
	tagSize   = 16
)

// xaes is XAES-256-GCM: from the key and the first half of a 24-byte nonce it
// derives a key for AES-256-GCM, which gets the second half. The derivation is
// the counter mode of NIST SP 800-108r1 with CMAC.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // CMAC's subkey for whole blocks
}

func newXAES(key []byte) (*xaes, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	// Double it in GF(2^128), in constant time.
	var carry byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		next := x.k1[i] >> 7
		x.k1[i] = x.k1[i]<<1 | carry
		carry = next
	}
	x.k1[len(x.k1)-1] ^= carry * 0x87
	return x, nil
}

// gcm is the cipher for the nonces that begin with the first half of nonce.
func (x *xaes) gcm(nonce []byte) (cipher.AEAD, error) {
	var key [keySize]byte
	for i := range 2 {
		half := key[i*aes.BlockSize:][:aes.BlockSize]
		copy(half, []byte{0, byte(i + 1), 'X', 0})
		copy(half[4:], nonce[:nonceSize/2])
		subtle.XORBytes(half, half, x.k1[:])
		x.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal appends the sealed plain to dst.
func (x *xaes) seal(dst, nonce, plain, bind []byte) ([]byte, error) {
	g, err := x.gcm(nonce)
	if err != nil {
		return nil, err
	}
	return g.Seal(dst, nonce[nonceSize/2:], plain, bind), nil
}

func (x *xaes) open(nonce, sealed, bind []byte) ([]byte, error) {
	g, err := x.gcm(nonce)
	if err != nil {
		return nil, err
	}
	return g.Open(nil, nonce[nonceSize/2:], sealed, bind)
}
