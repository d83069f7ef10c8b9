package sim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// snapshotVersion is that of the form below; another one is not read.
const snapshotVersion = 1

// maxFilesSaved bounds the contents of uploaded files in a snapshot, in bytes. The newest come first; of a file whose content is left
// out, the rest is kept.
const maxFilesSaved = 64 << 20

// maxAhead bounds by how much a snapshot may move the time ahead.
const maxAhead = 100 * 365 * 24 * time.Hour

// snapshot is what a simulated service has to know after a restart. Not in it are access tokens (clients fetch new ones), deliveries
// and async results under way, the record of requests, and what the control endpoints have set: faults, limits and scopes.
type snapshot struct {
	Version       int                   `json:"version"`
	Base          string                `json:"base"`
	Ahead         time.Duration         `json:"ahead"`
	Lines         int64                 `json:"lines"`
	World         json.RawMessage       `json:"world"`
	Keys          map[string][]savedKey `json:"keys"`
	Webhooks      []savedWebhook        `json:"webhooks"`
	Installations []savedInstallation   `json:"installations"`
	Secret        string                `json:"secret"`
	Files         []savedFile           `json:"files"`
}

type savedWebhook struct {
	Account  string    `json:"account"`
	ID       string    `json:"id"`
	Active   bool      `json:"active"`
	Code     string    `json:"code,omitempty"`
	Expires  time.Time `json:"expires"`
	Failures int       `json:"failures,omitempty"`
}

type savedFile struct {
	Key     string `json:"key"`
	Media   string `json:"media"`
	Size    int64  `json:"size"`
	Lost    bool   `json:"lost,omitempty"`
	Content []byte `json:"content,omitempty"`
}

// snapshot is the service as it is now. What refers to records comes before these, so that those it refers to are there.
func (s *Sim) snapshot() (*snapshot, error) {
	out := &snapshot{Version: snapshotVersion, Base: s.baseURL(), Ahead: s.clock.moved(), Lines: s.lines.Load(), Secret: string(s.store.secret)}
	out.Installations, out.Webhooks = s.apps.save(), s.hooks.save()
	var err error
	if out.Keys, err = s.keys.save(); err != nil {
		return nil, err
	}
	if out.World, err = s.world.Snapshot(); err != nil {
		return nil, err
	}
	out.Files = s.store.save()
	return out, nil
}

// restore takes a snapshot on, in a service that has just been made. After an error the service cannot be used.
func (s *Sim) restore(from *snapshot) error {
	switch {
	case from.Version != snapshotVersion:
		return fmt.Errorf("its form has the version %d, and this program reads version %d", from.Version, snapshotVersion)
	case from.Ahead < 0 || from.Ahead > maxAhead || from.Lines < 0 || from.Secret == "":
		return errors.New("a value is out of its range")
	}
	ids, err := s.world.Restore(from.World)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := s.Account(id); !ok {
			return fmt.Errorf("no account can have the id %q", id)
		}
	}
	s.clock.ahead, s.base = from.Ahead, from.Base
	s.lines.Store(from.Lines)
	s.store.restore(from.Secret, from.Files)
	for _, saved := range from.Webhooks {
		if a, ok := s.existing(saved.Account); ok {
			if record, found := a.Get("Webhook", saved.ID); found {
				s.hooks.restore(saved, record)
			}
		}
	}
	for _, saved := range from.Installations {
		if err := s.restoreInstallation(saved); err != nil {
			return err
		}
	}
	return s.keys.restore(from.Keys)
}

// moved is by how much the time was moved ahead.
func (c *clock) moved() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

func (h *webhooks) save() []savedWebhook {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []savedWebhook{}
	for account, list := range h.byAccount {
		for id, w := range list {
			out = append(out, savedWebhook{account, id, w.active, w.code, w.expires, w.failures})
		}
	}
	slices.SortFunc(out, func(a, b savedWebhook) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID)) })
	return out
}

// restore takes a subscriber on that has the record.
func (h *webhooks) restore(saved savedWebhook, record map[string]any) {
	h.adopt(saved.Account, record, saved.Active)
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.byAccount[saved.Account][saved.ID]
	w.disabled, _ = record["disabled"].(bool)
	w.references, w.code, w.expires, w.failures = texts(record["appOfferingReferences"]), saved.Code, saved.Expires, saved.Failures
}

func (t *store) save() []savedFile {
	t.mu.Lock()
	files := slices.Clone(t.order)
	t.mu.Unlock()
	out := make([]savedFile, len(files))
	left := int64(maxFilesSaved)
	for i, f := range slices.Backward(files) {
		out[i] = savedFile{Key: f.key, Media: f.media, Size: f.size, Lost: f.lost}
		if size := int64(len(f.content)); size <= left {
			out[i].Content, left = f.content, left-size
		} else {
			out[i].Lost = true
		}
	}
	return out
}

// restore takes files on, the oldest first.
func (t *store) restore(secret string, files []savedFile) {
	t.secret = []byte(secret)
	for _, f := range files {
		t.put(&file{key: f.Key, media: f.Media, size: f.Size, lost: f.Lost, content: f.Content})
	}
}
