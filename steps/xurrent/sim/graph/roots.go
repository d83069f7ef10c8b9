package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// rootObject is Query or Mutation. Each of its fields takes the account's lock for itself, so that hooks are called without it.
type rootObject struct{ def *ast.Definition }

func (o rootObject) definition() *ast.Definition { return o.def }

func (o rootObject) resolve(x *executor, g *group) (any, string) {
	if x.fatal != "" {
		return nil, ""
	}
	x.roots = append(x.roots, g.field.Name)
	if o.def == x.m.schema.Mutation {
		return x.mutate(g)
	}
	switch name := g.field.Name; name {
	case "__schema":
		return schemaObject(x.m), ""
	case "__type":
		return typeObject(x.m, asText(g.args["name"])), ""
	case "attachmentStorage":
		return hooked(x.hooks.AttachmentStorage, x.a.id), ""
	case "rateLimit":
		return hooked(x.hooks.RateLimit, x.a.id), ""
	}
	return x.locked(g, x.query)
}

func hooked(f func(string) map[string]any, account string) any {
	if f == nil {
		return nil
	}
	if v := f(account); v != nil {
		return v
	}
	return nil
}

// locked reads a root field and encodes it while records cannot change.
func (x *executor) locked(g *group, read func(*group) (any, string)) (any, string) {
	x.a.mu.RLock()
	defer x.a.mu.RUnlock()
	v, message := read(g)
	if message != "" {
		return nil, message
	}
	json, ok := x.value(nil, g, v, g.def.Type)
	return written{json, ok}, ""
}

func (x *executor) query(g *group) (any, string) {
	switch name := g.field.Name; name {
	case "account":
		return accountRef(x.a.id), ""
	case "me":
		return orNil(x.me), ""
	case "node":
		r := x.a.lookup(asText(g.args["id"]))
		if r == nil || !x.m.types["Node"].possible[r.typ.name] || !x.allowed(r.typ, "Read") {
			return nil, ""
		}
		return r, ""
	case "seraAiStudio":
		return x.first("SeraAiStudio"), ""
	default:
		t := x.m.types[x.m.roots[name]]
		if t == nil {
			return nil, ""
		}
		if !x.allowed(t, "Read") {
			return nil, "Unauthorized: the token has no scope " + scopeName(t) + ":Read"
		}
		return x.page(listing{typ: t, numbers: x.a.byType[t.name], root: true}, g)
	}
}

func (x *executor) first(typ string) any {
	if all := x.a.byType[typ]; len(all) > 0 {
		return x.a.at(all[0])
	}
	return nil
}

func (x *executor) findMe() {
	x.a.mu.RLock()
	defer x.a.mu.RUnlock()
	if x.caller.PersonID != "" {
		x.me = x.a.lookup(x.caller.PersonID)
		return
	}
	if r, ok := x.first("Person").(*record); ok {
		x.me = r
	}
}

// allowed says whether the caller's scopes allow an operation (Create, Read, Update or Delete) on a type of record.
// Records without a list of their own, such as notes, go with the record they belong to.
func (x *executor) allowed(t *typeInfo, operation string) bool {
	if x.caller.Scopes == nil || !x.m.listed[t.storage.name] {
		return true
	}
	key := t.storage.name + ":" + operation
	known, ok := x.scopes[key]
	if !ok {
		known = granted(x.caller.Scopes, t.storage, operation)
		x.scopes[key] = known
	}
	return known
}

func granted(scopes []string, t *typeInfo, operation string) bool {
	for _, s := range scopes {
		typ, op, ok := strings.Cut(s, ":")
		typ = strings.ToLower(strings.ReplaceAll(typ, "_", "-"))
		if ok && (typ == scopeName(t) || typ == hyphenated(t.name)) && (strings.EqualFold(op, operation) || strings.EqualFold(op, operation[:1])) {
			return true
		}
	}
	return false
}

// scopeName is the record type as scopes write it: product-category, ci.
func scopeName(t *typeInfo) string {
	if s := scopeNames[t.name]; s != "" {
		return s
	}
	return hyphenated(t.name)
}

func hyphenated(name string) string {
	var b strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// accountObject is an account, seen from another or from itself.
type accountObject struct {
	id  accountRef
	def *ast.Definition
}

func (o accountObject) definition() *ast.Definition { return o.def }

func (o accountObject) resolve(x *executor, g *group) (any, string) {
	id := string(o.id)
	self := id == x.a.id
	if self {
		if v, ok := x.a.own[g.field.Name]; ok {
			return v, ""
		}
	}
	switch g.field.Name {
	case "id":
		return id, ""
	case "name":
		return accountName(id), ""
	case "url":
		return x.a.world.opts.AccountURL(id), ""
	case "disabled", "directory":
		return false, ""
	case "organization":
		if self && x.allowed(x.m.types["Organization"], "Read") {
			return x.first("Organization"), ""
		}
	case "seraAiStudio":
		if self {
			return x.first("SeraAiStudio"), ""
		}
	}
	return nil, ""
}

func accountName(id string) string {
	if id == "" {
		return ""
	}
	return strings.ToUpper(id[:1]) + strings.ReplaceAll(id[1:], "-", " ")
}

// valueObject is an object that has no id: a custom field, an attachment storage.
type valueObject struct {
	def    *ast.Definition
	values map[string]any
}

func (o valueObject) definition() *ast.Definition { return o.def }

func (o valueObject) resolve(x *executor, g *group) (any, string) {
	v := o.values[g.field.Name]
	if n, ok := v.(ref); ok {
		return orNil(x.a.at(uint32(n))), ""
	}
	if list, ok := v.([]string); ok {
		out := make([]any, len(list))
		for i, s := range list {
			out[i] = s
		}
		return out, ""
	}
	return v, ""
}
