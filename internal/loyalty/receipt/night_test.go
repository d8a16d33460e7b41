package receipt_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
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
		c.Clock.Advance(4 * 24 * time.Hour)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
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
		c.Clock.Advance(4 * 24 * time.Hour)

		other := c.process()
		other.numbers.Store(100)
		other.giveBack(sale.ID, line(2, 1000))
		if a := other.account(boris); a.Balance() != 10_000_00 {
			t.Errorf("a return left %d points of a stopped programme", a.Balance())
		}
		quoted := c.quoted(draft(anna, 0, 1_000_00))
		_, _, err := c.process().Receipts.Commit(t.Context(), c.tills[0], quoted)
		must(t, err)
		must(t, c.process().Receipts.Night(t.Context(), func(int) {}))
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
		c.Clock.Advance(4 * 24 * time.Hour)
		c.giveBack(spent.ID)
		if a := c.account(anna); a.Available() != 10_000_00 {
			t.Errorf("available %d after the return, want all that was earned", a.Available())
		}
	})
}

// A review tells of a level that changes either way: down after a return, up
// where an import brought spend since.
func TestReviewTellsOfLossesAndGains(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels = append(rules.Levels,
			programme.Level{Code: "gold", Name: "Gold", Threshold: 100_00, Cashback: 2000},
			programme.Level{Code: "platinum", Name: "Platinum", Threshold: 500_00, Cashback: 3000})
		c := open(t, d, rules)
		anna, boris, vera := c.customer(), c.customer(), c.customer()
		for _, who := range []customer.ID{anna, boris, vera} {
			c.giveBack(c.sell(draft(who, 0, 100_00)).ID)
		}
		c.record(receipt.Imported{
			Kind: receipt.KindSale, Name: receipt.Name{Number: "old 1"}, Store: c.tills[0].Store.ID, Customer: boris, SoldAt: c.Now().Add(-24 * time.Hour),
			Lines: []receipt.Line{{Quantity: money.One, Gross: 500_00, Total: 500_00, TierSpend: 500_00}},
		}, receipt.Imported{
			Kind: receipt.KindSale, Name: receipt.Name{Number: "old 2"}, Store: c.tills[0].Store.ID, Customer: vera, SoldAt: c.Now().Add(-24 * time.Hour),
			Lines: []receipt.Line{{Quantity: money.One, Gross: 100_00, Total: 100_00, TierSpend: 100_00}},
		})
		c.Clock.Advance(24 * time.Hour)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		must(t, c.Receipts.Night(t.Context(), func(int) {})) // says nothing twice
		of := int64(c.count(`SELECT MIN(id) FROM programmes`))
		want := map[customer.ID][]event.Event{
			anna:  {{At: c.Now(), Kind: programme.EventTierChanged, CustomerID: int64(anna), Ref: of, Body: `{"is":"base","was":"gold"}`}},
			boris: {{At: c.Now(), Kind: programme.EventTierChanged, CustomerID: int64(boris), Ref: of, Body: `{"is":"platinum","was":"gold"}`}},
		}
		if diff := cmp.Diff(want, c.changes()); diff != "" {
			t.Errorf("the log tells otherwise of who changed:\n%s", diff)
		}
		for who, level := range map[customer.ID]string{anna: "base", boris: "platinum", vera: "gold"} {
			if got := c.sell(draft(who, 0, 1_00)).Level; got != level {
				t.Errorf("%d is at %s, want %s", who, got, level)
			}
		}
	})
}

// record imports receipts.
func (c *chain) record(list ...receipt.Imported) {
	c.t.Helper()
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := c.Receipts.RecordTx(ctx, tx, 77, list, func(i int) []receipt.Line { return list[i].Lines })
		return err
	}))
}

// changes are the changes of levels that the log tells of, by customer.
func (c *chain) changes() map[customer.ID][]event.Event {
	c.t.Helper()
	told := map[customer.ID][]event.Event{}
	rows, err := c.DB.Query(c.t.Context(), `SELECT at, kind, customer_id, ref, body FROM events WHERE kind = 'tier.changed' ORDER BY id`)
	must(c.t, db.Scan(rows, err, func(r *db.Rows) error {
		var e event.Event
		err := r.Scan(db.Time{Dst: &e.At}, &e.Kind, &e.CustomerID, &e.Ref, &e.Body)
		told[customer.ID(e.CustomerID)] = append(told[customer.ID(e.CustomerID)], e)
		return err
	}))
	return told
}
