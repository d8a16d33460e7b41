package receipt_test

import (
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Two sales of which one paid the other come back, again and again, in either
// order and in parts; what is left is what was paid for.
func TestWriteOffIsSettledBeforePointsComeBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		rules.Return.Clawback = programme.ClawbackWriteOff
		c := open(t, d, rules)
		anna := c.customer()
		for round := range 3 {
			a := c.sell(draft(anna, 0, 500_00))
			b := c.sell(draft(anna, 50_00, 30_00, 40_00))
			c.giveBack(a.ID)
			if round == 1 { // in one transaction
				c.together(nil, []receipt.Return{
					{Number: c.number(), Original: b.ID, Lines: []receipt.ReturnLine{line(1, money.One)}},
					{Number: c.number(), Original: b.ID, Lines: []receipt.ReturnLine{line(2, money.One)}},
				})
			} else {
				c.giveBack(b.ID, line(1, 700))
				c.giveBack(b.ID)
			}
			if account := c.account(anna); account.Balance() != 0 {
				t.Errorf("round %d leaves %s points of nothing", round, account.Balance())
			}
		}
		c.check(t)
	})
}

// A customer whose refund was reduced has paid for the points: they are
// theirs, and not more of them than the money was worth.
func TestReducedRefundHasPaidForThePoints(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		rules.Return.Clawback = programme.ClawbackRefund
		rules.Earn.PointsPart = true
		c := open(t, d, rules)
		anna := c.customer()
		first := c.sell(draft(anna, 0, 1000_00))
		second := c.sell(draft(anna, 100_00, 102_00)) // 2 in money, earns 10.20
		third := c.sell(draft(anna, 10_20, 10_20))
		kept := c.giveBack(first.ID).Withheld
		if kept != 100_00-1_02 { // the last sale has earned 1.02
			t.Errorf("%d was kept of the first refund", kept)
		}
		for _, sale := range []receipt.Receipt{second, third} {
			kept += c.giveBack(sale.ID).Withheld
		}
		if got := c.account(anna).Balance(); money.Amount(got) != kept {
			t.Errorf("%d points are left, %d was paid for them", got, kept)
		}
		c.check(t)
	})
}
