package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// maxAccounts is how many accounts one simulated service has.
const maxAccounts = 20_000

// Sim is a simulated Xurrent service with any number of accounts; it is an [net/http.Handler]. Its methods may be called at the
// same time.
type Sim struct {
	options  Options
	log      *slog.Logger
	clock    *clock
	world    *graph.World
	tokens   *tokens
	limits   *limits
	faults   faults
	recorder *recorder
	store    *store
	async    *async
	keys     *keys
	hooks    *webhooks
	apps     *apps
	courier  *courier
	control  http.Handler
	lines    atomic.Int64 // audit lines so far
	state    *state       // nil where nothing is kept
	activity atomic.Int64 // requests and deliveries so far, which may have changed what is to be kept

	ctx  context.Context
	stop context.CancelFunc

	mu       sync.Mutex
	base     string // until it is learned or set, that of the last start
	learned  bool   // base is where this service is reached
	baseSet  bool
	accounts map[string]bool
}

// New makes a simulated service, as it was left where Options.State says so. It fails for options that make no sense, naming them, and
// for a state file that the system does not let it read.
func New(o Options) (*Sim, error) {
	if o.State != "" {
		return resume(o)
	}
	return fresh(o)
}

// fresh makes a simulated service without accounts.
func fresh(o Options) (*Sim, error) {
	if o.Storage != "" && o.Storage != providerS3 && o.Storage != providerLocal {
		return nil, fmt.Errorf("the attachment storage %q is unknown: use %q or %q", o.Storage, providerS3, providerLocal)
	}
	o = o.withDefaults()
	s := &Sim{options: o, log: o.Log, clock: newClock(o.Now), recorder: newRecorder(), accounts: map[string]bool{}, keys: newKeys()}
	world, err := graph.New(graph.Options{Seed: o.Seed, Now: s.clock.now, AccountURL: s.accountURL})
	if err != nil {
		return nil, err
	}
	s.world = world
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.tokens = newTokens(s.clock, o)
	s.limits = newLimits(o.RateLimit, o.CostLimit, o.RateWindow)
	s.store = newStore()
	s.async = newAsync(s.clock, o)
	s.hooks = newWebhooks()
	s.apps = newApps()
	s.courier = newCourier(s)
	s.control = s.controls()
	world.SetHooks(graph.Hooks{
		AttachmentStorage: s.storageInfo,
		AttachmentExists:  s.store.exists,
		StorePicture:      s.storePicture,
		ExpiringURL:       s.ExpiringURL,
		Async:             s.startAsync,
	})
	world.Watch(s.changed)
	return s, nil
}

// SetBase says at which URL the simulated account is reached; until then the first request's Host header tells.
// Addresses of before, in what is kept of the last start, are rewritten.
func (s *Sim) SetBase(url string) { s.moveTo(strings.TrimSuffix(url, "/"), true) }

func (s *Sim) moveTo(url string, set bool) {
	s.mu.Lock()
	old := s.base
	s.base, s.learned, s.baseSet = url, true, set
	s.mu.Unlock()
	if old == "" || old == url {
		return
	}
	s.world.Relocate(old+"/", url+"/")
	s.hooks.relocate(old+"/", url+"/")
}

// Advance moves the simulated account's time ahead: tokens, limits and codes expire, retries and async results become due.
// Negative durations do nothing.
func (s *Sim) Advance(d time.Duration) {
	if d > 0 {
		s.clock.advance(d)
	}
}

// Close stops deliveries and slow answers and waits for those under way to end. Its error is one of writing the state file.
func (s *Sim) Close() error {
	s.stop()
	s.courier.close()
	s.clock.stop()
	if s.state == nil {
		return nil
	}
	<-s.state.done
	return s.save()
}

func (s *Sim) baseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// accountURL is Account.url and the issuer of the account's tokens (PLATFORM 1.2).
func (s *Sim) accountURL(account string) string { return s.baseURL() + pathAccounts + account }

// Account finds an account's records by its id, made when first asked for; false is an id that no account can have, or an account too
// many. Changes made there reach the webhooks as those of GraphQL do.
func (s *Sim) Account(id string) (*graph.Account, bool) {
	if !validAccount(id) {
		return nil, false
	}
	s.mu.Lock()
	if !s.accounts[id] && len(s.accounts) >= maxAccounts {
		s.mu.Unlock()
		return nil, false
	}
	s.accounts[id] = true
	s.mu.Unlock()
	return s.world.Account(id), true
}

// validAccount says whether a text has the form of an account id: a host label.
func validAccount(id string) bool {
	if id == "" || len(id) > 63 || id[0] == '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return id[0] != '_'
}
