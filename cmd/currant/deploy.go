package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent"
)

// accountView names an account, in JSON.
type accountView struct {
	Connection string `json:"connection"`
	AccountID  string `json:"account_id"`
	Stage      string `json:"stage"`
	Host       string `json:"host"`
}

// deployment is what a blueprint is to be on accounts. Close it.
type deployment struct {
	deployOptions
	bp *compile.Blueprint
	// secrets are those of the blueprint: an account may repeat in an error what it was sent.
	secrets *outbound.Secrets
	// parts are one for each account, in the order of the connections' names.
	parts []*part
}

// part is what one account gets, over one connection.
type part struct {
	accountView
	account *xurrent.Account
	// target is what blueprints makes there, needs are what the runbooks need there.
	target *blueprints.Target
	needs  []xurrent.Need
	// asked says that the blueprint has something for the account; without, it is only looked whether something is left
	// of an earlier one.
	asked bool
	// apps are the references of the apps in target.
	apps []string
}

// deployOptions are what a deployment is made with.
type deployOptions struct {
	publicURL string
	kept      lang.Kept
	// drafts leaves apps without a service instance, which cannot be created, to Enable: it makes plain drafts of
	// them on a simulated account, so that their triggers can be tried before the app is written.
	drafts bool
	// waits is told before it waits because an account asks for it, but for changes, which tell it; nil tells nobody.
	waits func(time.Duration)
}

// newDeployment opens the accounts that a blueprint knows. It asks them nothing.
func newDeployment(ctx context.Context, bp *compile.Blueprint, o deployOptions) (_ *deployment, err error) {
	d := &deployment{deployOptions: o, bp: bp, secrets: outbound.NewSecrets()}
	d.secrets.Add(secretsOf(bp)...)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	resources, err := resourcesOf(bp, o.drafts)
	if err != nil {
		return nil, err
	}
	needs := needsOf(bp, o.publicURL)
	here := map[string]*wishes{} // by account: what one connection does not name is not gone if another one does
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		conn := bp.Connections[name]
		something := len(resources[name])+len(needs[name]) > 0
		if conn.Kind.Name != "xurrent" || !conn.Known().IsWhollyKnown() && !something {
			continue
		}
		p, err := d.open(ctx, conn)
		if err != nil {
			return nil, err
		}
		w := here[p.account.Provider()]
		if w == nil {
			w = &wishes{part: p}
			here[p.account.Provider()] = w
		}
		if something && len(w.resources)+len(w.needs) == 0 {
			w.part = p
		}
		w.resources, w.needs = append(w.resources, resources[name]...), append(w.needs, needs[name]...)
	}
	for _, w := range here {
		if err := w.part.want(d, w.resources, w.needs); err != nil {
			return nil, err
		}
	}
	d.parts = slices.DeleteFunc(d.parts, func(p *part) bool { // other connections to these accounts
		if p.target != nil {
			return false
		}
		err = errors.Join(err, p.account.Close())
		return true
	})
	return d, err
}

// wishes are what a blueprint has for one account, over all its connections to it. They are carried out over one.
type wishes struct {
	part      *part
	resources []compile.BoundResource
	needs     []xurrent.Need
}

// open adds the account of a connection.
func (d *deployment) open(ctx context.Context, conn *compile.Connection) (*part, error) {
	account, err := openAccount(ctx, conn)
	if err != nil {
		return nil, err
	}
	account.Waits = d.waits
	p := &part{account: account, accountView: accountView{Connection: conn.Name, Stage: "Prod"}}
	d.parts = append(d.parts, p)
	if v, ok := steps.Known(conn.Known(), "account_id"); ok {
		p.AccountID = v.AsString()
	}
	if v, ok := steps.Known(conn.Known(), "stage"); ok {
		p.Stage = v.AsString()
	}
	if u, err := url.Parse(account.Client().Endpoints().GraphQL); err == nil {
		p.Host = u.Host
	}
	return p, nil
}

// want sets what the account gets. What an earlier blueprint of this name has left there, and is nowhere in this one any
// more, counts too, and only the account knows of it: it is asked even where the blueprint has nothing for it.
func (p *part) want(d *deployment, resources []compile.BoundResource, needs []xurrent.Need) error {
	p.asked = len(resources)+len(needs) > 0
	p.needs = append(slices.Clone(needs), xurrent.Whole(d.bp.Name))
	p.target = &blueprints.Target{Blueprint: d.bp.Name, Dir: d.bp.Dir, Templates: map[string]blueprints.Templates{},
		Applied: p.account.Applied(d.kept, d.bp.Name), Secrets: secretsOf(d.bp), Waits: d.waits}
	written := map[string]bool{}
	for _, r := range resources {
		p.target.Resources = append(p.target.Resources, blueprints.Declared{Kind: r.Kind, Name: r.Name, Body: r.Body, Args: r.Args, Range: r.Range})
		if r.Kind == "app" {
			p.apps = append(p.apps, referenceOf(r))
			written[referenceOf(r)] = r.Body.Attr("configuration_uri_template") != nil
		}
	}
	templates, err := xurrent.TemplatesOf(needs)
	if err != nil {
		return err
	}
	for i, n := range p.needs {
		if len(n.AppReferences) == 1 && slices.Contains(p.apps, n.AppReferences[0]) {
			p.needs[i].Deployed = true
		}
	}
	for _, app := range p.apps {
		t := templates[app]
		if written[app] {
			t.Configuration = "" // the app's own attribute says it
		}
		if t != (xurrent.Templates{}) {
			p.target.Templates[app] = blueprints.Templates(t)
		}
	}
	return nil
}

// resourcesOf are the resources of a blueprint by connection.
func resourcesOf(bp *compile.Blueprint, drafts bool) (map[string][]compile.BoundResource, error) {
	out := map[string][]compile.BoundResource{}
	var diags hcl.Diagnostics
	for _, r := range bp.Resources {
		if drafts && r.Kind == "app" && r.Body.Attr("service_instance") == nil {
			continue
		}
		name := connectionOf(bp, r.Body, "xurrent")
		if name == "" {
			diags = append(diags, lang.Error(r.Range, "No account to deploy to",
				"Write \"connection = connection.NAME\" with a xurrent connection of the blueprint; it may be left out where there is exactly one."))
			continue
		}
		out[name] = append(out[name], r)
	}
	if diags.HasErrors() {
		return nil, &invalidError{files: bp.Files, diags: diags}
	}
	return out, nil
}

// secretsOf are the texts in sensitive variables.
func secretsOf(bp *compile.Blueprint) (out []string) {
	for _, v := range bp.Variables {
		if !v.Sensitive {
			continue
		}
		value, _ := v.Value.UnmarkDeep()
		_ = cty.Walk(value, func(_ cty.Path, v cty.Value) (bool, error) { // the function gives no error
			if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
				out = append(out, v.AsString())
			}
			return true, nil
		})
	}
	return out
}

// Close closes the accounts.
func (d *deployment) Close() (err error) {
	for _, p := range d.parts {
		err = errors.Join(err, p.account.Close())
	}
	return err
}

// accounts are those that the blueprint knows.
func (d *deployment) accounts() []accountView {
	out := []accountView{}
	for _, p := range d.parts {
		out = append(out, p.accountView)
	}
	return out
}

// title names an account for people.
func (a accountView) title() string {
	return fmt.Sprintf("%s (stage %s, at %s), connection %q", plain(a.AccountID), a.Stage, plain(a.Host), a.Connection)
}
