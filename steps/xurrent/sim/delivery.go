package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// deliveryTimeout bounds one attempt; the vendor's is not published.
const deliveryTimeout = 30 * time.Second

// maxAnswer is how much of a receiver's answer is kept, bytes.
const maxAnswer = 64 << 10

// parcel is one delivery: what is told, to whom, and how it is sealed.
type parcel struct {
	id, origin string // delivery ids
	account    string
	webhook    string // node id; empty for what /sim/deliver sends straight to a URL
	url        string
	event      string
	data       json.RawMessage
	subject    string // the webhook's number
	object     string // path of the record below the account
	seal       sealing

	// Kept by the courier.
	state    string
	attempts []attempt
}

// sealing is how a delivery without a webhook record is signed. A webhook's own record says it for its deliveries.
type sealing struct {
	plain     bool
	policy    string         // node id; empty signs with the account's key for discovery
	discovery bool           // with a policy: its key is published too
	algorithm string         // without a policy; empty is discoveryAlgorithm
	claims    map[string]any // that replace those of PLATFORM 6.5; null leaves one out
	header    map[string]any
}

// pack makes a delivery of what is to be told.
func (s *Sim) pack(a *graph.Account, d data) (*parcel, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("the data of the event are no JSON: %w", err)
	}
	kind, _, _ := strings.Cut(d.Event, ".")
	return &parcel{id: newUUID(), account: a.ID(), event: d.Event, data: b, subject: strconv.FormatInt(d.WebhookID, 10),
		object: plural(kind) + "/" + strconv.FormatInt(d.ObjectID, 10)}, nil
}

// plural is the resource of an event's records in an address.
func plural(kind string) string {
	if strings.HasSuffix(kind, "y") {
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}

// sealingOf reads how a webhook's deliveries are signed: by its policy, by discovery, or not at all (PLATFORM 6.2, 6.5).
func (s *Sim) sealingOf(p *parcel) sealing {
	if p.webhook == "" {
		return p.seal
	}
	record, _ := s.world.Account(p.account).Get("Webhook", p.webhook)
	policy := related(record, "webhookPolicy")
	discovery, _ := record["openidConnectDiscovery"].(bool)
	return sealing{plain: policy == "" && !discovery, policy: policy, discovery: discovery}
}

// body makes what is sent, with a new token each time.
func (s *Sim) body(p *parcel) ([]byte, error) {
	how := s.sealingOf(p)
	if how.plain {
		return p.data, nil
	}
	token, err := s.seal(p, how)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"jwt": token})
}

// seal makes the token of PLATFORM 6.5.
func (s *Sim) seal(p *parcel, how sealing) (string, error) {
	now := s.clock.now()
	claims := map[string]any{"iss": s.accountURL(p.account), "sub": p.subject, "iat": now.Unix(), "nbf": now.Unix(),
		"jti": randomHex(32), "data": p.data}
	key, err := s.sealingKey(p.account, how, claims, now)
	if err != nil {
		return "", err
	}
	maps.Copy(claims, how.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return key.sign(claims, how.policy == "" || how.discovery, how.header)
}

// sealingKey finds the key, and adds the claims that are the policy's.
func (s *Sim) sealingKey(account string, how sealing, claims map[string]any, now time.Time) (*signingKey, error) {
	if how.policy == "" {
		alg := strings.ToUpper(how.algorithm)
		if alg == "" {
			alg = discoveryAlgorithm
		}
		return s.keys.of(account, alg)
	}
	policy, ok := s.world.Account(account).Get("WebhookPolicy", how.policy)
	if !ok {
		return nil, fmt.Errorf("the account %s has no webhook policy %s", account, how.policy)
	}
	if disabled, _ := policy["disabled"].(bool); disabled {
		return nil, fmt.Errorf("the webhook policy %s of the account %s is disabled", how.policy, account)
	}
	if audience := text(policy, "jwtAudience"); audience != "" {
		claims["aud"] = audience
	}
	if minutes := whole(policy["jwtClaimExpiresIn"]); minutes > 0 {
		claims["exp"] = now.Add(time.Duration(minutes) * time.Minute).Unix()
	}
	claims["iss"] = s.issuerOf(account, how)
	return s.keys.ofPolicy(policy)
}

// issuerOf is the issuer of an account's tokens: a policy whose key is published has one of its own (PLATFORM 6.5).
func (s *Sim) issuerOf(account string, how sealing) string {
	if how.policy == "" || !how.discovery {
		return s.accountURL(account)
	}
	return s.accountURL(account) + "/" + policyPart + strconv.FormatInt(graph.Number(how.policy), 10)
}

// whole is a record's number as a whole one, 0 where it is none.
func whole(v any) int64 {
	switch n := v.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	case float64:
		return int64(n)
	case json.Number:
		i, err := n.Int64()
		if err != nil {
			return 0
		}
		return i
	}
	return 0
}

// received is what a receiver answered.
type received struct {
	status int
	body   string
	job    string // x-job-uuid
}

// post makes one attempt (PLATFORM 6.1).
func (s *Sim) post(ctx context.Context, p *parcel) (received, error) {
	body, err := s.body(p)
	if err != nil {
		return received{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return received{}, err
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Link", fmt.Sprintf(`<%s/%s>; rel="canonical", <%s%s%s>; rel="resource"`,
		s.accountURL(p.account), p.object, s.baseURL(), pathREST, p.object))
	req.Header.Set("User-Agent", "xurrent/1.0 (https://developer.xurrent.com/v1/webhooks)")
	req.Header.Set("X-Xurrent-Delivery", p.id)
	if p.origin != "" {
		req.Header.Set("X-Xurrent-Delivery-Origin", p.origin)
	}
	resp, err := s.courier.client.Do(req)
	if err != nil {
		return received{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return received{}, fmt.Errorf("the answer ended early: %w", err)
	}
	return received{status: resp.StatusCode, body: string(answer), job: resp.Header.Get("x-job-uuid")}, nil
}
