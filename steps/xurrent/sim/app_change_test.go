package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/sim/graph"
)

// refused asks an endpoint under /sim/ what it must refuse.
func (s *service) refused(path string, in map[string]any) answer {
	s.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		s.Fatal(err)
	}
	a := s.do("POST", path, string(b), "Content-Type", "application/json")
	if a.status < 400 || a.status > 499 {
		s.Errorf("%s is not refused: %d %s", path, a.status, a.body)
	}
	return a
}

// told are the parts of the next secrets delivery.
func (p *provided) told() (payload map[string]any) {
	p.Helper()
	payload, _ = p.said(p.hooks[eventSecrets].next(p.T), eventSecrets)["payload"].(map[string]any)
	return payload
}

// credentials are those of the next secrets delivery.
func (p *provided) credentials() (id, secret string) {
	p.Helper()
	return credentialsIn(p.told(), partApplication)
}

func credentialsIn(payload map[string]any, part string) (id, secret string) {
	app, _ := payload[part].(map[string]any)
	return text(app, "client_id"), text(app, "client_secret")
}

// exchange asks for a token.
func (s *service) exchange(id, secret string) answer {
	s.Helper()
	return s.do("POST", "/oauth/token", url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"client_credentials"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
}

// The credentials of an installation are good for the customer's account, and there for what the offering's scopes allow.
func TestCredentialsOfAnInstallation(t *testing.T) {
	s := provide(t, Options{Credentials: map[string]string{"known": "one"}})
	s.offer("acme_widget", "", allow("client_credentials", "request:Read"), allow("authorization_code", "me:Read"))
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex"}, nil)
	payload := s.told()
	id, secret := credentialsIn(payload, partApplication)
	token := "Bearer " + s.token(id, secret)
	in := func(account, query string) answer {
		return s.query(query, "X-Xurrent-Account", account, "Authorization", token)
	}
	in("globex", "{requests(first:1){nodes{id}}}").is(t, 200, `"data":{"requests"`)
	in("globex", "{people(first:1){nodes{id}}}").is(t, 200, "person:Read")
	in("acme", "{requests(first:1){nodes{id}}}").is(t, 403, "no access to the account acme")
	s.do("GET", "/introspect", "", "Authorization", token).is(t, 200, `["request:Read"]`)
	s.exchange(id, "wrong").is(t, 401, "invalid_client")
	s.exchange(clientPrefix+"1", secret).is(t, 401, "invalid_client")
	person, personSecret := credentialsIn(payload, partAuthorization)
	s.exchange(person, "wrong").is(t, 401, "invalid_client")
	s.exchange(person, personSecret).is(t, 400, "unauthorized_client")
	s.exchange("known", "one").is(t, 200)

	// What is made anew takes the place of the old.
	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "renew": []string{partApplication}}, nil)
	again, other := s.credentials()
	in("globex", "{me{id}}").is(t, 401)
	s.exchange(id, secret).is(t, 401, "invalid_client")
	s.exchange(again, other).is(t, 200)
	s.refused("/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "renew": []string{partPolicy}}).is(t, 400, "no policy to renew")
}

// Each of the three switches stops rules, webhook and tokens, whoever moves it (PLATFORM 7.2 step 8).
func TestSwitchesOfAnInstallation(t *testing.T) {
	s := provide(t, Options{})
	r := receive(t, always(200))
	s.offer("acme_widget", r.URL+"?customer_account_id={account}", allow("client_credentials"))
	var out told
	named := map[string]any{"app": "acme_widget", "customer": "globex"}
	s.control("POST", "/sim/install", named, &out)
	s.hooks[eventCreate].next(t)
	id, secret := s.credentials()
	token := "Bearer " + s.token(id, secret)
	globex, _ := s.sim.Account("globex")
	expect := func(what string, runs bool, stopped string) {
		t.Helper()
		status := map[bool]int{true: 200, false: 401}[runs]
		s.exchange(id, secret).is(t, status)
		s.query("{me{id}}", "X-Xurrent-Account", "globex", "Authorization", token).is(t, status)
		if hook, _ := globex.Get("Webhook", out.Installation.Webhook); hook["disabled"] == runs {
			t.Errorf("%s: the webhook is disabled: %v", what, hook["disabled"])
		}
		if runs {
			s.control("POST", "/sim/automation", named, nil)
			r.next(t)
			return
		}
		s.refused("/sim/automation", named).is(t, 409, "the installation is "+stopped)
	}
	told := func(what string, want map[string]any) {
		t.Helper()
		payload, _ := s.said(s.hooks[eventUpdate].next(t), eventUpdate)["payload"].(map[string]any)
		for k, v := range want {
			if payload[k] != v {
				t.Errorf("%s: %s is told as %v instead of %v", what, k, payload[k], v)
			}
		}
	}
	expect("installed", true, "")
	s.control("POST", "/sim/suspend", map[string]any{"app": "acme_widget", "customer": "globex", "comment": "unpaid"}, nil)
	told("suspended", map[string]any{"suspended": true, "disabled": false})
	expect("suspended", false, "suspended")
	s.query(`{appInstances(first:1){nodes{suspended suspensionComment}}}`).is(t, 200, `"suspended":true,"suspensionComment":"unpaid"`)
	s.control("POST", "/sim/suspend", map[string]any{"app": "acme_widget", "customer": "globex", "lift": true}, nil)
	told("lifted", map[string]any{"suspended": false})
	expect("lifted", true, "")

	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "enabled_by_customer": false, "disabled": true}, nil)
	told("both", map[string]any{"enabled_by_customer": false, "disabled": true})
	expect("both", false, "not enabled by the customer, disabled by the provider")
	var made struct{ ID string }
	s.mutate("appInstanceUpdate", "appInstance", "id", map[string]any{"id": out.Installation.AppInstance, "enabledByCustomer": true, "disabled": false}, &made)
	told("by mutation", map[string]any{"enabled_by_customer": true, "disabled": false})
	expect("by mutation", true, "")
	s.mutate("appInstanceUpdate", "appInstance", "id", map[string]any{"id": out.Installation.AppInstance, "suspended": true, "suspensionComment": "x",
		"customFields": []map[string]any{{"id": "color", "value": "blue"}}}, &made)
	told("suspended by mutation", map[string]any{"suspended": true})
	expect("suspended by mutation", false, "suspended")
}

// An update tells what changed: the instance, the secrets that were entered anew, the new version of the offering.
func TestInstallationChanges(t *testing.T) {
	s := provide(t, Options{})
	s.offer("acme_widget", "https://run.example.com/?customer_account_id={account}", allow("client_credentials"))
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex", "custom_fields": map[string]any{"color": "red", "size": 3}}, nil)
	was, _ := s.told()[partPolicy].(map[string]any)
	var out told
	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "custom_fields": map[string]any{"color": "blue", "size": nil, "new": true},
		"offering_updated": true}, &out)
	payload, _ := s.said(s.hooks[eventUpdate].next(t), eventUpdate)["payload"].(map[string]any)
	app, _ := payload["app_offering"].(map[string]any)
	if app["updated"] != true || out.Count != 1 {
		t.Errorf("%+v, %v", out, payload)
	}
	s.query(`{appInstances(first:1){nodes{customFields{id value}}}}`).is(t, 200, `[{"id":"color","value":"blue"},{"id":"new","value":true}]`)

	// What the offering has become since reaches the installation with the update only.
	acme, _ := s.sim.Account("acme")
	globex, _ := s.sim.Account("globex")
	offering := text(acme.All("AppOffering")[0], "id")
	var made struct{ ID string }
	s.mutate("appOfferingUpdate", "appOffering", "id", map[string]any{"id": offering, "webhookUriTemplate": "https://two.example.com/{account}"}, &made)
	s.mutate("appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", map[string]any{"appOfferingId": offering, "name": "Added", "generic": "request",
		"trigger": "on create", "condition": "true"}, &made)
	if hook := globex.All("Webhook")[0]; len(globex.All("AutomationRule")) != 0 || hook["uri"] != "https://run.example.com/?customer_account_id=globex" {
		t.Errorf("before the update: %v", hook)
	}
	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "offering_updated": true}, nil)
	s.hooks[eventUpdate].next(t)
	if hook := globex.All("Webhook")[0]; len(globex.All("AutomationRule")) != 1 || hook["uri"] != "https://two.example.com/globex" {
		t.Errorf("after the update: %v", hook)
	}

	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "secrets": map[string]any{"k": "v"}, "renew": []string{"policy"}}, &out)
	payload, _ = s.said(s.hooks[eventSecrets].next(t), eventSecrets)["payload"].(map[string]any)
	policy, _ := payload[partPolicy].(map[string]any)
	secrets, _ := payload[partSecrets].(map[string]any)
	if out.Count != 1 || secrets["k"] != "v" || payload[partApplication] != nil || policy["nodeID"] != was["nodeID"] || policy["public_key"] == was["public_key"] || len(s.hooks[eventUpdate].got) != 0 {
		t.Errorf("%+v, %v", out, payload)
	}
	r := receive(t, always(200))
	s.control("POST", "/sim/automation", map[string]any{"app": "acme_widget", "customer": "globex", "url": r.URL}, nil)
	opened(t, r.next(t), "ES256", publicKey("ES256", text(policy, "public_key")))
}

// Removing an app ends all that it had in the customer account, and the provider is told the last state.
func TestRemoval(t *testing.T) {
	s := provide(t, Options{})
	s.offer("acme_widget", "https://run.example.com/?customer_account_id={account}", allow("client_credentials"))
	named := map[string]any{"app": "acme_widget", "customer": "globex"}
	var out, gone told
	s.control("POST", "/sim/install", named, &out)
	id, secret := s.credentials()
	token := "Bearer " + s.token(id, secret)
	s.query("{me{id}}", "X-Xurrent-Account", "globex", "Authorization", token).is(t, 200)
	s.control("POST", "/sim/remove", named, &gone)
	said := s.said(s.hooks[eventDelete].next(t), eventDelete)
	payload, _ := said["payload"].(map[string]any)
	if gone.Count != 1 || said["object_nodeID"] != out.Installation.AppInstance || payload["customer_account_id"] != "globex" || payload["enabled_by_customer"] != true {
		t.Errorf("%+v, %v", gone, said)
	}
	s.query("{me{id}}", "X-Xurrent-Account", "globex", "Authorization", token).is(t, 401)
	s.do("GET", "/introspect", "", "Authorization", token).is(t, 401)
	s.exchange(id, secret).is(t, 401, "invalid_client")
	s.refused("/sim/automation", named).is(t, 404, "not installed for globex: POST /sim/install")
	s.query(`{appInstances(first:1){totalCount}}`).is(t, 200, `"totalCount":0`)
	globex, _ := s.sim.Account("globex")
	if n := len(globex.All("Webhook")) + len(globex.All("WebhookPolicy")) + len(globex.All("AutomationRule")); n != 0 {
		t.Errorf("%d records are left in the customer account", n)
	}
	var state struct{ Webhooks []webhookView }
	s.control("GET", "/sim/state", nil, &state)
	for _, hook := range state.Webhooks {
		if hook.Account == "globex" {
			t.Errorf("left: %+v", hook)
		}
	}
	s.control("POST", "/sim/install", named, &out)
	if again, _ := s.credentials(); again == id {
		t.Error("the next installation has the same credentials")
	}
}

// The configuration page is opened with the parameters of PLATFORM 7.2 step 6; the way back enables the installation.
func TestConfiguration(t *testing.T) {
	s := provide(t, Options{})
	var query url.Values
	back := true
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		if back {
			http.Redirect(w, r, query.Get("confirmation_url"), http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("a form"))
	}))
	t.Cleanup(page.Close)
	named := map[string]any{"app": "acme_widget", "customer": "globex"}
	s.offer("acme_widget", "", allow("client_credentials"))
	var out told
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex", "disabled": true}, &out)
	if out.Installation.Stopped != "disabled by the provider" {
		t.Errorf("%+v", out)
	}
	s.refused("/sim/configure", named).is(t, 400, "no configurationUriTemplate")
	s.do("GET", fmt.Sprintf("/accounts/acme/app_instances/%d/confirm", graph.Number(out.Installation.AppInstance)), "").is(t, 403)
	acme, _ := s.sim.Account("acme")
	acme.Put("AppOffering", map[string]any{"id": text(acme.All("AppOffering")[0], "id"), "configurationUriTemplate": page.URL + "/in/{account}?page=1"})
	var answer configureAnswer
	s.control("POST", "/sim/configure", named, &answer)
	instance, _ := acme.Get("AppInstance", out.Installation.AppInstance)
	claims := jwt.MapClaims{}
	if _, err := parser.ParseWithClaims(query.Get("X-4me-Signature"), claims, publicKey("ES256", s.subs[eventSecrets].pem)); err != nil {
		t.Fatal(err)
	}
	if claims["data"] != out.Installation.AppInstance || claims["iss"] != s.base+"/accounts/acme" || query.Get("nodeID") != out.Installation.AppInstance ||
		query.Get("account_id") != "globex" || query.Get("created_at") != instance["createdAt"] || query.Get("page") != "1" {
		t.Errorf("claims %v, query %v", claims, query)
	}
	if !answer.Enabled || answer.Status != 200 || len(answer.URLs) != 2 || !strings.HasPrefix(answer.URLs[0], page.URL+"/in/globex?") || answer.URLs[1] != query.Get("confirmation_url") {
		t.Errorf("%+v", answer)
	}
	payload, _ := s.said(s.hooks[eventUpdate].next(t), eventUpdate)["payload"].(map[string]any)
	if payload["disabled"] != false || graph.Number(out.Installation.AppInstance) == 0 {
		t.Errorf("told: %v", payload)
	}

	back = false
	s.control("POST", "/sim/update", map[string]any{"app": "acme_widget", "customer": "globex", "disabled": true}, nil)
	s.control("POST", "/sim/configure", named, &answer)
	if answer.Enabled || answer.Body != "a form" {
		t.Errorf("without the way back: %+v", answer)
	}
	confirm := strings.Split(query.Get("confirmation_url"), "code=")[0]
	s.do("GET", confirm+"code=wrong", "").is(t, 403)
	s.do("GET", query.Get("confirmation_url"), "").is(t, 200, "enabled")
}
