package ingress

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

const openEndpoint = `trigger "json_endpoint" {}`

const strictEndpoint = `trigger "json_endpoint" {
  body_schema = object({
    subject = string
    items   = optional(list(object({ name = string, price = number })), [])
    tags    = optional(map(string))
    urgent  = optional(bool, false)
  })
  header "X-Shop" { required = true }
  methods = ["POST", "PUT", "GET"]
  auth "bearer" { token = var.token }
}`

// Every refusal leaves no event, with a valid request before and after it.
func TestAnswers(t *testing.T) {
	d := newDoor(t, trigger(t, strictEndpoint))
	bearer := "Bearer " + testSecret
	valid := func() *http.Request {
		return post(`{"subject":"a"}`, "Content-Type", "application/json", "Authorization", bearer, "X-Shop", "1")
	}
	good := func(mod func(*http.Request)) *http.Request { r := valid(); mod(r); return r }
	body := func(b string) *http.Request {
		return post(b, "Content-Type", "application/json", "Authorization", bearer, "X-Shop", "1")
	}
	tests := []struct {
		name   string
		r      *http.Request
		status int
		says   string
		header string // "Name: value"
	}{
		{"no runbook", request("POST", "/inbound/shop/other", "{}"), 404, "no such endpoint", ""},
		{"no blueprint", request("POST", "/inbound/other/orders", "{}"), 404, "", ""},
		{"only blueprint", request("POST", "/inbound/shop", "{}"), 404, "", ""},
		{"nothing", request("POST", "/", "{}"), 404, "", ""},
		{"inbound alone", request("POST", "/inbound/", "{}"), 404, "", ""},
		{"case", request("POST", "/inbound/Shop/orders", "{}"), 404, "", ""},
		{"escaped name", request("POST", "/inbound/sho%70/orders", "{}"), 404, "", ""},
		{"dots", request("POST", "/inbound/x/../shop/orders", "{}"), 404, "", ""},
		{"double slash", request("POST", "/inbound//shop/orders", "{}"), 404, "", ""},
		{"method", good(func(r *http.Request) { r.Method = "DELETE" }), 405, "POST or PUT or GET", "Allow: POST, PUT, GET"},
		{"HEAD", good(func(r *http.Request) { r.Method = "HEAD" }), 405, "", ""},
		{"TRACE", good(func(r *http.Request) { r.Method = "TRACE" }), 405, "", ""},
		{"CONNECT", good(func(r *http.Request) { r.Method = "CONNECT" }), 405, "", ""},
		{"lower case method", good(func(r *http.Request) { r.Method = "post" }), 405, "", ""},
		{"content type", good(func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), 415, `"Content-Type: application/json"`, ""},
		{"multipart", good(func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }), 415, "", ""},
		{"malformed type", good(func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset") }), 415, "", ""},
		{"two types", good(func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }), 415, "", ""},
		{"charset", good(func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-16") }), 415, "UTF-8", ""},
		{"gzip", good(func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }), 415, "Content-Encoding", ""},
		{"two codings", good(func(r *http.Request) {
			r.Header.Add("Content-Encoding", "identity")
			r.Header.Add("Content-Encoding", "br")
		}), 415, "", ""},
		{"no token", good(func(r *http.Request) { r.Header.Del("Authorization") }), 401, unauthorized, "Www-Authenticate: Bearer"},
		{"wrong token", good(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }), 401, unauthorized, "Www-Authenticate: Bearer"},
		{"required header", good(func(r *http.Request) { r.Header.Del("X-Shop") }), 422, "headers.x-shop: required", ""},
		{"no body", body(""), 400, "no body", ""},
		{"not JSON", body("subject=a"), 400, "not JSON", ""},
		{"two values", body(`{"subject":"a"}{}`), 400, "not JSON", ""},
		{"duplicate names", body(`{"subject":"a","subject":"b"}`), 400, "", ""},
		{"not UTF-8", body("{\"subject\":\"\xff\"}"), 400, "", ""},
		{"bad query", good(func(r *http.Request) { r.URL.RawQuery = "a=%zz" }), 400, "query", ""},
		{"postfix not UTF-8", good(func(r *http.Request) { r.URL.Path += "/\xff"; r.URL.RawPath = "/inbound/shop/orders/%ff" }), 400, "path", ""},
		{"root", body(`[]`), 422, "body: an object is required", ""},
		{"null", body(`null`), 422, "body: an object is required, not null", ""},
		{"missing", body(`{}`), 422, "body.subject: a text is required, but there is none", ""},
		{"null attribute", body(`{"subject":null}`), 422, "body.subject: a text is required, not null", ""},
		{"object for text", body(`{"subject":{}}`), 422, "body.subject: a text is required", ""},
		{"deep", body(`{"subject":"a","items":[{"name":"a","price":1},{"name":"b","price":"x"}]}`), 422, "body.items[1].price: a number is required", ""},
		{"null in list", body(`{"subject":"a","items":[null]}`), 422, "body.items[0]: an object is required, not null", ""},
		{"list", body(`{"subject":"a","items":"b"}`), 422, "body.items: a list is required", ""},
		{"map element", body(`{"subject":"a","tags":{"a b":[]}}`), 422, `body.tags["a b"]: a text is required`, ""},
		{"map null", body(`{"subject":"a","tags":{"a":null}}`), 422, "body.tags.a: a text is required, not null", ""},
		{"bool", body(`{"subject":"a","urgent":2}`), 422, "body.urgent: true or false is required", ""},
		{"too large", body(`{"subject":"` + strings.Repeat("a", 256<<10) + `"}`), 413, "256 KiB", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if w := d.do(valid()); w.Code != 200 || len(d.taken()) != 1 {
				t.Fatalf("the control was answered %d %s", w.Code, w.Body)
			}
			w := d.do(tt.r)
			if n := len(d.taken()); n != 0 {
				t.Errorf("%d events were accepted", n)
			}
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if e := errorOf(t, w); !strings.Contains(e, tt.says) {
				t.Errorf("answer %q does not say %q", e, tt.says)
			}
			if k, v, _ := strings.Cut(tt.header, ": "); k != "" && w.Header().Get(k) != v {
				t.Errorf("%s is %q, want %q", k, w.Header().Get(k), v)
			}
			if w.Header().Get("X-Job-Uuid") != "" || w.Header().Get("Server") != "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
	for _, secret := range []string{testSecret} {
		if strings.Contains(d.log.String(), secret) {
			t.Error("the log has the token")
		}
	}
}

func TestAccepted(t *testing.T) {
	d := newDoor(t, trigger(t, strictEndpoint))
	r := request("POST", "/inbound/shop/orders/eu/nl%2F1?b=2&a=1&a=3", `{"subject":"a","items":[{"name":"n","price":"9007199254740993","other":1}],"unknown":[1]}`,
		"Authorization", "bearer "+testSecret, "X-Shop", "1", "X-Shop", "2")
	w := d.do(r)
	if w.Code != 200 || w.Body.String() != `{"job_uuid":"`+testRun+`"}` || w.Header().Get("X-Job-Uuid") != testRun ||
		w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
	}
	evs := d.taken()
	if len(evs) != 1 {
		t.Fatalf("%d events", len(evs))
	}
	v := evs[0].Value
	if errs := v.Type().TestConformance(d.routed().Output); errs != nil {
		t.Error(errs)
	}
	b := v.GetAttr("body")
	if b.Type().HasAttribute("unknown") || b.GetAttr("urgent").True() || !b.GetAttr("tags").IsNull() {
		t.Errorf("body %#v", b)
	}
	item := b.GetAttr("items").AsValueSlice()[0]
	if got := item.GetAttr("price").AsBigFloat().Text('f', -1); got != "9007199254740993" {
		t.Errorf("price %s", got)
	}
	headers := v.GetAttr("headers").AsValueMap()
	if headers["x-shop"].AsString() != "1, 2" {
		t.Errorf("headers %#v", headers)
	}
	if !headers["authorization"].IsMarked() {
		t.Error("the Authorization header is not sensitive")
	}
	q := v.GetAttr("query_params").AsValueMap()
	if q["a"].AsString() != "1, 3" || q["b"].AsString() != "2" || v.GetAttr("url_postfix").AsString() != "eu/nl/1" {
		t.Errorf("%#v %#v", q, v.GetAttr("url_postfix"))
	}
	w = d.do(request("GET", "/inbound/shop/orders/", "", "Authorization", "Bearer "+testSecret, "X-Shop", "1"))
	if evs := d.taken(); w.Code != 200 || len(evs) != 1 || !evs[0].Value.GetAttr("body").IsNull() {
		t.Errorf("GET: %d %s", w.Code, w.Body)
	}
}

func (d *door) routed() *Trigger { t, _ := d.Route("shop", "orders"); return t }

func TestContents(t *testing.T) {
	tests := []struct{ name, trigger, contentType, body, want string }{
		{"any JSON", openEndpoint, "", `[1,"a",null,{"b":true}]`, `[1,"a",null,{"b":true}]`},
		{"json suffix", openEndpoint, "application/cloudevents+json; charset=UTF-8", `{"a":1}`, `{"a":1}`},
		{"text", `trigger "json_endpoint" { content = "text" }`, "text/csv", "a;b\n", `"a;b\n"`},
		{"text, no type", `trigger "json_endpoint" { content = "text" }`, "", "a", `"a"`},
		{"form", `trigger "json_endpoint" { content = "form" }`, "application/x-www-form-urlencoded", "a=1&b=x+y%21", `{"a":"1","b":"x y!"}`},
		{"form schema", `trigger "json_endpoint" {
  content     = "form"
  body_schema = object({ a = number, c = optional(string, "d") })
}`, "application/x-www-form-urlencoded", "a=1&b=x", `{"a":1,"c":"d"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDoor(t, trigger(t, tt.trigger))
			r := post(tt.body)
			if tt.contentType != "" {
				r.Header.Set("Content-Type", tt.contentType)
			}
			w := d.do(r)
			evs := d.taken()
			if w.Code != 200 || len(evs) != 1 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			var a answer
			if err := a.setBody(evs[0].Value.GetAttr("body")); err != nil {
				t.Fatal(err)
			}
			got := string(a.body)
			if got != strings.Trim(tt.want, `"`) && got != tt.want && got != strings.ReplaceAll(strings.Trim(tt.want, `"`), `\n`, "\n") {
				t.Errorf("body %s, want %s", got, tt.want)
			}
			if w := d.do(post(tt.body, "Content-Type", "image/png")); w.Code != 415 || len(d.taken()) != 0 {
				t.Errorf("an image was answered %d", w.Code)
			}
		})
	}
}

func TestAcceptErrors(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		retry  string
		hidden string
	}{
		{"full", &Refusal{Status: 503, Message: "The runner is full.", RetryAfter: 1500 * time.Millisecond}, 503, "2", ""},
		{"throttled", &Refusal{Status: 429, Message: "Too many."}, 429, "10", ""},
		{"TestD5DiskFull", errors.New("write /var/lib/x: no space left on device"), 503, "10", "/var/lib"},
		{"replay", &Refusal{Status: 401, Message: "jti used", Reason: "replay"}, 401, "", "jti"},
		{"a refusal that is none", &Refusal{Status: 200, Message: "ok"}, 500, "", "ok"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDoor(t, trigger(t, openEndpoint))
			d.err = tt.err
			w := d.do(post(`{}`))
			if w.Code != tt.status || w.Header().Get("Retry-After") != tt.retry {
				t.Errorf("%d %q %s", w.Code, w.Header().Get("Retry-After"), w.Body)
			}
			if e := errorOf(t, w); tt.hidden != "" && strings.Contains(e, tt.hidden) {
				t.Errorf("the answer says %q", e)
			}
			if !strings.Contains(d.log.String(), `"reason":`) {
				t.Errorf("log: %s", d.log.String())
			}
			d.err = nil
			if w := d.do(post(`{}`)); w.Code != 200 {
				t.Errorf("afterwards %d", w.Code)
			}
		})
	}
}

func TestRepeatedAndDisabled(t *testing.T) {
	tr := trigger(t, openEndpoint)
	d := newDoor(t, tr)
	d.fresh = false
	if w := d.do(post(`{}`)); w.Code != 200 || !strings.Contains(w.Body.String(), testRun) {
		t.Errorf("repeated: %d %s", w.Code, w.Body)
	}
	d.taken()
	tr.Enabled = false
	if w := d.do(post(`{}`)); w.Code != 404 || len(d.taken()) != 0 {
		t.Errorf("disabled: %d %s", w.Code, w.Body)
	}
}

func TestProbes(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	ready := true
	d.Ready = func() (bool, []string) { return ready, []string{"disk full at /secret/place"} }
	for _, tt := range []struct {
		method, path string
		ready        bool
		status       int
	}{
		{"GET", "/healthz", true, 200}, {"HEAD", "/healthz", false, 200}, {"POST", "/healthz", true, 405},
		{"GET", "/readyz", true, 200}, {"GET", "/readyz", false, 503}, {"GET", "/healthz/x", true, 404},
	} {
		ready = tt.ready
		w := d.do(request(tt.method, tt.path, ""))
		if w.Code != tt.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, w.Code, w.Body)
		}
	}
}

func TestPanicIsAnswered(t *testing.T) {
	d := newDoor(t, trigger(t, openEndpoint))
	route := d.Route
	d.Route = func(string, string) (*Trigger, bool) { panic(errors.New("a\nforged line")) }
	if w := d.do(post(`{}`)); w.Code != 500 {
		t.Errorf("%d", w.Code)
	}
	if !strings.Contains(d.log.String(), `a\\u{a}forged`) {
		t.Error(d.log.String())
	}
	d.Route = route
	if w := d.do(post(`{}`)); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}
