package blueprints

import (
	"fmt"
	"io"

	"currant/engine/lang"
)

// WriteReference prints the reference of what is deployed as Markdown, from the specs that it is checked with. table
// prints the arguments of a spec.
func WriteReference(w io.Writer, table func(io.Writer, *lang.Spec) error) error {
	if _, err := io.WriteString(w, "\n## What is deployed\n"); err != nil {
		return err
	}
	for _, k := range Kinds() {
		if _, err := fmt.Fprintf(w, "\n### %s\n\n%s\n\n", k.Name, k.Doc); err != nil {
			return err
		}
		for _, e := range k.Examples {
			if _, err := fmt.Fprintf(w, "%s:\n\n```hcl\n%s\n```\n\n", e.Title, e.HCL); err != nil {
				return err
			}
		}
		if err := table(w, k.Spec); err != nil {
			return err
		}
	}
	return nil
}
