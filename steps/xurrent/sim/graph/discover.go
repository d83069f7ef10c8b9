package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

// MaxDiscovered is how many configuration items one discoveredConfigurationItems may bring (PLATFORM 4.1).
const MaxDiscovered = 100

// discover runs discoveredConfigurationItems: at once, or later when there is a hook for that. Later, the answer
// holds the asyncQuery only, and its result the whole answer of the mutation.
func (x *executor) discover(g *group, w *writer, input map[string]any) (any, string) {
	p := newPayload(g, input)
	if n := countItems(input); n > MaxDiscovered {
		w.problem("physicalAssets", fmt.Sprintf("Physical assets hold %d configuration items: at most %d are accepted", n, MaxDiscovered))
		p.values["errors"] = w.problems
		return p, ""
	}
	x.a.mu.Lock()
	async := w.create(x.m.types["AsyncQuery"], 10)
	async.set(keyStatus, "queued")
	if x.me != nil {
		async.set(keyOf("person"), ref(x.me.number))
	}
	x.a.mu.Unlock()

	later := sync.OnceValue(func() Response { return x.discovered(g, input, async) })
	if x.hooks.Async == nil {
		done := later()
		x.errs = append(x.errs, done.Errors...)
		var data map[string]json.RawMessage
		if json.Unmarshal(done.Data, &data) != nil || data[g.field.Alias] == nil {
			return nil, "The configuration items could not be stored"
		}
		return written{data[g.field.Alias], true}, ""
	}
	url := x.hooks.Async(x.a.id, later)
	x.a.mu.Lock()
	defer x.a.mu.Unlock()
	async.set(keyOf("resultUrl"), url)
	x.a.version++
	p.values["asyncQuery"] = async
	json, ok := x.value(nil, g, p, g.def.Type)
	return written{json, ok}, ""
}

// discovered stores the configuration items and gives the full answer of the mutation.
func (x *executor) discovered(g *group, input map[string]any, async *record) Response {
	y := *x
	y.errs, y.path, y.nodes, y.fatal, y.scopes = nil, []any{g.alias}, 0, "", map[string]bool{}
	y.now = timestamp(x.a.world.opts.Now())
	if x.hooks.Async != nil {
		// The request is over by now, and with it its context.
		y.ctx = context.WithoutCancel(x.ctx)
		g = y.again(g)
	}
	w := &writer{x: &y, a: x.a, files: y.files(input)}
	x.a.mu.Lock()
	items := w.storeItems(input)
	async.set(keyStatus, "completed")
	async.set(keyOf("startedAt"), y.now)
	async.set(keyCompletedAt, y.now)
	async.set(keyOf("resultCount"), int64(len(items)))
	async.set(keyOf("errorCount"), int64(len(w.problems)))
	problems := w.problems
	if problems == nil {
		problems = []any{}
	}
	p := payload{def: g.named, values: map[string]any{"clientMutationId": input["clientMutationId"], "errors": problems,
		"asyncQuery": async, "configurationItems": items, "pendingCiReconciliationCount": int64(0)}}
	b := append([]byte{'{'}, g.key...)
	b, ok := y.value(b, g, p, g.def.Type)
	x.a.mu.Unlock()
	x.a.world.changes.tell()
	x.nodes += y.nodes
	return y.response(append(b, '}'), ok)
}

// again is a group whose selection is collected anew, since the result may be made while the answer still is.
func (x *executor) again(g *group) *group {
	copied := *g
	copied.sub = &selection{sets: g.sub.sets}
	return &copied
}

func countItems(input map[string]any) int {
	n := 0
	eachProduct(input, func(_, product map[string]any) {
		items, _ := product["configurationItems"].([]any)
		n += len(items)
	})
	return n
}

func eachProduct(input map[string]any, f func(category, product map[string]any)) {
	categories, _ := input["physicalAssets"].([]any)
	for _, c := range categories {
		c, _ := c.(map[string]any)
		products, _ := c["products"].([]any)
		for _, p := range products {
			p, _ := p.(map[string]any)
			f(c, p)
		}
	}
}

// storeItems finds or makes the categories, products and configuration items of a discovery, by reference or by
// source and sourceID. An item with a problem is left out; the others are stored.
func (w *writer) storeItems(input map[string]any) []any {
	source := asText(input["source"])
	team := w.named("Team", asText(input["supportTeam"]))
	all := []any{}
	eachProduct(input, func(c, p map[string]any) {
		category := w.findBy("ProductCategory", "reference", asText(c["reference"]))
		if category == nil {
			category = w.saveItem("ProductCategory", nil, map[string]any{"name": c["name"], "reference": c["reference"]})
		}
		product := w.bySource("Product", source, asText(p["sourceID"]))
		product = w.saveItem("Product", product, map[string]any{"name": p["name"], "brand": p["brand"], "model": p["model"],
			"productID": p["productID"], "source": source, "sourceID": p["sourceID"], "uiExtensionId": p["uiExtensionId"]})
		if product == nil || category == nil {
			return
		}
		w.a.link(product, product.typ.fields["productCategory"], category)
		items, _ := p["configurationItems"].([]any)
		for _, e := range items {
			e, _ := e.(map[string]any)
			in := maps.Clone(e)
			for _, other := range []string{"meta", "ciRelations", "service"} {
				delete(in, other)
			}
			in["source"] = source
			item := w.saveItem("ConfigurationItem", w.bySource("ConfigurationItem", source, asText(e["sourceID"])), in)
			if item == nil {
				continue
			}
			w.a.link(item, item.typ.fields["product"], product)
			if team != nil {
				w.a.link(item, item.typ.fields["supportTeam"], team)
			}
			if service := w.named("Service", asText(e["service"])); service != nil {
				w.a.link(item, item.typ.fields["service"], service)
			}
			all = append(all, item)
		}
	})
	return all
}

// saveItem creates or changes a record as its mutation would; nil when the input has a problem.
func (w *writer) saveItem(typ string, r *record, in map[string]any) *record {
	for k, v := range in {
		if v == nil {
			delete(in, k)
		}
	}
	action := ActionUpdate
	if r == nil {
		action = ActionCreate
	}
	one := &writer{x: w.x, a: w.a, files: w.files}
	saved := one.save(&mutation{action: action, typ: w.x.m.types[typ], required: []string{"name"}}, r, in)
	w.problems = append(w.problems, one.problems...)
	return saved
}

func (w *writer) bySource(typ, source, id string) *record {
	if n := w.a.sourceKeys[sourceKey(w.x.m.types[typ], source, id)]; n > 0 {
		return w.a.at(n)
	}
	return nil
}

func (w *writer) named(typ, name string) *record { return w.findBy(typ, "name", name) }

func (w *writer) findBy(typ, field, text string) *record {
	if text == "" {
		return nil
	}
	k := keyOf(field)
	for _, n := range w.a.byType[typ] {
		if r := w.a.at(n); r.text(k) == text {
			return r
		}
	}
	return nil
}
