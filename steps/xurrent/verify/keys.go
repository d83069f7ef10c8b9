package verify

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"
)

const (
	// keysFor is how long a key may be used after its issuer was last seen to publish it: a key that was taken
	// back is dead after this, and a cached one lives through an outage of about this length.
	keysFor = time.Hour
	// refreshAfter is when a set that is in use is asked for again, without anybody waiting for it.
	refreshAfter = 10 * time.Minute
	// unknownPause is the least time between two calls of an issuer for key ids that it has not published.
	unknownPause = time.Minute
	// failurePause is how long a failed call is not repeated.
	failurePause = 30 * time.Second

	// What one host, and all together, may keep waiting: the others' requests need their places.
	maxHostWaiters = 32
	maxWaiters     = 128
	// maxNewIssuers is how many issuers of one host may be asked for the first time in a minute: below one
	// account there are many, and a token that is not verified yet names which.
	maxNewIssuers = 30
	maxSets       = 1000
)

// keys are the published keys of issuers.
type keys struct {
	now   func() time.Time
	log   *slog.Logger
	fetch func(context.Context, *url.URL) (map[string]webKey, error)
	// limit is exchangeTimeout, less in tests.
	limit time.Duration

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex         // guards what follows
	sets    map[string]*keySet // by issuer in its normal form
	hosts   map[string]*host
	waiting int
}

// keySet is what is known of one issuer's keys.
type keySet struct {
	issuer  *url.URL
	keys    map[string]webKey // by kid; nil before the first success
	fetched time.Time         // of keys
	tried   time.Time         // of the last call, successful or not
	err     error             // of the last call
	call    chan struct{}     // closed when the call under way ends; nil where there is none
}

// host is what issuers of one host share.
type host struct {
	waiting   int
	callbacks int
	first     time.Time // begin of the minute in which started counts
	started   int
}

func newKeys(now func() time.Time, log *slog.Logger, fetch func(context.Context, *url.URL) (map[string]webKey, error)) *keys {
	k := &keys{now: now, log: log, fetch: fetch, limit: exchangeTimeout, sets: map[string]*keySet{}, hosts: map[string]*host{}}
	k.ctx, k.stop = context.WithCancel(context.Background())
	return k
}

func (k *keys) close() {
	k.mu.Lock()
	k.stop()
	k.mu.Unlock()
	k.wg.Wait()
}

// find is an issuer's key for signatures by an algorithm. The issuer is one that was found acceptable.
func (k *keys) find(ctx context.Context, issuer, kid, algorithm string) (crypto.PublicKey, error) {
	u, err := normal(issuer)
	if err != nil {
		return nil, fmt.Errorf("the issuer: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	set := k.sets[u.String()]
	if wk, ok := set.key(kid, now); ok {
		if now.Sub(set.fetched) >= refreshAfter && set.mayCall(now) {
			k.start(set)
		}
		return wk.use(algorithm)
	}
	switch {
	case set == nil:
		if set, err = k.newSet(u, now); err != nil {
			return nil, err
		}
		k.start(set)
	case set.call != nil: // it is awaited below
	case !set.mayCall(now):
		if set.err != nil {
			return nil, fmt.Errorf("the keys of %s could not be fetched a moment ago: %w", u, set.err)
		}
		return nil, errors.New("the issuer has not published a key with the token's key id")
	default:
		k.start(set)
	}
	if err := k.await(ctx, set); err != nil {
		return nil, err
	}
	if wk, ok := set.key(kid, k.now()); ok {
		return wk.use(algorithm)
	}
	if set.err != nil {
		return nil, fmt.Errorf("the keys of %s cannot be fetched: %w", u, set.err)
	}
	return nil, errors.New("the issuer has not published a key with the token's key id")
}

func (wk webKey) use(algorithm string) (crypto.PublicKey, error) {
	if wk.algorithm != "" && wk.algorithm != algorithm {
		return nil, errors.New("the issuer has published the token's key for another algorithm")
	}
	return wk.key, nil
}

// key is a key that may still be used.
func (s *keySet) key(kid string, now time.Time) (webKey, bool) {
	if s == nil || now.Sub(s.fetched) >= keysFor {
		return webKey{}, false
	}
	wk, ok := s.keys[kid]
	return wk, ok
}

// mayCall says whether the issuer may be called again: a while after a failure, and for a key id that is
// missing from a set that is not old, once a minute.
func (s *keySet) mayCall(now time.Time) bool {
	switch since := now.Sub(s.tried); {
	case s.call != nil:
		return false
	case s.err != nil:
		return since >= failurePause || since < 0
	default:
		return since >= unknownPause || since < 0
	}
}

// newSet makes room for an issuer that was not asked before.
func (k *keys) newSet(issuer *url.URL, now time.Time) (*keySet, error) {
	h := k.host(issuer.Host)
	if since := now.Sub(h.first); since >= time.Minute || since < 0 {
		h.first, h.started = now, 0
	}
	if h.started >= maxNewIssuers {
		return nil, fmt.Errorf("too many new issuers on the host %s within a minute", issuer.Host)
	}
	h.started++
	if len(k.sets) >= maxSets {
		k.makeRoom()
	}
	set := &keySet{issuer: issuer}
	k.sets[issuer.String()] = set
	return set, nil
}

// makeRoom forgets the issuer that was called the longest ago, of those without keys if there are any.
func (k *keys) makeRoom() {
	var oldest string
	var found *keySet
	for name, set := range k.sets {
		if set.call != nil {
			continue
		}
		empty := len(set.keys) == 0
		if found == nil || empty && len(found.keys) > 0 || empty == (len(found.keys) == 0) && set.tried.Before(found.tried) {
			oldest, found = name, set
		}
	}
	delete(k.sets, oldest)
}

func (k *keys) host(name string) *host {
	if k.hosts[name] == nil {
		k.hosts[name] = &host{}
	}
	return k.hosts[name]
}

// start calls the issuer, in the background. k.mu is held.
func (k *keys) start(set *keySet) {
	done := make(chan struct{})
	set.call, set.tried = done, k.now()
	if k.ctx.Err() != nil {
		set.call, set.err = nil, errors.New("the runner is stopping")
		close(done)
		return
	}
	k.wg.Go(func() {
		ctx, cancel := context.WithTimeout(k.ctx, k.limit)
		defer cancel()
		found, err := k.fetch(ctx, set.issuer)
		k.mu.Lock()
		defer k.mu.Unlock()
		set.call, set.err = nil, err
		if err == nil {
			// As of before the call: what was published then may be gone by now.
			set.keys, set.fetched = found, set.tried
		} else {
			k.log.Warn("the keys of a webhook's issuer cannot be fetched", "issuer", set.issuer.String(), "error", err)
		}
		close(done)
	})
}

// await waits for the call that is under way. k.mu is held, but not while it waits.
func (k *keys) await(ctx context.Context, set *keySet) error {
	call := set.call
	if call == nil {
		return nil
	}
	h := k.host(set.issuer.Host)
	if h.waiting >= maxHostWaiters || k.waiting >= maxWaiters {
		return fmt.Errorf("too many requests wait for the keys of %s already", set.issuer.Host)
	}
	h.waiting++
	k.waiting++
	k.mu.Unlock()
	var err error
	select {
	case <-call:
	case <-ctx.Done():
		err = fmt.Errorf("waiting for the keys of %s: %w", set.issuer.Host, ctx.Err())
	}
	k.mu.Lock()
	h.waiting--
	k.waiting--
	return err
}
