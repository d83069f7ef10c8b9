package sim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDeliverOnOrder(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(202))
	var out deliverAnswer
	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "url": r.URL, "event": "request.status-changed"}, &out)
	d := r.next(t)
	if out.Status != 202 || out.Body != "answer" || out.Delivery != d.header.Get("X-Xurrent-Delivery") || out.Count != 1 || out.Deliveries != nil {
		t.Errorf("answer: %+v", out)
	}
	_, claims := opened(t, d, "ES256", s.discoveredKey)
	event, _ := claims["data"].(map[string]any)
	a, _ := s.sim.Account("acme")
	requests := a.All("Request")
	latest := text(requests[len(requests)-1], "id")
	payload, _ := event["payload"].(map[string]any)
	if event["object_nodeID"] != latest || payload["status"] != requests[len(requests)-1]["status"] || payload["previous_status"] == nil {
		t.Errorf("data: %v", event)
	}

	// All that can be ordered.
	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "url": r.URL, "event": "request.create", "id": text(requests[0], "id"),
		"algorithm": "rs256", "name": "Mine", "payload": map[string]any{"x": 1}, "data": map[string]any{"custom_url": "u", "created_at": nil},
		"claims": map[string]any{"iat": 5, "jti": nil}, "header": map[string]any{"crit": []string{"x"}}, "delivery": "d1", "origin": "d0"}, &out)
	d = r.next(t)
	if d.header.Get("X-Xurrent-Delivery") != "d1" || d.header.Get("X-Xurrent-Delivery-Origin") != "d0" {
		t.Errorf("headers: %v", d.header)
	}
	header, claims := opened(t, d, "RS256", s.discoveredKey)
	event, _ = claims["data"].(map[string]any)
	_, dated := event["created_at"]
	if header["crit"] == nil || claims["iat"] != float64(5) || claims["jti"] != nil || event["object_nodeID"] != requests[0]["id"] ||
		event["custom_url"] != "u" || dated || event["name"] != "Mine" {
		t.Errorf("header %v, claims %v", header, claims)
	}

	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "url": r.URL, "event": "app_instance.secrets-update", "unsigned": true,
		"payload": map[string]any{"customer_account_id": "c"}}, nil)
	if got := s.event(r.next(t)); got.Event != "app_instance.secrets-update" || got.Payload["customer_account_id"] != "c" || got.ObjectID != 12345 {
		t.Errorf("unsigned: %+v", got)
	}

	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "url": r.URL, "event": "person.update", "count": 20, "parallel": 4}, &out)
	ids := map[string]bool{}
	for range 20 {
		ids[r.next(t).header.Get("X-Xurrent-Delivery")] = true
	}
	if len(ids) != 20 || out.Count != 20 || out.Statuses["202"] != 20 || len(out.Deliveries) != 20 {
		t.Errorf("%d ids, %+v", len(ids), out)
	}
}

func TestDeliverRefusesNonsense(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	good := map[string]any{"account": "acme", "url": r.URL, "event": "request.create"}
	s.control("POST", "/sim/deliver", good, nil)
	for text, change := range map[string]map[string]any{
		"account must be":   {"account": "A"},
		"url must be":       {"url": "file:///etc"},
		"event is missing":  {"event": ""},
		"no webhook policy": {"policy": "x"},
		"no webhook \"":     {"webhook": "x"},
		"no Request":        {"id": "x"},
		"names no type":     {"event": "automation_rule", "id": "x"},
		"no public key":     {"algorithm": "HS256"},
		"count goes up":     {"count": -1},
		"unknown field":     {"uri": "x"},
	} {
		order := map[string]any{}
		for k, v := range good {
			order[k] = v
		}
		for k, v := range change {
			order[k] = v
		}
		b, err := json.Marshal(order)
		if err != nil {
			t.Fatal(err)
		}
		a := s.do("POST", "/sim/deliver", string(b), "Content-Type", "application/json")
		var out struct{ Error string }
		a.is(t, 400)
		if a.decode(t, &out); !strings.Contains(out.Error, text) {
			t.Errorf("%v: %s", change, out.Error)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	a := s.do("POST", "/sim/deliver", `{"account":"acme","event":"request.create","url":"`+gone.URL+`"}`, "Content-Type", "application/json")
	a.is(t, 502, `"error":"`, `"status":0`)
}

func TestDeliverAsWebhook(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	sub := s.subscribe(r, "request.create", "es512", false)
	r.next(t)
	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "webhook": sub.id}, nil)
	_, claims := opened(t, r.next(t), "ES512", publicKey("ES512", sub.pem))
	if event, _ := claims["data"].(map[string]any); event["webhook_nodeID"] != sub.id || event["event"] != "request.create" {
		t.Errorf("claims: %v", claims)
	}
}

func TestRequestsAreOnRecordWithoutSecrets(t *testing.T) {
	s := start(t, Options{})
	token := s.token("the-client", "canary-secret")
	s.query("query Q{me{id}}", "Authorization", "Bearer "+token, "Cookie", "session=canary-cookie")
	s.query("{me{id}}", "Authorization", "Bearer "+token, "X-Sim-Fault", "503")
	a := s.control("GET", "/sim/requests", nil, nil)
	for _, secret := range []string{token, "canary"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%q is on record: %s", secret, a.body)
		}
	}
	var out struct {
		Requests []recorded
		Last     int64
	}
	if a.decode(t, &out); len(out.Requests) != 3 || out.Last != 3 {
		t.Fatalf("on record: %s", a.body)
	}
	first, second, third := out.Requests[0], out.Requests[1], out.Requests[2]
	if first.Path != "/oauth/token" || !strings.HasPrefix(first.Body, "client_id=the-client&client_secret=[secret ") || !strings.HasSuffix(first.Body, "]&grant_type=client_credentials") {
		t.Errorf("the token request: %+v", first)
	}
	if second.Account != "acme" || second.Status != 200 || second.Method != "POST" || second.RequestID == "" || !strings.Contains(second.Body, "query Q") || !second.At.Equal(noon) {
		t.Errorf("the query: %+v", second)
	}
	if third.Status != 503 || third.Fault != "503" || third.Header["authorization"] != second.Header["authorization"] {
		t.Errorf("the fault: %+v", third)
	}
	s.control("GET", "/sim/requests?since=1&path=/graphql", nil, &out)
	if len(out.Requests) != 2 {
		t.Errorf("after the first: %+v", out.Requests)
	}
	s.control("DELETE", "/sim/requests", nil, nil)
	s.control("GET", "/sim/requests", nil, &out)
	if len(out.Requests) != 0 || out.Last != 3 {
		t.Errorf("after they were cleared: %+v", out)
	}

	// Who waits hears of the next.
	came := make(chan answer)
	go func() { came <- s.do("GET", "/sim/requests?since=3&wait=30s", "") }()
	s.query("{me{id}}")
	(<-came).is(t, 200, `"number":4`)
}

func TestRecordIsBounded(t *testing.T) {
	c := newRecorder()
	for range maxRecordBytes/maxRecordBody + 5 {
		c.add(recorded{Body: strings.Repeat("x", maxRecordBody)})
	}
	if found, _, dropped, _ := c.find(0, ""); len(found) != maxRecordBytes/maxRecordBody || dropped != 5 || c.bytes > maxRecordBytes {
		t.Errorf("%d are kept, %d dropped, %d bytes", len(found), dropped, c.bytes)
	}
	for range maxRecords + 5 {
		c.add(recorded{})
	}
	if found, _, _, _ := c.find(0, ""); len(found) != maxRecords {
		t.Errorf("%d are kept", len(found))
	}
}

// A web page can neither send JSON here from another origin nor reach us under its own name.
func TestControlKeepsPagesOut(t *testing.T) {
	s := start(t, Options{})
	s.do("POST", "/sim/advance", `{"by":"1s"}`, "Content-Type", "application/json").is(t, 200)
	s.do("POST", "/sim/advance", `{"by":"1s"}`, "Content-Type", "text/plain").is(t, 415)
	s.do("POST", "/sim/advance", `{"by":"-1s"}`, "Content-Type", "application/json").is(t, 400)
	for host, status := range map[string]int{"evil.example:80": 403, "localhost:9": 200, "127.0.0.1": 200, "[::1]:80": 200, "": 200} {
		req := httptest.NewRequest("GET", "/sim/state", nil)
		if host != "" {
			req.Host = host
		} else {
			req.Host = strings.TrimPrefix(s.base, "http://")
		}
		w := httptest.NewRecorder()
		s.sim.ServeHTTP(w, req)
		if w.Code != status {
			t.Errorf("as %q: %d instead of %d", host, w.Code, status)
		}
	}
	for _, path := range []string{"/sim/", "/sim/nothing"} {
		s.do("GET", path, "").is(t, 404)
	}
}

func TestState(t *testing.T) {
	s := start(t, Options{})
	s.query("{me{id}}")
	var out struct {
		Accounts  map[string]int
		Addresses Addresses
		Limits    struct{ Rate int }
	}
	s.control("GET", "/sim/state", nil, &out)
	if out.Accounts["acme"] < 50 || out.Limits.Rate != 3600 || out.Addresses != AddressesOf(s.base) {
		t.Errorf("state: %+v", out)
	}
}
