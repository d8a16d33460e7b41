package receipt_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// What was recorded is answered for ever, whatever has changed since.
func TestRepeatedCallIsAnsweredForEver(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.quoted(draft(anna, 0, 10_00))
		sale.SoldAt = c.Now()
		first, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
		back := receipt.Return{Number: "back", Original: first.ID, SoldAt: c.Now(), Lines: []receipt.ReturnLine{line(1, 333)}}
		one, _, err := c.Receipts.Return(t.Context(), c.tills[0], back)
		must(t, err)
		first.Lines[0].Returned = 333

		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := c.Customers.SetStateTx(ctx, tx, anna, customer.StateBlocked)
			return err
		}))
		check := func(when string, at time.Duration) {
			c.Clock.Advance(at)
			again, replayed, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
			if diff := cmp.Diff(first, again, same); err != nil || !replayed || diff != "" {
				t.Errorf("%s the sale is answered %v %v %s", when, replayed, err, diff)
			}
			two, replayed, err := c.Receipts.Return(t.Context(), c.tills[0], back)
			if diff := cmp.Diff(one, two, same); err != nil || !replayed || diff != "" {
				t.Errorf("%s the return is answered %v %v %s", when, replayed, err, diff)
			}
		}
		check("blocked", 0)
		check("a year later", 365*24*time.Hour)
		check("with the clock put back", -366*24*time.Hour)
		other := sale
		other.Reason = "other"
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], other); err == nil || errors.Is(err, receipt.ErrKeyReused) == errors.Is(err, receipt.ErrInTheFuture) {
			t.Errorf("another body: %v", err)
		}
	})
}
