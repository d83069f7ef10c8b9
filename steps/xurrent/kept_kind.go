package xurrent

import "strings"

// KeptKind says, for people, of what kind the value is that is kept under a key (installationKey.key).
func KeptKind(key string) string {
	parts := strings.Split(key, "/")
	if parts[0] != "xurrent" || len(parts) < 4 {
		return "other"
	}
	// xurrent/HOST/ACCOUNT/policy, or xurrent/HOST/ACCOUNT/customers/CUSTOMER/APP/ENTRY...
	switch parts[3] {
	case entryPolicy:
		return "webhook policy of a provider"
	case entryWebhooks:
		return "id of a webhook"
	case entryApplied:
		return "digests of what was applied"
	}
	if parts[3] != "customers" || len(parts) < 7 {
		return "other"
	}
	switch parts[6] {
	case tokenEntries["client_credentials"], tokenEntries["authorization_code"]:
		return "OAuth application of a customer"
	case entryPolicy:
		return "webhook policy of a customer"
	case entrySecrets:
		return "secret that a customer typed"
	case entryOwn:
		return "secret set by secret_set"
	case entryTaken:
		return "tokens of a customer's secrets"
	}
	return "other"
}
