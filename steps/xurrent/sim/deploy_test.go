package sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
)

// draft makes the draft of an offering by a provider's own call.
func (s *service) draft(more map[string]any) (id string) {
	s.Helper()
	a, _ := s.sim.Account("acme")
	input := map[string]any{"name": "My Survey", "serviceInstanceId": text(a.All("ServiceInstance")[0], "id")}
	for k, v := range more {
		input[k] = v
	}
	var made struct{ ID string }
	s.mutate("appOfferingCreate", "appOffering", "id", input, &made)
	return made.ID
}

// A picture that is sent as a data URI is served to everyone under an address of the storage, byte for byte.
func TestPictureOfOffering(t *testing.T) {
	s := start(t, Options{})
	content := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00picture", 100)
	id := s.draft(map[string]any{"pictureUri": "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(content))})
	var out struct{ PictureURI string }
	s.mutate("appOfferingUpdate", "appOffering", "pictureUri", map[string]any{"id": id, "cardDescription": "c"}, &out)
	address := out.PictureURI
	if !strings.HasPrefix(address, s.base+"/storage/") || path.Base(address) != "my_survey.png" {
		t.Errorf("the picture is at %q", address)
	}
	a := s.do("GET", address, "")
	a.is(t, 200)
	a.head(t, "Content-Type", "image/png")
	if a.body != content {
		t.Errorf("the picture has %d bytes, not the %d of the upload", len(a.body), len(content))
	}
	s.do("POST", address, "").is(t, 405)
	s.do("GET", strings.Replace(address, "my_survey", "other", 1), "").is(t, 404)
	s.mutate("appOfferingUpdate", "appOffering", "pictureUri", map[string]any{"id": id, "pictureUri": address, "name": "N"}, &out)
	if out.PictureURI != address {
		t.Errorf("written back it is %q", out.PictureURI)
	}
	out.PictureURI = ""
	s.mutate("appOfferingUpdate", "appOffering", "pictureUri", map[string]any{"id": id, "pictureUri": nil}, &out)
	if out.PictureURI != "" {
		t.Errorf("taken away it is %q", out.PictureURI)
	}
}

// An uploaded image can be fetched again by its expiringUrl, for a while.
func TestExpiringURLOfAttachment(t *testing.T) {
	s := start(t, Options{Storage: providerLocal})
	body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d é.png\"\r\nContent-Type: image/png\r\n\r\nimage bytes\r\n--b--\r\n"
	var uploaded struct{ Key string }
	s.do("POST", "/storage/local", body, "Content-Type", "multipart/form-data; boundary=b").decode(t, &uploaded)
	id := s.draft(map[string]any{"description": "![d](" + uploaded.Key + ")", "descriptionAttachments": []any{map[string]any{"key": uploaded.Key, "inline": true}}})
	address := func() string {
		var out struct {
			DescriptionAttachments struct {
				Nodes []struct{ ExpiringURL, Filename string }
			}
		}
		s.mutate("appOfferingUpdate", "appOffering", "descriptionAttachments(first:100){nodes{expiringUrl filename}}", map[string]any{"id": id}, &out)
		if n := out.DescriptionAttachments.Nodes; len(n) == 1 && n[0].Filename == "d é.png" {
			return n[0].ExpiringURL
		}
		t.Fatalf("attachments: %+v", out)
		return ""
	}
	first := address()
	s.do("GET", first, "").is(t, 200, "image bytes")
	s.sim.Advance(16 * time.Minute)
	s.do("GET", first, "").is(t, 403, "expired")
	s.do("GET", address(), "").is(t, 200, "image bytes")
	a, _ := s.sim.Account("acme")
	input, err := json.Marshal(map[string]any{"id": id, "features": "x", "featuresAttachments": []any{map[string]any{"key": "attachments/none.png", "inline": true}}})
	if err != nil {
		t.Fatal(err)
	}
	s.do("POST", "/graphql", `{"query":"mutation($i:AppOfferingUpdateInput!){appOfferingUpdate(input:$i){errors{path message}}}","variables":{"i":`+string(input)+`}}`,
		"Content-Type", "application/json", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1").is(t, 200, `"featuresAttachments"`, "nothing was uploaded with the key")
	if record, _ := a.Get("AppOffering", id); record["features"] != nil {
		t.Errorf("the refused text is there: %v", record["features"])
	}
}

// The third of five changes is refused, in the payload, and then no more; what was executed is counted.
func TestFaultRefuse(t *testing.T) {
	s := start(t, Options{})
	id := s.draft(nil)
	s.control("POST", "/sim/faults", map[string]any{"kind": "refuse", "operation": "appOfferingAutomationRuleCreate", "skip": 2, "field": "trigger", "message": "Trigger is not a trigger"}, nil)
	s.control("POST", "/sim/faults", map[string]any{"kind": "refuse", "operation": "appOfferingUpdate", "account": "widgets", "times": -1}, nil)
	add := func(name string) answer {
		return s.query(fmt.Sprintf(`mutation{appOfferingAutomationRuleCreate(input:{appOfferingId:%q,name:%q,trigger:"on create",condition:"true"}){appOfferingAutomationRule{name} errors{path message}}}`, id, name))
	}
	for i := range 5 {
		want := fmt.Sprintf(`{"data":{"appOfferingAutomationRuleCreate":{"appOfferingAutomationRule":{"name":"rule %d"},"errors":[]}}}`, i)
		if i == 2 {
			want = `{"data":{"appOfferingAutomationRuleCreate":{"appOfferingAutomationRule":null,"errors":[{"path":["attributes","trigger"],"message":"Trigger is not a trigger"}]}}}`
		}
		if a := add(fmt.Sprint("rule ", i)); a.status != 200 || a.body != want {
			t.Errorf("rule %d: %d %s", i, a.status, a.body)
		}
	}
	if a, _ := s.sim.Account("acme"); len(a.All("AppOfferingAutomationRule")) != 4 {
		t.Errorf("%d rules", len(a.All("AppOfferingAutomationRule")))
	}
	update := fmt.Sprintf(`mutation{appOfferingUpdate(input:{id:%q,name:"N"}){errors{path message}} other:appOfferingUpdate(input:{id:%q,name:"N"}){errors{message}}}`, id, id)
	s.query(update).is(t, 200, `"errors":[]`)
	widgets := s.query(`{appOfferings{nodes{id}} people(first:1){nodes{id}}}`, "X-Xurrent-Account", "widgets")
	widgets.is(t, 200)
	var counted struct{ Operations map[string]int }
	s.control("GET", "/sim/operations", nil, &counted)
	if c := counted.Operations; c["appOfferingAutomationRuleCreate"] != 5 || c["appOfferingUpdate"] != 2 || c["people"] != 1 || c["appOfferingCreate"] != 1 {
		t.Errorf("counted: %v", c)
	}
	var record struct{ Requests []recorded }
	s.control("GET", "/sim/requests?path=/graphql", nil, &record)
	refused := 0
	for _, r := range record.Requests {
		if r.Fault == faultRefuse {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d requests on record were refused a mutation", refused)
	}
	s.control("DELETE", "/sim/requests", nil, nil)
	counted.Operations = nil
	if s.control("GET", "/sim/operations", nil, &counted); len(counted.Operations) != 0 {
		t.Errorf("after they were forgotten: %v", counted.Operations)
	}
	for body, want := range map[string]string{
		`{"kind":"refuse"}`:                                    "refuse needs operation",
		`{"kind":"503","message":"x"}`:                         "field and message are of refuse",
		`{"kind":"refuse","operation":"x","attribute":"name"}`: "unknown field",
	} {
		s.do("POST", "/sim/faults", body, "Content-Type", "application/json").is(t, 400, want)
	}
	s.query("{me{id}}", "X-Sim-Fault", "refuse").is(t, 400)
}

// A slow answer comes after the work: who gives up in the meantime finds it done.
func TestFaultSlowMutation(t *testing.T) {
	s := start(t, Options{})
	id := s.draft(nil)
	s.control("POST", "/sim/faults", map[string]any{"kind": "slow", "operation": "appOfferingUpdate", "delay": "1h"}, nil)
	ended := make(chan error, 1)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		body := fmt.Sprintf(`{"query":"mutation{appOfferingUpdate(input:{id:\"%s\",name:\"New\"}){errors{message}}}"}`, id)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/graphql", strings.NewReader(body))
		if err == nil {
			req.Header = http.Header{"Content-Type": {"application/json"}, "X-Xurrent-Account": {"acme"}, "Authorization": {"Bearer pat-1"}}
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
		ended <- err
	}()
	awaitTimers(t, s.sim, 1)
	giveUp()
	if err := <-ended; err == nil {
		t.Error("there was an answer")
	}
	s.query(`{appOfferings{nodes{name}}}`).is(t, 200, `"New"`)
}

// What is installed is the latest published version; the draft goes its own way until the customer updates.
func TestInstalledVersion(t *testing.T) {
	s := start(t, Options{})
	id := s.draft(map[string]any{"reference": "acme_survey", "webhookUriTemplate": "https://one.example/{account}"})
	publish := func() string {
		var answer struct {
			Data struct {
				AppOfferingPublish struct{ AppOffering *struct{ ID string } }
			}
		}
		s.query(fmt.Sprintf(`mutation{appOfferingPublish(input:{id:%q}){appOffering{id} errors{message}}}`, id)).decode(t, &answer)
		if answer.Data.AppOfferingPublish.AppOffering == nil {
			t.Fatalf("not published: %+v", answer)
		}
		return answer.Data.AppOfferingPublish.AppOffering.ID
	}
	first := publish()
	var out struct{ ID string }
	s.mutate("appOfferingUpdate", "appOffering", "id", map[string]any{"id": id, "webhookUriTemplate": "https://two.example/{account}"}, &out)
	var made appAnswer
	s.control("POST", "/sim/install", map[string]any{"app": "acme_survey", "customer": "globex"}, &made)
	offering := func() string {
		a, _ := s.sim.Account("acme")
		record, _ := a.Get("AppInstance", made.Installation.Instance)
		return related(record, "appOffering")
	}
	if made.Installation.URL != "https://one.example/globex?customer_account_id=globex" && made.Installation.URL != "https://one.example/globex" || offering() != first {
		t.Errorf("installed: %+v of %s", made.Installation, offering())
	}
	second := publish()
	if offering() != first {
		t.Error("publishing has changed the installation")
	}
	s.control("POST", "/sim/update", map[string]any{"app": "acme_survey", "customer": "globex", "offering_updated": true}, &made)
	if !strings.HasPrefix(made.Installation.URL, "https://two.example/globex") || offering() != second {
		t.Errorf("updated: %+v of %s", made.Installation, offering())
	}
}

// A webhook that was deleted by hand is not found; one that is disabled, and one whose policy is, gets nothing.
func TestWebhooksByHand(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	hook := s.subscribe(r, "team.create", "es256", false)
	s.confirm(r.next(t))
	a, _ := s.sim.Account("acme")
	set := func(mutation, record, id string, disabled bool) {
		var out struct{ ID string }
		s.mutate(mutation, record, "id", map[string]any{"id": id, "disabled": disabled}, &out)
	}
	arrives := func(team string) {
		t.Helper()
		if d := r.next(t); s.event(d).ObjectNodeID != team {
			t.Errorf("another delivery: %s", d.body)
		}
	}
	arrives(a.Put("Team", map[string]any{"name": "One"}))
	set("webhookUpdate", "webhook", hook.id, true)
	a.Put("Team", map[string]any{"name": "Two"}) // nobody hears of it
	set("webhookUpdate", "webhook", hook.id, false)
	arrives(a.Put("Team", map[string]any{"name": "Three"}))
	set("webhookPolicyUpdate", "webhookPolicy", hook.policy, true)
	late := a.Put("Team", map[string]any{"name": "Four"})
	awaitTimers(t, s.sim, 1) // the first attempt has failed
	set("webhookPolicyUpdate", "webhookPolicy", hook.policy, false)
	s.sim.Advance(time.Hour)
	arrives(late)
	q := fmt.Sprintf(`mutation{webhookUpdate(input:{id:%q,disabled:false}){webhook{id} errors{message}}}`, hook.id)
	s.query(q).is(t, 200, `"errors":[]`)
	s.query(fmt.Sprintf(`mutation{webhookDelete(input:{id:%q}){success}}`, hook.id)).is(t, 200, `true`)
	s.query(q).is(t, 200, `"message":"Not Found"`, `"path":["webhookUpdate"]`, `"webhookUpdate":null`)
}
