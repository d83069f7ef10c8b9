package blueprints

import (
	"context"
	"fmt"

	"currant/steps"
)

// Publish makes the drafts of apps, named by their references, the published versions (PLATFORM 7.2). It stops at
// the first error, which says of which app; an app without a draft is one.
func Publish(ctx context.Context, a Account, references []string) error {
	c := &caller{account: a}
	drafts := &listing{alias: "drafts", field: "appOfferings", byValues: true, values: references,
		filter: "{ published: false, reference: { values: $drafts } }", selection: " id reference"}
	if err := c.lists(ctx, []*listing{drafts}); err != nil {
		return err
	}
	ids := map[string]string{}
	for _, n := range drafts.nodes {
		ids[n.text("reference")] = n.id()
	}
	for _, reference := range references {
		if ids[reference] == "" {
			return steps.Errorf(steps.NotFoundError, "publish App Offering '%s': the account has no draft of it", reference)
		}
		_, err := c.mutate(ctx, mutation{name: "appOfferingPublish", inputType: "AppOfferingPublishMutationInput", record: "appOffering",
			selection: "id published", input: map[string]any{"id": ids[reference]}})
		if err != nil {
			return fmt.Errorf("publish App Offering '%s': %w", reference, err)
		}
	}
	return nil
}
