package xurrent

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Query reads records.
var Query = steps.Holder[queryArgs, cty.Value](steps.Kind{
	Name:       "query",
	Effect:     steps.Read,
	Connection: connectionType,
	Planned:    true,
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
	Check:  checkQuery,
	Output: queryType,
})

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
// Source: type Query of the vendor's schema.
var singles = []string{"account", "attachmentStorage", "me", "node", "rateLimit", "seraAiStudio"}

// queryType leaves the records untyped: that needs the account's schema.
func queryType(c *steps.Check) cty.Type {
	object, ok := steps.Known(c.Args, "object")
	if !ok || slices.Contains(singles, object.AsString()) {
		return cty.DynamicPseudoType
	}
	attrs := map[string]cty.Type{
		"count":         cty.Number,
		"total_count":   cty.Number,
		"has_next_page": cty.Bool,
		"ratelimit":     rateLimit,
		"costlimit":     costLimit,
		"request_id":    cty.String,
	}
	if c.Body.Block("each") == nil && c.Body.Block("each_page") == nil {
		attrs["nodes"] = cty.DynamicPseudoType
	}
	collected(c, attrs)
	return cty.Object(attrs)
}

func checkQuery(c *steps.Check) hcl.Diagnostics {
	diags := steps.AtMostOne(c.Body, "fields", "include")
	if page := c.Body.Block("each_page"); page != nil && c.Body.Block("each") != nil {
		diags = append(diags, lang.Error(page.Range, "Conflicting blocks", "Only one of \"each\" and \"each_page\" may be written."))
	}
	diags = append(diags, notEmpty(c, "object")...)
	diags = append(diags, isObject(c, "filter")...)
	diags = append(diags, isObject(c, "arguments")...)
	diags = append(diags, checkInclude(c)...)
	return append(diags, checkOrder(c)...)
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
