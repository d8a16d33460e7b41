// Package giftcard keeps the gift cards that other systems sold, until this one sells
// and redeems cards itself: whose they are, how much is on them, until when.
//
// Whoever knows a card's number has its money: kept is a keyed hash of it, and its last
// characters. A card belongs to whoever holds it now: it goes with a merge of profiles
// and comes back when that is undone, and whoever is erased holds none. The importer
// brings them in; merge and privacy say what becomes of their holders.
package giftcard

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Name tells one card from the others.
type Name struct {
	Hash   string `json:"hash"` // of the number
	Source int64  `json:"source,string"`
}

// Card is a card that waits.
type Card struct {
	Name
	Import    int64  // that brought it
	Hint      string // the end of the number
	Balance   money.Amount
	ExpiresAt time.Time   // zero: never
	Holder    customer.ID // 0: whoever shows it
}

// Service keeps the cards.
type Service struct{ db *db.DB }

// New makes the service.
func New(d *db.DB) *Service { return &Service{d} }

// Balance is what is on a card that is there, and which import brought it.
type Balance struct {
	Amount money.Amount
	Import int64
}

// BalancesTx gives what is on the cards of a source that are there, by their hashes.
func (s *Service) BalancesTx(ctx context.Context, tx *db.Tx, source int64, hashes []string) (had map[string]Balance, err error) {
	defer errs.Wrap(&err, "read balances of gift cards")
	had = map[string]Balance{}
	rows, err := tx.Query(ctx, `SELECT hash, balance, import_id FROM imported_giftcards WHERE hash IN ($1...) AND source_id = $2`, db.Texts(hashes), source)
	return had, db.Scan(rows, err, func(r *db.Rows) error {
		var hash string
		var b Balance
		err := r.Scan(&hash, &b.Amount, &b.Import)
		had[hash] = b
		return err
	})
}

var table = db.NewTable("imported_giftcards", "hash", "source_id", "import_id", "hint", "balance", "expires_at", "customer_id")

// KeepTx keeps cards that are not there.
func (s *Service) KeepTx(ctx context.Context, tx *db.Tx, list []Card) (err error) {
	defer errs.Wrap(&err, "keep gift cards")
	rows := make([][]any, len(list))
	for i, c := range list {
		rows[i] = []any{c.Hash, c.Source, c.Import, c.Hint, int64(c.Balance), db.Micros(c.ExpiresAt), db.NullID(c.Holder)}
	}
	return tx.Insert(ctx, table, rows)
}

// Of lists the cards that some customers hold.
func (s *Service) Of(ctx context.Context, holders []customer.ID) (list []Card, err error) {
	defer errs.Wrap(&err, "list gift cards of customers")
	rows, err := s.db.Query(ctx, `
		SELECT hash, source_id, import_id, hint, balance, expires_at, customer_id FROM imported_giftcards
		 WHERE customer_id IN ($1...) ORDER BY hash, source_id`, db.IDs(holders))
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var c Card
		err := r.Scan(&c.Hash, &c.Source, &c.Import, &c.Hint, &c.Balance, db.Time{Dst: &c.ExpiresAt}, &c.Holder)
		list = append(list, c)
		return err
	})
}

// MoveTx gives all cards of one customer to another, and says which they are.
func (s *Service) MoveTx(ctx context.Context, tx *db.Tx, from, into customer.ID) (moved []Name, err error) {
	defer errs.Wrap(&err, "move gift cards of customer %s", from)
	rows, err := tx.Query(ctx, `UPDATE imported_giftcards SET customer_id = $2 WHERE customer_id = $1 RETURNING hash, source_id`, int64(from), int64(into))
	return moved, db.Scan(rows, err, func(r *db.Rows) error {
		var n Name
		err := r.Scan(&n.Hash, &n.Source)
		moved = append(moved, n)
		return err
	})
}

// ReturnTx gives cards back that MoveTx moved; those that somebody else holds by now
// stay where they are.
func (s *Service) ReturnTx(ctx context.Context, tx *db.Tx, from, into customer.ID, moved []Name) (err error) {
	defer errs.Wrap(&err, "give gift cards back to customer %s", from)
	var b db.Batch
	for _, n := range moved {
		b.Exec(`UPDATE imported_giftcards SET customer_id = $1 WHERE hash = $2 AND source_id = $3 AND customer_id = $4`, int64(from), n.Hash, n.Source, int64(into))
	}
	return tx.Run(ctx, &b)
}

// ForgetTx forgets who held the cards of some customers: whoever shows one has it.
func (s *Service) ForgetTx(ctx context.Context, tx *db.Tx, holders []customer.ID) (err error) {
	defer errs.Wrap(&err, "forget holders of gift cards")
	_, err = tx.Exec(ctx, `UPDATE imported_giftcards SET customer_id = NULL WHERE customer_id IN ($1...)`, db.IDs(holders))
	return err
}
