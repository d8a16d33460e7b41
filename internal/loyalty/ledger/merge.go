package ledger

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// CauseMerge is a merge of two profiles, or its undoing.
const CauseMerge Cause = "merge"

// ErrHeld refuses to move points that are kept for somebody who is paying.
var ErrHeld = errs.New(errs.Conflict, "points_are_held", "A till keeps points of this customer for a payment. Try again in some minutes.")

// Hand moves what is left of some lots, and a debt, from one account to another: each
// lot stays itself, by one entry out of the one account and one into the other. It
// fails with ErrHeld or ErrTooMuch, and then changes nothing. Whose the lots are
// in the database changes MoveLotsTx.
func (a *Account) Hand(to *Account, m Move, moves func(*Lot) bool, debt money.Points) error {
	if a.Held() > 0 || to.Held() > 0 {
		return ErrHeld
	}
	var kept, goes []*Lot
	for _, l := range a.lots {
		if moves(l) {
			goes = append(goes, l)
		} else {
			kept = append(kept, l)
		}
	}
	var sum money.Points
	for _, l := range goes {
		sum += l.Remaining
	}
	if err := to.Fits(0, sum); err != nil {
		return err
	}
	m.Cause = CauseMerge
	for _, l := range goes {
		a.post(m, l.account(), Issued, l.Remaining, l)
		to.post(m, Issued, l.account(), l.Remaining, l)
	}
	debt = min(debt, a.Debt)
	a.post(m, Issued, Debt, debt, nil)
	to.post(m, Debt, Issued, debt, nil)
	a.lots, to.lots = kept, append(to.lots, goes...)
	a.dirty, to.dirty = true, true
	return nil
}

// Bought is what an account counts of its receipts, set anew where they went over to
// another customer.
func (a *Account) Bought(t Totals) {
	a.Receipts, a.Spend, a.FirstSold, a.LastSold = t.Receipts, t.Spend, t.First, t.Last
	a.dirty = true
}

// OwnTx gives the lots that entries of a customer ever moved points of.
func (s *Service) OwnTx(ctx context.Context, tx *db.Tx, who customer.ID) (lots []LotID, err error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT lot_id FROM entries WHERE customer_id = $1 AND lot_id IS NOT NULL`, int64(who))
	return lots, db.Scan(rows, err, func(r *db.Rows) error {
		var l LotID
		err := r.Scan(&l)
		lots = append(lots, l)
		return err
	})
}

// MoveLotsTx has those of some lots that are one customer's belong to another, and
// gives them. Whoever calls it holds both accounts, and has Hand moved their points.
func (s *Service) MoveLotsTx(ctx context.Context, tx *db.Tx, from, to customer.ID, lots []LotID) (moved []LotID, err error) {
	defer errs.Wrap(&err, "move lots of customer %s", from)
	// Who is one person has a system's opening balance once; where both had one, each
	// stays as it was noted.
	const opened = `
		UPDATE openings SET customer_id = $2
		 WHERE customer_id = $1 AND lot_id IN ($3...)
		   AND NOT EXISTS (SELECT 1 FROM openings o WHERE o.customer_id = $2 AND o.source_id = openings.source_id)`
	if _, err := tx.Exec(ctx, opened, int64(from), int64(to), db.IDs(lots)); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `UPDATE lots SET customer_id = $2 WHERE customer_id = $1 AND id IN ($3...) RETURNING id`, int64(from), int64(to), db.IDs(lots))
	return moved, db.Scan(rows, err, func(r *db.Rows) error {
		var l LotID
		err := r.Scan(&l)
		moved = append(moved, l)
		return err
	})
}
