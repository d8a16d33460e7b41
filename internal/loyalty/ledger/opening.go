package ledger

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

var openingTable = db.NewTable("openings", "customer_id", "source_id", "import_id", "lot_id", "points")

// Openings are the balances that customers had in another system, as one import
// brings them.
type Openings struct {
	Source int64 // the system: nobody has two of it
	Import int64
	Reason string
	List   []Opening
}

// Opening is the balance of one customer.
type Opening struct {
	Customer  customer.ID
	Points    money.Points // more than 0
	Programme programme.ID
	Entity    int64 // that owes them from now on
	Store     int64
	ExpiresAt time.Time // zero: never
	IdleAt    time.Time // when the whole account expires if nothing is bought; zero: it does not
}

// Opened is the import that a customer has the opening balance by, and how much
// it gave; zero: none had before.
type Opened struct {
	Import int64
	Points money.Points
}

// BringTx gives customers what they had in a system, each once: for each opening it
// returns which had been given before, which stays all there is. It fails with
// ErrTooMuch.
func (s *Service) BringTx(ctx context.Context, tx *db.Tx, in Openings) (before []Opened, err error) {
	defer errs.Wrap(&err, "bring %d opening balances", len(in.List))
	if len(in.List) == 0 {
		return nil, nil
	}
	ids := make([]customer.ID, len(in.List))
	for i := range in.List {
		ids[i] = in.List[i].Customer
	}
	var b db.Batch
	accounts := s.Queue(&b, ids, true) // nobody brings one of these customers meanwhile
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	had := make(map[customer.ID]Opened, len(ids))
	const known = `SELECT customer_id, import_id, points FROM openings WHERE customer_id IN ($1...) AND source_id = $2`
	rows, err := tx.Query(ctx, known, db.IDs(ids), in.Source)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var c customer.ID
		var o Opened
		err := r.Scan(&c, &o.Import, &o.Points)
		had[c] = o
		return err
	})
	if err != nil {
		return nil, err
	}
	accounts.Settle()
	before = make([]Opened, len(in.List))
	var fresh [][]any
	for i, o := range in.List {
		a := accounts[o.Customer]
		if a == nil {
			return nil, customer.ErrNotFound
		}
		if had, ok := had[o.Customer]; ok {
			before[i] = had
			continue
		}
		if err := a.Fits(0, o.Points); err != nil {
			return nil, err
		}
		lot := a.Earn(Grant{
			Move:   Move{Cause: CauseOpening, Entity: o.Entity, Store: o.Store, At: a.now, Reason: in.Reason},
			Source: Issued, Programme: o.Programme, Points: o.Points, AvailableAt: a.now, ExpiresAt: o.ExpiresAt,
		})
		a.KeepUntil(o.IdleAt)
		had[o.Customer] = Opened{in.Import, o.Points}
		fresh = append(fresh, []any{int64(o.Customer), in.Source, in.Import, int64(lot.ID), int64(o.Points)})
	}
	b = db.Batch{}
	s.Save(&b, accounts)
	b.Insert(openingTable, fresh)
	return before, tx.Run(ctx, &b)
}
