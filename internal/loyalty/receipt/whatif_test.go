package receipt_test

import (
	"errors"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Past receipts priced by the rules they were sold under come to what was
// recorded; by twice the rate to twice of it; and asking changes nothing.
func TestCompare(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		c := open(t, d, simple())
		var (
			earned money.Points
			sold   money.Amount
		)
		first, second := c.customer(), c.customer()
		for i, who := range []customer.ID{first, first, second} {
			q, err := c.Receipts.Quote(ctx, c.tills[0], draft(who, 0, int64(10_000*(i+1)), 5_000))
			must(t, err)
			rec, _, err := c.Receipts.Commit(ctx, c.tills[0], receipt.Sale{Number: string(rune('a' + i)), Draft: draft(who, 0, int64(10_000*(i+1)), 5_000), Quote: q.ID})
			must(t, err)
			earned, sold = earned+rec.Earned, sold+rec.Total
			c.Clock.Advance(time.Hour)
		}
		ask := receipt.Question{Now: simple(), Then: simple(), From: c.Now().AddDate(0, 0, -1), To: c.Now(), Most: 100, Top: 5}
		never := func(int, int) error { return nil }
		got, err := c.Receipts.Compare(ctx, ask, never)
		must(t, err)
		if got.Receipts != 3 || got.Customers != 2 || got.Now.Earned != earned || got.Then != got.Now || got.Same != 2 || got.Gain+got.Lose != 0 {
			t.Errorf("the same rules: %+v, want 3 receipts of 2 customers that earned %s", got, earned)
		}

		ask.Then = simple()
		ask.Then.Levels[0].Cashback *= 2
		got, err = c.Receipts.Compare(ctx, ask, never)
		must(t, err)
		if got.Then.Earned != 2*earned || got.Gain != 2 || got.Lose != 0 || len(got.Winners) != 2 || got.Winners[0].Customer != second && got.Winners[0].Customer != first {
			t.Errorf("twice the rate: %+v", got)
		}
		ask.Now, ask.Then = ask.Then, nil
		got, err = c.Receipts.Compare(ctx, ask, never)
		must(t, err)
		if got.Then != (receipt.Given{}) || got.Lose != 2 || len(got.Losers) != 2 {
			t.Errorf("no programme: %+v", got)
		}
		ask.Then = &programme.Rules{Stopped: true}
		ask.Most = 2
		if got, err = c.Receipts.Compare(ctx, ask, never); err != nil || !got.Cut || got.Receipts != 2 {
			t.Errorf("the latest two: %+v, %v", got, err)
		}
		stop := errors.New("stop")
		if _, err = c.Receipts.Compare(ctx, ask, func(int, int) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("stopped, it answers %v", err)
		}
		sums, err := c.Receipts.Sum(ctx, ask.From, ask.To)
		must(t, err)
		if sums.Sales != 3 || sums.Identified != 3 || sums.Earned != earned || sums.Sold != sold {
			t.Errorf("sums %+v", sums)
		}
		period := receipt.Filter{From: ask.From, To: ask.To}
		if got, all, err := c.Receipts.SumUpTo(ctx, period, 3); err != nil || !all || got != sums {
			t.Errorf("all of the period: %+v, %v, %v", got, all, err)
		}
		if got, all, err := c.Receipts.SumUpTo(ctx, period, 2); err != nil || all || got.Sales != 3 {
			t.Errorf("more than the two that may be read: %+v, %v, %v", got, all, err)
		}
		period.Kind, period.Till, period.Store = receipt.KindReturn, c.tills[0].Till.ID, c.tills[0].Store.ID
		if got, all, err := c.Receipts.SumUpTo(ctx, period, 3); err != nil || !all || got != (receipt.Sums{}) {
			t.Errorf("no returns: %+v, %v, %v", got, all, err)
		}
		if got, all, err := c.Receipts.SumUpTo(ctx, receipt.Filter{Number: "none of these"}, 3); err != nil || !all || got != (receipt.Sums{}) {
			t.Errorf("a number that nobody has: %+v, %v, %v", got, all, err)
		}
	})
}

// Rolling spend is counted as the till counted it: a return where its sale was,
// and not before it was made.
func TestCompareCountsRollingSpendAsTheTillDid(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := rolling(30)
		c := open(t, d, rolling(30))
		anna := c.customer()
		var earned money.Points
		sell := func(price int64) receipt.Receipt {
			rec := c.sell(draft(anna, 0, price))
			earned += rec.Earned
			return rec
		}
		first := sell(100_00)
		c.Clock.Advance(15 * day)
		sell(100_00)
		c.Clock.Advance(10 * day)
		sell(10_00) // gold
		c.giveBack(first.ID)
		earned -= first.Earned
		c.Clock.Advance(10 * day)
		if got := sell(10_00); got.Level != "gold" { // the first sale has left, and its return with it
			t.Fatalf("at %s", got.Level)
		}
		c.Clock.Advance(time.Hour)
		got, err := c.Receipts.Compare(t.Context(), receipt.Question{
			Now: rules, Then: rules, From: c.Now().AddDate(0, 0, -60), To: c.Now(), Most: 100, Top: 5,
		}, func(int, int) error { return nil })
		must(t, err)
		if got.Now.Earned != earned {
			t.Errorf("%s points by the rules they were sold under, want %s", got.Now.Earned, earned)
		}
	})
}
