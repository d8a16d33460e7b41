package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
)

// Points by hand are for the account as somebody saw it: not for one that moved
// since, or whose points the clock has made available or let expire.
func TestPointsByHandAreForWhatWasSeen(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, w := t.Context(), loyaltytest.New(t, d, loyaltytest.Options{})
		store, _ := w.OpenStore(t, catalog.NewStore{Name: "Chilonzor", Zone: "Asia/Tashkent"})
		rules := loyaltytest.Rules(w.Currency, 50_00)
		rules.Welcome.ExpiryDays = 30
		_, err := w.Programmes.Install(ctx, "Regulars", rules, w.Now().Add(-time.Hour), 0)
		loyaltytest.Check(t, err)
		version, err := w.Programmes.At(ctx, store.Code, w.Now())
		loyaltytest.Check(t, err)
		res, err := w.Enrol.Register(ctx, store, 0, customer.New{Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901234567"}}})
		loyaltytest.Check(t, err)
		stamp := func() string {
			a, err := w.Ledger.Get(ctx, res.ID)
			loyaltytest.Check(t, err)
			return a.Stamp()
		}
		adjust := func(points money.Points, seen string) error {
			return d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := w.Ledger.AdjustTx(ctx, tx, ledger.Adjustment{Customer: res.ID, Points: points, Reason: "sorry", Programme: version.ProgrammeID, Entity: 1, Seen: seen})
				return err
			})
		}
		seen := stamp()
		loyaltytest.Check(t, adjust(100_00, seen))
		if err := adjust(100_00, seen); !errors.Is(err, ledger.ErrMoved) {
			t.Errorf("given twice: %v", err)
		}
		seen = stamp()
		w.Clock.Advance(31 * 24 * time.Hour)
		if err := adjust(-20_00, seen); !errors.Is(err, ledger.ErrMoved) {
			t.Errorf("taken although points have expired: %v", err)
		}
		loyaltytest.Check(t, adjust(-20_00, stamp()))
		a, err := w.Ledger.Get(ctx, res.ID)
		loyaltytest.Check(t, err)
		if a.Available() != 80_00 {
			t.Errorf("%s available, want 80", a.Available())
		}
		_, err = d.Exec(ctx, `UPDATE customers SET state = 'erased' WHERE id = $1`, int64(res.ID))
		loyaltytest.Check(t, err)
		if err := adjust(10_00, ""); !errors.Is(err, customer.ErrGone) {
			t.Errorf("points for somebody who was forgotten: %v", err)
		}
	})
}

// Points that no receipt moves are told one by one; opening balances, which come
// by many, by one event of a transaction.
func TestEveryMoveWithoutAReceiptIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, w := t.Context(), loyaltytest.New(t, d, loyaltytest.Options{})
		store, _ := w.OpenStore(t, catalog.NewStore{Name: "Chilonzor", Zone: "Asia/Tashkent"})
		_, err := w.Programmes.Install(ctx, "Regulars", loyaltytest.Rules(w.Currency, 50_00), w.Now().Add(-time.Hour), 0)
		loyaltytest.Check(t, err)
		var people []customer.ID
		for i := range 3 {
			in := customer.New{Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprint("+99890123456", i)}}}
			res, err := w.Enrol.Register(ctx, store, 0, in)
			loyaltytest.Check(t, err)
			people = append(people, res.ID)
		}
		version, err := w.Programmes.At(ctx, store.Code, w.Now())
		loyaltytest.Check(t, err)
		for _, points := range []money.Points{700_00, -60_00} { // the latter from two lots
			loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := w.Ledger.AdjustTx(ctx, tx, ledger.Adjustment{Customer: people[0], Points: points, Reason: "sorry", Programme: version.ProgrammeID, Entity: 1})
				return err
			}))
		}
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return open(ctx, tx, w, version.ProgrammeID, people[1:]) }))

		var first, last string
		loyaltytest.Check(t, d.QueryRow(ctx, `SELECT MIN(id), MAX(id) FROM entries WHERE cause = 'opening'`).Scan(&first, &last))
		want := []string{
			fmt.Sprintf(`points.given %s welcome {"points":"50.00"}`, people[0]),
			fmt.Sprintf(`points.given %s welcome {"points":"50.00"}`, people[1]),
			fmt.Sprintf(`points.given %s welcome {"points":"50.00"}`, people[2]),
			fmt.Sprintf(`points.adjusted %s manual {"points":"700.00"}`, people[0]),
			fmt.Sprintf(`points.adjusted %s manual {"points":"-50.00"}`, people[0]),
			fmt.Sprintf(`points.adjusted %s manual {"points":"-10.00"}`, people[0]),
			fmt.Sprintf(`points.opened 0  {"first":"%s","last":"%s","points":"24.00"}`, first, last),
		}
		var got []string
		rows, err := d.Query(ctx, `
			SELECT v.kind, COALESCE(v.customer_id, 0), COALESCE(e.cause, ''), v.body
			  FROM events v LEFT JOIN entries e ON e.id = v.ref AND e.customer_id = v.customer_id
			 WHERE v.kind LIKE 'points.%' ORDER BY v.id`)
		loyaltytest.Check(t, db.Scan(rows, err, func(r *db.Rows) error {
			var (
				kind, cause, body string
				who               int64
			)
			err := r.Scan(&kind, &who, &cause, &body)
			got = append(got, fmt.Sprint(kind, " ", who, " ", cause, " ", body))
			return err
		}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// open gives people twelve points that they had elsewhere.
func open(ctx context.Context, tx *db.Tx, w *loyaltytest.Installation, p programme.ID, people []customer.ID) error {
	var b db.Batch
	accounts := w.Ledger.Queue(&b, people, true)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	for _, a := range accounts {
		a.Earn(ledger.Grant{
			Move: ledger.Move{Cause: ledger.CauseOpening, Entity: 1, At: w.Now()}, Source: ledger.Issued, Programme: p, Points: 12_00, AvailableAt: w.Now(),
		})
	}
	return w.Ledger.SaveTx(ctx, tx, accounts)
}
