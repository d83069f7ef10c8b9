package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"currant/steps/xurrent/sim/graph"
)

// appControls are the endpoints under /sim/ that are about apps.
//
//	POST /sim/install        an app is installed for a customer, or for many (type installOrder)
//	POST /sim/update         the installation changes (type changeOrder)
//	POST /sim/suspend        {customer, app, comment}; with lift: true no longer
//	POST /sim/remove         {customer, app}: the customer removes the app
//	POST /sim/automation     a rule of the app calls its webhook (type ruleOrder)
//	POST /sim/configure      the customer opens the app's configuration page (type configureOrder)
//	GET  /sim/installations  ?provider=ID&customer=ID&app=REFERENCE
func (s *Sim) appControls(mux *http.ServeMux) {
	mux.HandleFunc("POST /sim/install", s.controlInstall)
	mux.HandleFunc("POST /sim/update", s.controlUpdate)
	mux.HandleFunc("POST /sim/suspend", s.controlSuspend)
	mux.HandleFunc("POST /sim/remove", s.controlRemove)
	mux.HandleFunc("POST /sim/automation", s.controlAutomation)
	mux.HandleFunc("POST /sim/configure", s.controlConfigure)
	mux.HandleFunc("GET /sim/installations", s.controlInstallations)
}

// changeOrder is the body of POST /sim/update. What is not given stays as it is.
type changeOrder struct {
	Provider     string         `json:"provider"`
	Customer     string         `json:"customer"`
	App          string         `json:"app"`
	CustomFields map[string]any `json:"custom_fields"` // those given change, null takes one away
	Secrets      map[string]any `json:"secrets"`       // those that the customer enters anew
	Renew        []string       `json:"renew"`         // application, authorization_application, policy: made anew and sent
	Disabled     *bool          `json:"disabled"`
	Enabled      *bool          `json:"enabled_by_customer"`
	Suspended    *bool          `json:"suspended"`
	Comment      *string        `json:"suspension_comment"`
	Updated      bool           `json:"offering_updated"` // the customer updates to the offering's published version
	Delay        string         `json:"secrets_delay"`
	Split        bool           `json:"split"`
}

func (s *Sim) controlUpdate(w http.ResponseWriter, r *http.Request) {
	var o changeOrder
	if readControl(w, r, &o) {
		s.answerChange(w, r, &o)
	}
}

func (s *Sim) controlSuspend(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Provider string `json:"provider"`
		Customer string `json:"customer"`
		App      string `json:"app"`
		Comment  string `json:"comment"`
		Lift     bool   `json:"lift"`
	}
	if !readControl(w, r, &in) {
		return
	}
	suspended := !in.Lift
	s.answerChange(w, r, &changeOrder{Provider: in.Provider, Customer: in.Customer, App: in.App, Suspended: &suspended, Comment: &in.Comment})
}

func (s *Sim) answerChange(w http.ResponseWriter, r *http.Request, o *changeOrder) {
	when, err := timingOf(o.Delay)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	in, err := s.named(o.Provider, o.Customer, o.App)
	if err != nil {
		controlError(w, http.StatusNotFound, err)
		return
	}
	all, err := s.change(r.Context(), in, o, when)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	t := tally{}
	t.add(all...)
	writeJSON(w, http.StatusOK, appAnswer{Installation: s.view(in), figures: t.figures()})
}

// change changes an installation and sends what is told of it.
func (s *Sim) change(ctx context.Context, in *installation, o *changeOrder, when timing) ([]appDelivery, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	record, found := in.provider.Get("AppInstance", in.id)
	if !found {
		return nil, errors.New("the installation was removed")
	}
	values, err := s.renewed(ctx, in, o)
	if err != nil {
		return nil, err
	}
	secrets, err := s.secretsLetters(in, values, o.Split)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if len(o.CustomFields) > 0 {
		fields["customFields"] = merged(record, o.CustomFields)
	}
	for name, on := range map[string]*bool{"disabled": o.Disabled, "enabledByCustomer": o.Enabled, "suspended": o.Suspended} {
		if on != nil {
			fields[name] = *on
		}
	}
	if o.Comment != nil {
		fields["suspensionComment"] = *o.Comment
	}
	var change []letter
	if o.Updated {
		s.updateToOffering(in)
	}
	if len(fields) > 0 || o.Updated {
		fields["id"] = in.id
		in.provider.Arrange("AppInstance", fields)
		s.settleSwitches(in)
		record, _ = in.provider.Get("AppInstance", in.id)
		if change, err = s.letters(in, eventUpdate, s.instancePayload(in, record, o.Updated), nil); err != nil {
			return nil, err
		}
	}
	return s.sendOrdered(ctx, change, secrets, when), nil
}

// renewed makes what is to be new, and gives the parts of the secrets delivery.
func (s *Sim) renewed(ctx context.Context, in *installation, o *changeOrder) (map[string]any, error) {
	values := map[string]any{}
	for _, part := range o.Renew {
		grant := grantClient
		switch part {
		case partAuthorization:
			grant = grantAuthorization
		case partApplication, partPolicy:
		default:
			return nil, fmt.Errorf("renew lists %q, %q and %q, and has %q", partApplication, partAuthorization, partPolicy, part)
		}
		if part == partPolicy && in.policy == "" || part != partPolicy && in.applications[grant] == nil {
			return nil, fmt.Errorf("the installation has no %s to renew", part)
		}
	}
	for _, part := range o.Renew {
		switch part {
		case partPolicy:
			if err := s.renewPolicy(ctx, in); err != nil {
				return nil, err
			}
			values[part] = s.policyPart(in, true)
			s.apps.toldIssuer(in, s.baseURL())
		default:
			grant := grantClient
			if part == partAuthorization {
				grant = grantAuthorization
			}
			app := s.newApplication(in, grant, in.applications[grant].scopes)
			s.apps.replace(in, app)
			values[part] = app.delivered()
		}
	}
	if len(o.Secrets) > 0 {
		values[partSecrets] = forCustomer(o.Secrets, in.customer.ID())
	}
	return values, nil
}

// renewPolicy gives the policy of the app's webhook a new key: that of a policy made for it.
func (s *Sim) renewPolicy(ctx context.Context, in *installation) error {
	old, _ := in.customer.Get("WebhookPolicy", in.policy)
	made, err := makePolicy(ctx, in.customer, text(old, "jwtAlg"), "", 0)
	if err != nil {
		return err
	}
	fresh, _ := in.customer.Get("WebhookPolicy", made.ID)
	in.customer.Withdraw("WebhookPolicy", made.ID)
	key := map[string]any{"id": in.policy}
	for _, field := range []string{graph.FieldPrivateKey, graph.FieldPublicKey, graph.FieldSecret} {
		key[field] = fresh[field]
	}
	in.customer.Arrange("WebhookPolicy", key)
	return nil
}

// controlRemove answers POST /sim/remove: the installation goes, with all that it has in the customer account (PLATFORM 7.2 step 9).
func (s *Sim) controlRemove(w http.ResponseWriter, r *http.Request) {
	var o struct {
		Provider string `json:"provider"`
		Customer string `json:"customer"`
		App      string `json:"app"`
	}
	if !readControl(w, r, &o) {
		return
	}
	in, err := s.named(o.Provider, o.Customer, o.App)
	if err != nil {
		controlError(w, http.StatusNotFound, err)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	record, _ := in.provider.Get("AppInstance", in.id)
	payload := s.instancePayload(in, record, false)
	if !s.apps.drop(in) {
		controlError(w, http.StatusNotFound, errors.New("the installation was removed"))
		return
	}
	in.stopped.Store(true)
	for _, rule := range in.customer.All("AutomationRule") {
		if text(rule, fieldInstance) == in.id {
			in.customer.Withdraw("AutomationRule", text(rule, "id"))
		}
	}
	if in.webhook != "" {
		s.hooks.forget(in.customer.ID(), in.webhook)
		in.customer.Withdraw("Webhook", in.webhook)
		in.customer.Withdraw("WebhookPolicy", in.policy)
	}
	in.provider.Withdraw("AppInstance", in.id)
	all, err := s.letters(in, eventDelete, payload, nil)
	if err != nil {
		controlError(w, http.StatusInternalServerError, err)
		return
	}
	t := tally{}
	t.add(s.postLetters(r.Context(), all)...)
	writeJSON(w, http.StatusOK, appAnswer{Provider: in.provider.ID(), figures: t.figures()})
}

func (s *Sim) controlInstallations(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	views := []*installationView{}
	for _, in := range s.apps.find(query.Get("provider"), query.Get("customer"), query.Get("app")) {
		views = append(views, s.view(in))
	}
	writeJSON(w, http.StatusOK, map[string]any{"installations": views})
}
