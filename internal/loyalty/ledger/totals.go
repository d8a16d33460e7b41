package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
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

// Lock has b lock accounts in the order in which all do. Whoever changes other rows
// that tills change too, such as products, does so after it, as tills do.
func (s *Service) Lock(b *db.Batch, ids []customer.ID) {
	// Counted, so that thousands of ids are not sent back.
	const lock = `
		SELECT count(*) -- postgres
		  FROM (SELECT customer_id -- postgres
		          FROM accounts -- postgres
		         WHERE customer_id IN ($1...) -- postgres
		         ORDER BY customer_id -- postgres
		           FOR UPDATE) AS locked -- postgres` // on SQLite nobody else writes
	b.Exec(lock, db.IDs(ids))
}

// CountTx has imported purchases added to the accounts, which locks them in the order in
// which all do. finish waits for it as that of [db.Tx.Start] does, and fails with
// ErrTooMuch.
func (s *Service) CountTx(ctx context.Context, tx *db.Tx, totals map[customer.ID]*Totals) (finish func() error) {
	if len(totals) == 0 {
		return func() error { return nil }
	}
	type row struct {
		Customer customer.ID  `json:"c"`
		Receipts int64        `json:"n"`
		Spend    money.Amount `json:"s"`
		First    *int64       `json:"f"`
		Last     *int64       `json:"l"`
	}
	ids := slices.Sorted(maps.Keys(totals))
	rows := make([]row, len(ids))
	for i, c := range ids {
		t := totals[c]
		rows[i] = row{c, t.Receipts, t.Spend, db.Micros(t.First), db.Micros(t.Last)}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return func() error { return err }
	}
	const add = `
		UPDATE accounts
		   SET receipts = receipts + t.n, spend = spend + t.s, version = version + 1,
		       first_sold_at = CASE WHEN first_sold_at <= t.f THEN first_sold_at ELSE COALESCE(t.f, first_sold_at) END,
		       last_sold_at = CASE WHEN last_sold_at >= t.l THEN last_sold_at ELSE COALESCE(t.l, last_sold_at) END
		  FROM json_to_recordset($1) AS t (c BIGINT, n BIGINT, s BIGINT, f BIGINT, l BIGINT) -- postgres
		  FROM (SELECT value ->> 'c' AS c, value ->> 'n' AS n, value ->> 's' AS s, value ->> 'f' AS f, value ->> 'l' AS l FROM json_each($1)) AS t -- sqlite
		 WHERE customer_id = t.c AND spend <= $2 - t.s`
	var b db.Batch
	// Whatever way is left, PostgreSQL goes along an index of the ids; a table of few it
	// would read as it lies. To lock them first would write every account twice.
	for _, way := range []string{"enable_seqscan", "enable_hashjoin"} {
		b.Exec(`SET LOCAL ` + way + ` = off -- postgres`)
	}
	b.GuardMany(len(ids), add, string(text), MostCounted)
	for _, way := range []string{"enable_seqscan", "enable_hashjoin"} {
		b.Exec(`SET LOCAL ` + way + ` TO DEFAULT -- postgres`)
	}
	counted := tx.Start(ctx, &b)
	return func() error {
		err := counted()
		if errors.Is(err, db.ErrGuard) {
			err = ErrTooMuch.Because(err)
		}
		return err
	}
}
