package graph

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
)

func TestNoteCreate(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.Account("wdc")
	w.SetHooks(Hooks{AttachmentExists: func(key string) (int64, bool) { return 42, key == "attachments/5/x/d.png" }})
	var changes []Change
	w.Watch(func(c Change) { changes = append(changes, c) })
	request := a.All("Request")[0]["id"].(string)
	q := `mutation($input: NoteCreateInput!) { noteCreate(input: $input) { errors { path message } note { id text internal person { id } textAttachments { nodes { key inline filename size } } } } }`
	got := must(t, a, q, `{"input": {"ownerId": "`+request+`", "text": "see ![d](attachments/5/x/d.png)", "attachments": [{"key": "attachments/5/x/d.png", "inline": true}]}}`)
	note := at(t, got, "noteCreate", "note")
	if s := fmt.Sprint(at(t, note, "textAttachments", "nodes")); s != "[map[filename:d.png inline:true key:attachments/5/x/d.png size:42]]" {
		t.Errorf("attachments %s", s)
	}
	notes := at(t, must(t, a, `{ node(id: "`+request+`") { ... on Request { notes(last: 1) { nodes { id text } } } } }`, ""), "node", "notes", "nodes")
	if at(t, notes, 0, "id") != at(t, note, "id") {
		t.Errorf("the request's last note is %v", notes)
	}
	if len(changes) != 1 || changes[0].Type != "Note" || changes[0].Action != ActionCreate || changes[0].OwnerType != "Request" || changes[0].OwnerID != request || changes[0].After["text"] == "" {
		t.Errorf("changes %+v", changes)
	}
	got = must(t, a, q, `{"input": {"ownerId": "`+request+`", "text": "x", "attachments": [{"key": "attachments/5/x/other.png"}]}}`)
	if s := fmt.Sprint(at(t, got, "noteCreate")); !strings.Contains(s, "Attachment not found") || len(changes) != 1 {
		t.Errorf("an unknown key: %s", s)
	}
}

func TestAttachmentsOfRichText(t *testing.T) {
	a := smallAccount(t)
	got := must(t, a, `mutation { personCreate(input: {name: "N", primaryEmail: "n@x", information: "i", informationAttachments: [{key: "attachments/1/a.csv", size: 7}]}) {
	  errors { message } person { information informationAttachments { totalCount nodes { key size inline } } } } }`, "")
	if s := fmt.Sprint(at(t, got, "personCreate", "person")); s != "map[information:i informationAttachments:map[nodes:[map[inline:false key:attachments/1/a.csv size:7]] totalCount:1]]" {
		t.Error(s)
	}
}

func TestWebhookPolicyKeys(t *testing.T) {
	a := smallAccount(t)
	for _, alg := range []string{"es256", "es384", "es512", "rs256", "hs256"} {
		got := must(t, a, `mutation { webhookPolicyCreate(input: {jwtAlg: "`+alg+`"}) { errors { message } webhookPolicy { __typename id jwtAlg publicKeyPem account { url } } } }`, "")
		policy := at(t, got, "webhookPolicyCreate", "webhookPolicy")
		id := at(t, policy, "id").(string)
		record, _ := a.Get("WebhookPolicy", id)
		public, _ := at(t, policy, "publicKeyPem").(string)
		if at(t, policy, "account", "url") != "https://wdc.xurrent.com" || at(t, policy, "jwtAlg") != alg {
			t.Errorf("policy %v", policy)
		}
		if alg == "hs256" {
			if public != "" || len(record[FieldSecret].(string)) != 64 {
				t.Errorf("%s: %q %v", alg, public, record)
			}
			continue
		}
		block, _ := pem.Decode([]byte(record[FieldPrivateKey].(string)))
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		block, _ = pem.Decode([]byte(public))
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		switch private := private.(type) {
		case *ecdsa.PrivateKey:
			if !private.PublicKey.Equal(key) || alg != fmt.Sprint("es", map[int]int{256: 256, 384: 384, 521: 512}[private.Curve.Params().BitSize]) {
				t.Errorf("%s: keys do not fit", alg)
			}
		case *rsa.PrivateKey:
			if !private.PublicKey.Equal(key) || !strings.HasPrefix(alg, "rs") {
				t.Errorf("%s: keys do not fit", alg)
			}
		}
		// Nothing but the answer of the mutation shows a key.
		for _, q := range []string{`{ webhookPolicies { nodes { publicKeyPem } } }`, `{ webhookPolicies { nodes { privateKeyPem } } }`,
			`mutation { webhookPolicyCreate(input: {jwtAlg: es256}) { webhookPolicy { privateKeyPem } } }`} {
			if r := ask(t, a, q, ""); len(r.Errors) == 0 || r.Errors[0].Extensions["code"] != "undefinedField" {
				t.Errorf("%s: %s", q, r.Data)
			}
		}
		if r := ask(t, a, `{ node(id: "`+id+`") { id ... on WebhookPolicyCreateResponse { publicKeyPem } } }`, ""); strings.Contains(string(r.Data), "PUBLIC") {
			t.Errorf("node shows %s", r.Data)
		}
	}
}

const discovery = `mutation($input: DiscoveredConfigurationItemsInput!) { d: discoveredConfigurationItems(input: $input) { errors { path message }
  configurationItems { sourceID name product { name productCategory { reference } } } asyncQuery { status resultUrl resultCount } } }`

func discoveryInput(n int) string {
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"name": "CI %d", "sourceID": "ci-%d", "serialNr": "%d"}`, i, i, i))
	}
	return `{"input": {"source": "scan", "physicalAssets": [{"name": "Laptop", "reference": "laptop", "products": [
	  {"brand": "B", "model": "M", "name": "B M", "sourceID": "p1", "configurationItems": [` + strings.Join(items, ",") + `]}]}]}}`
}

func TestDiscoveryAtOnce(t *testing.T) {
	a := smallAccount(t)
	got := must(t, a, discovery, discoveryInput(2))["d"]
	want := "[map[name:CI 0 product:map[name:B M productCategory:map[reference:laptop]] sourceID:ci-0] map[name:CI 1 product:map[name:B M productCategory:map[reference:laptop]] sourceID:ci-1]]"
	if s := fmt.Sprint(at(t, got, "configurationItems")); s != want || at(t, got, "asyncQuery", "status") != "completed" {
		t.Errorf("got %v", got)
	}
	n := a.Records()
	must(t, a, discovery, discoveryInput(2)) // the same again changes and adds nothing but the asyncQuery
	if a.Records() != n+1 {
		t.Errorf("%d records, then %d", n, a.Records())
	}
	if s := fmt.Sprint(at(t, must(t, a, discovery, discoveryInput(101)), "d", "errors")); !strings.Contains(s, "hold 101 configuration items: at most 100") {
		t.Errorf("101 items: %s", s)
	}
}

func TestDiscoveryLater(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.Account("wdc")
	var later func() Response
	w.SetHooks(Hooks{Async: func(account string, result func() Response) string {
		later = result
		a.Records() // no lock is held
		return "https://storage.example/" + account
	}})
	before := len(a.All("ConfigurationItem"))
	got := must(t, a, discovery, discoveryInput(3))["d"]
	if s := fmt.Sprint(got); s != "map[asyncQuery:map[resultCount:<nil> resultUrl:https://storage.example/wdc status:queued] configurationItems:<nil> errors:[]]" {
		t.Errorf("at first: %s", s)
	}
	if len(a.All("ConfigurationItem")) != before {
		t.Error("the items are there already")
	}
	first, second := later(), later()
	data := at(t, decode(t, first.Data), "d")
	if len(first.Errors) > 0 || len(at(t, data, "configurationItems").([]any)) != 3 || at(t, data, "asyncQuery", "resultCount") != 3.0 || string(first.Data) != string(second.Data) {
		t.Errorf("later: %v %s", first.Errors, first.Data)
	}
	if n := len(a.All("ConfigurationItem")); n != before+3 {
		t.Errorf("%d items, was %d", n, before)
	}
}

func TestUiExtensionVersions(t *testing.T) {
	a := smallAccount(t)
	got := must(t, a, `mutation { uiExtensionCreate(input: {name: "U", category: "app_offering", html: "<a>", formDefinition: {a: [1]}, activate: true}) { errors { message } uiExtension { id activeVersion { id versionNr status html formDefinition } } } }`, "")
	ext := at(t, got, "uiExtensionCreate", "uiExtension")
	if s := fmt.Sprint(at(t, ext, "activeVersion")); !strings.HasPrefix(s, "map[formDefinition:map[a:[1]] html:<a>") || !strings.HasSuffix(s, "status:active versionNr:1]") {
		t.Error(s)
	}
	got = must(t, a, `mutation { uiExtensionUpdate(input: {id: "`+at(t, ext, "id").(string)+`", html: "<b>", activate: true}) { uiExtension { activeVersion { html versionNr } versions { nodes { versionNr status } } } } }`, "")
	if s := fmt.Sprint(at(t, got, "uiExtensionUpdate", "uiExtension")); s != "map[activeVersion:map[html:<b> versionNr:2] versions:map[nodes:[map[status:archived versionNr:1] map[status:active versionNr:2]]]]" {
		t.Error(s)
	}
}

func TestChangesInOrder(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.Account("wdc")
	var got []string
	w.Watch(func(c Change) {
		got = append(got, fmt.Sprint(c.Type, " ", c.Action, " ", c.Before["name"], " ", c.After["name"], " ", c.Person != ""))
		if c.Type == "Team" && c.Action == ActionCreate { // a watcher may change records itself
			a.Put("Site", map[string]any{"name": "S"})
		}
	})
	m := must(t, a, `mutation { a: teamCreate(input: {name: "T"}) { team { id } } b: webhookCreate(input: {event: "request.create", uri: "https://x"}) { webhook { id name } } }`, "")
	must(t, a, fmt.Sprintf(`mutation { teamUpdate(input: {id: %q, name: "U"}) { team { id } } webhookDelete(input: {id: %q}) { success } teamCreate(input: {name: ""}) { team { id } } }`, at(t, m, "a", "team", "id"), at(t, m, "b", "webhook", "id")), "")
	want := "[Team create <nil> T true Webhook create <nil> request.create true Site create <nil> S false Team update T U true Webhook delete request.create <nil> true]"
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestHooksOfRoots(t *testing.T) {
	w := newWorld(t, Options{AccountURL: func(id string) string { return "http://127.0.0.1/" + id }})
	a := w.Account("wdc")
	q := `{ attachmentStorage { uploadUri provider providerParameters sizeLimit allowedExtensions } rateLimit { limit } account { url } }`
	if got := fmt.Sprint(must(t, a, q, "")); got != "map[account:map[url:http://127.0.0.1/wdc] attachmentStorage:<nil> rateLimit:<nil>]" {
		t.Error(got)
	}
	w.SetHooks(Hooks{
		AttachmentStorage: func(account string) map[string]any {
			return map[string]any{"uploadUri": "http://u/" + account, "provider": "s3", "providerParameters": map[string]any{"key": "a", "n": 201}, "sizeLimit": 10, "allowedExtensions": []string{"csv", "pdf"}}
		},
		RateLimit: func(string) map[string]any { return map[string]any{"limit": 5} }})
	want := "map[account:map[url:http://127.0.0.1/wdc] attachmentStorage:map[allowedExtensions:[csv pdf] provider:s3 providerParameters:map[key:a n:201] sizeLimit:10 uploadUri:http://u/wdc] rateLimit:map[limit:5]]"
	if got := fmt.Sprint(must(t, a, q, "")); got != want {
		t.Errorf("got %s", got)
	}
}

func TestPutGetDelete(t *testing.T) {
	a := smallAccount(t)
	org := a.Put("Organization", map[string]any{"name": "O"})
	id := a.Put("Person", map[string]any{"name": "P", "organization": org, "hidden": "h", "customFields": []map[string]any{{"id": "c", "value": 1}}})
	got, ok := a.Get("Person", id)
	if !ok || got["hidden"] != "h" || fmt.Sprint(got["organization"]) != fmt.Sprintf("map[id:%s type:Organization]", org) {
		t.Errorf("got %v", got)
	}
	first := got["updatedAt"]
	if a.Put("Person", map[string]any{"id": id, "organization": "", "hidden": nil}) != id {
		t.Fatal("not changed")
	}
	got, _ = a.Get("Person", id)
	if got["organization"] != nil || got["hidden"] != nil || got["name"] != "P" || got["updatedAt"].(string) <= first.(string) {
		t.Errorf("after the change: %v", got)
	}
	for typ, bad := range map[string]string{"Team": id, "Person": "nope", "Nope": ""} {
		if a.Put(typ, map[string]any{"id": bad}) != "" || a.Delete(typ, bad) {
			t.Errorf("%s %q is accepted", typ, bad)
		}
		if _, ok := a.Get(typ, bad); ok {
			t.Errorf("%s %q is found", typ, bad)
		}
	}
	if !a.Delete("Person", id) || a.Delete("Person", id) {
		t.Error("a record can be deleted once")
	}
	a.Put("Account", map[string]any{"name": "Widgets"})
	if got := fmt.Sprint(must(t, a, `{ account { name } }`, "")); got != "map[account:map[name:Widgets]]" {
		t.Error(got)
	}
}

// An offering as in PLATFORM 9.6: scopes of its own, and the form of a UI extension.
func TestAppOffering(t *testing.T) {
	a := smallAccount(t)
	ext := at(t, must(t, a, `mutation { uiExtensionCreate(input: {name: "U", category: app_offering, activate: true}) { uiExtension { id activeVersion { id } } } }`, ""), "uiExtensionCreate", "uiExtension")
	instance := a.All("ServiceInstance")[0]["id"]
	q := `mutation($input: AppOfferingCreateInput!) { appOfferingCreate(input: $input) { errors { path message } appOffering { id published scopes { id effect actions } uiExtensionVersion { id } serviceInstance { id } } } }`
	got := at(t, must(t, a, q, fmt.Sprintf(`{"input": {"name": "Widget Sync", "reference": "provider_widget", "serviceInstanceId": %q, "policyJwtAlg": "es256", "uiExtensionId": %q,
	  "newScopes": [{"effect": "allow", "grantType": "client_credentials", "actions": ["request:Read", "ci:Read"]}]}}`, instance, at(t, ext, "id"))), "appOfferingCreate", "appOffering")
	if at(t, got, "uiExtensionVersion", "id") != at(t, ext, "activeVersion", "id") || at(t, got, "serviceInstance", "id") != instance || at(t, got, "published") != false {
		t.Errorf("offering %v", got)
	}
	if s := fmt.Sprint(at(t, got, "scopes", 0, "actions")); s != "[request:Read ci:Read]" {
		t.Errorf("scopes %v", got)
	}
	id, scope := at(t, got, "id"), at(t, got, "scopes", 0, "id")
	if must(t, a, fmt.Sprintf(`{ node(id: %q) { id } }`, scope), "")["node"] != nil {
		t.Error("a scope is no node")
	}
	u := fmt.Sprintf(`mutation { appOfferingUpdate(input: {id: %q, scopesToDelete: [%q], newScopes: [{effect: deny}]}) { errors { message } appOffering { scopes { effect } } } appOfferingPublish(input: {id: %q}) { appOffering { published } } }`, id, scope, id)
	if s := fmt.Sprint(must(t, a, u, "")); s != "map[appOfferingPublish:map[appOffering:map[published:true]] appOfferingUpdate:map[appOffering:map[scopes:[map[effect:deny]]] errors:[]]]" {
		t.Error(s)
	}
}
