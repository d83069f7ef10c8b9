package blueprints

import "strings"

// What is asked of an account's records.

const attachmentFields = "(first: 100) { nodes { key inline filename expiringUrl } }"

// selection is what a mutation or query asks of a record to know the columns that are wanted; nil wants all. Columns of
// a version are asked of the version.
func (t *table) selection(wanted func(*column) bool) string {
	return t.fields(func(c *column) bool { return !c.version && (wanted == nil || wanted(c)) })
}

// versionSelection is what is asked of the version of a UI extension.
func (t *table) versionSelection(wanted func(*column) bool) string {
	return t.fields(func(c *column) bool { return c.version && (wanted == nil || wanted(c)) })
}

func (t *table) fields(wanted func(*column) bool) string {
	var b strings.Builder
	for _, c := range t.columns {
		if !wanted(c) {
			continue
		}
		b.WriteString(" " + c.field)
		switch c.shape {
		case shapeMarkdown:
			b.WriteString(" " + c.attachments() + attachmentFields)
		case shapeNamed:
			b.WriteString(" { id name }")
		case shapeItems:
			b.WriteString(" {")
			if c.ids {
				b.WriteString(" id")
			}
			b.WriteString(c.items.fields(func(*column) bool { return true }) + " }")
		}
	}
	return b.String()
}
