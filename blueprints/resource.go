package blueprints

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Resource declares a kind of top-level block that is deployed. Its spec is that of the block's body; the
// block has one label, the name.
type Resource struct {
	Name, Doc string
	Examples  []lang.Example
	Spec      *lang.Spec
	// Check looks at a block beyond what types say; args are its evaluated arguments, parts of which may be
	// unknown.
	Check func(body *lang.Body, args cty.Value) hcl.Diagnostics
}

// Kinds are the kinds of blocks that are deployed.
func Kinds() []Resource { return []Resource{app(), topExtension(), topRule()} }

// source is the argument of what is deployed to an account.
type source struct {
	Connection lang.Ref `hcl:"connection,optional,connection" doc:"The account that it is deployed to; may be left out when the blueprint has exactly one xurrent connection."`
}
