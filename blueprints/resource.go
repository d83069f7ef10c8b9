package blueprints

import (
	"io/fs"

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
	// unknown. files is the blueprint's directory; nil where it is not to be looked at.
	Check func(body *lang.Body, args cty.Value, files fs.FS) hcl.Diagnostics
	// Inputs are the elements of the block's configuration form by their ids, and whether each is a secret
	// (PLATFORM 7.8); nil where the form is not known, or the kind has none.
	Inputs func(args cty.Value) map[string]bool
}

// Kinds are the kinds of blocks that are deployed.
func Kinds() []Resource { return []Resource{app(), topExtension(), topRule()} }

// source is the argument of what is deployed to an account.
type source struct {
	Connection lang.Ref `hcl:"connection,optional,connection" doc:"The account that it is deployed to; may be left out when the blueprint has exactly one xurrent connection."`
}
