package main

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// sampleNumber is the number of whatever a sample names; the platform's test deliveries have it (PLATFORM 6.2).
const sampleNumber = 12345

// nodeID is the id of a record that there is not.
func nodeID(typ string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("4me.xurrent.com/" + typ + "/" + strconv.Itoa(sampleNumber)))
}

// typeName is the type of records of an event's kind: service_instance → ServiceInstance.
func typeName(kind string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(kind, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// payloadSamples are the fields that the platform's payloads have (PLATFORM 6.2).
func payloadSamples() map[string]any {
	reference := func(typ, name string) map[string]any {
		return map[string]any{"id": sampleNumber, "nodeID": nodeID(typ), "name": name, "sourceID": nil, "disabled": false,
			"account": map[string]any{"id": "example", "name": "Example"}}
	}
	return map[string]any{
		"audit_line_id": sampleNumber, "audit_line_nodeID": nodeID("AuditLine"), "note_id": sampleNumber, "note_nodeID": nodeID("Note"),
		"source": "sample", "sourceID": "sample-1", "status": "assigned", "previous_status": "declined",
		"team": reference("Team", "Network"), "member": reference("Person", "Howard Tanner"),
	}
}

// eventPayload is a sample of the payload of an event.
func eventPayload(event string) map[string]any {
	fields := []string{"audit_line_id", "audit_line_nodeID"}
	switch _, what, _ := strings.Cut(event, "."); what {
	case "create", "update":
		fields = append(fields, "source", "sourceID", "status")
	case "note-added":
		fields = append(fields, "note_id", "note_nodeID")
	case "status-changed":
		fields = append(fields, "status", "previous_status")
	case "team-changed":
		fields = append(fields, "team")
	case "member-changed":
		fields = append(fields, "member")
	}
	all, out := payloadSamples(), map[string]any{}
	for _, f := range fields {
		out[f] = all[f]
	}
	return out
}

// samplePayload is a payload of a type, with the platform's own values where it has such fields.
func samplePayload(t cty.Type) any {
	sample, ok := sampleOf(t).(map[string]any)
	if !ok || !t.IsObjectType() {
		return map[string]any{}
	}
	known := payloadSamples()
	for name, of := range t.AttributeTypes() {
		switch known[name].(type) {
		case string:
			if of == cty.String || of == cty.DynamicPseudoType {
				sample[name] = known[name]
			}
		case int:
			if of == cty.Number || of == cty.DynamicPseudoType {
				sample[name] = known[name]
			}
		}
	}
	return sample
}

// sampleOf is a value of a type, as JSON has it; optional attributes are there.
func sampleOf(t cty.Type) any {
	switch {
	case t == cty.Number:
		return 1
	case t == cty.Bool:
		return true
	case t.IsListType(), t.IsSetType():
		return []any{sampleOf(t.ElementType())}
	case t.IsMapType():
		return map[string]any{"key": sampleOf(t.ElementType())}
	case t.IsTupleType():
		out := []any{}
		for _, e := range t.TupleElementTypes() {
			out = append(out, sampleOf(e))
		}
		return out
	case t.IsObjectType():
		out := map[string]any{}
		for name, of := range t.AttributeTypes() {
			out[name] = sampleOf(of)
		}
		return out
	}
	return "text"
}
