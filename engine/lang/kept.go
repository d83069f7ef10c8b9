package lang

import (
	"context"
	"errors"
)

// Kept keeps small values that outlive runs, sealed at rest: what customers' installations have sent, keys of
// policies, secrets of our own. Keys are plain text, of parts joined by "/", and hold no secret. It is safe
// for concurrent use.
type Kept interface {
	// Get is the value under a key; nil where there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Update replaces the value under a key by what change makes of it, nil for none, while nobody else changes
	// it. A nil result deletes it. It is on disk when Update returns without error.
	Update(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error
	// Keys are the keys that begin with a prefix, sorted.
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// ErrKeptDamaged is the error of a kept value that is there and can be read no more. ReplaceKept puts another in its
// place.
var ErrKeptDamaged = errors.New("the kept value is damaged")

// KeptReplacer is a Kept whose values can be replaced without being read.
type KeptReplacer interface {
	// ReplaceKept is the function of that name.
	ReplaceKept(ctx context.Context, key string, value []byte) error
}

// ReplaceKept puts a value under a key, whatever is there, also where that can be read no more; nil deletes it. It is
// on disk when ReplaceKept returns without error.
func ReplaceKept(ctx context.Context, kept Kept, key string, value []byte) error {
	if r, ok := kept.(KeptReplacer); ok {
		return r.ReplaceKept(ctx, key, value)
	}
	return kept.Update(ctx, key, func([]byte) ([]byte, error) { return value, nil })
}
