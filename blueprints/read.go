package blueprints

import (
	"context"
	"fmt"
	"strings"

	"currant/steps"
)

// Source is what we write into the field source of what we create (LANGUAGE section 6).
const Source = "Currant"

// maxPage is the largest page (PLATFORM 3.13).
const maxPage = 100

// maxPages is how many pages of a listing are read: far more than an account has, for one that never ends.
const maxPages = 1000

var errEndless = steps.Errorf(steps.DecodeError, "the account's answer cannot be read: a list of it does not end within %d pages", maxPages)

// listing is a list of records that is read page by page; several are read by one request.
type listing struct {
	alias, field string
	// filter is the text of the filter, in which $ALIAS stands for the values; of many values only so many are asked
	// for at once.
	filter    string
	values    []string
	byValues  bool
	selection string

	nodes []node

	from   int // of the values
	pages  int // that were read
	cursor string
	done   bool
}

// lists reads listings to their ends, in as few requests as there can be.
func (c *caller) lists(ctx context.Context, all []*listing) error {
	for _, l := range all {
		l.done = l.byValues && len(l.values) == 0
	}
	for {
		text, variables := document(all)
		if text == "" {
			return nil
		}
		data, err := c.ask(ctx, text, variables)
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.done {
				continue
			}
			if data.child(l.alias) == nil {
				return errForm
			}
			l.nodes = append(l.nodes, data.nodes(l.alias)...)
			l.pages++
			next := data.next(l.alias)
			switch {
			case next != "" && l.pages == maxPages:
				return errEndless
			case next != "":
				l.cursor = next
			default:
				l.cursor = ""
				l.from += maxPage
				l.done = !l.byValues || l.from >= len(l.values)
			}
		}
	}
}

// document is the query for the next page of each listing that has one; "" where none has.
func document(all []*listing) (string, map[string]any) {
	var params, roots []string
	variables := map[string]any{}
	for _, l := range all {
		if l.done {
			continue
		}
		first := maxPage
		if l.byValues {
			chunk := l.values[l.from:min(l.from+maxPage, len(l.values))]
			first = min(maxPage, len(chunk)+1)
			params = append(params, "$"+l.alias+": [String]!")
			variables[l.alias] = chunk
		}
		after := ""
		if l.cursor != "" {
			params = append(params, "$"+l.alias+"After: String")
			variables[l.alias+"After"] = l.cursor
			after = ", after: $" + l.alias + "After"
		}
		roots = append(roots, fmt.Sprintf("  %s: %s(first: %d%s, filter: %s) { pageInfo { hasNextPage endCursor } nodes {%s } }",
			l.alias, l.field, first, after, l.filter, l.selection))
	}
	if len(roots) == 0 {
		return "", nil
	}
	head := "query"
	if len(params) > 0 {
		head += "(" + strings.Join(params, ", ") + ")"
	}
	return head + " {\n" + strings.Join(roots, "\n") + "\n}", variables
}

// rest reads the rules of an app that did not fit on the page in its node.
func (c *caller) restOfRules(ctx context.Context, app node, selection string) ([]node, error) {
	rules := app.nodes("automationRules")
	cursor := app.next("automationRules")
	for page := 1; cursor != ""; page++ {
		if page == maxPages {
			return nil, errEndless
		}
		data, err := c.ask(ctx, "query($id: ID!, $after: String) { node(id: $id) { ... on AppOffering { automationRules(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {"+selection+" } } } } }",
			map[string]any{"id": app.id(), "after": cursor})
		if err != nil {
			return nil, err
		}
		part := data.child("node")
		if part == nil {
			return nil, errForm
		}
		rules = append(rules, part.nodes("automationRules")...)
		cursor = part.next("automationRules")
	}
	return rules, nil
}
