package ingress

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	plainText = "text/plain; charset=utf-8"
	jsonText  = "application/json; charset=utf-8"
)

// answer is what the server says to a request.
type answer struct {
	status      int
	header      http.Header // of a respond block or a Refusal
	contentType string
	body        []byte
	retryAfter  time.Duration
	job         string // the run's uuid
	close       bool   // the connection is not used again

	// For the log only.
	note, reason string
}

func (a *answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	for k, v := range a.header {
		h[k] = v
	}
	if a.job != "" {
		h.Set("X-Job-Uuid", headerText(a.job))
	}
	if a.retryAfter > 0 {
		// Whole seconds, never too few.
		h.Set("Retry-After", strconv.FormatInt(int64((a.retryAfter+time.Second-1)/time.Second), 10))
	}
	if a.close {
		h.Set("Connection", "close")
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		a.body = nil
		h.Del("Content-Type")
	} else {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	// A caller that is gone does not read its answer; there is nobody to tell.
	_, _ = w.Write(a.body)
}

// unexpectedRetry is when a caller should try again after a failure of ours.
const unexpectedRetry = 10 * time.Second

// answerError is the answer to a request that was not accepted.
func answerError(err error) answer {
	var r *Refusal
	if !errors.As(err, &r) {
		r = &Refusal{Status: http.StatusServiceUnavailable, Message: "The runner cannot take the event now. Try again.",
			Reason: err.Error(), RetryAfter: unexpectedRetry}
	}
	return answerRefusal(r)
}

func answerRefusal(r *Refusal) answer {
	a := answer{status: r.Status, header: r.Header, retryAfter: r.RetryAfter, reason: r.Reason, contentType: jsonText}
	message := r.Message
	switch {
	case a.status < 400 || a.status > 599:
		// No refusal may look like an acceptance.
		a.status, message = http.StatusInternalServerError, "The runner failed to handle the request."
	case a.status == http.StatusUnauthorized:
		message = unauthorized
	}
	if a.reason == "" {
		a.reason = r.Message
	}
	if a.retryAfter == 0 && (a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests) {
		a.retryAfter = unexpectedRetry
	}
	a.body = errorBody(message)
	return a
}

func errorBody(message string) []byte {
	// Marshalling a text cannot fail.
	b, _ := json.Marshal(struct {
		Error string `json:"error"`
	}{message})
	return b
}

func jobBody(run string) []byte {
	b, _ := json.Marshal(struct {
		Job string `json:"job_uuid"`
	}{run})
	return b
}
