package main

import (
	"github.com/spf13/pflag"

	"currant/engine"
	"currant/engine/keyservice"
	"currant/steps/xurrent"
)

// keyFlag is the flag of commands that open stored secrets. Its value may hold a key: it is never shown.
func keyFlag(f *pflag.FlagSet, v *string) {
	f.StringVar(v, "key-uri", "", "where the master key of stored secrets is: file:///PATH, base64key://KEY, or a key service: awskms, azurekeyvault, gcpkms or hashivault://KEY (default: where it was last; at first, the file \"key\" in the data directory)")
}

// keyOptions is where the master key is, for an engine.
func keyOptions(uri string) engine.KeyOptions {
	return engine.KeyOptions{URI: uri, Services: keyservice.Open, KindOf: xurrent.KeptKind, Shared: xurrent.DeployKey}
}
