package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kinds of values that JSON has no form for: in a snapshot such a value is an object with one of these names.
const (
	savedFloat      = "float"
	savedRef        = "ref"
	savedRefs       = "refs"
	savedAccountRef = "account"
	savedJSON       = "json"
	savedObject     = "object"
)

// savedValue is the value of a slot in the form in which a snapshot has it. What only Go code can put is brought to the form in
// which the service itself would keep it.
func savedValue(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64:
		return v
	case int:
		return int64(v)
	case float64:
		return map[string]any{savedFloat: strconv.FormatFloat(v, 'g', -1, 64)}
	case ref:
		return map[string]any{savedRef: uint32(v)}
	case refs:
		return map[string]any{savedRefs: []uint32(slices.Clone(v))}
	case accountRef:
		return map[string]any{savedAccountRef: string(v)}
	case json.RawMessage:
		return map[string]any{savedJSON: string(v)}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = savedValue(e)
		}
		return map[string]any{savedObject: out}
	case []any:
		return savedList(v)
	case []string:
		return savedList(v)
	case []map[string]any:
		return savedList(v)
	}
	if raw, ok := plainJSON(v).(json.RawMessage); ok {
		return map[string]any{savedJSON: string(raw)}
	}
	return nil
}

func savedList[T any](list []T) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = savedValue(e)
	}
	return out
}

// restoredValue is what savedValue was made of. The records that it leads to are among so many.
func restoredValue(v any, records int) (any, error) {
	switch v := v.(type) {
	case nil, string, bool:
		return v, nil
	case json.Number:
		return v.Int64()
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = restoredValue(e, records); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if len(v) == 1 {
			for kind, of := range v {
				return restoredKind(kind, of, records)
			}
		}
	}
	return nil, errors.New("it is of no known kind")
}

func restoredKind(kind string, of any, records int) (any, error) {
	text, isText := of.(string)
	switch kind {
	case savedFloat:
		return strconv.ParseFloat(text, 64)
	case savedRef:
		n, err := restoredNumber(of, records)
		return ref(n), err
	case savedRefs:
		return restoredRefs(of, records)
	case savedAccountRef:
		if isText && text != "" {
			return accountRef(text), nil
		}
	case savedJSON:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text), nil
		}
	case savedObject:
		return restoredObject(of, records)
	}
	return nil, fmt.Errorf("it is no %q", kind)
}

func restoredRefs(of any, records int) (any, error) {
	list, isList := of.([]any)
	if !isList {
		return nil, errors.New("it is no list of records")
	}
	out := make(refs, len(list))
	for i, e := range list {
		n, err := restoredNumber(e, records)
		if err == nil && i > 0 && n <= out[i-1] {
			err = errors.New("the records are not in their order")
		}
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// restoredObject is a value object.
func restoredObject(of any, records int) (any, error) {
	fields, isObject := of.(map[string]any)
	if !isObject {
		return nil, errors.New("it is no object")
	}
	out := make(map[string]any, len(fields))
	for name, e := range fields {
		var err error
		if out[name], err = restoredValue(e, records); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

func restoredNumber(v any, records int) (uint32, error) {
	text, _ := v.(json.Number)
	n, err := strconv.ParseUint(text.String(), 10, 32)
	if err != nil || n < 1 || n > uint64(records) {
		return 0, errors.New("it leads to no record")
	}
	return uint32(n), nil
}

// replaceAddress is strings.ReplaceAll, which makes no copy of what has nothing to replace.
func replaceAddress(text, from, to string) string {
	if !strings.Contains(text, from) {
		return text
	}
	return strings.ReplaceAll(text, from, to)
}
