package blueprints

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Failure is a change that the account did not take. What was changed before it stays.
type Failure struct {
	Change *Change
	// Path is the field that the service named, as in [Field]; "" where it named none.
	Path string
	// Range is of the attribute that caused it, or else of the block.
	Range hcl.Range
	// Err is why: a *steps.Error, or the context's.
	Err error
}

// Error says what was to be done, and why it could not.
func (f *Failure) Error() string {
	about := fmt.Sprintf("%s %s '%s'", f.Change.Action, f.Change.Kind, f.Change.Name)
	if f.Path != "" {
		about += " (" + f.Path + ")"
	}
	return about + ": " + f.Err.Error()
}

// Unwrap is why.
func (f *Failure) Unwrap() error { return f.Err }

// invalidValue is how GraphQL says which part of a variable it does not take.
var invalidValue = regexp.MustCompile(`invalid value for ([A-Za-z0-9_.]+)`)

// failure finds what in the blueprint is behind an error.
func (x *applying) failure(t *thing, err error) *Failure {
	f := &Failure{Change: x.now, Range: t.change.Range, Err: err}
	var own *fieldError
	var refused *refusal
	switch {
	case errors.As(err, &own):
		f.Path, f.Range, f.Err = own.path, own.at, own.err
	case errors.As(err, &refused):
		f.Err = refused.err
		for _, p := range refused.problems {
			if path, at := t.blame(p.path); path != "" {
				f.Path, f.Range = path, at
				return f
			}
		}
		if p := refused.problems[0].path; strings.HasSuffix(p, "sourceID") {
			f.Err = fmt.Errorf("%w: somebody else made it since the plan was made; plan and apply again", refused.err)
		} else if p != "" {
			f.Err = fmt.Errorf("%w (%s)", refused.err, p)
		}
	default:
		if m := invalidValue.FindStringSubmatch(err.Error()); m != nil {
			if path, at := t.blame(m[1]); path != "" {
				f.Path, f.Range = path, at
			}
		}
	}
	return f
}

// blame finds the field of the blueprint that a path of an input is written in: newScopes/0/actions is
// scope[0].actions. "" where there is none.
func (t *thing) blame(input string) (path string, at hcl.Range) {
	parts := strings.FieldsFunc(input, func(r rune) bool { return strings.ContainsRune("/.[]$", r) })
	for len(parts) > 0 && (parts[0] == "attributes" || parts[0] == "input") {
		parts = parts[1:]
	}
	if len(parts) == 0 {
		return "", at
	}
	for _, w := range t.wishes {
		if !w.column.named(parts[0]) {
			continue
		}
		path, at = w.path, w.at
		if len(parts) < 2 {
			return path, at
		}
		i, err := strconv.Atoi(parts[1])
		if err != nil || i < 0 || i >= len(w.items) {
			return path, at
		}
		path, at = w.items[i].key, w.items[i].at
		for _, cell := range w.items[i].cells {
			if len(parts) > 2 && cell.named(parts[2]) {
				return path + "." + cell.path, cell.at
			}
		}
		return path, at
	}
	for _, c := range t.table.columns {
		if c.named(parts[0]) {
			return c.path, t.change.Range
		}
	}
	return "", at
}

// named says whether the service may mean the column by a name.
func (c *column) named(name string) bool {
	key := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	name = key(name)
	return name == key(c.input) || name == key(c.field) || c.shape == shapeMarkdown && name == key(c.attachments())
}
