// Package merge makes two profiles of one person one, and undoes it.
//
// A merge is one transaction: identifiers, fields, consents, receipts, points lot by
// lot, and levels go over, and what is needed to take them apart again is written
// down. Undoing gives back what is left of each; receipts recorded since stay where
// they are, but for returns, which go with their sales. A profile that took others in
// is merged further only as a whole, and taken apart from the latest merge on.
//
// What becomes of profiles is package customer's, of households package household's, of
// receipts, points and levels package receipt's; which pairs may be one person, customer
// suggests.
package merge

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// ErrNotFound is of a merge that there is not, or that was undone.
var ErrNotFound = errs.New(errs.NotFound, "merge_not_found", "There is no such merge, or it was undone.")

// ID identifies a merge.
type ID = id.Of[Merge]

// Merge is two profiles that became one.
type Merge struct {
	ID       ID
	From     customer.ID // who went
	Into     customer.ID // who stayed
	Staff    staff.ID
	At       time.Time
	UndoneAt time.Time // zero: it holds
	UndoneBy staff.ID
}

// Service merges customers.
type Service struct {
	db         *db.DB
	mint       *id.Minter
	now        func() time.Time
	catalog    *catalog.Service
	customers  *customer.Service
	households *household.Service
	receipts   *receipt.Service
	giftcards  *giftcard.Service
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time, ca *catalog.Service, cu *customer.Service, ho *household.Service, re *receipt.Service, gc *giftcard.Service) *Service {
	return &Service{d, mint, now, ca, cu, ho, re, gc}
}

// Outcome is what a merge makes of who stays.
type Outcome struct {
	Merge
	Customer customer.Customer // with the identifiers of both
	Filled   []string          // fields that came from who goes
	Consents []customer.Consent
	Home     string // what becomes of the household of who goes; empty: they have none
	receipt.Moved
}

// moved is what is kept of a merge besides receipts and lots.
type moved struct {
	customer.Merged
	Household *household.Moved `json:"household,omitempty"`
	receipt.Moved
	Cards []giftcard.Name `json:"giftcards,omitempty"`
}

// plan is a merge, or its undoing, about to be made.
func (s *Service) plan(ctx context.Context, from, into customer.ID, by staff.ID) (p receipt.Merge, err error) {
	p = receipt.Merge{From: from, Into: into, Staff: int64(by), At: s.now().UTC().Truncate(time.Microsecond)}
	if err := s.receipts.PrepareMerge(ctx, &p); err != nil {
		return p, err
	}
	c, err := s.customers.Get(ctx, into)
	p.Entity = int64(s.catalog.Entity(c.HomeStore))
	return p, err
}

// errPreview undoes what a preview did.
var errPreview = errors.New("merge: only a preview")

// Preview tells what Merge would make of who stays, and changes nothing.
func (s *Service) Preview(ctx context.Context, from, into customer.ID) (out Outcome, err error) {
	out, err = s.Merge(ctx, from, into, 0, func(context.Context, *db.Tx, Outcome) error { return errPreview })
	if errors.Is(err, errPreview) {
		err = nil
	}
	return out, err
}

// Merge has one profile go into another; also, which may be nil, is done in its
// transaction. It fails with customer.ErrSame, ErrNotFound, ErrGone or ErrTooMany, with
// ledger.ErrHeld or ledger.ErrTooMuch.
func (s *Service) Merge(ctx context.Context, from, into customer.ID, by staff.ID, also func(context.Context, *db.Tx, Outcome) error) (out Outcome, err error) {
	defer errs.Wrap(&err, "merge customer %s into %s", from, into)
	if from == into {
		return out, customer.ErrSame
	}
	p, err := s.plan(ctx, from, into, by)
	if err != nil {
		return out, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if out, err = s.mergeTx(ctx, tx, p); err != nil || also == nil {
			return err
		}
		return also(ctx, tx, out)
	})
	return out, err
}

func (s *Service) mergeTx(ctx context.Context, tx *db.Tx, p receipt.Merge) (out Outcome, err error) {
	profile, err := s.customers.MergeTx(ctx, tx, p.From, p.Into)
	if err != nil {
		return out, err
	}
	home, err := s.households.MergeTx(ctx, tx, p.From, p.Into)
	if err != nil {
		return out, err
	}
	p.ID = s.mint.Next() // both are locked: what they say after it, they say as one
	if p.Lots, err = lotsTx(ctx, tx, `SELECT l.lot_id FROM merged_lots l JOIN merges m ON m.id = l.merge_id WHERE m.into_id = $1`, int64(p.From)); err != nil {
		return out, err
	}
	went, err := s.receipts.MergeTx(ctx, tx, p)
	if err != nil {
		return out, err
	}
	cards, err := s.giftcards.MoveTx(ctx, tx, p.From, p.Into)
	if err != nil {
		return out, err
	}
	kept, err := json.Marshal(moved{profile.Merged, home, went, cards})
	if err != nil {
		return out, err
	}
	var b db.Batch
	b.Insert(mergeTable, [][]any{{p.ID, int64(p.From), int64(p.Into), db.NullID(p.Staff), p.At.UnixMicro(), string(kept)}})
	b.Insert(receiptTable, receiptRows(p.ID, went.Receipts, false))
	lots := make([][]any, len(went.Lots))
	for i, l := range went.Lots {
		lots[i] = []any{p.ID, int64(l)}
	}
	b.Insert(lotTable, lots)
	out = Outcome{
		Merge:    Merge{ID: ID(p.ID), From: p.From, Into: p.Into, Staff: staff.ID(p.Staff), At: p.At},
		Customer: profile.Is, Filled: profile.Filled, Consents: profile.Added, Home: home.Home(), Moved: went,
	}
	return out, tx.Run(ctx, &b)
}

var (
	mergeTable   = db.NewTable("merges", "id", "customer_id", "into_id", "staff_id", "at", "moved")
	receiptTable = db.NewTable("merged_receipts", "merge_id", "receipt_id", "later")
	lotTable     = db.NewTable("merged_lots", "merge_id", "lot_id")
)

func receiptRows(merge int64, ids []receipt.ID, later bool) [][]any {
	rows := make([][]any, len(ids))
	for i, r := range ids {
		rows[i] = []any{merge, int64(r), later}
	}
	return rows
}

func lotsTx(ctx context.Context, tx *db.Tx, text string, args ...any) (lots []ledger.LotID, err error) {
	rows, err := tx.Query(ctx, text, args...)
	return lots, db.Scan(rows, err, func(r *db.Rows) error {
		var l ledger.LotID
		err := r.Scan(&l)
		lots = append(lots, l)
		return err
	})
}

const columns = `id, customer_id, into_id, COALESCE(staff_id, 0), at, undone_at, COALESCE(undone_by, 0)`

func scan(r db.Scanner, more ...any) (m Merge, err error) {
	err = r.Scan(append([]any{&m.ID, &m.From, &m.Into, &m.Staff, db.Time{Dst: &m.At}, db.Time{Dst: &m.UndoneAt}, &m.UndoneBy}, more...)...)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrNotFound
	}
	return m, err
}

// Get reads a merge. It fails with ErrNotFound.
func (s *Service) Get(ctx context.Context, which ID) (m Merge, err error) {
	defer errs.Wrap(&err, "read merge %s", which)
	return scan(s.db.QueryRow(ctx, `SELECT `+columns+` FROM merges WHERE id = $1`, int64(which)))
}

// Of lists the merges that a customer has part in, the latest first.
func (s *Service) Of(ctx context.Context, who customer.ID) (list []Merge, err error) {
	defer errs.Wrap(&err, "list merges of customer %s", who)
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM merges WHERE into_id = $1 OR customer_id = $1 ORDER BY id DESC`, int64(who))
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		m, err := scan(r)
		list = append(list, m)
		return err
	})
}

// Undo takes a merge apart; also, which may be nil, is done in its transaction. It
// fails with ErrNotFound, with customer.ErrGone where who stayed was merged further,
// or with ledger.ErrHeld.
func (s *Service) Undo(ctx context.Context, which ID, by staff.ID, also func(context.Context, *db.Tx, Merge) error) (err error) {
	defer errs.Wrap(&err, "undo merge %s", which)
	m, err := s.Get(ctx, which)
	if err != nil {
		return err
	}
	p, err := s.plan(ctx, m.From, m.Into, by)
	if err != nil {
		return err
	}
	p.ID = int64(which)
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.undoTx(ctx, tx, p); err != nil || also == nil {
			return err
		}
		return also(ctx, tx, m)
	})
}

// UndoneTx is how many merges were undone: who remembers in whom somebody is asks anew
// when it is another number.
func (s *Service) UndoneTx(ctx context.Context, tx *db.Tx) (n int64, err error) {
	err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM merges WHERE undone_at IS NOT NULL`).Scan(&n)
	return n, err
}

// ForgetTx forgets what undoing the merges of some customers would give back: they
// cannot be taken apart any more.
func (s *Service) ForgetTx(ctx context.Context, tx *db.Tx, ids []customer.ID) error {
	_, err := tx.Exec(ctx, `UPDATE merges SET moved = '{}' WHERE customer_id IN ($1...) OR into_id IN ($1...)`, db.IDs(ids))
	return err
}

func (s *Service) undoTx(ctx context.Context, tx *db.Tx, p receipt.Merge) error {
	const end = `UPDATE merges SET undone_at = $2, undone_by = $3 WHERE id = $1 AND undone_at IS NULL RETURNING at, moved`
	var (
		text string
		at   time.Time
		kept moved
	)
	if _, _, err := s.customers.LockBothTx(ctx, tx, p.From, p.Into); err != nil {
		return err
	}
	err := tx.QueryRow(ctx, end, p.ID, p.At.UnixMicro(), db.NullID(p.Staff)).Scan(db.Time{Dst: &at}, &text)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return err
	}
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return err
	}
	if err := s.customers.UnmergeTx(ctx, tx, p.ID, p.From, p.Into, kept.Merged); err != nil {
		return err
	}
	if err := s.households.PartTx(ctx, tx, p.From, p.Into, kept.Household); err != nil {
		return err
	}
	if err := s.giftcards.ReturnTx(ctx, tx, p.From, p.Into, kept.Cards); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT receipt_id FROM merged_receipts WHERE merge_id = $1`, p.ID)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var one receipt.ID
		err := r.Scan(&one)
		kept.Receipts = append(kept.Receipts, one)
		return err
	})
	if err != nil {
		return err
	}
	if kept.Lots, err = lotsTx(ctx, tx, `SELECT lot_id FROM merged_lots WHERE merge_id = $1`, p.ID); err != nil {
		return err
	}
	later, err := s.receipts.UnmergeTx(ctx, tx, p, at, kept.Moved)
	if err != nil {
		return err
	}
	return tx.Insert(ctx, receiptTable, receiptRows(p.ID, later, true))
}
