package receipt_test

import (
	"errors"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// labelled is a chain with a programme for all and one for the staff, each with codes from
// so many points on, 0: none, and somebody of the staff with points.
func labelled(t *testing.T, d *db.DB, general, staff money.Points) (*chain, *posted, customer.ID) {
	c := open(t, d, nil)
	p := c.codes(t)
	g := simple()
	g.Redeem.ConfirmFrom = general
	_, err := c.Programmes.Install(t.Context(), "Main", g, c.Now().Add(-time.Minute), 0)
	must(t, err)
	s := simple()
	s.Labels = []string{"staff"}
	s.Redeem.ConfirmFrom = staff
	_, err = c.Programmes.Install(t.Context(), "Staff", s, c.Now().Add(-time.Minute), 0)
	must(t, err)
	must(t, c.Programmes.Refresh(t.Context()))
	anna := c.customer()
	c.label(anna, "staff")
	c.sell(draft(anna, 0, 100_000_00))
	return c, p, anna
}

// Where the programme of a group asks for codes, they can be had, and no hold goes around them.
func TestCodesGoByTheGroupsProgramme(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, _, anna := labelled(t, d, 0, 1_000_00)
		ctx, till := t.Context(), c.tills[0]
		if _, _, err := c.Receipts.Commit(ctx, till, c.quoted(draft(anna, 5_000_00, 50_000_00))); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("a sale without a code: %v", err)
		}
		if _, err := c.Receipts.Confirm(ctx, till, anna, 5_000_00); err != nil {
			t.Errorf("a code is asked for: %v", err)
		}
		if _, _, err := c.Receipts.Hold(ctx, till, receipt.Hold{Number: "H", Customer: anna, Points: 5_000_00}); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("a hold without a code: %v", err)
		}
	})
}

// A hold asks for no code that the programme of the customer's group does not want.
func TestHoldAsksForNoCodeOfOthers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, _, anna := labelled(t, d, 1_000_00, 0)
		ctx, till := t.Context(), c.tills[0]
		_, _, err := c.Receipts.Hold(ctx, till, receipt.Hold{Number: "H", Customer: anna, Points: 5_000_00})
		if err != nil {
			t.Error("hold asks for a code that the customer's programme does not want")
		}
	})
}

// A sale that is said to be from before the rule needs its code all the same.
func TestBackdatingGoesAroundNoCode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		c.codes(t)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		c.Clock.Advance(time.Hour)
		r := simple()
		r.Redeem.ConfirmFrom = 1_000_00
		_, err := c.Programmes.Install(t.Context(), "Main2", r, c.Now(), 0)
		must(t, err)
		must(t, c.Programmes.Refresh(t.Context()))
		c.Clock.Advance(time.Hour)
		q, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(anna, 5_000_00, 50_000_00))
		must(t, err)
		s := receipt.Sale{Number: "BACK", Draft: draft(anna, 5_000_00, 50_000_00), SoldAt: c.Now().Add(-90 * time.Minute), Total: &q.Total}
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], s); !q.Confirm || !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("a sale from before the rule, of which the quote says %t: %v", q.Confirm, err)
		}
	})
}

// Points that were held without a code are taken with one, once the rule holds.
func TestHoldFromBeforeTheRuleNeedsACode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		c.codes(t)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		h, _, err := c.Receipts.Hold(t.Context(), c.tills[0], receipt.Hold{Number: "H", Customer: anna, Points: 5_000_00, For: time.Hour})
		must(t, err)
		r := simple()
		r.Redeem.ConfirmFrom = 1_000_00
		_, err = c.Programmes.Install(t.Context(), "Main2", r, c.Now().Add(time.Minute), 0)
		must(t, err)
		c.Clock.Advance(10 * time.Minute)
		with := draft(anna, 5_000_00, 50_000_00)
		with.Hold = h.ID
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], c.quoted(with)); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("points that were held without a code: %v", err)
		}
	})
}

// The first sales of a day are counted in the order in which they come, whatever time they say.
func TestDailyCountsWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.Daily = 1
		c := open(t, d, rules)
		zone := c.tills[0].Store.Zone
		now := c.Now().In(zone)
		c.Clock.Advance(time.Date(now.Year(), now.Month(), now.Day()+1, 22, 0, 0, 0, zone).Sub(now))
		anna := c.customer()
		n := 0
		for i := range 20 {
			total := money.Amount(100_00)
			s := receipt.Sale{Number: "B" + string(rune('a'+i)), Draft: draft(anna, 0, 100_00), SoldAt: c.Now().Add(-time.Duration(i) * time.Minute), Total: &total}
			rec, _, err := c.Receipts.Commit(t.Context(), c.tills[0], s)
			must(t, err)
			if rec.Earned > 0 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d sales of one day earned, not 1", n)
		}
	})
}

// So they are where a till's clock is ahead.
func TestDailyOfAClockAhead(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.Daily = 1
		c := open(t, d, rules)
		zone := c.tills[0].Store.Zone
		now := c.Now().In(zone)
		c.Clock.Advance(time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, zone).Sub(now))
		anna := c.customer()
		total := money.Amount(100_00)
		a, _, err := c.Receipts.Commit(t.Context(), c.tills[0], receipt.Sale{Number: "A", Draft: draft(anna, 0, 100_00), SoldAt: c.Now().Add(9 * time.Minute), Total: &total})
		must(t, err)
		c.Clock.Advance(5 * time.Minute)
		b, _, err := c.Receipts.Commit(t.Context(), c.tills[1], receipt.Sale{Number: "B", Draft: draft(anna, 0, 100_00), Total: &total})
		must(t, err)
		if a.Earned == 0 || b.Earned > 0 {
			t.Errorf("the first earned %s, the second %s", a.Earned, b.Earned)
		}
	})
}
