package keyservice

import (
	"context"
	"fmt"
	"strings"

	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/awskms"
	_ "gocloud.dev/secrets/azurekeyvault"
	_ "gocloud.dev/secrets/gcpkms"
	_ "gocloud.dev/secrets/hashivault"

	"currant/engine/vault"
)

// Schemes begin the addresses of the services that are known.
var Schemes = []string{"awskms", "azurekeyvault", "gcpkms", "hashivault"}

// Open opens the key service at an address such as "awskms://alias/currant?region=eu-central-1" (a
// vault.OpenService). The error is of an address of no such service, or of missing credentials.
func Open(ctx context.Context, uri string) (vault.Service, error) {
	scheme, _, _ := strings.Cut(uri, "://")
	for _, s := range Schemes {
		if s == scheme {
			return secrets.OpenKeeper(ctx, uri)
		}
	}
	return nil, fmt.Errorf("%q is no kind of key service; there are %s", scheme, strings.Join(Schemes, ", "))
}
