package xurrent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// modelLife is how long a data model is used without asking again (PLATFORM 3.6).
const modelLife = time.Hour

// Models keeps data models of accounts, as files of a directory: one that a command has fetched is there for
// a runner beside it. They hold no secret. It is safe for concurrent use.
type Models struct {
	dir string
	now func() time.Time

	flight singleflight.Group
	mu     sync.Mutex // guards what follows
	loaded map[string]loadedModel
	failed map[string]failedModel // by credentials
}

type loadedModel struct {
	schema *schema.Schema
	at     time.Time // when it was asked for: the file's time
}

type failedModel struct {
	err   error
	until time.Time
}

// modelKey is whose model it is. The credentials are a digest (api.Config.Key): another secret asks again
// after a failure, but not for a model that is there.
type modelKey struct{ endpoint, account, credentials string }

func (k modelKey) file() string { return modelFile(k.endpoint, k.account) }

func modelFile(endpoint, account string) string {
	return short(endpoint) + "-" + short(account) + ".model"
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// NewModels keeps models in a directory, which is made when there is one to keep. "" keeps them in memory.
func NewModels(dir string) *Models {
	return &Models{dir: dir, now: time.Now, loaded: map[string]loadedModel{}, failed: map[string]failedModel{}}
}

// known is the model that is kept of an account, however old; of an account that is not known yet, that of
// another in the same environment. Nil where there is none.
func (m *Models) known(endpoint, account string) *schema.Schema {
	if account != "" {
		return m.read(modelFile(endpoint, account)).schema
	}
	var newest loadedModel
	for _, name := range m.names(short(endpoint) + "-") {
		if l := m.read(name); l.schema != nil && l.at.After(newest.at) {
			newest = l
		}
	}
	return newest.schema
}

func (m *Models) names(prefix string) (names []string) {
	if m.dir == "" {
		m.mu.Lock()
		defer m.mu.Unlock()
		for name := range m.loaded {
			if len(name) > len(prefix) && name[:len(prefix)] == prefix {
				names = append(names, name)
			}
		}
		return names
	}
	found, _ := filepath.Glob(filepath.Join(m.dir, prefix+"*.model")) // the pattern is well formed
	for _, path := range found {
		names = append(names, filepath.Base(path))
	}
	return names
}

// read is a kept model. One that cannot be read is as good as none: it is asked for again.
func (m *Models) read(name string) loadedModel {
	m.mu.Lock()
	defer m.mu.Unlock()
	have := m.loaded[name]
	if m.dir == "" {
		return have
	}
	path := filepath.Join(m.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		delete(m.loaded, name)
		return loadedModel{}
	}
	if have.schema != nil && have.at.Equal(info.ModTime()) {
		return have
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return loadedModel{}
	}
	s, err := schema.Decode(b)
	if err != nil {
		return loadedModel{}
	}
	m.loaded[name] = loadedModel{m.shared(s), info.ModTime()}
	return m.loaded[name]
}

// shared is the schema in memory that is the same, where there is one: a thousand customers have one.
func (m *Models) shared(s *schema.Schema) *schema.Schema {
	for _, have := range m.loaded {
		if have.schema.Digest() == s.Digest() {
			return have.schema
		}
	}
	return s
}

// get is a model that is fresh enough. Calls at once ask once.
func (m *Models) get(ctx context.Context, client *api.Client, key modelKey, refresh bool) (*schema.Schema, error) {
	have := m.read(key.file())
	if !refresh && have.schema != nil && m.now().Sub(have.at) < modelLife {
		return have.schema, nil
	}
	if !refresh {
		if err := m.remembered(key.credentials); err != nil {
			return orStale(have, err)
		}
	}
	asked := m.flight.DoChan(key.file()+key.credentials, func() (any, error) {
		return m.fetch(context.WithoutCancel(ctx), client, key)
	})
	select {
	case r := <-asked:
		if r.Err != nil && !refresh {
			return orStale(have, r.Err)
		}
		s, _ := r.Val.(*schema.Schema)
		return s, r.Err
	case <-ctx.Done():
		return nil, steps.Errorf(steps.CancelledError, "the data model was asked for, and the call was cancelled")
	}
}

// orStale is an old model in place of a failure to get a new one: the steps that it still fits go on while the
// service has trouble. Refused credentials are no such trouble.
func orStale(have loadedModel, err error) (*schema.Schema, error) {
	var e *steps.Error
	if have.schema == nil || errors.As(err, &e) && e.Kind == steps.AuthError {
		return nil, err
	}
	return have.schema, nil
}

func (m *Models) remembered(credentials string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.failed[credentials]; ok && m.now().Before(f.until) {
		return f.err
	}
	return nil
}

func (m *Models) fetch(ctx context.Context, client *api.Client, key modelKey) (*schema.Schema, error) {
	answer, remember, err := client.Ask(ctx, api.Request{Text: schema.IntrospectionQuery, Read: true})
	if err != nil {
		m.remember(key.credentials, err, remember)
		return nil, err
	}
	s, err := schema.FromIntrospection(answer.Data)
	if err != nil {
		return nil, steps.Errorf(steps.DecodeError, "the data model of the account %q: %s", key.account, err)
	}
	m.mu.Lock()
	delete(m.failed, key.credentials)
	m.mu.Unlock()
	return s, m.keep(key.file(), s)
}

// maxRemembered is the length of a message that is remembered (PLATFORM 3.7), in bytes.
const maxRemembered = 200

func (m *Models) remember(credentials string, err error, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.failed, func(_ string, f failedModel) bool { return !m.now().Before(f.until) })
	delete(m.failed, credentials)
	var e *steps.Error
	if d <= 0 || !errors.As(err, &e) {
		return
	}
	kept := *e
	if len(kept.Message) > maxRemembered {
		kept.Message = strings.ToValidUTF8(kept.Message[:maxRemembered], "")
	}
	m.failed[credentials] = failedModel{&kept, m.now().Add(d)}
}

// keep stores a model whole or not at all.
func (m *Models) keep(name string, s *schema.Schema) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dir == "" {
		m.loaded[name] = loadedModel{m.shared(s), m.now()}
		return nil
	}
	path, at, err := writeModel(m.dir, name, s.Encode(), m.now())
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return steps.Errorf(steps.InternalError, "keep the data model in %s: %s", path, err)
	}
	m.loaded[name] = loadedModel{m.shared(s), at}
	return nil
}

func writeModel(dir, name string, b []byte, now time.Time) (path string, at time.Time, err error) {
	path = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return path, at, err
	}
	f, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return path, at, err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Chtimes(f.Name(), now, now)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return path, at, errors.Join(err, os.Remove(f.Name()))
	}
	info, err := os.Stat(path)
	if err != nil {
		return path, at, err
	}
	return path, info.ModTime(), nil
}
