package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// The job expires what nobody touched, without anything else that is due.
func TestNightExpiresPointsOfCustomersWhoStayedAway(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.ExpiryDays = 3
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		c.clock.pass(4 * 24 * time.Hour)
		must(t, c.receipts.Night(t.Context(), func(int) {}))
		if n := c.count(`SELECT COUNT(*) FROM entries WHERE cause = 'expire'`); n != 1 {
			t.Errorf("%d lots expired, want 1", n)
		}
	})
}

// A process that has just started knows nothing of programmes: it must not
// take the points of one that is stopped.
func TestStoppedProgrammeBurnsNothingInAProcessJustStarted(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.ExpiryDays = 3
		c := open(t, d, rules)
		anna, boris := c.customer(), c.customer()
		sale := c.sell(draft(boris, 0, 100_000_00, 1_000_00))
		c.sell(draft(anna, 0, 100_000_00))
		c.stop(rules)
		c.clock.pass(4 * 24 * time.Hour)

		other := newChain(t, d, 2)
		other.tills, other.numbers = c.tills, 100
		other.clock.pass(c.clock.now().Sub(other.clock.now()))
		other.giveBack(sale.ID, line(2, 1000))
		if a := other.account(boris); a.Balance() != 10_000_00 {
			t.Errorf("a return left %d points of a stopped programme", a.Balance())
		}
		fresh := newChain(t, d, 3)
		fresh.clock.pass(c.clock.now().Sub(fresh.clock.now()))
		must(t, fresh.receipts.Night(t.Context(), func(int) {}))
		if n := c.count(`SELECT COUNT(*) FROM entries WHERE cause = 'expire'`); n != 0 {
			t.Errorf("%d lots of a stopped programme expired", n)
		}
	})
}

// Points that go back to a lot of a stopped programme stay, whatever its date.
func TestStoppedProgrammeBurnsNothingThatAReturnRestores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.ExpiryDays = 3
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		spent := c.sell(draft(anna, 4_000_00, 8_000_00))
		c.stop(rules)
		c.clock.pass(4 * 24 * time.Hour)
		c.giveBack(spent.ID)
		if a := c.account(anna); a.Available() != 10_000_00 {
			t.Errorf("available %d after the return, want all that was earned", a.Available())
		}
	})
}
