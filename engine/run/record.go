package run

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// Status is how a step stands.
type Status string

// The states of a step's record.
const (
	Running  Status = "run"  // begun; of an outside call: it may have been made
	Waiting  Status = "wait" // goes on at Wake, or when the run Await ends
	Held     Status = "held" // waits for a person
	OK       Status = "ok"
	Skipped  Status = "skip"
	Failed   Status = "fail"
	Finished Status = "fin" // a finish step: the run ends here
	Value    Status = "val" // no step: a state's value, a collected value, a cancellation
)

// Record is what the journal keeps of a step. The short names are part of the stored format.
type Record struct {
	Status  Status       `json:"s"`
	Kind    string       `json:"n,omitempty"` // the step kind, for people
	Begun   time.Time    `json:"b,omitzero"`
	Ended   time.Time    `json:"e,omitzero"`
	Order   int          `json:"u,omitempty"` // the how-manieth step of the run it was to begin
	Attempt int          `json:"a,omitempty"`
	Wake    time.Time    `json:"w,omitzero"`
	Reason  string       `json:"r,omitempty"`
	PutBack int          `json:"p,omitempty"` // times that the step was put back
	Cursor  []byte       `json:"c,omitempty"`
	Await   string       `json:"k,omitempty"` // the run that is waited for
	Kept    string       `json:"z,omitempty"` // begins the keys of kept values that are waited for
	Err     *steps.Error `json:"x,omitempty"`
	Finish  string       `json:"m,omitempty"` // message of a finish
	Pending *steps.Error `json:"q,omitempty"` // error that a try's finally holds up
	Ending  bool         `json:"g,omitempty"` // a finish that a try's finally holds up
	Since   time.Time    `json:"t,omitzero"`  // when this attempt began
	Phase   string       `json:"f,omitempty"` // try: do, catch, finally; choice: its block
	Count   int          `json:"d,omitempty"` // loop: all items before it are done; repeat: turns; choice: nth block
	Ahead   []int        `json:"h,omitempty"` // loop: items done beyond Count
	Total   int          `json:"i,omitempty"` // pages: items that have come
	Got     time.Time    `json:"l,omitzero"`  // pages: when the last one came
	Doubt   bool         `json:"j,omitempty"` // the call may have had its effect already
	Output  cty.Value    `json:"-"`
	Shown   cty.Value    `json:"-"` // arguments for people; secrets are masked, never read back
	line    storedRecord
}

type storedRecord struct {
	Output json.RawMessage `json:"o,omitempty"`
	Shown  json.RawMessage `json:"v,omitempty"`
}

// Encode is the stored form of a record under a path.
func (c *Codec) Encode(path string, r *Record) ([]byte, error) {
	type plain Record
	out := struct {
		*plain
		storedRecord
	}{plain: (*plain)(r)}
	var err error
	if out.storedRecord.Output, err = c.value(path, r.Output); err != nil {
		return nil, err
	}
	out.storedRecord.Shown = r.line.Shown // of a record that was read from the store
	if r.Shown != cty.NilVal {
		if out.storedRecord.Shown, err = Show(r.Shown); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// Decode reads a stored record.
func (c *Codec) Decode(path string, b []byte) (*Record, error) {
	r, err := Peek(path, b)
	if err != nil {
		return nil, err
	}
	if r.Output, err = c.Read(path, r.line.Output); err != nil {
		return nil, err
	}
	return r, nil
}

// Peek reads a stored record for people, without opening what is sealed.
func Peek(path string, b []byte) (*Record, error) {
	type plain Record
	r := &Record{}
	in := struct {
		*plain
		storedRecord
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("record %s: %w", path, err)
	}
	r.line = in.storedRecord
	return r, nil
}

// ShownOutput is a decoded record's output for people: sensitive parts are masked.
func (r *Record) ShownOutput() json.RawMessage { return Shown(r.line.Output) }

// ShownArgs are a decoded record's arguments for people.
func (r *Record) ShownArgs() json.RawMessage { return r.line.Shown }
