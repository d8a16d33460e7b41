package catalog

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
)

// Events of this package. A ref is the store's, till's or key's; products and
// categories come by many: body: {"ids"}, in one event of all that a call made
// or changed.
const (
	EventEntity     = "entity.changed"
	EventStore      = "store.changed" // or made, as the three that follow
	EventTill       = "till.changed"
	EventCategories = "categories.changed"
	EventProducts   = "products.changed"
	EventKeyIssued  = "till.key_issued" // body: {"till", "checksum"}
	EventKeyRevoked = "till.key_revoked"
)

// tellTx appends that one thing was made or changed.
func (s *Service) tellTx(ctx context.Context, tx *db.Tx, kind string, ref int64) error {
	var b db.Batch
	event.Append(&b, event.Event{At: s.now(), Kind: kind, Ref: ref})
	return tx.Run(ctx, &b)
}

// tell adds to b that things were made or changed; of none nothing is told.
func tell[T any](s *Service, b *db.Batch, kind string, ids []id.Of[T]) {
	if len(ids) > 0 {
		event.Append(b, event.Event{At: s.now(), Kind: kind, Body: event.Body(map[string][]id.Of[T]{"ids": ids})})
	}
}
