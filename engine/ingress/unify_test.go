package ingress

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A body of a few KiB could cost minutes: finding a common type is quadratic in the number of types.
func TestH2ManyTypes(t *testing.T) {
	list := func(n int, each func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = each(i)
		}
		return strings.Join(parts, ",")
	}
	bodies := map[string]string{
		"objects":   "[" + list(9_000, func(i int) string { return fmt.Sprintf(`{"k%d":1}`, i) }) + "]",
		"tuples":    "[" + list(500, func(i int) string { return "[" + strings.Repeat("1,", i%40) + "1]" }) + "]",
		"map":       "{" + list(9_000, func(i int) string { return fmt.Sprintf(`"m%d":{"k%d":1}`, i, i) }) + "}",
		"mixed":     "[" + list(10_000, func(i int) string { return []string{"1", `"a"`, "true", "null", "{}", "[]", "[1]"}[i%7] }) + "]",
		"same":      "[" + list(9_000, func(i int) string { return `{"name":"a"}` }) + "]",
		"different": "[" + list(5_000, func(i int) string { return fmt.Sprintf(`{"name":"a","k%d":1}`, i) }) + "]",
		"nested":    "[" + list(5_000, func(i int) string { return fmt.Sprintf(`{"name":{"k%d":1}}`, i) }) + "]",
	}
	for _, schema := range []string{"list(any)", "set(any)", "map(any)", "list(object({ name = optional(string, \"x\") }))", "set(object({ name = optional(string) }))",
		"list(object({ name = optional(any) }))", "map(object({ name = optional(string, \"x\") }))", "map(map(any))", "list(map(any))", "list(map(number))", "any", "tuple([any])"} {
		d := newDoor(t, trigger(t, "trigger \"json_endpoint\" {\n body_schema = "+schema+"\n}"))
		for name, body := range bodies {
			began := cpuTime()
			w := d.do(post(body))
			if !within(began, time.Second) {
				t.Errorf("%s as %s: %d after %s", name, schema, w.Code, cpuTime()-began)
			}
			if n := len(d.taken()); w.Code != 200 && w.Code != 422 || schema == "any" && w.Code != 200 || (w.Code == 200) != (n == 1) {
				t.Errorf("%s as %s: %d, %d events", name, schema, w.Code, n)
			}
		}
	}
}
