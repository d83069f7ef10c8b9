package xurrent

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
)

// newQuery reads records.
func newQuery(d Deps) *steps.Kind {
	return steps.Pages(steps.Kind{
		Name:       "query",
		Effect:     steps.Read,
		Connection: connectionType,
		Doc:        "Reads records of the account, all pages of them. With an `each` block the steps in it run once per record, and memory stays flat however many there are.",
		Examples: []steps.Example{{
			Title: "All completed requests",
			HCL: `step "query" "requests" {
  object  = "requests"
  filter  = { status = { values = ["completed"] } }
  order   = [{ field = "createdAt", direction = "desc" }]
  include = ["requestedFor", "team"]
}`,
		}, {
			Title: "One turn per record",
			HCL: `step "query" "people" {
  object = "people"
  fields = "id name"
  each "person" {
    parallel = 4
    step "log" "name" { message = person.value.name }
  }
}`,
		}},
		Check:  func(c *steps.Check) hcl.Diagnostics { return checkQuery(d, c) },
		Output: func(c *steps.Check) cty.Type { return queryType(d, c) },
		Item:   func(c *steps.Check, block string) cty.Value { return queryItem(d, c, block) },
	}, steps.Pager{
		Each: "each", EachPage: "each_page", Limit: maxNodes,
		LimitHelp: "use an each block, or say how many with max_results",
		Done:      queried,
	}, fetchPage)
}

// maxNodes is how many records a query without each gathers (LANGUAGE section 5).
const maxNodes = 10_000

type queryArgs struct {
	Object        string      `hcl:"object" doc:"What to read: one of the schema's query fields, such as \"requests\" or \"me\"."`
	Filter        cty.Value   `hcl:"filter,optional" doc:"Which records: an object, as the schema's filter of the object."`
	View          string      `hcl:"view,optional" doc:"One of the object's views."`
	Order         cty.Value   `hcl:"order,optional" type:"list(map(string))" doc:"The order: a list of { field, direction }; direction is \"asc\" (the default) or \"desc\"."`
	Arguments     cty.Value   `hcl:"arguments,optional" doc:"Other GraphQL arguments of the query field: an object."`
	Fields        string      `hcl:"fields,optional" doc:"What to read of each record: a GraphQL selection."`
	Include       []string    `hcl:"include,optional" doc:"Nested objects, as dotted paths, whose scalar fields are read too; instead of fields."`
	PageSize      int         `hcl:"page_size,optional" default:"100" min:"1" max:"100" doc:"Records per page."`
	MaxResults    *int        `hcl:"max_results" min:"1" doc:"The most records; all by default."`
	RefreshSchema bool        `hcl:"refresh_schema,optional" default:"false" doc:"Whether to read the account's schema anew first."`
	Each          *steps.Each `hcl:"each,block" doc:"Runs once per record, which is its value."`
	EachPage      *steps.Each `hcl:"each_page,block" doc:"Runs once per page: its value is the list of records."`
}

// singles are the query fields that are no connection: they give one object, with the fields of that.
// Source: type Query of the vendor's schema. It serves where the account's own data model is not known.
var singles = []string{"account", "attachmentStorage", "me", "node", "rateLimit", "seraAiStudio"}

// queryType has typed records where the account's data model is known.
func queryType(d Deps, c *steps.Check) cty.Type {
	nodes := cty.DynamicPseudoType
	if q := checkedQuery(d, c).query; q == nil {
		object, ok := steps.Known(c.Args, "object")
		if !ok || slices.Contains(singles, object.AsString()) {
			return cty.DynamicPseudoType
		}
	} else if nodes = cty.List(q.Selection.Type()); !q.Connection {
		return q.Selection.Type()
	}
	attrs := withTelemetry(map[string]cty.Type{"count": cty.Number, "total_count": cty.Number, "has_next_page": cty.Bool})
	if c.Body.Block("each") == nil && c.Body.Block("each_page") == nil {
		attrs["nodes"] = nodes
	}
	collected(c, attrs)
	return cty.Object(attrs)
}

// queryItem is what an iteration has.
func queryItem(d Deps, c *steps.Check, block string) cty.Value {
	q := checkedQuery(d, c).query
	switch {
	case q == nil:
		return cty.DynamicVal
	case block == "each_page":
		return cty.UnknownVal(cty.List(q.Selection.Type()))
	}
	return cty.UnknownVal(q.Selection.Type())
}

func checkQuery(d Deps, c *steps.Check) hcl.Diagnostics {
	diags := steps.AtMostOne(c.Body, "fields", "include")
	each := c.Body.Block("each")
	if page := c.Body.Block("each_page"); page != nil && each != nil {
		diags = append(diags, lang.Error(page.Range, "Conflicting blocks", "Only one of \"each\" and \"each_page\" may be written."))
	} else if page != nil {
		each = page
	}
	diags = append(diags, notEmpty(c, "object")...)
	diags = append(diags, isObject(c, "filter")...)
	diags = append(diags, isObject(c, "arguments")...)
	diags = append(diags, checkInclude(c)...)
	diags = append(diags, checkOrder(c)...)
	if diags.HasErrors() {
		return diags
	}
	checked := checkedQuery(d, c)
	if q := checked.query; q != nil && !q.Connection && each != nil {
		diags = append(diags, lang.Error(each.Range, "Nothing to run over", "%q is one object, not a list of records: take what it has from step.NAME.", q.Object))
	}
	return append(diags, placed(c, checked.problems)...)
}

// queryCheck is a query against the account's data model.
type queryCheck struct {
	query    *schema.Query // nil where nothing is known
	problems []schema.Problem
}

func checkedQuery(d Deps, c *steps.Check) queryCheck {
	if done, ok := c.Memo.(queryCheck); ok {
		return done
	}
	var out queryCheck
	object, ok := steps.Known(c.Args, "object")
	if model := d.modelFor(c); model != nil && ok && object.AsString() != "" {
		args := schema.QueryArgs{Object: object.AsString(), Filter: steps.Arg(c.Args, "filter"), View: steps.Arg(c.Args, "view"),
			Order: steps.Arg(c.Args, "order"), Arguments: steps.Arg(c.Args, "arguments")}
		args.Fields, args.FieldsUnknown, args.Include, args.IncludeUnknown = selectionOf(c)
		out.query, out.problems = model.Query(writtenOnly(c, args))
	}
	c.Memo = out
	return out
}

// writtenOnly takes out what is not written: the evaluated arguments have nulls there.
func writtenOnly(c *steps.Check, a schema.QueryArgs) schema.QueryArgs {
	for name, v := range map[string]*cty.Value{"filter": &a.Filter, "view": &a.View, "order": &a.Order, "arguments": &a.Arguments} {
		if c.Body.Attr(name) == nil {
			*v = cty.NilVal
		}
	}
	return a
}

func checkOrder(c *steps.Check) (diags hcl.Diagnostics) {
	v, ok := quotable(c.Args, "order")
	if !ok {
		return nil
	}
	invalid := func(format string, args ...any) {
		diags = append(diags, lang.Error(steps.At(c.Body, "order"), "Invalid value for \"order\"", format, args...))
	}
	for it := v.ElementIterator(); it.Next(); {
		i, el := it.Element()
		place := i.AsBigFloat().Text('f', -1)
		if el.IsNull() {
			invalid("Element %s is null; { field, direction } is needed.", place)
			continue
		}
		parts := el.AsValueMap()
		for name, value := range parts {
			switch {
			case name != "field" && name != "direction":
				invalid("Element %s has a %q; an element is { field, direction }.%s", place, name, lang.DidYouMean(name, []string{"field", "direction"}))
			case name == "direction" && !value.IsNull() && value.AsString() != "asc" && value.AsString() != "desc":
				invalid("Element %s: %q is none of \"asc\" and \"desc\".%s", place, value.AsString(), lang.DidYouMean(value.AsString(), []string{"asc", "desc"}))
			}
		}
		if f, ok := parts["field"]; !ok || f.IsNull() || f.AsString() == "" {
			invalid("Element %s has no \"field\".", place)
		}
	}
	return diags
}

// checkInclude reports paths that are no dotted names.
func checkInclude(c *steps.Check) (diags hcl.Diagnostics) {
	v, ok := steps.Known(c.Args, "include")
	if !ok {
		return nil
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		if el.IsNull() || slices.Contains(strings.Split(el.AsString(), "."), "") {
			diags = append(diags, lang.Error(steps.At(c.Body, "include"), "Invalid value for \"include\"",
				"Paths are names joined by dots, such as \"requestedFor.organization\"."))
		}
	}
	return diags
}

// quotable is an argument that is known and that a message may quote: no part of it is sensitive.
func quotable(args cty.Value, name string) (cty.Value, bool) {
	if v := steps.Arg(args, name); v == cty.NilVal || lang.IsSensitive(v) {
		return cty.NilVal, false
	}
	return steps.Known(args, name)
}

// isObject reports an argument that is no object or map.
func isObject(c *steps.Check, name string) hcl.Diagnostics {
	v := steps.Arg(c.Args, name)
	if v == cty.NilVal {
		return nil
	}
	if t := v.Type(); t != cty.DynamicPseudoType && !t.IsObjectType() && !t.IsMapType() {
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, name), "Incorrect value type",
			"Inappropriate value for %q: an object is needed, not %s.", name, t.FriendlyName())}
	}
	return nil
}

// notEmpty reports an argument whose text is known and empty.
func notEmpty(c *steps.Check, name string) hcl.Diagnostics {
	if v, ok := steps.Known(c.Args, name); ok && v.Type() == cty.String && strings.TrimSpace(v.AsString()) == "" {
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, name), "Invalid value for \""+name+"\"", "It may not be empty.")}
	}
	return nil
}
