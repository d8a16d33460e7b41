package loyalty_test

import (
	"path/filepath"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/verify"
)

// version is a database that an earlier version left.
type version struct {
	after           time.Time // soon after the last thing that happened in it
	login, password string    // of somebody of the staff
	back            string    // number of a return of a whole sale at its first till
}

// stored are those databases; testdata/README.md says how they came about.
var stored = map[string]version{
	"0001": {time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), "demo", "good-bread-here", "more-3"},
	"0018": {time.Date(2026, 6, 11, 10, 0, 0, 0, time.UTC), "dilnoza", "a long password", "9"},
}

// A database of every version that was released comes up to date with what is in
// it, agrees, and goes on: what was sold before is returned and expires after, what
// was called before answers as it did.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/0*")
	loyaltytest.Check(t, err)
	if len(folders) != len(stored) {
		t.Errorf("databases of %d versions are stored, %d are known", len(folders), len(stored))
	}
	for last, v := range stored {
		t.Run(last, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
				upgrade(t, dbtest.OpenConfig(t, dbtest.Stored(t, e, filepath.Join("testdata", last))), v)
			})
		})
	}
}

func upgrade(t *testing.T, d *db.DB, v version) {
	ctx, now := t.Context(), v.after
	_, err := d.Migrate(ctx)
	loyaltytest.Check(t, err)
	agrees(t, d, "brought up to date")

	clock := func() time.Time { return now }
	set, created, err := settings.Open(ctx, d, clock, settings.Installation{})
	loyaltytest.Check(t, err)
	if created {
		t.Error("it was taken for a new installation")
	}
	lease, err := id.Take(ctx, d, clock)
	loyaltytest.Check(t, err)
	s := loyalty.New(d, lease.Minter, clock, set.Get())
	t.Cleanup(s.Close)

	if _, err := s.Staff.SignIn(ctx, v.login, v.password, staff.Client{}); err != nil {
		t.Errorf("the staff cannot sign in: %v", err)
	}
	stores, err := s.Catalog.Stores(ctx)
	loyaltytest.Check(t, err)
	tills, err := s.Catalog.Tills(ctx, stores[0].ID)
	loyaltytest.Check(t, err)
	by := receipt.Caller{Till: tills[0], Store: stores[0]}

	// The till repeats a call that was answered before.
	repeated, err := s.Receipts.Find(ctx, int64(by.Till.ID), receipt.KindReturn, v.back)
	loyaltytest.Check(t, err)
	again, replayed, err := s.Receipts.Return(ctx, by, receipt.Return{Number: v.back, Original: repeated.Original})
	if err != nil || !replayed || again.ID != repeated.ID {
		t.Errorf("a return sent again: %v, replayed %t, %v", again.ID, replayed, err)
	}

	// Whoever has most points spends some, gives that back, and what they bought last.
	var rich, last int64
	loyaltytest.Check(t, d.QueryRow(ctx, `SELECT customer_id FROM accounts ORDER BY active DESC LIMIT 1`).Scan(&rich))
	loyaltytest.Check(t, d.QueryRow(ctx, `
		SELECT r.id FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.customer_id = $1 AND r.kind = 'sale' AND r.till_id IS NOT NULL AND l.returned < l.quantity
		 ORDER BY r.sold_at DESC LIMIT 1`, rich).Scan(&last))
	old, err := s.Receipts.Get(ctx, receipt.ID(last))
	loyaltytest.Check(t, err)
	draft := receipt.Draft{Customer: old.Customer, Lines: []receipt.DraftLine{{SKU: "new", Name: "New", Quantity: 2 * money.One, Price: 50_000 * money.PriceScale}}}
	quote, err := s.Receipts.Quote(ctx, by, draft)
	loyaltytest.Check(t, err)
	if draft.Redeem = quote.MaxRedeem; draft.Redeem == 0 {
		t.Error("nobody has points to spend")
	}
	quote, err = s.Receipts.Quote(ctx, by, draft)
	loyaltytest.Check(t, err)
	sale, _, err := s.Receipts.Commit(ctx, by, receipt.Sale{Number: "after", Draft: draft, Quote: quote.ID})
	loyaltytest.Check(t, err)
	for number, back := range map[string]receipt.Return{
		"back-new": {Original: sale.ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.One}}}, "back-old": {Original: old.ID},
	} {
		back.Number = number
		_, _, err := s.Receipts.Return(ctx, by, back)
		loyaltytest.Check(t, err)
	}
	agrees(t, d, "sold and returned")

	lots := func() (n int) {
		loyaltytest.Check(t, d.QueryRow(ctx, `SELECT COUNT(*) FROM lots WHERE remaining > 0 AND (state = 'pending' OR expires_at <= $1)`, now.UnixMicro()).Scan(&n))
		return n
	}
	now = now.AddDate(0, 6, 0)
	loyaltytest.Check(t, lease.Renew(ctx)) // as a process does every minute
	before := lots()
	loyaltytest.Check(t, s.Receipts.Night(ctx, func(int) {}))
	if after := lots(); before == 0 || after != 0 {
		t.Errorf("%d lots waited for the night, %d after it", before, after)
	}
	agrees(t, d, "after a night")
}

func agrees(t *testing.T, d *db.DB, when string) {
	t.Helper()
	report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
	loyaltytest.Check(t, err)
	for _, f := range report.Findings {
		t.Errorf("%s: %s: %s", when, f.Check, f)
	}
}
