// Package keyservice opens key management services, which keep the master key of stored secrets: AWS KMS, Google
// Cloud KMS, Azure Key Vault and the transit engine of HashiCorp Vault.
//
// Addresses and credentials are those of the Go CDK (https://gocloud.dev/howto/secrets/): credentials come from
// the environment of the process. It may import engine/vault, whose contract it fills. Start at Open.
package keyservice
