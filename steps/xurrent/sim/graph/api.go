package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Options says how a World is made. Its zero value is fine.
type Options struct {
	// Seed is the number of records that each account starts with, mostly people, requests and configuration items.
	// 0 means the small company (see seed.go); numbers below its size mean the same.
	Seed int
	// Now is the clock of createdAt and updatedAt; nil is time.Now. The seed's times lie before its first answer.
	Now func() time.Time
	// AccountURL gives Account.url, which is also the issuer of the account's tokens; nil is https://<id>.xurrent.com.
	AccountURL func(account string) string
}

// World is one simulated service: accounts by id, with one data model. Its methods may be called at the same time.
type World struct {
	model *model
	opts  Options
	start time.Time

	mu       sync.Mutex
	accounts map[string]*Account
	hooks    Hooks

	references references

	changes changeQueue
}

// New makes an empty world. The data model is read once per process. It fails for a negative seed or one
// above MaxSeed.
func New(o Options) (*World, error) {
	if o.Seed < 0 || o.Seed > MaxSeed {
		return nil, fmt.Errorf("a seed of %d records is not possible: give a number from 0 to %d", o.Seed, MaxSeed)
	}
	m, err := loadModel()
	if err != nil {
		return nil, fmt.Errorf("the built-in Xurrent schema cannot be read: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AccountURL == nil {
		o.AccountURL = func(id string) string { return "https://" + id + ".xurrent.com" }
	}
	return &World{model: m, opts: o, start: o.Now(), accounts: map[string]*Account{},
		references: references{taken: map[string]string{}}}, nil
}

// MaxSeed is the largest number of records an account can be seeded with.
const MaxSeed = 1_000_000

// Account gives the account with this id (its site name, such as wdc), made and seeded when first asked for.
func (w *World) Account(id string) *Account {
	w.mu.Lock()
	a := w.accounts[id]
	if a == nil {
		a = newAccount(w, id)
		w.accounts[id] = a
	}
	w.mu.Unlock()
	a.seedOnce.Do(a.seed)
	return a
}

// Watch adds a function that learns of every change that a mutation or Put makes: after it, in order, one at a time,
// and while no lock is held, so it may use the account. Seeding tells nothing.
func (w *World) Watch(f func(Change)) { w.changes.watch(f) }

// Hooks are questions that only the HTTP side can answer. A nil function means the default named at it.
type Hooks struct {
	// AttachmentStorage answers the root field attachmentStorage (PLATFORM 5.1): uploadUri, provider,
	// providerParameters, sizeLimit, allowedExtensions. Default: null.
	AttachmentStorage func(account string) map[string]any
	// Async takes a mutation that is computed later (PLATFORM 4.1) and returns its result URL. result computes it, once,
	// and gives the full answer of the mutation. Default: it is computed at once and there is no result URL.
	Async func(account string, result func() Response) (url string)
	// AttachmentExists says whether an uploaded file has this key, and its size in bytes. Default: every key exists.
	AttachmentExists func(key string) (size int64, ok bool)
	// StorePicture keeps a picture that came as a data URI and gives the address under which it is served. It is called while the
	// account is locked. Default: pictureUri stays the data URI.
	StorePicture func(account, filename, media string, content []byte) (url string)
	// ExpiringURL answers Attachment.expiringUrl (PLATFORM 5.3), "" for null. It is called while the account is locked.
	// Default: null.
	ExpiringURL func(key string) string
	// RateLimit answers the root field rateLimit: cost, limit, remaining, resetAt. Default: null.
	RateLimit func(account string) map[string]any
}

// SetHooks replaces all hooks.
func (w *World) SetHooks(h Hooks) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks = h
}

func (w *World) currentHooks() Hooks {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hooks
}

// Caller is who makes a request.
type Caller struct {
	// PersonID is the node id of the person behind the token; empty means the first person of the account.
	PersonID string
	// Scopes are those granted, as "request:Read" (PLATFORM 7.9); nil means everything.
	Scopes []string
}

// Request is one GraphQL request.
type Request struct {
	Query         string
	OperationName string
	// Variables as decoded from JSON; numbers may be json.Number, float64, int or int64.
	Variables map[string]any
	// Refuse is asked before each mutation; where it refuses, nothing is changed and the payload's errors have its field and
	// message. nil refuses nothing.
	Refuse func(mutation string) (field, message string, refused bool)
}

// Response is the answer to a Request. Its JSON form is that of PLATFORM 3.2; Roots and Cost are not part of it.
type Response struct {
	// Data is a JSON object or null; nil when the request was refused before it was executed.
	Data   json.RawMessage `json:"data,omitempty"`
	Errors []Error         `json:"errors,omitempty"`
	// Roots are the root fields that were executed, in order, such as requestUpdate.
	Roots []string `json:"-"`
	// Cost is 1 point, and 1 more for every 10 records returned, rounded down.
	Cost int `json:"-"`
}

// Error is a top-level GraphQL error.
type Error struct {
	Message    string         `json:"message"`
	Locations  []Location     `json:"locations,omitempty"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// Location is a place in the query text, counted from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Actions of a Change.
const (
	ActionCreate = "create"
	ActionUpdate = "update"
	ActionDelete = "delete"
)

// Change is one record created, updated or deleted.
type Change struct {
	Account, Type, ID string
	Action            string
	// Before and After are the record as Get gives it; Before is nil on create, After on delete.
	Before, After map[string]any
	// Person is the node id of who did it; empty for Put.
	Person string
	// OwnerType and OwnerID name the record that a new note belongs to.
	OwnerType, OwnerID string
	At                 time.Time
}

// Execute answers a GraphQL request. It never panics on the request and its work is bounded: query text of
// MaxQueryBytes, nesting of MaxDepth. When ctx is cancelled the answer is an error.
func (a *Account) Execute(ctx context.Context, c Caller, r Request) Response {
	return execute(ctx, a, c, r)
}

// ID is the account's id.
func (a *Account) ID() string { return a.id }

// Get gives a record by type ("Request") and node id, as a map of field names: relations as
// {"id", "type"} and lists of those, times as text. Fields that GraphQL cannot select (a policy's privateKeyPem) are there too.
func (a *Account) Get(typ, id string) (map[string]any, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	r := a.lookup(id)
	if r == nil || r.typ.name != typ {
		return nil, false
	}
	return a.asMap(r), true
}

// All gives every record of a type, in the order of creation.
func (a *Account) All(typ string) []map[string]any {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var all []map[string]any
	for _, n := range a.byType[typ] {
		all = append(all, a.asMap(a.records[n-1]))
	}
	return all
}

// Put creates a record, or changes the one with fields["id"], without the checks of a mutation, and returns its node id.
// A relation is given as a node id or a list of them. Fields that the type does not have are kept where GraphQL
// cannot see them. Unknown types, and ids that are not found, give "".
func (a *Account) Put(typ string, fields map[string]any) (id string) {
	a.mu.Lock()
	id = a.put(typ, fields, true)
	a.mu.Unlock()
	a.world.changes.tell()
	return id
}

// Arrange is Put of which no watcher learns: for what the service sets up by itself and tells of in its own way.
func (a *Account) Arrange(typ string, fields map[string]any) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.put(typ, fields, false)
}

// Delete removes a record; false when there is none of that type and id.
func (a *Account) Delete(typ, id string) bool {
	a.mu.Lock()
	r := a.lookup(id)
	found := r != nil && r.typ.name == typ
	if found {
		a.changed(ActionDelete, r, a.before(r), "")
		a.remove(r)
	}
	a.mu.Unlock()
	a.world.changes.tell()
	return found
}

// Withdraw is Delete of which no watcher learns.
func (a *Account) Withdraw(typ, id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.lookup(id)
	if r == nil || r.typ.name != typ {
		return false
	}
	a.remove(r)
	return true
}

// Records is the number of records in the account.
func (a *Account) Records() int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return len(a.records) - a.deleted
}
