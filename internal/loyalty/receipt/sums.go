package receipt

import (
	"context"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
)

// Sums are what the receipts of a period come to.
type Sums struct {
	Sales      int64
	Identified int64 // of Sales, with a customer
	Sold       money.Amount
	Returns    int64
	Refunded   money.Amount
	Earned     money.Points // on sales, less what returns took back
	Redeemed   money.Points // on sales, less what returns gave back
}

// sums are the columns of Sums, in the order in which scan takes them.
var sums = `
	COUNT(CASE kind WHEN 'sale' THEN 1 END),
	COUNT(CASE kind WHEN 'sale' THEN customer_id END),
	COUNT(CASE kind WHEN 'return' THEN 1 END),
	` + money.SumColumns(`CASE kind WHEN 'sale' THEN total ELSE 0 END`) + `,
	` + money.SumColumns(`CASE kind WHEN 'return' THEN total - withheld ELSE 0 END`) + `,
	` + money.SumColumns(`CASE kind WHEN 'sale' THEN earned ELSE -earned END`) + `,
	` + money.SumColumns(`CASE kind WHEN 'sale' THEN redeemed ELSE -redeemed END`)

// scan reads the columns of sums, and more after them.
func (s *Sums) scan(scan func(...any) error, more ...any) error {
	var sold, refunded, earned, redeemed [2]int64
	err := scan(append([]any{
		&s.Sales, &s.Identified, &s.Returns, &sold[0], &sold[1], &refunded[0], &refunded[1],
		&earned[0], &earned[1], &redeemed[0], &redeemed[1],
	}, more...)...)
	s.Sold, s.Refunded = money.Amount(money.Sum(sold[0], sold[1])), money.Amount(money.Sum(refunded[0], refunded[1]))
	s.Earned, s.Redeemed = money.Points(money.Sum(earned[0], earned[1])), money.Points(money.Sum(redeemed[0], redeemed[1]))
	return err
}

// Sum adds up the receipts sold from a time until another one, not included: of
// the stores, or of all with none.
// It reads each of them: ask for days, not for years. A sum beyond what can be
// told stays at the most that can.
func (s *Service) Sum(ctx context.Context, from, to time.Time, stores ...catalog.StoreID) (all Sums, err error) {
	defer errs.Wrap(&err, "sum receipts")
	indexed, rest, args := Filter{Stores: stores, From: from, To: to}.conditions()
	row := s.db.QueryRow(ctx, `SELECT `+sums+` FROM receipts WHERE TRUE`+indexed+rest, args...)
	return all, all.scan(row.Scan)
}

// SumUpTo adds up what a filter chooses among the latest most receipts that an
// index finds for it, and says whether those were all there are. It reads no
// more than these, however rare the rest of the filter is.
func (s *Service) SumUpTo(ctx context.Context, f Filter, most int) (found Sums, all bool, err error) {
	defer errs.Wrap(&err, "sum chosen receipts")
	indexed, rest, args := f.conditions()
	order := ` ORDER BY sold_at DESC`
	if f.Number != "" || f.Typed != "" {
		order = "" // or PostgreSQL may look through all days for a number
	}
	indexed += order + args.Put(` LIMIT ? + 1`, most)
	var looked int
	row := s.db.QueryRow(ctx, `
		WITH looked AS MATERIALIZED (
			SELECT kind, customer_id, total, withheld, earned, redeemed, store_id, till_id
			  FROM receipts WHERE TRUE`+indexed+`)
		SELECT `+sums+`, (SELECT COUNT(*) FROM looked)
		  FROM looked WHERE TRUE`+rest, args...)
	err = found.scan(row.Scan, &looked)
	return found, looked <= most, err
}
