package xurrent_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"currant/engine/ingress"
)

// malleable is the same token with the other s that verifies as well: another text, the same event.
func malleable(token string) string {
	dot := strings.LastIndexByte(token, '.')
	sig, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		panic(err)
	}
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(signer.Curve.Params().N, s).FillBytes(sig[32:])
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(sig)
}

// 1,000 events, each 8 times at once under deliveries of its own: as it is, with n-s, and signed again.
func TestJ11EachSignedEventStartsOneRun(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer), level: 12})
	const events, copies = 1000, 8
	var taken, refused atomic.Int64
	var senders errgroup.Group
	senders.SetLimit(32 * copies) // so that the copies of an event come at once, and no machine is too slow for all
	for i := range events {
		claims := h.claims(nil)
		first := token(signer, es256, claims)
		for j := range copies {
			senders.Go(func() error {
				sent := first
				switch j % 3 {
				case 1:
					sent = malleable(first)
				case 2:
					sent = token(signer, es256, claims)
				}
				switch w := h.send(fmt.Sprintf("d%d-%d", i, j), body(sent)); w.Code {
				case http.StatusOK:
					taken.Add(1)
				case http.StatusUnauthorized:
					refused.Add(1)
				default:
					t.Errorf("answer %d %s", w.Code, w.Body)
				}
				return nil
			})
		}
	}
	_ = senders.Wait() // none of them returns an error
	if n := h.runs(); n != events || taken.Load() != events || refused.Load() != events*(copies-1) {
		t.Errorf("%d runs, %d taken, %d refused", n, taken.Load(), refused.Load())
	}
}

// The ids are known after a kill too: the data are taken as they are while the runner goes on.
func TestJ11AfterKill(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	sent := h.good(nil)
	h.wants(200, "job_uuid", "d1", sent)
	dead := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "lock" || strings.HasSuffix(f.Name(), "-shm") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(h.dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dead, f.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after := newHook(t, hookOptions{trigger: policyOf(signer), dir: dead})
	after.wants(401, "not authorized", "d2", sent)
	after.wants(200, "job_uuid", "d1", sent) // the same delivery once more is answered as the first
	after.wants(200, "job_uuid", "d3", after.good(nil))
	if n := after.runs(); n != 2 {
		t.Errorf("%d runs", n)
	}
}

// A replay within the time of a token is refused, without one as well as with one (PLATFORM 6.6, 6.12).
func TestP56Replay(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	first := h.good(nil)
	w := h.wants(200, "job_uuid", "d1", first)
	again := h.wants(200, "job_uuid", "d1", first)
	if w.Body.String() != again.Body.String() {
		t.Errorf("%s, then %s", w.Body, again.Body)
	}
	h.wants(401, "not authorized", "d2", first)
	h.later(59 * time.Second)
	h.wants(401, "not authorized", "d3", first)
	// Without times it could be accepted for ever, and so it is known for ever.
	ageless := h.good(object{"iat": missing, "nbf": missing})
	h.wants(200, "job_uuid", "d4", ageless)
	h.later(10 * 365 * 24 * time.Hour)
	if _, err := h.e.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.wants(401, "not authorized", "d5", ageless)
	// Without an id the delivery alone tells.
	noID := h.good(object{"jti": missing})
	h.wants(200, "job_uuid", "d6", noID)
	h.wants(200, "job_uuid", "d6", noID)
	h.wants(401, "not authorized", "d6", h.good(object{"jti": strings.Repeat("x", 257)}))
	if n := h.runs(); n != 3 {
		t.Errorf("%d runs", n)
	}
}

// J12: what is refused or fails uses up no id. Each case is followed by the true one, with the same id.
func TestJ12ForgedFirst(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	claims := h.claims(nil)
	h.wants(401, "", "d1", body(token(stranger, es256, claims)))
	h.wants(401, "", "d1", body(token(signer, `{"alg":"ES256","crit":["x"]}`, claims)))
	h.wants(200, "job_uuid", "d1", body(token(signer, es256, claims)))
}

func TestJ12BadPayloadFirst(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer) + "payload_schema = object({ status = string })"})
	claims := h.claims(object{"data": data(object{"payload": object{}})})
	h.wants(422, "payload.status", "d1", body(token(signer, es256, claims)))
	claims["data"] = data(nil)
	h.wants(422, "X-Xurrent-Delivery", "", body(token(signer, es256, claims)))
	h.wants(200, "job_uuid", "d1", body(token(signer, es256, claims)))
}

func TestJ12DiscardedFirst(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer) + "events = [\"request.create\"]\n discard_when = trigger.person_id == 6"})
	claims := h.claims(nil)
	h.wants(200, "Discarded", "d1", body(token(signer, es256, claims)))
	claims["data"] = data(object{"event": "request.create"})
	h.wants(200, "Discarded: discard_when", "d1", body(token(signer, es256, claims)))
	claims["data"] = data(object{"event": "request.create", "person_id": 7})
	h.wants(200, "job_uuid", "d1", body(token(signer, es256, claims)))
}

func TestJ12OutageFirst(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	srv := jwksServer(t, down.Load)
	h := newHook(t, hookOptions{account: srv.URL})
	claims := h.claims(object{"iss": srv.URL})
	sent := body(token(signer, `{"alg":"ES256","kid":"k1"}`, claims))
	h.wants(401, "", "d1", sent)
	down.Store(false)
	h.later(30 * time.Second)
	h.wants(200, "job_uuid", "d1", sent)
}

func TestJ12FullRunnerFirst(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	accept := h.srv.Accept
	h.srv.Accept = func(context.Context, *ingress.Trigger, ingress.Event) (ingress.Receipt, error) {
		return ingress.Receipt{}, &ingress.Refusal{Status: 503, Message: "full"}
	}
	sent := h.good(nil)
	h.wants(503, "full", "d1", sent)
	h.srv.Accept = accept
	h.wants(200, "job_uuid", "d1", sent)
}

// A redelivery of a run that goes on is answered with it; its fresh id starts nothing.
func TestP65Redelivery(t *testing.T) {
	h := newHook(t, hookOptions{trigger: policyOf(signer)})
	w := h.wants(200, "job_uuid", "d1", h.good(nil))
	again := h.wants(200, "job_uuid", "d2", h.good(nil), "X-Xurrent-Delivery-Origin", "d1")
	if w.Body.String() != again.Body.String() || h.runs() != 1 {
		t.Errorf("%s, then %s", w.Body, again.Body)
	}
	ev, err := h.event(h.good(nil), "X-Xurrent-Delivery-Origin", "")
	if err != nil || ev.Origin != "" || !ev.Value.GetAttr("delivery_origin").IsNull() {
		t.Errorf("a blank origin: %+v, %v", ev, err)
	}
	if ev, err = h.event(h.good(nil), "X-Xurrent-Delivery-Origin", "d1"); err != nil || ev.Value.GetAttr("delivery_origin").AsString() != "d1" {
		t.Errorf("an origin: %+v, %v", ev, err)
	}
}

// jwksServer publishes the signer's key as k1, by http, as a simulated account does.
func jwksServer(t testing.TB, down func() bool) *httptest.Server {
	t.Helper()
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down():
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			fmt.Fprint(w, text(object{"issuer": srv.URL + strings.TrimSuffix(r.URL.Path, "/.well-known/openid-configuration"), "jwks_uri": srv.URL + "/jwks"}))
		default:
			point, err := signer.PublicKey.Bytes()
			if err != nil {
				t.Error(err)
			}
			raw := base64.RawURLEncoding.EncodeToString
			fmt.Fprint(w, text(object{"keys": []object{{"kid": "k1", "kty": "EC", "crv": "P-256", "use": "sig", "x": raw(point[1:33]), "y": raw(point[33:])}}}))
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}
