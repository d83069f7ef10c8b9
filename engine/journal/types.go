package journal

import "time"

// Status is where a run stands.
type Status string

// The states of a run. A run starts queued and ends finished, failed or cancelled.
const (
	Queued    Status = "queued"    // accepted, waiting for its turn
	Running   Status = "running"   // steps are being executed
	Waiting   Status = "waiting"   // parked until WakeAt or an outside event
	Held      Status = "held"      // stopped until a person decides
	Finished  Status = "finished"  // ended well
	Failed    Status = "failed"    // ended with an error
	Cancelled Status = "cancelled" // ended by a person
)

// Ended reports whether a run in this state will do nothing more by itself.
func (s Status) Ended() bool {
	return s == Finished || s == Failed || s == Cancelled
}

func (s Status) known() bool {
	switch s {
	case Queued, Running, Waiting, Held, Finished, Failed, Cancelled:
		return true
	}
	return false
}

// Run is one run. A zero time means "none"; times are kept to the nanosecond
// and read back in UTC.
type Run struct {
	Seq       int64  // order of arrival, given by the store, never used twice
	ID        string // unique
	Blueprint string
	Runbook   string
	Version   string // content hash of the blueprint text the run is pinned to
	Context   string // the record or subject the run is about, for lists
	Group     string // concurrency group; "" is unlimited
	Status    Status
	// Delivery is the key that tells a repeated delivery from a new one, unique
	// per blueprint and runbook for as long as the run is kept; "" is none.
	Delivery string
	// Nonce is the id of the signed event (jti) that started the run, used once per
	// blueprint and runbook until NonceUntil, or for good where that is zero; "" is
	// none. Both are read by Accept only, and kept apart from the run.
	Nonce      string
	NonceUntil time.Time
	Origin     string // id of the run this one retries or redelivers, or ""
	Parent     string // id of the calling run, or ""
	ParentStep string // path of the calling step, or ""
	Attempt    int    // from 1; Reopen adds one
	AcceptedAt time.Time
	StartedAt  time.Time
	EndedAt    time.Time
	WakeAt     time.Time
	ExpiresAt  time.Time     // when the run times out
	Retention  time.Duration // the run may be pruned at EndedAt + Retention
	Event      []byte        // what started the run, as the engine encodes it
	Outcome    []byte        // outputs or error, when ended
	Summary    string        // short text for lists and search, such as the error message
}

// Head is the part of an unfinished run that a starting engine needs.
type Head struct {
	Seq        int64
	ID         string
	Blueprint  string
	Runbook    string
	Version    string
	Group      string
	Status     Status
	WakeAt     time.Time
	ExpiresAt  time.Time
	Parent     string
	ParentStep string
}

// Record is the state of one step activation. It replaces the record of the
// same path.
type Record struct {
	Path string
	Data []byte
}

// LogLine is a line a run wrote. Lines stay until the run is pruned.
type LogLine struct {
	Seq     int64 // position within the run from 1, given by the store
	At      time.Time
	Level   string
	Step    string
	Message string
	Data    []byte
}

// Write is everything a run stores at one moment; all of it or nothing. The
// parts are applied in the order of the fields.
type Write struct {
	Run string // id
	// Delete lists paths. An entry that ends in '*' deletes every path that
	// starts with what stands before it; "*" deletes all records of the run.
	Delete []string
	Put    []Record
	Logs   []LogLine
	Update *Update // nil: unchanged
	End    *End    // nil: the run goes on
	// Wake lists runs whose wake time becomes now if they are waiting: a
	// finished child wakes its parent. Unknown ids are ignored.
	Wake []string
}

// Update changes the state of an unfinished run.
type Update struct {
	Status    Status    // "" leaves it; must not be an ended one
	WakeAt    time.Time // always stored: zero clears it
	StartedAt time.Time // zero leaves it
}

// End ends a run. Its records are deleted; History is what remains of them.
type End struct {
	Status Status // one that has Ended
	At     time.Time
	// StartedAt is when the run started, where no Update has said so; zero leaves it.
	StartedAt time.Time
	Outcome   []byte
	Summary   string
	History   []byte
}

// Schedule is a standing order for runs. Blueprint and Reference are its key.
type Schedule struct {
	Blueprint string
	Reference string
	Runbook   string
	Spec      []byte // when, as the engine encodes it
	Input     []byte // what the runs get, as the engine encodes it
	NextAt    time.Time
	LastAt    time.Time
	Dynamic   bool // made by a step rather than declared in a blueprint
}

// Filter narrows List. Zero fields do not narrow.
type Filter struct {
	Blueprint string
	Runbook   string
	Status    Status
	Context   string
	Since     time.Time // accepted at or after
	Until     time.Time // accepted before
	Text      string    // part of id, context, delivery or summary; ASCII case is ignored
	Limit     int       // 0 is 100
	BeforeSeq int64     // continue after a page: the smallest Seq seen
}

// nanos stores a time; zero is NULL.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func timeOf(v any) time.Time {
	n, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
