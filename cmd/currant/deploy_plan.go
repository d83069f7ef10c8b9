package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/hcl/v2"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/steps"
	"currant/steps/xurrent"
)

// deployPlan is what brings accounts to what a blueprint says.
type deployPlan struct {
	*deployment
	parts []*partPlan
	// basis is a digest of all that was read and is wanted: a plan made again has the same one unless something has
	// changed.
	basis string
	// publishing are the apps to be published afterwards, where that is asked for.
	publishing []publication
}

// partPlan is what brings one account there: first what is declared, then what runbooks need.
type partPlan struct {
	*part
	plan    *blueprints.Plan // nil where it was not looked
	wanted  []xurrent.Wanted
	enabled []blueprints.Change // wanted, as changes
	unseen  string              // why it was not looked
}

// plan reads the accounts, and changes nothing.
func (d *deployment) plan(ctx context.Context) (*deployPlan, error) {
	p := &deployPlan{deployment: d}
	sum := sha256.New()
	for _, on := range d.parts {
		pp := &partPlan{part: on}
		p.parts = append(p.parts, pp)
		var err error
		if pp.plan, err = blueprints.Compare(ctx, on.account.Client(), *on.target); err == nil {
			pp.wanted, err = on.account.EnablePlan(ctx, d.kept, on.needs)
		}
		if err = pp.skip(d, err); err != nil {
			return nil, d.about(on, err)
		}
		if pp.plan == nil {
			continue
		}
		pp.noteDrafts()
		fmt.Fprintf(sum, "%s %s\n", on.Connection, pp.plan.Basis)
		if err := pp.enabling(d, sum.Write); err != nil {
			return nil, err
		}
	}
	p.basis = hex.EncodeToString(sum.Sum(nil))
	return p, nil
}

// skip leaves out an account for which the blueprint has nothing, and whose answer is that its connection may not
// look: then nothing was ever deployed over it. Every other error stays one.
func (p *partPlan) skip(d *deployment, err error) error {
	var known *steps.Error
	if p.asked || !errors.As(err, &known) || !refuses(known) {
		return err
	}
	p.plan, p.wanted, p.unseen = nil, nil, d.secrets.Redact(known.Error())
	return nil
}

// refuses says whether an error is the answer of an account that denies what it is asked for.
func refuses(e *steps.Error) bool {
	switch e.Kind {
	case steps.AuthError, steps.GraphQLError, steps.NotFoundError:
		return true
	}
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// about says which account an error is of, without the secrets that the account may have repeated. Diagnostics are
// shown in their places.
func (d *deployment) about(on *part, err error) error {
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) {
		return &accountError{fmt.Sprintf("connection %q: %s", on.Connection, d.secrets.Redact(err.Error())), err}
	}
	for _, one := range diags {
		one.Detail = d.secrets.Redact(one.Detail)
	}
	return &invalidError{files: d.bp.Files, diags: diags}
}

// accountError is an error of an account, with a text that may be shown.
type accountError struct {
	text string
	err  error
}

func (e *accountError) Error() string { return e.text }
func (e *accountError) Unwrap() error { return e.err }

// enabling makes changes of what is wanted.
func (p *partPlan) enabling(d *deployment, sum func([]byte) (int, error)) error {
	text, err := json.Marshal(p.wanted)
	if err == nil {
		_, err = sum(text)
	}
	for _, w := range p.wanted {
		p.enabled = append(p.enabled, p.changeOf(d.bp, w))
	}
	return err
}

// changeOf is what is wanted, as a change.
func (p *part) changeOf(bp *compile.Blueprint, w xurrent.Wanted) blueprints.Change {
	c := blueprints.Change{Action: actionOf[w.Action], Name: w.Name, Note: w.Note, Fields: []blueprints.Field{}}
	switch w.What {
	case "webhook":
		c.Kind, c.Address = "webhook", fmt.Sprintf("runbook.%s.webhook[%q]", w.Runbook, w.Event)
		if w.Runbook == "" {
			c.Address = fmt.Sprintf("webhook[%q]", w.Name)
		}
		if rb := bp.Runbook(w.Runbook); rb != nil {
			c.Range = rb.Range
		}
	case "webhook policy":
		c.Kind, c.Address = "webhook_policy", "connection."+p.Connection+".webhook_policy"
	default:
		c.Kind, c.Address = "app", fmt.Sprintf("app[%q]", w.Name)
	}
	for _, f := range w.Fields {
		c.Fields = append(c.Fields, blueprints.Field{Path: f.Name, Before: f.Before, After: f.After})
	}
	return c
}

var actionOf = map[string]blueprints.Action{
	xurrent.ActionCreate: blueprints.Create, xurrent.ActionEnable: blueprints.Enable, xurrent.ActionUpdate: blueprints.Update,
	xurrent.ActionDisable: blueprints.Disable, xurrent.ActionUnchanged: blueprints.None,
}

// changes are all of an account, in the order in which they are made.
func (p *partPlan) changes() []*blueprints.Change {
	var out []*blueprints.Change
	if p.plan != nil {
		for i := range p.plan.Changes {
			out = append(out, &p.plan.Changes[i])
		}
	}
	for i := range p.enabled {
		out = append(out, &p.enabled[i])
	}
	return out
}

// tally counts changes by what they do, in JSON too.
type tally struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Delete  int `json:"delete"`
	Disable int `json:"disable"`
	Enable  int `json:"enable"`
	None    int `json:"none"`
}

func (t *tally) add(a blueprints.Action) {
	for action, n := range map[blueprints.Action]*int{blueprints.Create: &t.Create, blueprints.Update: &t.Update, blueprints.Delete: &t.Delete,
		blueprints.Disable: &t.Disable, blueprints.Enable: &t.Enable, blueprints.None: &t.None} {
		if a == action {
			*n++
		}
	}
}

// changes is how many things are not as they are to be.
func (t tally) changes() int { return t.Create + t.Update + t.Delete + t.Disable + t.Enable }

func (p *deployPlan) tally() (t tally) {
	for _, on := range p.parts {
		for _, c := range on.changes() {
			t.add(c.Action)
		}
	}
	return t
}
