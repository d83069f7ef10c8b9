package graph

import "slices"

// relate makes the records in to the whole of what r.f leads to, and keeps the other side of the relation right.
func (a *Account) relate(r *record, f *fieldInfo, to []*record) {
	for _, old := range a.related(r, f) {
		if !slices.Contains(to, old) {
			a.unlink(r, f, old)
		}
	}
	for _, t := range to {
		a.link(r, f, t)
	}
}

// link adds to to what r.f leads to; where r.f leads to one record it takes its place.
func (a *Account) link(r *record, f *fieldInfo, to *record) {
	if f.kind == recordField {
		if old, ok := r.get(f.key).(ref); ok {
			if uint32(old) == to.number {
				return
			}
			if o := a.at(uint32(old)); o != nil {
				a.unlink(r, f, o)
			}
		}
	}
	g := f.inverse[to.typ.name]
	if g != nil && g.kind == recordField {
		if old, ok := to.get(g.key).(ref); ok && uint32(old) != r.number {
			if o := a.at(uint32(old)); o != nil && g.inverse[o.typ.name] != nil {
				detach(o, g.inverse[o.typ.name], to)
			}
		}
	}
	attach(r, f, to)
	if g != nil {
		attach(to, g, r)
	}
}

func (a *Account) unlink(r *record, f *fieldInfo, from *record) {
	detach(r, f, from)
	if g := f.inverse[from.typ.name]; g != nil {
		detach(from, g, r)
	}
}

func attach(r *record, f *fieldInfo, to *record) {
	if f.kind == recordField {
		r.set(f.key, ref(to.number))
		return
	}
	list, _ := r.get(f.key).(refs)
	i, found := slices.BinarySearch(list, to.number)
	if !found {
		r.set(f.key, slices.Insert(list, i, to.number))
	}
}

func detach(r *record, f *fieldInfo, from *record) {
	switch v := r.get(f.key).(type) {
	case ref:
		if uint32(v) == from.number {
			r.set(f.key, nil)
		}
	case refs:
		if i, found := slices.BinarySearch(v, from.number); found {
			r.set(f.key, slices.Delete(v, i, i+1))
		}
	}
}

// related gives the records that r.f leads to.
func (a *Account) related(r *record, f *fieldInfo) []*record {
	switch v := r.get(f.key).(type) {
	case ref:
		if o := a.at(uint32(v)); o != nil {
			return []*record{o}
		}
	case refs:
		all := make([]*record, 0, len(v))
		for _, n := range v {
			if o := a.at(n); o != nil {
				all = append(all, o)
			}
		}
		return all
	}
	return nil
}
