package blueprints

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// table is what one kind of block says of an account's records, read from the struct of the block: the tag
//
//	Field string `hcl:"html" xurrent:"html,text,version"`
//
// names the record's field, and options after it are
//
//	input=NAME  the field of a mutation's input where it is not the same
//	text        a text of several lines, whose changes are shown line by line
//	markdown    such a text, with images that the field NAMEAttachments lists
//	picture     a file of the blueprint, which is a data URL in a mutation and an address in an answer
//	named       a related record: its name in the block, its id in a mutation
//	version     a field of the version of a UI extension
//	create      can be set by creating only
//	always      has a value always: null leaves it as it is
//	ids         blocks that keep the ids of the records in their places
//
// A list of blocks whose tag names a field is that field. A single block without the tag only groups fields. What has
// the tag "-" is a record of its own. Decoding, reading, comparing, writing and extracting all go by this.
type table struct {
	columns []*column
}

// column is one field of a table.
type column struct {
	// path is where the block says it: card_description, policy.audience.
	path  string
	attr  string // the last part of the path
	block string // the block around it that groups fields, or ""
	field string // of the record
	input string // of a mutation's input
	shape shape
	// text says that changes are shown line by line.
	text    bool
	version bool
	create  bool
	always  bool
	ids     bool
	// label says that it is the label of its block.
	label bool
	// items are the columns of each block of a list, nil of a single value.
	items *table
	// words says that it is one of a few words, which the service may write in another case.
	words bool
}

// shape is how the value of a column is read, compared and written.
type shape int

const (
	shapeText     shape = iota // a text
	shapeMarkdown              // a text with images
	shapeBool
	shapeNumber // a whole number
	shapeList   // texts whose order says nothing
	shapeJSON
	shapePicture
	shapeNamed // a related record
	shapeItems // blocks
)

// The tables of all kinds.
var (
	appTable          = tableOf[appArgs]()
	appExtensionTable = tableOf[appExtension]()
	extensionTable    = tableOf[extensionArgs]()
	appRuleTable      = tableOf[appRule]()
	ruleTable         = tableOf[ruleArgs]()
)

func tableOf[T any]() *table {
	t := &table{}
	t.add(reflect.TypeFor[T](), "")
	return t
}

// add reads the fields of a struct. It panics on a malformed declaration, which the first test finds.
func (t *table) add(s reflect.Type, block string) {
	for i := range s.NumField() {
		f := s.Field(i)
		hcl, declared := f.Tag.Lookup("hcl")
		if !declared {
			if f.Anonymous {
				t.add(f.Type, block)
			}
			continue
		}
		name, options, _ := strings.Cut(hcl, ",")
		tag, tagged := f.Tag.Lookup("xurrent")
		isBlock := strings.Contains(","+options+",", ",block,")
		switch {
		case tag == "-", !tagged && !isBlock:
			continue
		case !tagged:
			t.add(f.Type.Elem(), name)
			continue
		}
		c := &column{path: name, attr: name, block: block, shape: shapeOf(f.Type), words: strings.Contains(f.Tag.Get("enum"), "|"),
			label: strings.Contains(","+options+",", ",label,")}
		if block != "" {
			c.path = block + "." + name
		}
		if isBlock {
			c.shape, c.items = shapeItems, &table{}
			c.items.add(f.Type.Elem(), "")
		}
		c.read(tag)
		t.columns = append(t.columns, c)
	}
}

func (c *column) read(tag string) {
	options := strings.Split(tag, ",")
	c.field, c.input = options[0], options[0]
	for _, option := range options[1:] {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "input":
			c.input = value
		case "text":
			c.text = true
		case "markdown":
			c.text, c.shape = true, shapeMarkdown
		case "picture":
			c.shape = shapePicture
		case "named":
			c.shape, c.input = shapeNamed, c.field+"Id"
		case "version":
			c.version = true
		case "create":
			c.create = true
		case "always":
			c.always = true
		case "ids":
			c.ids = true
		default:
			panic(fmt.Sprintf("blueprints: %s has the unknown option %q", c.path, option))
		}
	}
}

func shapeOf(t reflect.Type) shape {
	if t == reflect.TypeFor[cty.Value]() {
		return shapeJSON
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return shapeBool
	case reflect.Int:
		return shapeNumber
	case reflect.Slice:
		return shapeList
	}
	return shapeText
}

// column is the column at a path of the block, or nil.
func (t *table) column(path string) *column {
	for _, c := range t.columns {
		if c.path == path {
			return c
		}
	}
	return nil
}

// attachments is the field that lists the files of a markdown text, in answers and in inputs.
func (c *column) attachments() string { return c.field + "Attachments" }
