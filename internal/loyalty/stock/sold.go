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

// SwitchTx has sales move stock from now on, or no longer; where it is so already, it
// goes on.
func (s *Service) SwitchTx(ctx context.Context, tx *db.Tx, on bool) (err error) {
	defer errs.Wrap(&err, "switch what sales do to stock")
	if !on {
		_, err = tx.Exec(ctx, `DELETE FROM stock_reader`)
		return err
	}
	end, err := s.log.EndTx(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO stock_reader (id, cursor, since) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING`, int64(end), s.now().UnixMicro())
	return err
}

// Aside is what was sold, or came back, and was not taken: there would be more than
// can be counted, or less.
type Aside struct {
	Key
	Quantity money.Quantity // that would have been added
}

// Follow takes what receipts sold since it was last called from stock, and adds what
// came back, where that is switched on. What was sold before the last count of a row
// moves nothing, nor do imported receipts. What does not fit is set aside, and told in
// the log. Several processes may call it at once: the cursor moves in the transaction of
// what was read, so nothing is taken twice, nor after it was switched off.
func (s *Service) Follow(ctx context.Context) (aside []Aside, err error) {
	defer errs.Wrap(&err, "take sales from stock")
	for {
		not, more, err := s.follow(ctx)
		aside = append(aside, not...)
		if err != nil || !more {
			return aside, err
		}
	}
}

func (s *Service) follow(ctx context.Context) (aside []Aside, more bool, err error) {
	var from event.Cursor
	var since time.Time
	err = s.db.QueryRow(ctx, `SELECT cursor, since FROM stock_reader WHERE id = 1`).Scan(&from, db.Time{Dst: &since})
	if errors.Is(err, db.ErrNoRows) { // switched off
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	events, to, err := s.log.Read(ctx, from, taken)
	if err != nil || len(events) == 0 {
		return nil, false, err
	}
	var ids []receipt.ID
	for _, e := range events {
		if e.Kind == receipt.EventRecorded {
			ids = append(ids, receipt.ID(e.Ref))
		}
	}
	goods, err := s.receipts.Goods(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	goods = slices.DeleteFunc(goods, func(g receipt.Good) bool { return g.RecordedAt.Before(since) })
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Guard(ctx, `UPDATE stock_reader SET cursor = $2 WHERE id = 1 AND cursor = $1`, int64(from), int64(to)); err != nil {
			return err
		}
		aside, err = s.takeTx(ctx, tx, goods, strconv.FormatInt(int64(to), 10))
		return err
	})
	if errors.Is(err, db.ErrGuard) { // another process has taken these, or it was switched off
		return nil, false, nil
	}
	return aside, len(events) == taken, err
}

// takeTx sums up goods by row and cause, leaving out what was sold before its row was
// counted, and moves the rows.
func (s *Service) takeTx(ctx context.Context, tx *db.Tx, goods []receipt.Good, ref string) (aside []Aside, err error) {
	if len(goods) == 0 {
		return nil, nil
	}
	var list []Change
	for _, g := range goods {
		list = append(list, Change{Key: Key{g.Store, g.Product}, known: true})
	}
	w, err := s.begin(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	type of struct {
		Key
		cause Cause
	}
	sums := map[of]money.Quantity{}
	for _, g := range goods {
		k := Key{g.Store, g.Product}
		switch {
		case w.is[k] == nil || !soldAt(g).After(w.is[k].CountedAt):
		case g.Kind == receipt.KindReturn:
			sums[of{k, Return}] += g.Quantity
		default:
			sums[of{k, Sale}] -= g.Quantity
		}
	}
	order := func(a, b of) int { return cmp.Or(a.compare(b.Key), cmp.Compare(a.cause, b.cause)) }
	for _, o := range slices.SortedFunc(maps.Keys(sums), order) {
		if a := w.apply(Change{Key: o.Key, Add: sums[o], Cause: o.cause, Ref: ref}); a.Err != nil {
			aside = append(aside, Aside{o.Key, sums[o]})
			w.aside = append(w.aside, item{o.Store, o.Product, sums[o].String()})
		}
	}
	return aside, w.write(ctx, tx)
}

// soldAt is when goods left the store or came back, as far as a count is concerned: when
// the till says, but not later than the receipt was recorded, for nothing is recorded
// before it is sold, however far a till's clock is ahead of ours.
func soldAt(g receipt.Good) time.Time {
	if g.RecordedAt.Before(g.SoldAt) {
		return g.RecordedAt
	}
	return g.SoldAt
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
