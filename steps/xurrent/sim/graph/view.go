package graph

import "slices"

// view gives the test of a view (PLATFORM 3.13), nil when every record passes. Views that are not named here list all
// that are active.
func (x *executor) view(t *typeInfo, view string) test {
	var more test
	switch view {
	case "archive":
		return func(r *record) bool { return r.text(keyLifeCycleState) == "archived" }
	case "trash":
		return func(r *record) bool { return r.text(keyLifeCycleState) == "trashed" }
	case "assigned_to_me":
		more = x.open(t, x.leadsTo(t, x.me, "member", "assignments"))
	case "assigned_to_my_team":
		more = x.open(t, x.leadsToMine(t, "team"))
	case "managed_by_me":
		more = x.leadsTo(t, x.me, "manager")
	case "coordinated_by_me":
		more = x.leadsTo(t, x.me, "coordinator")
	case "created_by_me":
		more = x.leadsTo(t, x.me, "createdBy")
	case "requested_by_or_for_me":
		more = x.leadsTo(t, x.me, "requestedBy", "requestedFor")
	case "personal":
		more = x.leadsTo(t, x.me, "person", "requestedFor", "requestedBy")
	case "supported_by_my_teams":
		more = x.leadsToMine(t, "supportTeam")
	case "my_teams_services":
		more = x.leadsToMine(t, "service.supportTeam")
	case "requests_of_my_organization":
		more = x.leadsTo(t, x.myOrganization(), "organization", "requestedFor.organization")
	case "requester_dissatisfied":
		more = x.holdsText(t, "satisfaction", "dissatisfied")
	case "spare_cis":
		more = x.holdsText(t, "status", "in_stock")
	}
	if more == nil && x.a.inactive[t.name] == 0 {
		return nil
	}
	return func(r *record) bool { return active(r) && (more == nil || more(r)) }
}

func (x *executor) open(t *typeInfo, other test) test {
	completed := x.holdsText(t, "status", "completed")
	return func(r *record) bool { return !completed(r) && other(r) }
}

func (x *executor) leadsTo(t *typeInfo, to *record, paths ...string) test {
	return x.leadsToAny(t, []*record{to}, paths...)
}

func (x *executor) leadsToMine(t *typeInfo, paths ...string) test {
	var teams []*record
	if x.me != nil {
		teams = x.a.related(x.me, x.me.typ.fields["teams"])
	}
	return x.leadsToAny(t, teams, paths...)
}

func (x *executor) leadsToAny(t *typeInfo, to []*record, paths ...string) test {
	return func(r *record) bool {
		found := false
		for _, p := range paths {
			x.m.dotted(t, p).each(x.a, r, func(v any) bool {
				other, _ := v.(*record)
				found = found || other != nil && slices.Contains(to, other)
				return !found
			})
		}
		return found
	}
}

func (x *executor) holdsText(t *typeInfo, path, text string) test {
	return func(r *record) bool { return x.m.dotted(t, path).one(x.a, r) == text }
}

func (x *executor) myOrganization() *record {
	if x.me == nil {
		return nil
	}
	if all := x.a.related(x.me, x.me.typ.fields["organization"]); len(all) > 0 {
		return all[0]
	}
	return nil
}
