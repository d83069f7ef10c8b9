package lang

import "context"

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
