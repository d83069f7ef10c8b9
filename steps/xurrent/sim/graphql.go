package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// envelope is the body of a GraphQL request (PLATFORM 3.1).
type envelope struct {
	Query         *string        `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// serveGraphQL answers POST /graphql (PLATFORM 3).
func (s *Sim) serveGraphQL(w http.ResponseWriter, r *http.Request, account string, entry *recorded) {
	if r.Method != http.MethodPost {
		methodNotAllowed(w, http.MethodPost)
		return
	}
	a, who, key, ok := s.admit(w, r, account)
	if !ok {
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		s.limits.look(key, s.clock.now()).write(w.Header(), 0)
		writeMessage(w, http.StatusUnsupportedMediaType, "The content type must be application/json")
		return
	}
	in, err := readEnvelope(r.Body)
	if err != nil {
		s.limits.look(key, s.clock.now()).write(w.Header(), 0)
		writeMessage(w, http.StatusBadRequest, err.Error())
		return
	}
	answer := a.Execute(r.Context(), graph.Caller{Scopes: s.scopesOf(who.client)},
		graph.Request{Query: *in.Query, OperationName: in.OperationName, Variables: in.Variables, Refuse: s.refusals(account, entry)})
	entry.Operations = answer.Roots
	s.limits.pay(key, s.clock.now(), int64(answer.Cost)).write(w.Header(), int64(answer.Cost))
	body, err := encodeAnswer(answer)
	if err != nil {
		writeMessage(w, http.StatusInternalServerError, "The answer is no JSON: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(body)
}

// refusals are those that faults ask for.
func (s *Sim) refusals(account string, entry *recorded) func(string) (string, string, bool) {
	return func(mutation string) (field, message string, refused bool) {
		f := s.faults.refuse(account, mutation)
		if f == nil {
			return "", "", false
		}
		entry.Fault = f.Kind
		return first(f.Field, "base"), first(f.Message, "The change was refused"), true
	}
}

// admit finds the account and the caller of an API request and counts it; where it returns false the refusal is written.
func (s *Sim) admit(w http.ResponseWriter, r *http.Request, account string) (a *graph.Account, who access, key string, ok bool) {
	if !validAccount(account) {
		writeMessage(w, http.StatusBadRequest, "Invalid x-xurrent-account header")
		return nil, access{}, "", false
	}
	who, text, ok := s.tokens.bearer(r)
	if !ok {
		unauthorized(w)
		return nil, access{}, "", false
	}
	if !s.mayEnter(w, who, account) {
		return nil, access{}, "", false
	}
	if a, ok = s.Account(account); !ok {
		writeMessage(w, http.StatusBadRequest, "Invalid x-xurrent-account header")
		return nil, access{}, "", false
	}
	key = account + " " + text
	now := s.clock.now()
	left, ok := s.limits.take(key, now)
	left.write(w.Header(), -1)
	if !ok {
		seconds := max(1, int64(math.Ceil(left.reset.Sub(now).Seconds())))
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
		writeMessage(w, http.StatusTooManyRequests, "The limit of requests or of cost points is used up until "+left.reset.UTC().Format(time.RFC3339))
		return nil, access{}, "", false
	}
	return a, who, key, true
}

func readEnvelope(body io.Reader) (envelope, error) {
	var in envelope
	d := json.NewDecoder(body)
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return in, errors.New("the body is not the JSON of a GraphQL request")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, errors.New("the body has more than one JSON value")
	}
	if in.Query == nil || *in.Query == "" {
		return in, errors.New("the body has no query")
	}
	return in, nil
}

// encodeAnswer is the JSON of an answer; its data is JSON already and is not read again.
func encodeAnswer(a graph.Response) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(a.Data) + 64)
	out.WriteByte('{')
	if len(a.Errors) > 0 {
		b, err := json.Marshal(a.Errors)
		if err != nil {
			return nil, err
		}
		out.WriteString(`"errors":`)
		out.Write(b)
		if a.Data != nil {
			out.WriteByte(',')
		}
	}
	if a.Data != nil {
		out.WriteString(`"data":`)
		out.Write(a.Data)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
