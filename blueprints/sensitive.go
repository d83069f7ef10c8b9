package blueprints

import (
	"context"
	"strings"

	"currant/engine/outbound"
)

// What a plan must not show (promises X3 and P1) is not only what blocks say now: an account has it from an earlier
// apply. It is known by the texts of sensitive variables, and by what is remembered of what was sensitive then.

// concealed stands for the digest of what was sensitive when it was applied.
const concealed = "sensitive"

// stillConcealed are the marks of what no block says any more: the account still has it.
func (t *thing) stillConcealed(last map[string]string) map[string]string {
	out := map[string]string{}
	for path, is := range last {
		if is == concealed && t.table.column(path) != nil && wishFor(t.wishes, path) == nil {
			out[path] = concealed
		}
	}
	return out
}

// concealedIn says whether anything of the column was sensitive.
func (w *wish) concealedIn(last map[string]string) bool {
	for path, is := range last {
		if is == concealed && (path == w.path || strings.HasPrefix(path, w.path+"[")) {
			return true
		}
	}
	return false
}

func (c *comparing) holdsSecret(v any) bool { return c.hidden.Contains([]byte(encoded(normal(v)))) }

// conceal takes out of a change what holds a secret.
func (c *comparing) conceal(change *Change) {
	for i := range change.Fields {
		f := &change.Fields[i]
		if c.holdsSecret(f.Before) || c.holdsSecret(f.After) {
			f.Sensitive, f.Before, f.After = true, nil, nil
		}
		f.Path = c.hidden.Redact(f.Path)
	}
	change.Name, change.Address, change.Note = c.hidden.Redact(change.Name), c.hidden.Redact(change.Address), c.hidden.Redact(change.Note)
}

// lastOfRule is what was applied last of a rule that the app has: all that is remembered under any label for a rule of
// this name.
func (c *comparing) lastOfRule(ctx context.Context, a *thing, n node) (map[string]string, error) {
	app, err := c.last(ctx, a.change.Address)
	if err != nil {
		return nil, err
	}
	name, out := appRuleTable.column("name"), map[string]string{}
	for marker := range app {
		if !strings.HasPrefix(marker, kindRule+".") {
			continue
		}
		last, err := c.last(ctx, a.change.Address+"."+marker)
		if err != nil {
			return nil, err
		}
		if is := last["name"]; is != concealed && is != name.digest(n.text("name")) {
			continue
		}
		for path, is := range last {
			if is == concealed {
				out[path] = concealed
			}
		}
	}
	return out, nil
}

// called is a name on the account, unless it was sensitive.
func called(n node, last map[string]string) string {
	if last["name"] == concealed {
		return outbound.Sensitive
	}
	return n.text("name")
}
