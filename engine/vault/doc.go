// Package vault seals secret values before they are stored.
//
// A Vault holds keys. Seal encrypts and binds a value to its place (run, path,
// name); Unseal opens it there and nowhere else.
//
// Values are sealed with data keys. Those are stored beside the data as a keyring,
// which is sealed itself with a master key that the data does not have: of a key
// file, of an address, or of a key service (Place). So a copy of the data alone
// opens nothing, and the master key is rotated without touching a value (Rekey).
// The key file is made by the first start; only Rekey writes it again, in an order
// that leaves a pair of keyring and key that fit wherever it is cut off. What an
// earlier release sealed with the key file itself still opens: its keys become
// data keys (NewKeyring).
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
// A key file, and a keyring, may hold several keys. The primary seals, all open.
//
// It imports only the standard library; key services come in from outside
// (OpenService). Start reading at keyring.go, then vault.go.
package vault
