package ledger

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Effect is what the entry changes in the customer's balance; points that only
// become available, or repay a debt, change nothing.
func (e Entry) Effect() money.Points {
	switch from, to := e.Source.customers(), e.Target.customers(); {
	case to && !from:
		return e.Points
	case from && !to:
		return -e.Points
	}
	return 0
}

func (n Name) customers() bool { return n == Pending || n == Active || n == Debt }

// Entries are a customer's entries, the latest first by when it happened: up to
// limit before one of them (0: from the latest). What a till sends late stands
// where it belongs.
func (s *Service) Entries(ctx context.Context, who customer.ID, before EntryID, limit int) (list []Entry, err error) {
	defer errs.Wrap(&err, "read entries of customer %s", who)
	const read = `
		SELECT id, source, target, points, COALESCE(lot_id, 0), cause, COALESCE(receipt_id, 0), COALESCE(sale_id, 0), entity_id,
		       COALESCE(store_id, 0), COALESCE(staff_id, 0), reason, at, recorded_at
		  FROM entries
		 WHERE customer_id = $1 AND (CAST($2 AS BIGINT) = 0 OR (at, id) < (SELECT at, id FROM entries WHERE id = $2))
		 ORDER BY at DESC, id DESC
		 LIMIT $3`
	rows, err := s.db.Query(ctx, read, int64(who), int64(before), limit)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		e := Entry{Customer: who}
		err := r.Scan(&e.ID, &e.Source, &e.Target, &e.Points, &e.Lot, &e.Cause, &e.Receipt, &e.Sale, &e.Entity,
			&e.Store, &e.Staff, &e.Reason, db.Time{Dst: &e.At}, db.Time{Dst: &e.RecordedAt})
		list = append(list, e)
		return err
	})
	return list, err
}

// EarnedAt is when lots were earned.
func (s *Service) EarnedAt(ctx context.Context, lots []LotID) (at map[LotID]time.Time, err error) {
	defer errs.Wrap(&err, "read when lots were earned")
	at = map[LotID]time.Time{}
	rows, err := s.db.Query(ctx, `SELECT id, earned_at FROM lots WHERE id IN ($1...)`, db.IDs(lots))
	return at, db.Scan(rows, err, func(r *db.Rows) error {
		var (
			id LotID
			t  time.Time
		)
		err := r.Scan(&id, db.Time{Dst: &t})
		at[id] = t
		return err
	})
}

// Owed is what all customers hold together, less what they owe: the
// programme's liability. It reads every account, so ask seldom.
func (s *Service) Owed(ctx context.Context) (points money.Points, err error) {
	defer errs.Wrap(&err, "sum what is owed in points")
	var billions, rest int64
	sum := `SELECT ` + money.SumColumns(`active + pending - debt`) + ` FROM accounts`
	err = s.db.QueryRow(ctx, sum).Scan(&billions, &rest)
	return money.Points(money.Sum(billions, rest)), err
}
