package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"currant/blueprints"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// publication is an app whose draft becomes the published version once a plan is carried out.
type publication struct {
	on  *part
	app string // reference
	// gone says that the blueprint has it no more: its draft is disabled by then.
	gone bool
}

func (p publication) String() string {
	if p.gone {
		return plain(p.app) + " (disabled)"
	}
	return plain(p.app)
}

// publications are the apps of a plan: those of the blueprint, and those that it disables because they are gone from it.
// It is asked for before the plan is carried out.
func (p *deployPlan) publications(ctx context.Context) (out []publication, err error) {
	for _, on := range p.parts {
		for _, app := range on.apps {
			out = append(out, publication{on: on.part, app: app})
		}
		if len(on.goneApps()) == 0 {
			continue
		}
		gone, err := p.goneReferences(ctx, on.part)
		if err != nil {
			return nil, p.about(on.part, err)
		}
		for _, app := range gone {
			out = append(out, publication{on: on.part, app: app, gone: true})
		}
	}
	return out, nil
}

// goneApps are the apps that a plan disables.
func (p *partPlan) goneApps() (out []*blueprints.Change) {
	if p.plan == nil {
		return nil
	}
	for i := range p.plan.Changes {
		if c := &p.plan.Changes[i]; c.Kind == "app" && c.Action == blueprints.Disable {
			out = append(out, c)
		}
	}
	return out
}

const ownDraftsQuery = `query($after: String) {
  appOfferings(first: 100, after: $after, filter: { published: false, source: { values: ["` + blueprints.Source + `"] } }) {
    nodes { reference sourceID disabled }
    pageInfo { hasNextPage endCursor }
  }
}`

// goneReferences are the references of apps that were made for the blueprint, are gone from it and still enabled.
func (d *deployment) goneReferences(ctx context.Context, on *part) (out []string, err error) {
	here := map[string]bool{} // by reference, and by sourceID: one of them may be about to change
	for _, app := range on.apps {
		here[app] = true
	}
	for _, r := range on.target.Resources {
		here[d.bp.Name+"/"+r.Name] = here[d.bp.Name+"/"+r.Name] || r.Kind == "app"
	}
	for after := any(nil); ; {
		variables, err := json.Marshal(map[string]any{"after": after})
		if err != nil {
			return nil, err
		}
		answer, err := on.account.Client().Do(ctx, api.Request{Text: ownDraftsQuery, Variables: variables, Read: true})
		if err != nil {
			return nil, err
		}
		var data struct {
			AppOfferings struct {
				Nodes []struct {
					Reference, SourceID string
					Disabled            bool
				}
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		if json.Unmarshal(answer.Data, &data) != nil {
			return nil, steps.Errorf(steps.DecodeError, "find apps that are gone from the blueprint: the answer cannot be read: another form was expected")
		}
		for _, n := range data.AppOfferings.Nodes {
			if !n.Disabled && !here[n.Reference] && !here[n.SourceID] && strings.HasPrefix(n.SourceID, d.bp.Name+"/") {
				out = append(out, n.Reference)
			}
		}
		if !data.AppOfferings.PageInfo.HasNextPage {
			return out, nil
		}
		after = data.AppOfferings.PageInfo.EndCursor
	}
}

// publish makes drafts the published versions.
func (d *deployment) publish(ctx context.Context, all []publication, told func(publication)) error {
	for _, p := range all {
		if err := blueprints.Publish(ctx, p.on.account.Client(), []string{p.app}); err != nil {
			return d.about(p.on, err)
		}
		told(p)
	}
	return nil
}

// onlyDraft is what a person must know of an app that is disabled.
const onlyDraft = "customers keep its published version until the draft is published too (apply --publish)"

// noteDrafts says of the apps that are disabled that this is of their drafts.
func (p *partPlan) noteDrafts() {
	for _, c := range p.goneApps() {
		c.Note = fmt.Sprintf("%s; %s", c.Note, onlyDraft)
	}
}
