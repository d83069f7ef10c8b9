package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

// configureOrder is the body of POST /sim/configure: the customer's browser is sent to the app's configuration page
// (PLATFORM 7.2 step 6) and follows where that leads.
type configureOrder struct {
	Provider string `json:"provider"`
	Customer string `json:"customer"`
	App      string `json:"app"`
	URL      string `json:"url"`    // in place of the offering's configurationUriTemplate, with {account}
	Policy   string `json:"policy"` // in place of that of the secrets webhook
}

// configureAnswer is that of /sim/configure.
type configureAnswer struct {
	URLs    []string `json:"urls"` // that the browser went to, signatures and codes included
	Status  int      `json:"status"`
	Body    string   `json:"body"` // of the last page
	Error   string   `json:"error,omitempty"`
	Enabled bool     `json:"enabled"` // the installation is no longer disabled
}

// maxHops is how often a browser is sent on.
const maxHops = 10

// controlConfigure answers POST /sim/configure.
func (s *Sim) controlConfigure(w http.ResponseWriter, r *http.Request) {
	var o configureOrder
	if !readControl(w, r, &o) {
		return
	}
	if err := checkURL("url", strings.ReplaceAll(o.URL, placeholder, "acme")); err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	in, err := s.named(o.Provider, o.Customer, o.App)
	if err != nil {
		controlError(w, http.StatusNotFound, err)
		return
	}
	page, err := s.configurationPage(in, &o)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	answer := s.browse(r.Context(), page)
	record, _ := in.provider.Get("AppInstance", in.id)
	disabled, _ := record["disabled"].(bool)
	answer.Enabled = !disabled
	writeJSON(w, http.StatusOK, answer)
}

// configurationPage is the address of the app's configuration page for an installation, with all its parameters.
func (s *Sim) configurationPage(in *installation, o *configureOrder) (string, error) {
	offering, _ := in.provider.Get("AppOffering", in.offering())
	template := first(o.URL, text(offering, "configurationUriTemplate"))
	if template == "" {
		return "", fmt.Errorf("the app %s has no configuration page: its offering has no configurationUriTemplate, and url is missing", in.app)
	}
	page, err := url.Parse(strings.ReplaceAll(template, placeholder, in.customer.ID()))
	if err != nil {
		return "", err
	}
	hook, policy := s.configurationPolicy(in, o.Policy)
	if policy == "" {
		return "", errors.New("policy is missing: no webhook of the provider account for " + eventSecrets + " is signed by a policy")
	}
	node, err := json.Marshal(in.id)
	if err != nil {
		return "", err
	}
	signature, err := s.seal(&parcel{account: in.provider.ID(), subject: strconv.FormatInt(graph.Number(hook), 10), data: node}, sealing{policy: policy})
	if err != nil {
		return "", err
	}
	record, _ := in.provider.Get("AppInstance", in.id)
	query := page.Query()
	query.Set("nodeID", in.id)
	query.Set("account_id", in.customer.ID())
	query.Set("confirmation_url", s.confirmation(in))
	query.Set("created_at", text(record, "createdAt"))
	query.Set("X-4me-Signature", signature)
	page.RawQuery = query.Encode()
	return page.String(), nil
}

// configurationPolicy is the policy that signs the way to the configuration page: that of the secrets webhook.
func (s *Sim) configurationPolicy(in *installation, order string) (hook, policy string) {
	for _, id := range s.hooks.listening(in.provider.ID(), eventSecrets, in.app) {
		record, _ := in.provider.Get("Webhook", id)
		if policy = related(record, "webhookPolicy"); policy != "" {
			return id, first(order, policy)
		}
	}
	return sampleNode("Webhook", 1), first(order, in.to.policy)
}

// confirmation is where the app sends the customer back to.
func (s *Sim) confirmation(in *installation) string {
	s.apps.mu.Lock()
	defer s.apps.mu.Unlock()
	if in.code == "" {
		in.code = randomHex(16)
	}
	return fmt.Sprintf("%s/app_instances/%d/confirm?code=%s", s.accountURL(in.provider.ID()), graph.Number(in.id), in.code)
}

// browse follows a page as a browser does, without running what is in it.
func (s *Sim) browse(ctx context.Context, page string) configureAnswer {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	answer := configureAnswer{URLs: []string{page}}
	client := &http.Client{Transport: s.courier.client.Transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxHops {
			return fmt.Errorf("it is sent on more than %d times", maxHops)
		}
		answer.URLs = append(answer.URLs, r.URL.String())
		return nil
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		answer.Error = err.Error()
		return answer
	}
	resp, err := client.Do(req)
	if err != nil {
		answer.Error = err.Error()
		return answer
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		answer.Error = err.Error()
	}
	answer.Status, answer.Body = resp.StatusCode, string(body)
	return answer
}

// serveConfirmation is the confirmation_url of an installation: who is sent there has done the app's configuration, and the
// installation is enabled.
func (s *Sim) serveConfirmation(w http.ResponseWriter, r *http.Request, account, number string) {
	for _, in := range s.apps.find(account, "", "") {
		if strconv.FormatInt(graph.Number(in.id), 10) != number {
			continue
		}
		s.apps.mu.Lock()
		code := in.code
		s.apps.mu.Unlock()
		if code == "" || r.URL.Query().Get("code") != code {
			writeMessage(w, http.StatusForbidden, "The code is not that of the installation")
			return
		}
		on := false
		if _, err := s.change(r.Context(), in, &changeOrder{Disabled: &on}, timing{}); err != nil {
			writeMessage(w, http.StatusNotFound, "Not Found")
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("The app is configured and enabled.\n"))
		return
	}
	writeMessage(w, http.StatusNotFound, "Not Found")
}
