package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
)

// Good is what a line of a receipt sold, or took back.
type Good struct {
	Kind   Kind
	Store  catalog.StoreID
	SoldAt time.Time
	// RecordedAt is when the receipt came.
	RecordedAt time.Time
	Product    catalog.ProductID
	Quantity   money.Quantity
}

// Goods reads what receipts sold and took back, line by line.
func (s *Service) Goods(ctx context.Context, ids []ID) (list []Good, err error) {
	defer errs.Wrap(&err, "read goods of receipts")
	if len(ids) == 0 {
		return nil, nil
	}
	const read = `
		SELECT r.kind, r.store_id, r.sold_at, r.recorded_at, l.product_id, l.quantity
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.id IN ($1...) AND l.product_id IS NOT NULL`
	rows, err := s.db.Query(ctx, read, db.IDs(ids))
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var g Good
		err := r.Scan(&g.Kind, &g.Store, db.Time{Dst: &g.SoldAt}, db.Time{Dst: &g.RecordedAt}, &g.Product, &g.Quantity)
		list = append(list, g)
		return err
	})
}

// SoldSince sums up what a store has sold since a time, less what came back.
func (s *Service) SoldSince(ctx context.Context, store catalog.StoreID, from time.Time) (sold map[catalog.ProductID]money.Quantity, err error) {
	defer errs.Wrap(&err, "sum up goods of store %d", store)
	sold = map[catalog.ProductID]money.Quantity{}
	const read = `
		SELECT l.product_id, CAST(SUM(CASE WHEN r.kind = 'sale' THEN l.quantity ELSE -l.quantity END) AS BIGINT)
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.store_id = $1 AND r.sold_at >= $2 AND l.product_id IS NOT NULL
		 GROUP BY l.product_id`
	rows, err := s.db.Query(ctx, read, int64(store), from.UnixMicro())
	return sold, db.Scan(rows, err, func(r *db.Rows) error {
		var p catalog.ProductID
		var q money.Quantity
		err := r.Scan(&p, &q)
		sold[p] = q
		return err
	})
}
