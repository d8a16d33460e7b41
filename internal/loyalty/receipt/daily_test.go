package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
)

// Only the first sales of a day of the store earn, however close they come.
func TestFirstSalesOfADayEarn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.Daily = 2
		c := open(t, d, rules)
		zone := c.tills[0].Store.Zone
		now := c.Now().In(zone)
		c.Clock.Advance(time.Date(now.Year(), now.Month(), now.Day()+1, 22, 0, 0, 0, zone).Sub(now))
		anna, boris := c.customer(), c.customer()
		for i, want := range []int64{10_00, 10_00, 0} {
			rec := c.sell(draft(anna, 0, 100_00))
			if int64(rec.Earned) != want || rec.Details.Over != (want == 0) {
				t.Errorf("sale %d earned %s, over %t", i+1, rec.Earned, rec.Details.Over)
			}
		}
		if rec := c.sell(draft(boris, 0, 100_00)); rec.Earned != 10_00 {
			t.Errorf("somebody else earned %s", rec.Earned)
		}
		c.Clock.Advance(3 * time.Hour)
		if rec := c.sell(draft(anna, 0, 100_00)); rec.Earned != 10_00 {
			t.Errorf("the next day earned %s", rec.Earned)
		}
	})
}

// A sale of lines that the till took out is none of the first ones, alone or with
// others in a transaction; one line that takes part makes it one.
func TestLinesTakenOutAreNoSaleOfTheDay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.Daily = 2
		c := open(t, d, rules)
		anna := c.customer()
		out := draft(anna, 0, 100_00, 50_00)
		out.Lines[0].NoLoyalty, out.Lines[1].NoLoyalty = true, true
		c.sell(out)
		c.sell(out)
		together := c.together([]receipt.Sale{c.quoted(out), c.quoted(draft(anna, 0, 100_00))}, nil)
		if rec := together[1]; rec.Earned != 10_00 {
			t.Errorf("the first sale of goods earned %s, over %t", rec.Earned, rec.Details.Over)
		}
		out.Lines[1].NoLoyalty = false
		if rec := c.sell(out); rec.Earned != 5_00 {
			t.Errorf("the second earned %s", rec.Earned)
		}
		if rec := c.sell(draft(anna, 0, 100_00)); rec.Earned != 0 || !rec.Details.Over {
			t.Errorf("the third earned %s", rec.Earned)
		}
		a, err := c.Receipts.Compare(t.Context(), receipt.Question{
			Now: rules, Then: nil, From: c.Now().Add(-time.Hour), To: c.Now().Add(time.Hour), Most: 10,
		}, func(int, int) error { return nil })
		must(t, err)
		if a.Now.Earned != 15_00 {
			t.Errorf("looked at again they earned %s", a.Now.Earned)
		}
	})
}
