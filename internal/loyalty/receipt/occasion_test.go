package receipt_test

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

func (c *chain) night() {
	c.t.Helper()
	must(c.t, c.Receipts.Night(c.t.Context(), func(int) {}))
}

func (c *chain) born(who customer.ID, day string) {
	c.t.Helper()
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := c.Customers.UpdateTx(ctx, tx, who, customer.Change{Born: &day})
		return err
	}))
}

// The bonus for a day of one's own is given once a year, when the first of its
// days has begun, lives until they are over, and moving the birthday brings no
// second one.
func TestOccasionsAreGivenOnceAYear(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Occasions = []programme.Occasion{
			{On: programme.Birthday, Before: 3, After: 1, Points: 500_00}, {On: programme.Anniversary, Points: 70_00},
		}
		c := open(t, d, rules)
		day := func(days int) string {
			return c.Now().In(c.tills[0].Store.Zone).AddDate(-30, 0, days).Format(time.DateOnly)
		}
		anna, boris, vera := c.customer(), c.customer(), c.customer()
		c.born(anna, day(3))
		c.born(boris, day(4))
		c.born(vera, "--"+day(-2)[5:])

		c.night()
		c.night()
		for who, want := range map[customer.ID]int64{anna: 500_00, boris: 0, vera: 0} {
			if got := int64(c.account(who).Available()); got != want {
				t.Errorf("customer %s has %d, want %d", who, got, want)
			}
		}
		c.born(anna, day(2)) // another day: she has had hers
		c.Clock.Advance(24 * time.Hour)
		c.night()
		if a, b := c.account(anna).Available(), c.account(boris).Available(); a != 500_00 || b != 500_00 {
			t.Errorf("anna has %s, boris %s", a, b)
		}
		c.Clock.Advance(5 * 24 * time.Hour)
		c.night()
		if a, b := c.account(anna).Balance(), c.account(boris).Balance(); a != 0 || b != 0 {
			t.Errorf("after the days anna has %s, boris %s", a, b)
		}
		c.Clock.Advance(359 * 24 * time.Hour) // a year after they registered
		c.night()
		if a := c.account(vera).Available(); a != 70_00 {
			t.Errorf("vera has %s for her first anniversary", a)
		}
		c.born(anna, day(1))
		c.night()
		if a := c.account(anna).Available(); a != 570_00 {
			t.Errorf("anna has %s a year later", a)
		}
	})
}

// Rates that are higher on the birthday are those of the quote and of the sale.
func TestBirthdayRatesAreQuoted(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Occasions = []programme.Occasion{{On: programme.Birthday, Discount: 500, Cashback: 2000}}
		c := open(t, d, rules)
		anna := c.customer()
		c.born(anna, c.Now().In(c.tills[0].Store.Zone).AddDate(-30, 0, 0).Format(time.DateOnly))
		q, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(anna, 0, 100_000_00))
		must(t, err)
		if q.Total != 95_000_00 || q.Earned != 19_000_00 || q.Occasion != programme.Birthday {
			t.Errorf("total %d, earned %s, %q", q.Total, q.Earned, q.Occasion)
		}
		rec := c.sell(draft(anna, 0, 100_000_00))
		if rec.Earned != 19_000_00 || rec.Details.Days != "birthday" || rec.Lines[0].Discounts[0].Day != programme.Birthday {
			t.Errorf("%+v", rec)
		}
		c.Clock.Advance(24 * time.Hour)
		if rec := c.sell(draft(anna, 0, 100_000_00)); rec.Earned != 10_000_00 || rec.Details.Days != "" {
			t.Errorf("the day after: %+v", rec)
		}
	})
}

// Whoever buys nothing for long loses all points at once, whatever their dates;
// every purchase has them all live on.
func TestWholeAccountExpiresWhenNothingIsBought(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.IdleDays = 10
		c := open(t, d, rules)
		anna, boris := c.customer(), c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		c.sell(draft(boris, 0, 100_000_00))
		c.Clock.Advance(6 * 24 * time.Hour)
		c.sell(draft(anna, 0, 10_000_00))
		c.Clock.Advance(5 * 24 * time.Hour)
		c.night()
		if a, b := c.account(anna).Balance(), c.account(boris).Balance(); a != 11_000_00 || b != 0 {
			t.Errorf("anna who bought has %s, boris who did not %s", a, b)
		}
		c.Clock.Advance(5 * 24 * time.Hour)
		if a := c.account(anna); a.Balance() != 0 { // before any night
			t.Errorf("anna has %s ten days after her last purchase", a.Balance())
		}
		c.night()
		if n := c.count(`SELECT COUNT(*) FROM accounts WHERE idle_at IS NOT NULL`); n != 0 {
			t.Errorf("%d accounts are looked at for ever", n)
		}
		if rec := c.sell(draft(anna, 0, 10_000_00)); rec.Balance != 1_000_00 {
			t.Errorf("a purchase after it leaves %s", rec.Balance)
		}
	})
}

// Where only a programme's own points pay, another programme's do not.
func TestOnlyOwnPointsPay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00)) // 10 000 of the first programme
		store, tills := c.OpenStore(t, catalog.NewStore{Code: "S2", Name: "Outlet", Zone: "Asia/Tashkent"}, "1")
		own := simple()
		own.Stores, own.Redeem.Own = []string{"S2"}, true
		_, err := c.Programmes.Install(t.Context(), "Outlet", own, c.Now(), 0)
		must(t, err)
		outlet := receipt.Caller{Till: tills[0], Store: store}
		sell := func(d receipt.Draft) receipt.Receipt {
			q, err := c.Receipts.Quote(t.Context(), outlet, d)
			must(t, err)
			rec, _, err := c.Receipts.Commit(t.Context(), outlet, receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID})
			must(t, err)
			return rec
		}
		q, err := c.Receipts.Quote(t.Context(), outlet, draft(anna, 0, 50_000_00))
		if err != nil || q.MaxRedeem != 0 {
			t.Errorf("points of another programme may pay %s: %v", q.MaxRedeem, err)
		}
		sell(draft(anna, 0, 50_000_00)) // 5000 of the second
		if rec := sell(draft(anna, 5_000_00, 50_000_00)); rec.Redeemed != 5_000_00 {
			t.Errorf("redeemed %s of its own", rec.Redeemed)
		}
		if n := c.count(`SELECT COUNT(*) FROM lots l JOIN programmes p ON p.id = l.programme_id WHERE p.name = 'Main' AND l.remaining < l.amount`); n != 0 {
			t.Error("the other programme's points were taken")
		}
	})
}
