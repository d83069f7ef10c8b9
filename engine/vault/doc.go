// Package vault seals secret values before they are stored.
//
// A Vault holds the keys of one key file, which lies outside the data folder: who
// has only the data folder has no secret. Seal encrypts and binds a value to its
// place (run, path, name); Unseal opens it there and nowhere else. The file is
// made by the first start and never written again.
//
// # Form
//
// A sealed value is
//
//	0x01 | key id, 4 bytes | nonce, 24 bytes | ciphertext | tag, 16 bytes
//
// with XAES-256-GCM (c2sp.org/XAES-256-GCM), whose random nonces are long enough
// for any number of values under one key; plain AES-GCM allows 2^32. This is what
// Tink writes for its X-AES-GCM keys with a TINK prefix, so the key file could
// move there without sealing anything again. Tink itself (tink-go v2.9.0) is not
// used: it adds 3.8 MB to a stripped binary (5.6 MB unstripped; its smallest
// useful part 3.5 and 5.2 MB), protobuf and x/crypto among the modules, and
// about 1 ms to each start, for the 40 lines in xaes.go.
//
// Rotation: a key file may hold several keys. The primary seals, all open.
//
// It imports only the standard library. Start reading at Open, then Seal.
package vault
