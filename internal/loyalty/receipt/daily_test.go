package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
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
