package receipt_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
)

func (c *chain) hold(who customer.ID, points money.Points, minutes int) ledger.Hold {
	c.t.Helper()
	h, _, err := c.Receipts.Hold(c.t.Context(), c.tills[0], receipt.Hold{Number: c.number(), Customer: who, Points: points, For: time.Duration(minutes) * time.Minute})
	must(c.t, err)
	return h
}

// Held points are nobody else's until the hold is redeemed, released or lapses.
func TestHold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		ctx, anna := t.Context(), c.customer()
		c.sell(draft(anna, 0, 100_000_00)) // earns 10 000

		h := c.hold(anna, 8_000_00, 0)
		if a := c.account(anna); a.Available() != 2_000_00 || a.Balance() != 10_000_00 || a.Held() != 8_000_00 {
			t.Errorf("available %s, balance %s, held %s", a.Available(), a.Balance(), a.Held())
		}
		if _, _, err := c.Receipts.Hold(ctx, c.tills[1], receipt.Hold{Number: "x", Customer: anna, Points: 2_000_01}); !errors.Is(err, ledger.ErrTooFew) {
			t.Errorf("more than is left is held: %v", err)
		}
		if q, err := c.Receipts.Quote(ctx, c.tills[1], draft(anna, 0, 50_000_00)); err != nil || q.MaxRedeem != 2_000_00 {
			t.Errorf("another till may redeem %s: %v", q.MaxRedeem, err)
		}
		with := draft(anna, 8_000_00, 50_000_00)
		with.Hold = h.ID
		if q, err := c.Receipts.Quote(ctx, c.tills[0], with); err != nil || q.MaxRedeem != 10_000_00 {
			t.Errorf("with the hold %s can be redeemed: %v", q.MaxRedeem, err)
		}
		rec := c.sell(with)
		if a := c.account(anna); a.Held() != 0 || a.Available() != 2_000_00+rec.Earned || rec.Redeemed != 8_000_00 {
			t.Errorf("after the sale: held %s, available %s, redeemed %s", a.Held(), a.Available(), rec.Redeemed)
		}
		if n := c.count(`SELECT COUNT(*) FROM holds WHERE state = 'redeemed' AND receipt_id = $1`, int64(rec.ID)); n != 1 {
			t.Error("the hold does not say which receipt redeemed it")
		}
		if _, err := c.Receipts.Release(ctx, c.tills[0], h.ID); !errors.Is(err, ledger.ErrHoldEnded) {
			t.Errorf("a redeemed hold is released: %v", err)
		}

		second := c.hold(anna, 1_000_00, 10)
		if _, err := c.Receipts.Release(ctx, c.tills[1], second.ID); !errors.Is(err, ledger.ErrHoldNotFound) {
			t.Errorf("another till releases it: %v", err)
		}
		for range 2 {
			if got, err := c.Receipts.Release(ctx, c.tills[0], second.ID); err != nil || got.State != ledger.HoldCancelled {
				t.Errorf("released: %+v, %v", got.State, err)
			}
		}
		third := c.hold(anna, 1_000_00, 10)
		c.Clock.Advance(10 * time.Minute)
		if a := c.account(anna); a.Held() != 0 {
			t.Errorf("%s are held by a hold that has lapsed", a.Held())
		}
		must(t, c.Receipts.Night(ctx, func(int) {}))
		if n := c.count(`SELECT COUNT(*) FROM holds WHERE state = 'lapsed' AND id = $1`, int64(third.ID)); n != 1 {
			t.Error("the night does not end a hold that has lapsed")
		}
	})
}

// A hold that is asked for again is the same one, and no number names two.
func TestHoldIsRepeated(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		ctx, anna := t.Context(), c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		ask := receipt.Hold{Number: "H", Customer: anna, Points: 6_000_00}
		first, replayed, err := c.Receipts.Hold(ctx, c.tills[0], ask)
		if err != nil || replayed {
			t.Fatal(replayed, err)
		}
		again, replayed, err := c.process().Receipts.Hold(ctx, c.tills[0], ask)
		if err != nil || !replayed || again.ID != first.ID || again.Points != first.Points || !again.LapsesAt.Equal(first.LapsesAt) {
			t.Errorf("%+v, %v, %v", again, replayed, err)
		}
		ask.Points = 1_000_00
		if _, _, err := c.Receipts.Hold(ctx, c.tills[0], ask); !errors.Is(err, receipt.ErrHoldReused) {
			t.Errorf("one number holds two things: %v", err)
		}
		if n := c.count(`SELECT COUNT(*) FROM events WHERE kind = 'points.held'`); n != 1 {
			t.Errorf("%d events of one hold", n)
		}
	})
}

// What is held does not expire until it is released, and the night that looks at
// it comes to an end.
func TestHeldPointsDoNotExpire(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.ExpiryDays = 1
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		c.Clock.Advance(10*time.Hour - 5*time.Minute) // five minutes to midnight
		h := c.hold(anna, 4_000_00, 30)
		c.Clock.Advance(10 * time.Minute)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if a := c.account(anna); a.Balance() != 4_000_00 || a.Available() != 0 {
			t.Errorf("balance %s, available %s after midnight, held are 4000", a.Balance(), a.Available())
		}
		with := draft(anna, 3_000_00, 50_000_00)
		with.Hold = h.ID
		with.NoPoints = false
		rec := c.sell(with)
		if rec.Redeemed != 3_000_00 {
			t.Errorf("redeemed %s of what was held over midnight", rec.Redeemed)
		}
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if a := c.account(anna); a.Balance() != rec.Earned {
			t.Errorf("balance %s, want only the %s that the sale earned", a.Balance(), rec.Earned)
		}
	})
}

// A commit whose hold has lapsed is held against the balance again.
func TestLapsedHoldChecksTheBalanceAgain(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		ctx, anna := t.Context(), c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		h := c.hold(anna, 8_000_00, 5)
		with := draft(anna, 8_000_00, 50_000_00)
		with.Hold = h.ID
		q, err := c.Receipts.Quote(ctx, c.tills[0], with)
		must(t, err)
		c.Clock.Advance(6 * time.Minute)
		other := draft(anna, 9_000_00, 50_000_00)
		sale := c.quoted(other)
		_, _, err = c.Receipts.Commit(ctx, c.tills[1], receipt.Sale{Number: "other", Draft: other, Total: ptr(c.total(other))})
		must(t, err)
		_ = sale
		_, _, err = c.Receipts.Commit(ctx, c.tills[0], receipt.Sale{Number: "late", Draft: with, Total: &q.Total})
		if !errors.Is(err, pricing.ErrRedeemTooMuch) {
			t.Errorf("a lapsed hold pays with what another till has spent: %v", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func (c *chain) total(d receipt.Draft) money.Amount {
	c.t.Helper()
	q, err := c.Receipts.Quote(c.t.Context(), c.tills[0], d)
	must(c.t, err)
	return q.Total
}

// Tills of two processes that hold and redeem one balance at once never both get
// it.
func TestHoldsRaceForOneBalance(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		other := c.process()
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		for round := range 10 {
			var (
				wg   sync.WaitGroup
				held [4]*ledger.Hold
			)
			for i := range held {
				wg.Go(func() {
					svc := []*chain{c, other}[i%2]
					h, _, err := svc.Receipts.Hold(context.WithoutCancel(t.Context()), c.tills[i%2], receipt.Hold{Number: fmt.Sprint("r", round, "-", i), Customer: anna, Points: 6_000_00})
					switch {
					case err == nil:
						held[i] = &h
					case !errors.Is(err, ledger.ErrTooFew):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			n := 0
			for i, h := range held {
				if h != nil {
					n++
					_, err := c.Receipts.Release(t.Context(), c.tills[i%2], h.ID)
					must(t, err)
				}
			}
			if n != 1 {
				t.Fatalf("%d holds of 6000 out of 10 000", n)
			}
		}
	})
}
