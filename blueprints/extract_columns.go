package blueprints

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// columns writes what a record has of a table's columns. version is where those of a version are.
func (x *extraction) columns(ctx context.Context, s section, t *table, n, version node) error {
	groups := map[string]section{}
	for _, c := range t.columns {
		from := n
		if c.version {
			from = version
		}
		v := c.value(from)
		if c.label {
			continue
		}
		if empty(v) {
			if f := s.spec.Field(c.attr); c.block == "" && f != nil && !f.Optional {
				s.SetAttributeValue(c.attr, nothing(c.shape))
			}
			continue
		}
		into := s
		if c.block != "" {
			group, begun := groups[c.block]
			if !begun {
				group = s
				s.AppendNewline()
				group.Body, group.spec = s.AppendNewBlock(c.block, nil).Body(), s.spec.Block(c.block).Spec
				groups[c.block] = group
			}
			into = group
		}
		if err := x.column(ctx, into, c, v, from); err != nil {
			return err
		}
	}
	return nil
}

// empty says whether a value says nothing: it is not written.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// nothing is what says nothing where something has to be said.
func nothing(s shape) cty.Value {
	if s == shapeList {
		return cty.EmptyTupleVal
	}
	return cty.StringVal("")
}

// column writes one value.
func (x *extraction) column(ctx context.Context, s section, c *column, v any, from node) error {
	what := c.attr + " of " + s.what
	switch c.shape {
	case shapeItems:
		return x.items(ctx, s, c, from)
	case shapePicture:
		return x.picture(ctx, s, c.attr, from.text(c.field))
	case shapeMarkdown:
		text, ok := v.(string)
		if !ok {
			return unreadable(what)
		}
		return x.markdown(ctx, s, c, text, from)
	case shapeBool, shapeNumber, shapeList:
		return x.simple(s, c, what, v)
	case shapeJSON:
		if _, text := v.(string); !text {
			tokens, err := x.jsonFile(what, v, s.dir+"/"+s.stem+c.attr+".json")
			if err == nil {
				s.SetAttributeRaw(c.attr, tokens)
			}
			return err
		}
	}
	text, ok := v.(string)
	if !ok {
		return unreadable(what)
	}
	return x.plain(s, c, what, text)
}

// fileNames are the names of files that are not those of their attributes.
var fileNames = map[string]string{"html": "config.html", "css": "config.css", "javascript": "config.js"}

// plain writes a text that is sent as it is.
func (x *extraction) plain(s section, c *column, what, text string) error {
	if enum := s.spec.Field(c.attr).Enum; enum != nil {
		if text = strings.ToLower(text); !slices.Contains(enum, text) {
			return x.leaveOut(s, c, what, fmt.Sprintf("%q is none of those that a blueprint knows", text))
		}
	}
	if name := fileNames[c.attr]; name != "" {
		if err := fits(what, text); err != nil {
			return err
		}
		if tokens := x.textFile(s.dir+"/"+name, text); c.attr != "html" || formFault(text) == "" {
			s.SetAttributeRaw(c.attr, tokens)
			return nil
		}
		return x.leaveOut(s, c, what, formFault(text))
	}
	tokens, err := x.text(what, text, s.dir+"/"+s.stem+c.attr+".txt")
	if err != nil {
		return err
	}
	s.SetAttributeRaw(c.attr, tokens)
	return nil
}

// leaveOut says in a comment what is not written. What is needed cannot be left out.
func (x *extraction) leaveOut(s section, c *column, what, why string) error {
	if f := s.spec.Field(c.attr); !f.Optional || s.listed {
		return steps.Errorf(steps.InputError, "the %s cannot be written: %s", what, why)
	}
	comment(s.Body, fmt.Sprintf("The %s is left out, and stays as it is in the account: %s.", c.attr, why))
	return nil
}

func (x *extraction) simple(s section, c *column, what string, v any) error {
	switch v := v.(type) {
	case bool:
		s.SetAttributeValue(c.attr, cty.BoolVal(v))
		return nil
	case int64:
		if least, err := strconv.ParseInt(s.spec.Field(c.attr).Min, 10, 64); err == nil && v < least {
			return x.leaveOut(s, c, what, fmt.Sprintf("%d is less than a blueprint may say", v))
		}
		s.SetAttributeValue(c.attr, cty.NumberIntVal(v))
		return nil
	case []any:
		var all []hclwrite.Tokens
		for _, e := range v {
			text, ok := e.(string)
			if !ok {
				return unreadable(what)
			}
			if err := fits(what, text); err != nil {
				return err
			}
			tokens, ok := literal(text)
			if !ok {
				return steps.Errorf(steps.InputError, "%s holds a text that cannot be written: %q", what, text)
			}
			all = append(all, tokens)
		}
		s.SetAttributeRaw(c.attr, list(all))
		return nil
	}
	return unreadable(what)
}

// items writes a list of blocks.
func (x *extraction) items(ctx context.Context, s section, c *column, from node) error {
	spec := s.spec.Block(c.attr).Spec
	for i, item := range from.nodes(c.field) {
		var labels []string
		for _, cell := range c.items.columns {
			if cell.label {
				label := item.text(cell.field)
				if err := fits("the name of an "+c.attr+" of "+s.what, label); err != nil {
					return err
				}
				labels = append(labels, label)
			}
		}
		if len(labels) == 0 {
			s.AppendNewline()
		}
		b := hclwrite.NewBlock(c.attr, labels)
		block := section{Body: b.Body(), what: fmt.Sprintf("%s %d of %s", c.attr, i+1, s.what),
			dir: s.dir, stem: fmt.Sprintf("%s%s-%d-", s.stem, c.attr, i+1), spec: spec, listed: true}
		if err := x.columns(ctx, block, c.items, item, nil); err != nil {
			return err
		}
		if lines := strings.Split(string(b.BuildTokens(nil).Bytes()), "\n"); len(labels) > 0 && len(lines) == 4 {
			raw(s.Body, lines[0]+" "+strings.TrimSpace(lines[1])+" }\n") // one argument, one line
		} else {
			s.AppendBlock(b)
		}
	}
	return nil
}

// raw writes source text.
func raw(b *hclwrite.Body, text string) {
	b.AppendUnstructuredTokens(hclwrite.Tokens{{Bytes: []byte(text)}})
}

// list is a list of texts, one a line where there are many.
func list(all []hclwrite.Tokens) hclwrite.Tokens {
	separator, before, after := ", ", "", ""
	if len(all) > 4 {
		separator, before, after = ",\n", "\n", ",\n"
	}
	var b strings.Builder
	b.WriteString("[" + before)
	for i, tokens := range all {
		if i > 0 {
			b.WriteString(separator)
		}
		b.Write(tokens.Bytes())
	}
	b.WriteString(after + "]")
	return hclwrite.Tokens{{Bytes: []byte(b.String())}}
}

func unreadable(what string) error {
	return steps.Errorf(steps.DecodeError, "%s: the account's answer cannot be read: another form was expected", what)
}
