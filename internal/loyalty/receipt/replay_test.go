package receipt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
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

// Fingerprints stand in databases for ever: by another one, a till that repeats a
// call of last year would be told that its number is taken.
func TestFingerprintsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	sale := receipt.Sale{Number: "17", SoldAt: at, Draft: receipt.Draft{
		Customer: 42, Redeem: 5_00, NoDiscount: true, NoPoints: true, Reason: "why",
		Lines: []receipt.DraftLine{{SKU: "A", Name: "Milk", Quantity: money.One, Price: 12_0000, Discount: 1_00, Void: true}, {SKU: "B", Quantity: 500, Price: 10}},
	}}
	back := receipt.Return{Number: "18", Original: 4711, SoldAt: at, Reason: "broken", Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.One}}}
	for _, tt := range []struct{ name, got, want string }{
		{"a sale", sale.Fingerprint(), "jbxbMjsLUWUXByADddosFw"},
		{"the least of a sale", (&receipt.Sale{Number: "1", Draft: receipt.Draft{Lines: []receipt.DraftLine{{}}}}).Fingerprint(), "+LG5q8EzAES4gPuuQRpQww"},
		{"a return", back.Fingerprint(), "RCbOXIP0StSqbuy/HvSkQg"},
		{"a whole return", (&receipt.Return{Number: "1", Original: 1}).Fingerprint(), "WtofHwF9SXtLM/TH2/lSUw"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

// Numbers are as long as they look, in any alphabet.
func TestLongNumbers(t *testing.T) {
	t.Parallel()
	c := open(t, dbtest.Open(t, dbtest.SQLite), simple())
	for length, ok := range map[int]bool{receipt.MaxNumber: true, receipt.MaxNumber + 1: false} {
		total := money.Amount(1_00)
		_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], receipt.Sale{Number: strings.Repeat("Ж", length), Draft: draft(0, 0, 1_00), Total: &total})
		if (err == nil) != ok || !ok && !errors.Is(err, receipt.ErrNumber) {
			t.Errorf("a number of %d letters: %v", length, err)
		}
	}
}
