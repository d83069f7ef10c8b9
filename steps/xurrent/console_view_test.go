package xurrent

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// keptMap is what is kept, in memory.
type keptMap map[string][]byte

func (k keptMap) Get(_ context.Context, key string) ([]byte, error) { return k[key], nil }

func (k keptMap) Update(_ context.Context, key string, change func([]byte) ([]byte, error)) error {
	v, err := change(k[key])
	if err == nil && v == nil {
		delete(k, key)
	} else if err == nil {
		k[key] = v
	}
	return err
}

func (k keptMap) Keys(_ context.Context, prefix string) (keys []string, err error) {
	for key := range k {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// Names of what is kept are shown, whatever they hold, and nothing of what is kept under them.
func TestInstallations(t *testing.T) {
	ctx := context.Background()
	kept := keptMap{}
	c := customersOf(kept, providerName("https://graphql.example.com", "wna/it"))
	err := c.Store(ctx, secretsDelivery{Customer: "wdc", App: "sur/vey", Instance: "i1", Application: &oauthApplication{ClientID: "hidden"}, Secrets: map[string]string{"a/b": "hidden"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetOwn(ctx, "acme", "survey", "hook", "hidden"); err != nil {
		t.Fatal(err)
	}
	gone := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	if err := c.removed(ctx, removal{Customer: "acme", App: "survey", At: gone}); err != nil {
		t.Fatal(err)
	}
	got, err := Installations(ctx, kept)
	if err != nil {
		t.Fatal(err)
	}
	want := []InstallationView{
		{Provider: "graphql.example.com/wna/it", Customer: "acme", App: "survey", Kept: []string{"own secret hook"}, Removed: gone},
		{Provider: "graphql.example.com/wna/it", Customer: "wdc", App: "sur/vey", Kept: []string{"client credentials", "secret a/b"}},
	}
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, v := range got {
		if v.Provider != want[i].Provider || v.Customer != want[i].Customer || v.App != want[i].App || !slices.Equal(v.Kept, want[i].Kept) || !v.Removed.Equal(want[i].Removed) {
			t.Errorf("%+v instead of %+v", v, want[i])
		}
	}
}
