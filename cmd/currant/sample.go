package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// order asks a simulated account to deliver an event (POST /sim/deliver).
type order struct {
	Account string          `json:"account"`
	URL     string          `json:"url"`
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload,omitempty"`
	Claims  map[string]any  `json:"claims,omitempty"` // of the token, in place of its own
}

// delivered is what the receiver answered.
type delivered struct {
	Delivery string `json:"delivery"`
	Status   int    `json:"status"`
	Body     string `json:"body"`
	Job      string `json:"job_uuid"`
	Error    string `json:"error"`
}

// deliver lets the simulated account send an event, and waits for the answer to it.
func (s *simulated) deliver(ctx context.Context, o order) (d delivered, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return d, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/sim/deliver", bytes.NewReader(body))
	if err != nil {
		return d, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return d, fmt.Errorf("the simulated account: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	switch {
	case err != nil:
		return d, fmt.Errorf("the answer of the simulated account at %s: %w", s.url, err)
	case resp.StatusCode != http.StatusOK && d.Status == 0:
		return d, fmt.Errorf("the simulated account could not deliver the event: %s", d.Error)
	}
	return d, nil
}

// sampleEvent is which event a webhook trigger is tried with: the first that it takes.
func sampleEvent(rb *compile.Runbook) string {
	if v, ok := steps.Known(rb.Trigger.Args, "events"); ok && v.LengthInt() > 0 {
		return v.AsValueSlice()[0].AsString()
	}
	return "request.create"
}

// accountOf is the account that a webhook trigger belongs to.
func accountOf(rb *compile.Runbook) (string, error) {
	if rb.Trigger.Connection != nil {
		args, err := rb.Trigger.Connection()
		if err != nil {
			return "", err
		}
		if v, ok := steps.Known(args, "account_id"); ok {
			return v.AsString(), nil
		}
	}
	return "", invalidf("runbook %q (%s:%d): the account of the trigger is not known; give it a connection", rb.Name, rb.Range.Filename, rb.Range.Start.Line)
}

// receiveSample lets the simulated account send a signed event and receives it as a runner would: it is
// verified, and what it says is the run's input.
func receiveSample(ctx context.Context, t *terminal, account *simulated, rb *compile.Runbook) ([]byte, error) {
	id, err := accountOf(rb)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	got := make(chan ingress.Event, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ev, err := receive(rb, r)
		var refusal *ingress.Refusal
		switch {
		case errors.As(err, &refusal):
			http.Error(w, refusal.Error(), refusal.Status)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case ev.Discard != "":
			http.Error(w, ev.Discard, http.StatusUnprocessableEntity)
		default:
			select {
			case got <- ev:
			default: // one is enough
			}
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	event := sampleEvent(rb)
	answer, err := account.deliver(ctx, order{Account: id, URL: "http://" + listener.Addr().String() + "/inbound/" + rb.Blueprint.Name + "/" + rb.Name, Event: event})
	err = errors.Join(err, server.Close())
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("the event %s of %s was not accepted: %s", event, account.about(), plain(answer.Body))
	}
	ev := <-got
	t.err.printf("Received a signed %s from %s.\n", event, account.about())
	return lang.ToJSON(ev.Value)
}

// receive takes a request in as the runner's server does.
func receive(rb *compile.Runbook, r *http.Request) (ingress.Event, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 256<<10))
	if err != nil {
		return ingress.Event{}, err
	}
	return rb.Trigger.Receive(r.Context(), &ingress.Request{Method: r.Method, Header: r.Header, Query: r.URL.Query(), Body: body, At: time.Now()})
}
