package lang

import "fmt"

// Undocumented names everything in a spec that has no doc. A kind with such a field is not registered.
func Undocumented(what string, s *Spec) []string {
	var out []string
	for _, f := range s.Fields {
		if f.Doc == "" {
			out = append(out, fmt.Sprintf("%s: argument %q has no doc", what, f.Name))
		}
	}
	for _, b := range s.Blocks {
		if b.Doc == "" {
			out = append(out, fmt.Sprintf("%s: block %q has no doc", what, b.Name))
		}
		if !b.Deferred {
			out = append(out, Undocumented(what+": block "+b.Name, b.Spec)...)
		}
	}
	return out
}

// Example is a piece of a blueprint for the reference. The tests decode and check each.
type Example struct{ Title, HCL string }
