package blueprints

import (
	"context"
	"strings"
	"testing"
)

func TestPublishedAppsAreEditedFurther(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	if err := Publish(context.Background(), a, []string{"survey"}); err != nil {
		t.Fatal(err)
	}
	published := 0
	for _, o := range a.records.All("AppOffering") {
		if o["published"] == true {
			published++
		}
	}
	if published != 1 {
		t.Errorf("%d are published", published)
	}
	a.empty(a.target(shopBlueprint))
	changed := a.target(edited(t, `"Fast."`, `"Faster."`))
	a.apply(changed)
	a.empty(changed)
	if err := Publish(context.Background(), a, []string{"survey"}); err != nil {
		t.Fatal(err)
	}
	if err := Publish(context.Background(), a, []string{"nobody"}); err == nil || !strings.Contains(err.Error(), "'nobody'") {
		t.Errorf("got %v", err)
	}
	if err := Publish(context.Background(), a, nil); err != nil {
		t.Error(err)
	}
}
