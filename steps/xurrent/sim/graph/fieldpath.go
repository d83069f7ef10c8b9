package graph

import (
	"strconv"
	"strings"
	"unicode"
)

// fieldPath leads from a record to values of it or of related records: team, serviceInstance.service, organization.name.
type fieldPath struct{ steps []*fieldInfo }

type pathName struct {
	typ, name string
}

// fieldPath finds what the name of a filter or an order stands for on a type of record, nil when the schema does not tell.
func (m *model) fieldPath(t *typeInfo, name string) *fieldPath {
	key := pathName{t.name, name}
	if p, ok := m.paths.Load(key); ok {
		return p.(*fieldPath)
	}
	p := m.findPath(t, name, 0)
	m.paths.Store(key, p)
	return p
}

func (m *model) findPath(t *typeInfo, name string, depth int) *fieldPath {
	for _, alias := range []string{filterNames[t.name+"."+name], filterNames[name]} {
		if p := m.dotted(t, alias); p != nil {
			return p
		}
	}
	for _, n := range []string{name, name + "s", name + "es", strings.TrimSuffix(name, "y") + "ies", strings.TrimSuffix(name, "Id")} {
		if f := t.fields[n]; f != nil {
			return &fieldPath{[]*fieldInfo{f}}
		}
	}
	if depth == 2 {
		return nil
	}
	// A relation followed by a name of the other side: teamName, requestedForSite.
	for i := len(name) - 1; i > 0; i-- {
		if !unicode.IsUpper(rune(name[i])) {
			continue
		}
		f := t.fields[name[:i]]
		if f == nil {
			continue
		}
		if f.kind == accountField {
			return &fieldPath{[]*fieldInfo{f}}
		}
		if f.kind == recordField {
			if rest := m.findPath(f.target, lowerFirst(name[i:]), depth+1); rest != nil {
				return &fieldPath{append([]*fieldInfo{f}, rest.steps...)}
			}
		}
	}
	return nil
}

func (m *model) dotted(t *typeInfo, path string) *fieldPath {
	if path == "" {
		return nil
	}
	p := &fieldPath{}
	for _, name := range strings.Split(path, ".") {
		if t == nil || t.fields[name] == nil {
			return nil
		}
		f := t.fields[name]
		p.steps = append(p.steps, f)
		t = f.target
	}
	return p
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// each calls f with every value that the path leads to, until f says stop. Relations are given as *record. A nil
// path has no values.
func (p *fieldPath) each(a *Account, r *record, f func(any) (more bool)) {
	if p != nil {
		eachStep(a, r, p.steps, f)
	}
}

func eachStep(a *Account, r *record, steps []*fieldInfo, f func(any) bool) bool {
	step := steps[0]
	if len(steps) == 1 && step.key == keyID {
		return f(r)
	}
	v := r.get(step.key)
	if step.key == keyAccount {
		v = accountRef(a.id)
	}
	next := func(n uint32) bool {
		to := a.at(n)
		switch {
		case to == nil:
			return true
		case len(steps) == 1:
			return f(to)
		}
		return eachStep(a, to, steps[1:], f)
	}
	switch v := v.(type) {
	case nil:
		if step.def.Type.Name() == "Boolean" {
			return f(false)
		}
		if step.key == keyLifeCycleState {
			return f("active")
		}
		return true
	case ref:
		return next(uint32(v))
	case refs:
		for _, n := range v {
			if !next(n) {
				return false
			}
		}
		return true
	case accountRef:
		return f(string(v))
	case []any:
		for _, e := range v {
			if !f(e) {
				return false
			}
		}
		return true
	default:
		if s, ok := v.(string); ok && s == "" {
			return true
		}
		return f(v)
	}
}

// one gives the first value, a record as its node id.
func (p *fieldPath) one(a *Account, r *record) (first any) {
	p.each(a, r, func(v any) bool {
		if to, ok := v.(*record); ok {
			v = int64(to.number)
		}
		first = p.comparable(v)
		return false
	})
	return first
}

// comparable is a value as it is compared: decimals are kept as text, but compared by size.
func (p *fieldPath) comparable(v any) any {
	if p == nil {
		return v
	}
	if name := p.steps[len(p.steps)-1].named.Name; name == "Decimal" || name == "MonetaryAmount" {
		if f, err := strconv.ParseFloat(plain(v), 64); err == nil {
			return f
		}
	}
	return v
}
