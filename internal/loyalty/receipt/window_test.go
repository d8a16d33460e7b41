package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
)

const day = 24 * time.Hour

func rolling(days int) *programme.Rules {
	rules := simple()
	rules.Spend = programme.Spend{Window: programme.Rolling, Days: days}
	rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 100_00, Cashback: 2000})
	return rules
}

// A return leaves the window with its sale: it takes nothing from what is
// bought later.
func TestReturnLeavesTheWindowWithItsSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, rolling(30))
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 100_00))
		c.Clock.Advance(20 * day)
		c.giveBack(sale.ID)
		c.Clock.Advance(15 * day) // the sale is out, the return would still be in
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		c.sell(draft(anna, 0, 100_00))
		if got := c.sell(draft(anna, 0, 1_00)); got.Level != "gold" {
			t.Errorf("at %s after buying for 100 within the window", got.Level)
		}
		c.Clock.Advance(5 * day)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if got := c.sell(draft(anna, 0, 1_00)); got.Level != "gold" {
			t.Errorf("at %s after the night", got.Level)
		}
	})
}

// A level goes at the midnight after its spend has left the window by the
// clock of the customer's home store.
func TestLevelGoesAtTheMidnightAfterItsSpendLeft(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, rolling(10))
		anna := c.customer()
		c.sell(draft(anna, 0, 100_00)) // 14:00 in Tashkent
		level := func() string {
			must(t, c.Receipts.Night(t.Context(), func(int) {}))
			return c.sell(draft(anna, 0, 0)).Level
		}
		c.Clock.Advance(time.Hour)
		if got := level(); got != "gold" {
			t.Fatalf("at %s after the purchase", got)
		}
		c.Clock.Advance(10*day - time.Hour) // it has just left, the day is not over
		if got := level(); got != "gold" {
			t.Errorf("at %s before midnight", got)
		}
		c.Clock.Advance(10*time.Hour - time.Second)
		if got := level(); got != "gold" {
			t.Errorf("at %s a second before midnight", got)
		}
		c.Clock.Advance(2 * time.Second)
		fresh := c.process() // that has not met any store
		must(t, fresh.Receipts.Night(t.Context(), func(int) {}))
		if got := c.sell(draft(anna, 0, 0)).Level; got != "base" {
			t.Errorf("at %s after midnight", got)
		}
	})
}

// A return that takes a level and a purchase that wins it back, all before
// midnight, keep it.
func TestLevelWonBackBeforeMidnightStays(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, rolling(10))
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 100_00))
		c.giveBack(sale.ID)
		c.sell(draft(anna, 0, 100_00))
		c.Clock.Advance(day)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if got := c.sell(draft(anna, 0, 1_00)); got.Level != "gold" {
			t.Errorf("at %s", got.Level)
		}
	})
}
