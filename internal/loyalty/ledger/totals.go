package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Totals is what imported receipts add to a customer's purchases.
type Totals struct {
	Customer    customer.ID
	Receipts    int64
	Spend       money.Amount
	First, Last time.Time
}

// Add counts one receipt, as Account.Sold does.
func (t *Totals) Add(at time.Time, tierSpend money.Amount, returned bool) {
	if returned {
		t.Spend -= tierSpend
		return
	}
	t.Receipts++
	t.Spend = min(t.Spend+tierSpend, 2*MostCounted+1) // which CountTx refuses, whatever has been returned before
	if t.First.IsZero() || at.Before(t.First) {
		t.First = at
	}
	if at.After(t.Last) {
		t.Last = at
	}
}

// LockTx locks accounts in the order in which all do. Whoever changes other rows
// that tills change too, such as products, does so after it, as tills do.
func (s *Service) LockTx(ctx context.Context, tx *db.Tx, ids []customer.ID) error {
	const lock = `
		SELECT customer_id
		  FROM accounts
		 WHERE customer_id IN ($1...)
		 ORDER BY customer_id
		   FOR UPDATE -- postgres`
	rows, err := tx.Query(ctx, lock, db.IDs(ids))
	return db.Scan(rows, err, func(*db.Rows) error { return nil })
}

// CountTx adds imported purchases to the accounts. It fails with ErrTooMuch.
func (s *Service) CountTx(ctx context.Context, tx *db.Tx, totals map[customer.ID]*Totals) error {
	ids := make([]customer.ID, 0, len(totals))
	for c := range totals {
		ids = append(ids, c)
	}
	slices.Sort(ids) // the order in which all lock accounts
	var b db.Batch
	for _, c := range ids {
		t := totals[c]
		const add = `
			UPDATE accounts
			   SET receipts = receipts + $2, spend = spend + $3, version = version + 1,
			       first_sold_at = CASE WHEN first_sold_at <= $4 THEN first_sold_at ELSE COALESCE($4, first_sold_at) END,
			       last_sold_at = CASE WHEN last_sold_at >= $5 THEN last_sold_at ELSE COALESCE($5, last_sold_at) END
			 WHERE customer_id = $1 AND spend <= $6`
		b.Guard(add, int64(c), t.Receipts, int64(t.Spend), db.Micros(t.First), db.Micros(t.Last), MostCounted-int64(t.Spend))
	}
	err := tx.Run(ctx, &b)
	if errors.Is(err, db.ErrGuard) {
		return ErrTooMuch.Because(err)
	}
	return err
}
