package steps

import (
	"fmt"
	"slices"
	"time"
)

// ErrorKind classes an error by what a blueprint can do about it (LANGUAGE section 3).
type ErrorKind string

// The kinds of error.
const (
	InputError       ErrorKind = "input"
	AuthError        ErrorKind = "auth"
	GraphQLError     ErrorKind = "graphql"
	MutationError    ErrorKind = "mutation"
	HTTPError        ErrorKind = "http"
	NetworkError     ErrorKind = "network"
	TimeoutError     ErrorKind = "timeout"
	NotFoundError    ErrorKind = "not_found"
	DecodeError      ErrorKind = "decode"
	FailError        ErrorKind = "fail"
	InterruptedError ErrorKind = "interrupted"
	CancelledError   ErrorKind = "cancelled"
	InternalError    ErrorKind = "internal"
)

// ErrorKinds are all of them, in the order of the language reference.
var ErrorKinds = []string{"input", "auth", "graphql", "mutation", "http", "network", "timeout", "not_found",
	"decode", "fail", "interrupted", "cancelled", "internal"}

// Error is a step's failure. Its message is shown to people and kept in the store: it holds no secret.
type Error struct {
	Kind    ErrorKind
	Message string
	Status  int    // HTTP status, or 0
	Step    string // name of the step that failed; the interpreter sets it
	File    string // where, in the blueprint; the interpreter sets it
	Line    int
	// Final errors end the run whatever catches: cancellation and the run's own timeout.
	Final bool
}

// Error is the message after its kind.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Kind, e.Message) }

// Errorf is a failure of a kind.
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Retryable says whether a retry block without `on`, or with it, repeats after this error.
func (e *Error) Retryable(on []string) bool {
	if e.Final {
		return false
	}
	if len(on) > 0 {
		return slices.Contains(on, string(e.Kind))
	}
	switch e.Kind {
	case NetworkError, TimeoutError:
		return true
	case HTTPError:
		return e.Status == 408 || e.Status == 425 || e.Status >= 500
	}
	return false
}

// PutBack is an answer and no failure: the step begins again after a while, holding nothing meanwhile. It
// uses no attempt (LANGUAGE section 3, answers 429 and 503).
type PutBack struct {
	After  time.Duration
	Reason string
	// Status is the HTTP status that caused it, or 0.
	Status int
	// Paced says that nobody refused: we hold ourselves back. It does not count toward the limit of put-backs.
	Paced bool
}

func (p *PutBack) Error() string { return fmt.Sprintf("put back for %s: %s", p.After, p.Reason) }

// Park is an answer and no failure: the step goes on at a moment, with the cursor that it leaves. A Run that
// it names and that ends earlier wakes it too.
type Park struct {
	Until  time.Time // zero: only Run wakes it
	Cursor []byte
	Run    string
	// Kept begins the keys of kept values (Call.Kept) that wake it earlier too when they are changed; it ends with
	// "/". This is a hint, told a moment later, for several changes once, and not after a restart: Until remains. No Pager has it.
	Kept   string
	Reason string
}

func (p *Park) Error() string { return "parked: " + p.Reason }

// Finish is an answer and no failure: the run ends here as finished.
type Finish struct{ Message string }

func (f *Finish) Error() string { return "finished: " + f.Message }
