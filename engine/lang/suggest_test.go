package lang

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	options := []string{"query", "mutation", "upload", "token", "config", "config_update", "http", "wait", "List"}
	for given, want := range map[string]string{
		"qurey": "query", "mutaton": "mutation", "mutations": "mutation", "tokne": "token", "HTTP": "http", "htp": "http", "list": "List", "lists": "List", "configupdate": "config_update",
		"zzz": "", "query": "", "": "", "w": "", "something_else": "", strings.Repeat("q", 10_000): "",
	} {
		if got := Suggest(given, options); got != want {
			t.Errorf("%.30q: %q, want %q", given, got, want)
		}
	}
	if got := DidYouMean("qurey", options); got != ` Did you mean "query"?` {
		t.Error(got)
	}
	if got := DidYouMean("x", nil) + DidYouMean("zzzz", options); got != "" {
		t.Error(got)
	}
}
