package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"currant/engine/lang"
)

// Kept is what the runner keeps, as far as it shares it (KeyOptions.Shared); anything else is an error, and left
// out of Keys. Its Update calls change again where somebody else has changed the value meanwhile.
func (c *Client) Kept() lang.Kept { return remoteKept{c} }

type remoteKept struct{ c *Client }

// maxSwaps is how often a change is tried while others change the same value.
const maxSwaps = 100

// Get is part of lang.Kept.
func (k remoteKept) Get(ctx context.Context, key string) ([]byte, error) {
	a, err := k.ask(ctx, "get", keptRequest{Key: key})
	if err != nil || a.Value == nil {
		return nil, err
	}
	return append([]byte{}, *a.Value...), nil
}

// Update is part of lang.Kept.
func (k remoteKept) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	for range maxSwaps {
		old, err := k.Get(ctx, key)
		if err != nil {
			return err
		}
		value, err := change(bytes.Clone(old))
		if err != nil {
			return err
		}
		a, err := k.ask(ctx, "swap", keptRequest{Key: key, Old: nullable(old), New: nullable(value)})
		if err != nil || !a.Stale {
			return err
		}
	}
	return fmt.Errorf("what is kept as %q was changed %d times by others meanwhile; try again", key, maxSwaps)
}

// ReplaceKept is part of lang.KeptReplacer.
func (k remoteKept) ReplaceKept(ctx context.Context, key string, value []byte) error {
	_, err := k.ask(ctx, "replace", keptRequest{Key: key, New: nullable(value)})
	return err
}

// Keys is part of lang.Kept.
func (k remoteKept) Keys(ctx context.Context, prefix string) ([]string, error) {
	a, err := k.ask(ctx, "keys", keptRequest{Key: prefix})
	return a.Keys, err
}

func (k remoteKept) ask(ctx context.Context, what string, q keptRequest) (a keptAnswer, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://runner/kept/"+what, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := k.c.http.Do(req)
	if err != nil {
		return a, fmt.Errorf("the runner of %s went away: %w", k.c.dir, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return a, fmt.Errorf("the runner of %s is of an earlier version, which shares nothing that it keeps; start it again", k.c.dir)
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("answer of the runner of %s: %w", k.c.dir, err)
	}
	if a.Damaged {
		return keptAnswer{}, &damagedKept{a.Error}
	}
	if a.Error != "" {
		return keptAnswer{}, errors.New(a.Error)
	}
	return a, nil
}

// damagedKept is lang.ErrKeptDamaged as the runner has told it.
type damagedKept struct{ text string }

func (d *damagedKept) Error() string { return d.text }

// Is makes errors.Is(err, lang.ErrKeptDamaged) true.
func (d *damagedKept) Is(target error) bool { return target == lang.ErrKeptDamaged }
