package stock

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
)

// taken is how many events are read at a time.
const taken = 500

// Follow takes what receipts sold since it was last called from stock, and adds what
// came back. It begins with what is recorded after the first call: stock that was
// counted before has it counted. What was sold before the last count of a row moves
// nothing, nor do imported receipts. Several processes may call it at once: the
// cursor moves in the transaction of what was read, so nothing is taken twice.
func (s *Service) Follow(ctx context.Context) (receipts int, err error) {
	defer errs.Wrap(&err, "take sales from stock")
	for {
		n, more, err := s.follow(ctx)
		receipts += n
		if err != nil || !more {
			return receipts, err
		}
	}
}

func (s *Service) follow(ctx context.Context) (receipts int, more bool, err error) {
	var from event.Cursor
	err = s.db.QueryRow(ctx, `SELECT cursor FROM stock_reader WHERE id = 1`).Scan(&from)
	if errors.Is(err, db.ErrNoRows) {
		if from, err = s.log.End(ctx); err == nil {
			_, err = s.db.Exec(ctx, `INSERT INTO stock_reader (id, cursor) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, int64(from))
		}
		return 0, false, err
	}
	if err != nil {
		return 0, false, err
	}
	events, to, err := s.log.Read(ctx, from, taken)
	if err != nil || len(events) == 0 {
		return 0, false, err
	}
	var ids []receipt.ID
	for _, e := range events {
		if e.Kind == receipt.EventRecorded {
			ids = append(ids, receipt.ID(e.Ref))
		}
	}
	goods, err := s.receipts.Goods(ctx, ids)
	if err != nil {
		return 0, false, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Guard(ctx, `UPDATE stock_reader SET cursor = $2 WHERE id = 1 AND cursor = $1`, int64(from), int64(to)); err != nil {
			return err
		}
		list, err := sold(ctx, tx, goods, to)
		if err != nil || len(list) == 0 {
			return err
		}
		_, err = s.ApplyTx(ctx, tx, list)
		return err
	})
	if errors.Is(err, db.ErrGuard) { // another process has taken these
		return 0, false, nil
	}
	return len(ids), len(events) == taken, err
}

// sold sums up goods by row and cause, leaving out what was sold before its row was
// counted. The rows are locked first, so that no count comes between.
func sold(ctx context.Context, tx *db.Tx, goods []receipt.Good, to event.Cursor) (list []Change, err error) {
	counted := map[Key]time.Time{}
	byStore := map[catalog.StoreID][]catalog.ProductID{}
	for _, g := range goods {
		byStore[g.Store] = append(byStore[g.Store], g.Product)
	}
	var b db.Batch
	for _, store := range slices.Sorted(maps.Keys(byStore)) {
		b.Query(func(r *db.Rows) error {
			var k Key
			var at time.Time
			err := r.Scan(&k.Store, &k.Product, db.Time{Dst: &at})
			counted[k] = at
			return err
		}, `SELECT store_id, product_id, counted_at FROM stock WHERE store_id = $1 AND product_id IN ($2...) ORDER BY product_id
			FOR UPDATE -- postgres`, int64(store), db.IDs(byStore[store]))
	}
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	type of struct {
		Key
		cause Cause
	}
	sums := map[of]money.Quantity{}
	for _, g := range goods {
		k := Key{g.Store, g.Product}
		at, known := counted[k]
		switch {
		case !known || !g.SoldAt.After(at):
		case g.Kind == receipt.KindReturn:
			sums[of{k, Return}] += g.Quantity
		default:
			sums[of{k, Sale}] -= g.Quantity
		}
	}
	for o, q := range sums {
		list = append(list, Change{Key: o.Key, Add: q, Cause: o.cause, Ref: strconv.FormatInt(int64(to), 10), known: true})
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Or(a.compare(b.Key), cmp.Compare(a.Cause, b.Cause)) })
	return list, nil
}

// Unfollow forgets how far sales were taken: when they are followed again, it is from
// then on.
func (s *Service) Unfollow(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "stop taking sales from stock")
	var n int
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM stock_reader`).Scan(&n); err != nil || n == 0 {
		return err
	}
	_, err = s.db.Exec(ctx, `DELETE FROM stock_reader`)
	return err
}

// Pace works out how much of what was sold in the last thirty days, store by store.
func (s *Service) Pace(ctx context.Context, stores []catalog.StoreID) (err error) {
	defer errs.Wrap(&err, "work out the pace of sales")
	from := s.now().AddDate(0, 0, -paceDays)
	for _, store := range stores {
		sold, err := s.receipts.SoldSince(ctx, store, from)
		if err != nil {
			return err
		}
		err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			rows, err := tx.Query(ctx, `SELECT product_id, pace FROM stock WHERE store_id = $1 ORDER BY product_id`, int64(store))
			err = db.Scan(rows, err, func(r *db.Rows) error {
				var p catalog.ProductID
				var pace money.Quantity
				err := r.Scan(&p, &pace)
				if now := max(sold[p], 0); now != pace {
					b.Exec(`UPDATE stock SET pace = $3 WHERE store_id = $1 AND product_id = $2`, int64(store), int64(p), int64(now))
				}
				return err
			})
			if err != nil {
				return err
			}
			return tx.Run(ctx, &b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
