package receipt_test

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// forfeiting has two levels, of which the second lasts ten days, and points go with it.
func forfeiting() *programme.Rules {
	rules := simple()
	rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 100_00, Cashback: 2000})
	rules.Spend = programme.Spend{Window: programme.Rolling, Days: 10}
	rules.Downgrade.Forfeit = true
	return rules
}

// With a level the points are lost that are free, and what earned them may come back
// without anything owed; who keeps the level, or never had it, keeps them.
func TestPointsAreLostWithALevel(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, forfeiting())
		anna, boris, vera := c.customer(), c.customer(), c.customer()
		sale := c.sell(draft(anna, 0, 60_00, 40_00))
		c.sell(draft(boris, 0, 100_00))
		c.sell(draft(vera, 0, 99_00))
		spent := c.sell(draft(anna, 2_00, 10_00))
		c.Clock.Advance(10 * 24 * time.Hour)
		c.sell(draft(boris, 0, 100_00)) // keeps the level
		c.Clock.Advance(23 * time.Hour)
		h := c.hold(anna, 3_00, 60)
		c.Clock.Advance(30 * time.Minute)
		c.night()
		if a := c.account(anna); a.Active != 3_00 || a.Held() != 3_00 || a.Debt != 0 {
			t.Errorf("anna has %s, of which %s are held, and owes %s", a.Active, a.Held(), a.Debt)
		}
		if a := c.account(boris); a.Active != 30_00 {
			t.Errorf("boris has %s", a.Active)
		}
		if a := c.account(vera); a.Active != 9_90 {
			t.Errorf("vera has %s", a.Active)
		}
		if n := c.count(`SELECT COUNT(*) FROM events WHERE kind = 'points.forfeited' AND customer_id = $1`, int64(anna)); n != 2 {
			t.Errorf("%d events tell of it", n)
		}
		_, err := c.Receipts.Release(t.Context(), c.tills[0], h.ID)
		must(t, err)
		c.giveBack(spent.ID) // what it redeemed is back
		before := c.account(anna)
		c.giveBack(sale.ID)
		if a := c.account(anna); a.Debt != 0 || before.Active != 5_00-2_00+2_00 || a.Active != 0 {
			t.Errorf("anna had %s, and has %s and owes %s", before.Active, a.Active, a.Debt)
		}
		c.night() // says nothing twice
		c.check(t)
	})
}

// Counting everybody anew by rules that begin takes the points that its preview says.
func TestThePreviewCountsPointsThatAreLost(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := forfeiting()
		c := open(t, d, rules)
		anna, boris := c.customer(), c.customer()
		c.sell(draft(anna, 0, 100_00))
		c.sell(draft(boris, 0, 50_00))
		then := stricter(rules)
		list, err := c.Programmes.List(t.Context())
		must(t, err)
		moves, err := c.Receipts.Moves(t.Context(), list[0].ID, rules, then, func(int) error { return nil })
		must(t, err)
		if len(moves) != 1 || moves[0] != (receipt.Move{From: "gold", To: "base", Customers: 1, Points: 10_00}) {
			t.Errorf("the preview says %+v", moves)
		}
		c.publish(then)
		v, err := c.Programmes.At(t.Context(), c.tills[0].Store.Code, c.Now())
		must(t, err)
		must(t, c.Receipts.Recount(t.Context(), v, 0, func(context.Context, *db.Tx, customer.ID, int, int) error { return nil }))
		for who, want := range map[customer.ID]money.Points{anna: 0, boris: 5_00} {
			if a := c.account(who); a.Active != want {
				t.Errorf("%d has %s, want %s", who, a.Active, want)
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM entries WHERE cause = $1`, string(ledger.CauseForfeit)); n != 1 {
			t.Errorf("%d entries tell of it", n)
		}
	})
}

// A level given by hand for some days, or given and taken back, takes none that was
// reached for longer.
func TestGiftsTakeNoLevelThatWasReached(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := forfeiting()
		rules.Downgrade = programme.Downgrade{When: programme.DropEvery, Days: 365, Forfeit: true}
		c := open(t, d, rules)
		brief, back, control := c.customer(), c.customer(), c.customer()
		for _, who := range []customer.ID{brief, back, control} {
			c.sell(draft(who, 0, 100_00))
		}
		c.Clock.Advance(30 * 24 * time.Hour)
		c.night()
		v, err := c.Programmes.At(t.Context(), c.tills[0].Store.Code, c.Now())
		must(t, err)
		for _, g := range []receipt.Grant{
			{Customer: brief, Level: "gold", Until: programme.Midnight(c.Now(), 10, c.tills[0].Store.Zone)},
			{Customer: back, Level: "gold"}, {Customer: back},
		} {
			must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := c.Receipts.GrantTierTx(ctx, tx, v, g)
				return err
			}))
		}
		c.Clock.Advance(20 * 24 * time.Hour)
		c.night()
		for who, what := range map[customer.ID]string{brief: "given until a day", back: "given and taken back"} {
			if a, b := c.account(who), c.account(control); a.Active == 0 || a.Active != b.Active {
				t.Errorf("a level %s: %s points, without it %s", what, a.Active, b.Active)
			}
		}
	})
}
