package graph

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// appSelection is what a runner reads of an offering (PLATFORM 8.5).
const appSelection = `id name reference cardDescription description descriptionAttachments(first: 100) { nodes { key inline expiringUrl } }
  pictureUri features featuresAttachments(first: 100) { nodes { key inline expiringUrl } } compliance serviceInstance { name }
  webhookUriTemplate configurationUriTemplate oauthAuthorizationEndpoints policyJwtAlg policyJwtAudience policyJwtClaimExpiresIn
  requiresEnabledOauthPerson openidConnectDiscovery disabled published latest source sourceID scopes { id actions effect grantType }
  uiExtensionVersion { id css html javascript formDefinition uiExtension { id category description name title } }
  automationRules(first: 100) { nodes { id name position description generic trigger condition expressions { name value } actions { name value } } }`

// change runs one mutation with an input, and gives its record and the errors as "field: message".
func change(t testing.TB, a *Account, name, record, selection string, input map[string]any) (any, string) {
	t.Helper()
	q := fmt.Sprintf("mutation($input: %s!) { m: %s(input: $input) { errors { path message } r: %s { %s } } }",
		a.world.model.mutations[name].input.Name, name, record, selection)
	r := a.Execute(t.Context(), Caller{}, Request{Query: q, Variables: map[string]any{"input": input}})
	if len(r.Errors) > 0 {
		return nil, r.Errors[0].Message
	}
	m := at(t, decode(t, r.Data), "m")
	var problems []string
	for _, e := range at(t, m, "errors").([]any) {
		problems = append(problems, fmt.Sprint(at(t, e, "path", 1), ": ", at(t, e, "message")))
	}
	return at(t, m, "r"), strings.Join(problems, "; ")
}

// changed is change that must work.
func changed(t testing.TB, a *Account, name, record, selection string, input map[string]any) any {
	t.Helper()
	r, problems := change(t, a, name, record, selection, input)
	if problems != "" {
		t.Fatalf("%s: %s", name, problems)
	}
	return r
}

func offer(t testing.TB, a *Account, more map[string]any) any {
	t.Helper()
	input := map[string]any{"name": "Widget Sync", "serviceInstanceId": a.All("ServiceInstance")[0]["id"]}
	for k, v := range more {
		input[k] = v
	}
	return changed(t, a, "appOfferingCreate", "appOffering", appSelection, input)
}

// Every input of PLATFORM 9.1 can be read back, and what an update leaves out stays.
func TestOfferingFields(t *testing.T) {
	a := smallAccount(t)
	input := map[string]any{"name": "Widget Sync", "serviceInstanceId": a.All("ServiceInstance")[1]["id"], "reference": "wdc_widget",
		"cardDescription": "Keeps widgets in step", "description": "d", "features": "f", "compliance": "c", "pictureUri": "https://example.com/logo.png",
		"disabled": true, "configurationUriTemplate": "https://x.example/{account}", "webhookUriTemplate": "https://y.example/{account}",
		"policyJwtAlg": "es256", "policyJwtAudience": "me", "policyJwtClaimExpiresIn": 5, "openidConnectDiscovery": true,
		"oauthAuthorizationEndpoints": []any{"https://b.example", "https://a.example"}, "requiresEnabledOauthPerson": true, "source": "s", "sourceID": "i"}
	made := changed(t, a, "appOfferingCreate", "appOffering", appSelection, input)
	id := at(t, made, "id")
	changed(t, a, "appOfferingUpdate", "appOffering", "id", map[string]any{"id": id, "compliance": "C"})
	got := must(t, a, `{ appOfferings(first: 1, filter: {published: false, reference: {values: ["wdc_widget"]}}) { nodes { `+appSelection+` } } }`, "")
	node := at(t, got, "appOfferings", "nodes", 0)
	for field, want := range input {
		switch field {
		case "serviceInstanceId":
			field, want = "serviceInstance", map[string]any{"name": a.All("ServiceInstance")[1]["name"]}
		case "compliance":
			want = "C"
		}
		if got := at(t, node, field); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, not %v", field, got, want)
		}
	}
	if at(t, node, "published") != false || at(t, node, "latest") != true {
		t.Errorf("a draft is unpublished and the latest: %v", node)
	}
}

func TestOfferingProblems(t *testing.T) {
	a := smallAccount(t)
	id := at(t, offer(t, a, map[string]any{"reference": "wdc_taken"}), "id")
	other := at(t, offer(t, a, map[string]any{"name": "Other", "newScopes": []any{map[string]any{"actions": []any{"ci:Read"}}}}), "scopes", 0, "id")
	long := strings.Repeat("é", 256)
	for _, c := range []struct {
		input map[string]any
		want  string
	}{
		{map[string]any{"cardDescription": long[:510]}, ""},
		{map[string]any{"cardDescription": long}, "cardDescription: Card description is too long (maximum is 255 characters)"},
		{map[string]any{"webhookUriTemplate": long}, "webhookUriTemplate: Webhook uri template is too long (maximum is 255 characters)"},
		{map[string]any{"configurationUriTemplate": long}, "configurationUriTemplate: Configuration uri template is too long (maximum is 255 characters)"},
		{map[string]any{"reference": long}, "reference: Reference is too long (maximum is 161 characters)"},
		{map[string]any{"reference": " "}, "reference: Reference can't be blank"},
		{map[string]any{"name": ""}, "name: Name can't be blank"},
		{map[string]any{"serviceInstanceId": nil}, "serviceInstanceId: Service instance can't be blank"},
		{map[string]any{"serviceInstanceId": id}, "serviceInstanceId: Service instance not found: no ServiceInstance has the id"},
		{map[string]any{"uiExtensionId": "nope"}, "uiExtensionId: Ui extension not found"},
		{map[string]any{"newScopes": []any{map[string]any{"actions": []any{"request:Read", "product-category:Create"}}}}, ""},
		{map[string]any{"newScopes": []any{map[string]any{"actions": []any{"request:read"}}}}, "newScopes: Actions has \"request:read\""},
		{map[string]any{"newScopes": []any{map[string]any{"id": other, "actions": []any{"ci:Read"}}}}, "newScopes: New scopes has the id"},
		{map[string]any{"pictureUri": "logo.png"}, "pictureUri: Picture URI must be an http, https or data URI"},
		{map[string]any{"pictureUri": "data:image/png;base64,iVBORw0KGgo="}, ""},
		{map[string]any{"pictureUri": "data:image/png,abc"}, "pictureUri: Picture URI is no data URI with base64"},
		{map[string]any{"pictureUri": "data:text/html;base64,YQ=="}, "pictureUri: Picture URI has the type \"text/html\", allowed are image/gif"},
		{map[string]any{"pictureUri": "data:image/png;base64,###"}, "pictureUri: Picture URI has content that is no base64"},
		{map[string]any{"pictureUri": "data:image/png;base64," + strings.Repeat("AAAA", 1<<19)}, "pictureUri: Picture URI is too long"},
		{map[string]any{"pictureUri": nil}, ""},
	} {
		c.input["id"] = id
		if _, got := change(t, a, "appOfferingUpdate", "appOffering", "id", c.input); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%.80v: %q, not %q", c.input, got, c.want)
		}
	}
	if record, _ := a.Get("AppOffering", id.(string)); record["name"] != "Widget Sync" || record["pictureUri"] != nil {
		t.Errorf("after it all: %v", record)
	}
}

// A reference is unique over all accounts, has a default, and stays once the offering was published.
func TestOfferingReference(t *testing.T) {
	w := newWorld(t, Options{})
	a, b := w.Account("wdc"), w.Account("acme")
	one := offer(t, a, nil)
	if got := at(t, one, "reference"); got != "wdc_widget_sync" {
		t.Errorf("default: %v", got)
	}
	take := func(a *Account, reference string) string {
		_, problems := change(t, a, "appOfferingCreate", "appOffering", "id",
			map[string]any{"name": "X", "reference": reference, "serviceInstanceId": a.All("ServiceInstance")[0]["id"]})
		return problems
	}
	const taken = "reference: Reference has already been taken"
	if take(b, "wdc_widget_sync") != taken || take(a, "wdc_widget_sync") != taken || take(b, "free") != "" {
		t.Error("of two offerings with one reference, the second is refused, and no other")
	}
	rename := func(reference string) string {
		_, problems := change(t, a, "appOfferingUpdate", "appOffering", "id", map[string]any{"id": at(t, one, "id"), "reference": reference})
		return problems
	}
	if got := rename("free"); got != taken {
		t.Errorf("renamed to a taken one: %q", got)
	}
	if got := rename("better"); got != "" {
		t.Errorf("renamed: %q", got)
	}
	if got := take(b, "wdc_widget_sync"); got != "" {
		t.Errorf("the old one is free: %q", got)
	}
	// An input with another problem takes no reference.
	if _, problems := change(t, a, "appOfferingUpdate", "appOffering", "id", map[string]any{"id": at(t, one, "id"), "reference": "wanted", "name": ""}); problems == "" {
		t.Error("a blank name is accepted")
	}
	if got := take(b, "wanted"); got != "" {
		t.Errorf("a refused input has taken the reference: %q", got)
	}
	changed(t, a, "appOfferingPublish", "appOffering", "id", map[string]any{"id": at(t, one, "id")})
	if got := rename("later"); got != "reference: Reference can't be changed after the app offering was published" {
		t.Errorf("renamed after it was published: %q", got)
	}
	if got := rename("better"); got != "" {
		t.Errorf("the same reference: %q", got)
	}
	// What Put writes counts too.
	put := b.Put("AppOffering", map[string]any{"name": "P", "reference": "put"})
	if take(a, "put") != taken {
		t.Error("a reference that was put is free")
	}
	if b.Delete("AppOffering", put); take(a, "put") != "" {
		t.Error("the reference of what is deleted is taken")
	}
}

// Of many who take one reference at once, in several accounts, one gets it.
func TestOfferingReferenceAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	var wg sync.WaitGroup
	var made atomic.Int32
	for i := range 8 {
		a := w.Account(fmt.Sprint("a", i%4))
		wg.Go(func() {
			r := a.Execute(t.Context(), Caller{}, Request{Query: fmt.Sprintf(`mutation { appOfferingCreate(input: {name: "X", reference: "one", serviceInstanceId: %q}) { appOffering { id } errors { message } } }`,
				a.All("ServiceInstance")[0]["id"])})
			if strings.Contains(string(r.Data), `"errors":[]`) {
				made.Add(1)
			} else if !strings.Contains(string(r.Data), "already been taken") {
				t.Errorf("neither made nor taken: %s %v", r.Data, r.Errors)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d offerings have the reference", made.Load())
	}
}

// The draft stays what it is when it is published; the published version no longer changes with it.
func TestOfferingPublish(t *testing.T) {
	a := smallAccount(t)
	ext := changed(t, a, "uiExtensionCreate", "uiExtension", "id activeVersion { id }", map[string]any{"name": "U", "category": "app_offering", "html": "<a>", "activate": true})
	draft := offer(t, a, map[string]any{"cardDescription": "one", "uiExtensionId": at(t, ext, "id"), "source": "s", "sourceID": "i",
		"newScopes": []any{map[string]any{"grantType": "client_credentials", "actions": []any{"ci:Read"}}}})
	id := at(t, draft, "id")
	rule := map[string]any{"appOfferingId": id, "name": "R", "trigger": "on create", "condition": "true"}
	changed(t, a, "appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", rule)
	publish := func() any {
		return changed(t, a, "appOfferingPublish", "appOffering", appSelection, map[string]any{"id": id})
	}
	find := func(filter string) string {
		got := must(t, a, `{ appOfferings(filter: {reference: {values: ["wdc_widget_sync"]}, `+filter+`}) { nodes { id cardDescription published latest } } }`, "")
		return strings.Join(texts(t, at(t, got, "appOfferings", "nodes"), "cardDescription"), " ")
	}
	first := publish()
	if at(t, first, "published") != true || at(t, first, "latest") != true || at(t, first, "id") == id {
		t.Errorf("published: %v", first)
	}
	if s := fmt.Sprint(at(t, first, "scopes", 0, "actions"), at(t, first, "automationRules", "nodes", 0, "name"), at(t, first, "uiExtensionVersion", "html"), at(t, first, "serviceInstance")); !strings.HasPrefix(s, "[ci:Read] R <a> map[") && !strings.HasPrefix(s, "[ci:Read]R<a>map[") {
		t.Errorf("what belongs to it: %s", s)
	}
	changed(t, a, "appOfferingUpdate", "appOffering", "id", map[string]any{"id": id, "cardDescription": "two", "source": "s", "sourceID": "i",
		"scopesToDelete": []any{at(t, draft, "scopes", 0, "id")}})
	if got := find("published: false"); got != "two" {
		t.Errorf("draft: %s", got)
	}
	if got := find("published: true"); got != "one" {
		t.Errorf("published: %s", got)
	}
	second := publish()
	if got := find("published: true, latest: true"); got != "two" {
		t.Errorf("latest: %s", got)
	}
	if got := find("published: true, latest: false"); got != "one" {
		t.Errorf("older: %s", got)
	}
	if got := find("latest: true"); got != "two two" {
		t.Errorf("draft and latest: %s", got)
	}
	if len(at(t, second, "scopes").([]any)) != 0 || at(t, second, "automationRules", "nodes", 0, "id") == at(t, first, "automationRules", "nodes", 0, "id") {
		t.Errorf("second: %v", second)
	}
	// A published version and its rules stay as they are.
	const refused = "cannot be changed: change its draft"
	published := at(t, first, "id")
	for name, input := range map[string]map[string]any{
		"appOfferingUpdate":               {"id": published, "name": "N"},
		"appOfferingAutomationRuleCreate": {"appOfferingId": published, "name": "R", "trigger": "t", "condition": "true"},
		"appOfferingAutomationRuleUpdate": {"id": at(t, first, "automationRules", "nodes", 0, "id"), "name": "N"},
	} {
		if _, got := change(t, a, name, lowerFirst(a.world.model.mutations[name].typ.name), "id", input); !strings.HasSuffix(got, refused) {
			t.Errorf("%s: %q", name, got)
		}
	}
	r := must(t, a, fmt.Sprintf(`mutation { d: appOfferingAutomationRuleDelete(input: {id: %q}) { errors { message } } }`, at(t, first, "automationRules", "nodes", 0, "id")), "")
	if !strings.Contains(fmt.Sprint(r), refused) {
		t.Errorf("delete: %v", r)
	}
	if _, got := change(t, a, "appOfferingPublish", "appOffering", "id", map[string]any{"id": published}); got != "id: Only the draft of an app offering can be published" {
		t.Errorf("published again: %q", got)
	}
}

// Scopes keep their ids and their order: an element with an id changes that scope, one without is new (PLATFORM 8.6 step 6).
func TestScopesOfOffering(t *testing.T) {
	a := smallAccount(t)
	scope := func(id any, actions ...any) map[string]any {
		return map[string]any{"id": id, "grantType": "client_credentials", "actions": actions}
	}
	made := offer(t, a, map[string]any{"newScopes": []any{scope(nil, "request:Read", "ci:Read"), scope(nil, "person:Read"), scope(nil, "team:Read")}})
	ids := texts(t, at(t, made, "scopes"), "id")
	if at(t, made, "scopes", 0, "effect") != "allow" {
		t.Errorf("the default of effect: %v", at(t, made, "scopes", 0))
	}
	got := changed(t, a, "appOfferingUpdate", "appOffering", "scopes { id actions grantType }", map[string]any{"id": at(t, made, "id"),
		"newScopes": []any{scope(ids[0], "ci:Read", "request:Update"), scope(nil, "site:Read")}, "scopesToDelete": []any{ids[1]}})
	shown := fmt.Sprint(at(t, got, "scopes"))
	for _, id := range ids {
		shown = strings.ReplaceAll(shown, id, fmt.Sprint("#", indexOf(ids, id)))
	}
	if !strings.HasPrefix(shown, "[map[actions:[ci:Read request:Update] grantType:client_credentials id:#0] map[actions:[team:Read] grantType:client_credentials id:#2] map[actions:[site:Read]") {
		t.Errorf("scopes: %s", shown)
	}
}

func indexOf(list []string, s string) int {
	for i, e := range list {
		if e == s {
			return i
		}
	}
	return -1
}
