package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// mutation is what one field of Mutation does, as its name and its types tell.
type mutation struct {
	name   string
	action string // ActionCreate, ActionUpdate, ActionDelete, or "" for the special ones
	typ    *typeInfo
	input  *ast.Definition
	// answer is the payload's field for the record, "" when the payload has none.
	answer string
	// required are fields that must not be blank.
	required []string
}

func (m *model) addMutations() {
	m.mutations = map[string]*mutation{}
	for _, f := range m.schema.Mutation.Fields {
		mu := &mutation{name: f.Name, input: m.schema.Types[f.Arguments.ForName("input").Type.Name()]}
		stem := f.Name
		for suffix, action := range map[string]string{"Create": ActionCreate, "Update": ActionUpdate, "Delete": ActionDelete} {
			if s, ok := strings.CutSuffix(f.Name, suffix); ok {
				stem, mu.action = s, action
			}
		}
		mu.typ = m.types[strings.ToUpper(stem[:1])+stem[1:]]
		for _, p := range m.types[f.Type.Name()].def.Fields {
			if t := m.types[p.Type.Name()]; t != nil && t.kind == recordType && mu.answer == "" && p.Name != "asyncQuery" {
				mu.answer, mu.typ = p.Name, t.storage
			}
		}
		if mu.typ == nil { // requestUpdateVisibility
			mu.typ = m.types["Request"]
		}
		m.mutations[f.Name] = mu
	}
	for _, mu := range m.mutations {
		create := m.mutations[lowerFirst(mu.typ.name)+"Create"]
		if create == nil || mu.action != ActionCreate && mu.action != ActionUpdate {
			continue
		}
		for _, f := range create.input.Fields {
			if f.Type.NonNull && f.Type.NamedType == "String" {
				mu.required = append(mu.required, f.Name)
			}
		}
		if also := requiredOnCreate[mu.typ.name]; also != "" {
			mu.required = append(mu.required, also)
		}
	}
}

// payload is the answer of a mutation.
type payload struct {
	def    *ast.Definition
	values map[string]any
}

func (p payload) definition() *ast.Definition { return p.def }

func (p payload) resolve(_ *executor, g *group) (any, string) { return p.values[g.field.Name], "" }

func newPayload(g *group, input map[string]any) payload {
	return payload{def: g.named, values: map[string]any{"clientMutationId": input["clientMutationId"], "errors": []any{}}}
}

// mutate runs one mutation.
func (x *executor) mutate(g *group) (any, string) {
	mu := x.m.mutations[g.field.Name]
	input, _ := g.args["input"].(map[string]any)
	if message := x.mayChange(mu); message != "" {
		return nil, message
	}
	w := &writer{x: x, a: x.a, files: x.files(input)}
	refused := w.refused(mu)
	if mu.name == "discoveredConfigurationItems" && !refused {
		return x.discover(g, w, input)
	}
	x.a.mu.Lock()
	defer x.a.mu.Unlock()
	p, message := newPayload(g, input), ""
	if refused {
		p.values["errors"] = w.problems
	} else if p, message = w.perform(g, mu, input); message != "" {
		return nil, message
	}
	json, ok := x.value(nil, g, p, g.def.Type)
	return written{json, ok}, ""
}

func (x *executor) mayChange(mu *mutation) string {
	operation := "Update"
	switch mu.action {
	case ActionCreate:
		operation = "Create"
	case ActionDelete:
		operation = "Delete"
	}
	if !x.allowed(mu.typ, operation) {
		return "Unauthorized: the token has no scope " + scopeName(mu.typ) + ":" + operation
	}
	return ""
}

const notFound = "Not Found"

// perform changes the records, or finds what is wrong with the input and changes nothing.
func (w *writer) perform(g *group, mu *mutation, input map[string]any) (payload, string) {
	p := newPayload(g, input)
	var r *record
	if mu.action != ActionCreate {
		if r = w.a.lookup(asText(input["id"])); r == nil || r.typ != mu.typ {
			return p, notFound
		}
	}
	switch {
	case mu.action == ActionDelete:
		w.delete(r)
	case mu.name == "noteCreate":
		if r = w.createNote(input); r != nil {
			w.a.changed(ActionCreate, r, nil, w.person())
		}
	case mu.name == "appOfferingPublish":
		r = w.publish(r)
	default:
		r = w.save(mu, r, input)
	}
	if len(w.problems) > 0 {
		p.values["errors"] = w.problems
		return p, ""
	}
	p.values["success"] = true
	if mu.answer != "" {
		p.values[mu.answer] = r
	}
	return p, ""
}

// refused adds the problem that the request is told to have with a mutation.
func (w *writer) refused(mu *mutation) bool {
	if w.x.refuse == nil {
		return false
	}
	field, message, refused := w.x.refuse(mu.name)
	if refused {
		w.problem(field, message)
	}
	return refused
}

// save creates or changes a record.
func (w *writer) save(mu *mutation, r *record, input map[string]any) *record {
	steps := w.fields(mu.typ, input, r)
	w.check(mu, r, input)
	if len(w.problems) > 0 {
		return nil
	}
	var before map[string]any
	action := ActionUpdate
	if r == nil {
		action = ActionCreate
		r = w.create(mu.typ, len(steps)+8)
	} else {
		before = w.a.before(r)
		w.a.touch(r, w.x.now)
	}
	for _, step := range steps {
		step(r)
	}
	w.follow(mu, r, input)
	w.a.version++
	w.a.changed(action, r, before, w.person())
	for _, note := range w.notes {
		w.a.changed(ActionCreate, note, nil, w.person())
	}
	return r
}

func (w *writer) delete(r *record) {
	if r.typ.name == offeringRule {
		if w.checkRuleOwner(r, nil); len(w.problems) > 0 {
			return
		}
	}
	before := w.a.before(r)
	w.a.changed(ActionDelete, r, before, w.person())
	w.a.remove(r)
}

// person is the node id of who does it.
func (w *writer) person() string {
	if w.x.me == nil {
		return ""
	}
	return w.a.nodeID(w.x.me)
}

// create adds a record with what every record has.
func (w *writer) create(t *typeInfo, size int) *record {
	r := w.a.add(t, size)
	w.a.begin(r, w.x.now)
	if f := t.fields["createdBy"]; f != nil && f.kind == recordField && w.x.me != nil {
		r.set(keyCreatedBy, ref(w.x.me.number))
	}
	return r
}

// begin sets a new record's times, and its number where the type shows that (Request.requestId).
func (a *Account) begin(r *record, now string) {
	if r.typ.fields["createdAt"] != nil {
		r.set(keyCreatedAt, now)
	}
	if r.typ.fields["updatedAt"] != nil {
		r.set(keyUpdatedAt, now)
	}
	if r.typ.numberKey != nil {
		r.set(r.typ.numberKey.key, numberString(a.base+uint64(r.number)))
	}
}

// check finds what input types cannot say: blank names, an external key that another record has.
func (w *writer) check(mu *mutation, r *record, input map[string]any) {
	for _, name := range mu.required {
		v, given := input[name]
		if s, isText := v.(string); given && (v == nil || isText && strings.TrimSpace(s) == "") || !given && r == nil && !w.fromTemplate(input) {
			w.problem(name, human(name)+" can't be blank")
		}
	}
	for name, longest := range map[string]int{"source": 30, "sourceID": 128} {
		if len([]rune(asText(input[name]))) > longest {
			w.problem(name, human(name)+" is too long (maximum is "+numberString(uint64(longest))+" characters)")
		}
	}
	source, id := asText(input["source"]), asText(input["sourceID"])
	if r != nil {
		if _, given := input["source"]; !given {
			source = r.text(keySource)
		}
		if _, given := input["sourceID"]; !given {
			id = r.text(keySourceID)
		}
	}
	if k := sourceKey(mu.typ, source, id); k != "" && source != "" {
		if n, taken := w.a.sourceKeys[k]; taken && (r == nil || n != r.number) {
			w.problem("sourceID", "Source ID has already been taken")
		}
	}
	switch mu.typ.name {
	case "AppOffering":
		w.checkOffering(r, input)
	case offeringRule, accountRule:
		w.checkRule(mu.typ, r, input)
	}
}

// fromTemplate says whether a blank subject will come from a template.
func (w *writer) fromTemplate(input map[string]any) bool {
	return asText(input["templateId"]) != ""
}
