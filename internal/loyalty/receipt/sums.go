package receipt

import (
	"context"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
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

// Sum adds up the receipts sold from a time until another one, not included.
// It reads each of them: ask for days, not for years.
func (s *Service) Sum(ctx context.Context, from, to time.Time) (sums Sums, err error) {
	defer errs.Wrap(&err, "sum receipts")
	const read = `
		SELECT COUNT(CASE kind WHEN 'sale' THEN 1 END),
		       COUNT(CASE kind WHEN 'sale' THEN customer_id END),
		       CAST(COALESCE(SUM(CASE kind WHEN 'sale' THEN total ELSE 0 END), 0) AS BIGINT),
		       COUNT(CASE kind WHEN 'return' THEN 1 END),
		       CAST(COALESCE(SUM(CASE kind WHEN 'return' THEN total - withheld ELSE 0 END), 0) AS BIGINT),
		       CAST(COALESCE(SUM(CASE kind WHEN 'sale' THEN earned ELSE -earned END), 0) AS BIGINT),
		       CAST(COALESCE(SUM(CASE kind WHEN 'sale' THEN redeemed ELSE -redeemed END), 0) AS BIGINT)
		  FROM receipts
		 WHERE sold_at >= $1 AND sold_at < $2`
	err = s.db.QueryRow(ctx, read, from.UnixMicro(), to.UnixMicro()).Scan(
		&sums.Sales, &sums.Identified, &sums.Sold, &sums.Returns, &sums.Refunded, &sums.Earned, &sums.Redeemed)
	return sums, err
}
