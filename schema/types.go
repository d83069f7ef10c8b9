package schema

import "strings"

// kind is one of the kinds of types of GraphQL that can have a name.
type kind byte

const (
	scalarKind kind = iota
	objectKind
	interfaceKind
	unionKind
	enumKind
	inputKind
)

var kindNames = []string{"SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT"}

// typ is one named type. Which of the lists are filled depends on the kind.
type typ struct {
	name     string
	kind     kind
	doc      string
	fields   []*field // also of an input object
	values   []value  // of an enum
	possible []string // object types of an interface or a union
}

// field is a field of an object, an interface or an input object, or an argument of a field.
type field struct {
	name, doc  string
	typ        *ref
	args       []*field
	hasDefault bool
	def        string // the default as GraphQL writes it
}

// value is one value of an enum.
type value struct{ name, doc string }

// ref is a use of a type: its name, or a list of something.
type ref struct {
	name    string
	elem    *ref // of a list
	nonNull bool
}

// maxWrappers is how many lists inside each other are read (PLATFORM 3.5: the query asks for seven wrappers).
const maxWrappers = 7

// parseRef reads the text of a type such as [PersonOrder!]!. What cannot be read is a String (PLATFORM 3.11).
func parseRef(text string) *ref {
	r, rest := parseRefAt(text, 0)
	if r == nil || rest != "" {
		return &ref{name: "String"}
	}
	return r
}

func parseRefAt(text string, depth int) (*ref, string) {
	var r *ref
	if strings.HasPrefix(text, "[") {
		if depth >= maxWrappers {
			return nil, ""
		}
		elem, rest := parseRefAt(text[1:], depth+1)
		if elem == nil || !strings.HasPrefix(rest, "]") {
			return nil, ""
		}
		r, text = &ref{elem: elem}, rest[1:]
	} else {
		end := 0
		for end < len(text) && isNameByte(text[end]) {
			end++
		}
		if end == 0 {
			return nil, ""
		}
		r, text = &ref{name: text[:end]}, text[end:]
	}
	if strings.HasPrefix(text, "!") {
		r.nonNull, text = true, text[1:]
	}
	return r, text
}

func (r *ref) String() string {
	text := r.name
	if r.elem != nil {
		text = "[" + r.elem.String() + "]"
	}
	if r.nonNull {
		text += "!"
	}
	return text
}

// base is the name inside all lists.
func (r *ref) base() string {
	for r.elem != nil {
		r = r.elem
	}
	return r.name
}

// lists is how many lists there are around the name.
func (r *ref) lists() int {
	n := 0
	for ; r.elem != nil; r = r.elem {
		n++
	}
	return n
}

func (t *typ) field(name string) *field { return find(t.fields, name) }

func find(fields []*field, name string) *field {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

func names(fields []*field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

// required says whether an argument or an input field must be given.
func (f *field) required() bool { return f.typ.nonNull && !f.hasDefault }

// needsArguments says whether the field cannot be selected by its name alone.
func (f *field) needsArguments() bool {
	for _, a := range f.args {
		if a.required() {
			return true
		}
	}
	return false
}

// listMark begins the list of values in the description of a scalar whose values are no GraphQL names.
const listMark = "One of a fixed list. Values: "

// options are the values of an enum, or of a scalar whose description lists them; nil for any other type.
func (t *typ) options() []string {
	if t.kind == enumKind {
		out := make([]string, len(t.values))
		for i, v := range t.values {
			out[i] = v.name
		}
		return out
	}
	if _, list, ok := strings.Cut(t.doc, listMark); ok && t.kind == scalarKind {
		return strings.Split(strings.TrimSuffix(strings.TrimSpace(list), "."), ", ")
	}
	return nil
}

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isName says whether a text is a name in GraphQL, and of a length that fits a message.
func isName(s string) bool {
	if s == "" || len(s) > maxName || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

// maxName is the length of the longest name, in bytes.
const maxName = 200
