package receipt_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// A number that comes again for the return of another sale is another receipt, also
// where both come to the same.
func TestLateReturnsAreToldApartByTheirSales(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna, at := c.customer(), c.Now()
		c.late(0, time.Time{}, lateSale("A", anna, at, 100_00, 100_00), lateSale("B", anna, at, 100_00, 100_00))
		back := func(of string) receipt.LateResult {
			return c.late(0, time.Time{}, receipt.Late{Return: &receipt.Return{Number: "R", SoldAt: at}, OriginalNumber: of, Refund: ptr[money.Amount](100_00)})[0]
		}
		first := back("A")
		must(t, first.Err)
		if again := back("A"); again.Err != nil || !again.Replayed || again.Receipt.ID != first.Receipt.ID {
			t.Errorf("the same again: %+v", again)
		}
		refusedAs(t, back("B").Err, receipt.ErrKeyReused, "/number")
	})
}

// Nor is a sale the same that has another customer shown, or another total.
func TestLateSalesAreToldApartByWhatWasShownAndCharged(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna, boris := c.customer(), c.customer()
		c.Clock.Advance(72 * time.Hour)
		at := c.Now().Add(-time.Hour)
		shown := func(n int) receipt.Late {
			l := lateSale("1", 0, at, 100_00, 100_00)
			l.Shown = []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", 1000000+n)}}
			return l
		}
		if r := c.late(0, time.Time{}, shown(1))[0]; r.Err != nil || r.Receipt.Customer != anna {
			t.Errorf("%+v", r)
		}
		refusedAs(t, c.late(0, time.Time{}, shown(2))[0].Err, receipt.ErrKeyReused, "/number")
		if r := c.late(1, time.Time{}, shown(2))[0]; r.Err != nil || r.Replayed || r.Receipt.Customer != boris {
			t.Errorf("at another till: %+v", r)
		}
		c.late(0, time.Time{}, lateSale("7", 0, at, 100_00, 100_00))
		if r := c.late(1, time.Time{}, lateSale("7", 0, at, 100_00, 50_00))[0]; r.Err != nil || r.Replayed {
			t.Errorf("of another total: %+v", r)
		}
	})
}

// A queue that comes from two tills under a wrong clock is recorded once, whichever of
// them is right, and however long it was on its way.
func TestTwinsUnderAWrongClock(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]time.Duration{"a second later on the way": 24*time.Hour + time.Second, "by a clock that is right": 0, "same": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				c := open(t, d, simple())
				anna := c.customer()
				c.Clock.Advance(72 * time.Hour)
				now := c.Now()
				behind := now.Add(-24 * time.Hour) // what the clock showed
				sale := lateSale("1", anna, behind.Add(-time.Hour), 10_000_00, 10_000_00)
				one := c.late(0, behind, sale)[0]
				must(t, one.Err)
				two := c.late(1, now.Add(-second), sale)[0]
				must(t, two.Err)
				if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 1 {
					t.Errorf("%d receipts, and %s points, of one purchase", n, c.account(anna).Balance())
				}
			})
		})
	}
}

// A return behind its sale in such a queue finds the sale, also where the first till got
// no further than that.
func TestReturnsOfTwins(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]int{"the first sent all": 2, "the first ended after the sale": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				c := open(t, d, simple())
				anna := c.customer()
				c.Clock.Advance(24 * time.Hour)
				at := c.Now().Add(-time.Hour)
				queue := []receipt.Late{
					lateSale("A", anna, at, 100_00, 100_00),
					{Return: &receipt.Return{Number: "R", SoldAt: at.Add(time.Minute)}, OriginalNumber: "A"},
				}
				for _, r := range c.late(0, time.Time{}, queue[:sent]...) {
					must(t, r.Err)
				}
				two := c.late(1, time.Time{}, queue...)
				for i, r := range two {
					if r.Err != nil || r.Replayed != (i < sent) {
						t.Errorf("%d is replayed: %v, %v", i, r.Replayed, r.Err)
					}
				}
				if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 2 || c.account(anna).Balance() != 0 {
					t.Errorf("%d receipts, and %s points", n, c.account(anna).Balance())
				}
			})
		})
	}
	// But not that of another till that is called the same.
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		must(t, c.late(0, time.Time{}, lateSale("A", anna, c.Now(), 100_00, 100_00))[0].Err)
		r := c.late(1, time.Time{}, receipt.Late{Return: &receipt.Return{Number: "R", SoldAt: c.Now()}, OriginalNumber: "A"})[0]
		if !errors.Is(r.Err, receipt.ErrNotFound) {
			t.Errorf("%+v", r)
		}
	})
}
