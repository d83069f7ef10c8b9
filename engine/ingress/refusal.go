package ingress

import (
	"fmt"
	"net/http"
	"time"
)

// Refusal is an answer other than 2xx. Message goes to the caller, Reason to the log only.
type Refusal struct {
	Status     int
	Message    string
	Reason     string
	RetryAfter time.Duration
	// Header is sent besides what every answer has. Optional.
	Header http.Header
}

func (r *Refusal) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("%d %s", r.Status, r.Message)
	}
	return fmt.Sprintf("%d %s (%s)", r.Status, r.Message, r.Reason)
}

// unauthorized is the body of every 401: the answer does not say which check failed.
const unauthorized = "The request is not authorized."

// Unauthorized refuses a request that did not prove where it is from. The reason is for the log; every
// caller reads the same.
func Unauthorized(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Message: unauthorized, Reason: fmt.Sprintf(format, args...)}
}

func refuse(status int, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Message: fmt.Sprintf(format, args...)}
}
