package xurrent

import (
	"net/http"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// maxDelivery is the length of a delivery's id, in bytes; the platform sends UUIDs.
const maxDelivery = 256

// deliveryHeaders and originHeaders are those of the platform and, after them, those of its former name
// (PLATFORM 6.1).
var (
	deliveryHeaders = []string{"X-Xurrent-Delivery", "X-4me-Delivery"}
	originHeaders   = []string{"X-Xurrent-Delivery-Origin", "X-4me-Delivery-Origin"}
)

// ids reads which delivery it is, and which one it repeats, from the headers, which nobody has signed.
func (w *delivery) ids(attrs map[string]cty.Value) error {
	var ok bool
	if w.event.Delivery, ok = headerOf(w.header, deliveryHeaders); !ok || w.event.Delivery == "" {
		return refusal(http.StatusUnprocessableEntity, "The header X-Xurrent-Delivery is required, once, with the id of the delivery.")
	}
	if w.event.Origin, ok = headerOf(w.header, originHeaders); !ok {
		return refusal(http.StatusUnprocessableEntity, "The header X-Xurrent-Delivery-Origin is not the id of a delivery.")
	}
	attrs["delivery"], attrs["delivery_origin"] = cty.StringVal(w.event.Delivery), cty.NullVal(cty.String)
	if w.event.Origin != "" {
		attrs["delivery_origin"] = cty.StringVal(w.event.Origin)
	}
	return nil
}

// headerOf is the value of the first of the headers that is there and not blank, or ""; false where it cannot
// be an id.
func headerOf(h http.Header, names []string) (string, bool) {
	for _, name := range names {
		values := h.Values(name)
		if len(values) > 1 {
			return "", false
		}
		if len(values) == 1 && values[0] != "" {
			return values[0], len(values[0]) <= maxDelivery && utf8.ValidString(values[0])
		}
	}
	return "", true
}

// plainFields are an event's fields where each has its type already, as the platform sends them: conversion
// costs more than all else that is done with an event. false: they have to be converted, or do not fit.
func plainFields(v cty.Value) (map[string]cty.Value, bool) {
	if !v.Type().IsObjectType() || v.IsNull() {
		return nil, false
	}
	attrs := make(map[string]cty.Value, len(v.Type().AttributeTypes()))
	plain := func(names []string, t cty.Type) bool {
		for _, name := range names {
			attrs[name] = cty.NullVal(t)
			if !v.Type().HasAttribute(name) {
				continue
			}
			switch el := v.GetAttr(name); {
			case el.IsNull():
			case el.Type() == t:
				attrs[name] = el
			default:
				return false
			}
		}
		return true
	}
	if !plain(numbersOf, cty.Number) || !plain(textsOf, cty.String) || attrs["event"].IsNull() {
		return nil, false
	}
	attrs["payload"] = cty.NullVal(cty.DynamicPseudoType)
	if v.Type().HasAttribute("payload") {
		attrs["payload"] = v.GetAttr("payload")
	}
	return attrs, true
}

// leavesOut says whether a value has anything that a type does not name.
func leavesOut(v cty.Value, t cty.Type) bool {
	if v.IsNull() || t == cty.DynamicPseudoType || !v.CanIterateElements() {
		return false
	}
	index := 0
	for it := v.ElementIterator(); it.Next(); index++ {
		key, el := it.Element()
		var inner cty.Type
		switch {
		case t.IsObjectType():
			if !t.HasAttribute(key.AsString()) {
				return true
			}
			inner = t.AttributeType(key.AsString())
		case t.IsTupleType():
			inner = t.TupleElementType(index)
		case t.IsCollectionType():
			inner = t.ElementType()
		default:
			return false
		}
		if leavesOut(el, inner) {
			return true
		}
	}
	return false
}
