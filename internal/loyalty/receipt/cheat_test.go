package receipt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
)

// refusedAs expects an error of a kind that points at a field.
func refusedAs(t *testing.T, err error, want *errs.Error, pointer string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %s", err, want.Code)
	} else if f := errs.Of(err).Fields; len(f) != 1 || f[0].Pointer != pointer {
		t.Errorf("%s points at %+v, want %s", want.Code, f, pointer)
	}
}

// A sale that says it was a month ago would have its points at once.
func TestBackDatedSaleDoesNotSkipTheDelay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.DelayDays = 14
		c := open(t, d, rules)
		c.Clock.Advance(40 * day)
		anna := c.customer()
		total := money.Amount(100_00)
		sale := c.quoted(draft(anna, 0, 100_00))
		commit := func(ago time.Duration) error {
			sale.Number, sale.SoldAt = c.number(), c.Now().Add(-ago)
			_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
			return err
		}
		refusedAs(t, commit(30*day), receipt.ErrTooOld, "/sold_at")
		refusedAs(t, commit(11*time.Minute), receipt.ErrBeforeQuote, "/sold_at")
		must(t, commit(5*time.Minute))
		sale.Quote, sale.Total = "", &total
		refusedAs(t, commit(72*time.Hour+time.Second), receipt.ErrTooOld, "/sold_at")
		must(t, commit(72*time.Hour))
		if account := c.account(anna); account.Available() != 0 || account.Pending != 20_00 {
			t.Errorf("%s available, %s pending", account.Available(), account.Pending)
		}
	})
}

// A quote tells when points come; where a midnight moved that, the till is told.
func TestQuoteHoldsTheDatesOfItsPoints(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.DelayDays = 14
		c := open(t, d, rules)
		c.Clock.Advance(10*time.Hour - time.Minute) // 23:59 in Tashkent
		sale := c.quoted(draft(c.customer(), 0, 100_00))
		c.Clock.Advance(2 * time.Minute)
		_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		var changed *receipt.ChangedError
		if !errors.As(err, &changed) {
			t.Fatalf("committed with other dates: %v", err)
		}
		sale.Quote = changed.Quote.ID
		_, _, err = c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
	})
}

// A return before its sale would not leave the window with it.
func TestReturnIsNotEarlierThanItsSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, rolling(2))
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 100_00))
		in := receipt.Return{Number: "back", Original: sale.ID, SoldAt: c.Now().Add(-time.Minute)}
		_, _, err := c.Receipts.Return(t.Context(), c.tills[0], in)
		refusedAs(t, err, receipt.ErrBeforeSale, "/sold_at")
		_, err = c.Receipts.PreviewReturn(t.Context(), c.tills[0], in)
		refusedAs(t, err, receipt.ErrBeforeSale, "/sold_at")

		// The clock of the till that sold was ahead.
		ahead := c.quoted(draft(anna, 0, 100_00))
		ahead.SoldAt = c.Now().Add(5 * time.Minute)
		second, _, err := c.Receipts.Commit(t.Context(), c.tills[0], ahead)
		must(t, err)
		for _, id := range []receipt.ID{sale.ID, second.ID} {
			if back := c.giveBack(id); back.SoldAt.Before(sale.SoldAt) || id == second.ID && !back.SoldAt.Equal(second.SoldAt) {
				t.Errorf("returned at %s", back.SoldAt)
			}
		}
		c.Clock.Advance(day)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if got := c.sell(draft(anna, 0, 1_00)); got.Level != "base" {
			t.Errorf("at %s though everything was returned", got.Level)
		}
	})
}

// A till that lost the answer asks for a new quote and sends again.
func TestNewQuoteDoesNotDoubleASale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.quoted(draft(anna, 0, 100_00))
		sale.SoldAt = c.Now()
		first, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
		c.Clock.Advance(time.Second)
		zone := time.FixedZone("", 5*3600)
		for what, change := range map[string]func(*receipt.Sale){
			"a new quote": func(s *receipt.Sale) { s.Quote = c.quoted(s.Draft).Quote },
			"its total":   func(s *receipt.Sale) { s.Quote, s.Total = "", &first.Total },
			"a zone":      func(s *receipt.Sale) { s.SoldAt = s.SoldAt.In(zone) },
		} {
			again := sale
			change(&again)
			rec, replayed, err := c.Receipts.Commit(t.Context(), c.tills[0], again)
			if err != nil || !replayed || rec.ID != first.ID {
				t.Errorf("sent again with %s: %s, replayed %v, %v", what, rec.ID, replayed, err)
			}
		}
		for what, change := range map[string]func(*receipt.Sale){
			"another price": func(s *receipt.Sale) { s.Draft = draft(anna, 0, 101_00); s.Quote = c.quoted(s.Draft).Quote },
			"another total": func(s *receipt.Sale) { other := first.Total + 1; s.Quote, s.Total = "", &other },
			"no time":       func(s *receipt.Sale) { s.SoldAt = time.Time{} },
		} {
			other := sale
			change(&other)
			_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], other)
			refusedAs(t, err, receipt.ErrKeyReused, "/number")
			if e := errs.Of(err); e.Args["receipt"] != first.ID || !strings.Contains(e.Text, first.ID.String()) {
				t.Errorf("with %s: %q does not name receipt %s", what, e.Text, first.ID)
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 1 {
			t.Errorf("%d receipts", n)
		}
	})
}

// What a quote was given for is what is sold: nothing dear under the price of
// something cheap.
func TestQuoteSellsNothingElse(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		sale := c.quoted(draft(0, 0, 10_00, 20_00))
		for what, change := range map[string]func(l *receipt.DraftLine){
			"another product":             func(l *receipt.DraftLine) { l.SKU = "DEAR" },
			"more of it for less":         func(l *receipt.DraftLine) { l.Quantity, l.Price = 2*l.Quantity, l.Price/2 },
			"a higher price, marked down": func(l *receipt.DraftLine) { l.Price, l.Discount = 2*l.Price, 10_00 },
		} {
			other := sale
			other.Lines = append([]receipt.DraftLine(nil), sale.Lines...)
			change(&other.Lines[0])
			if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], other); !errors.Is(err, receipt.ErrChanged) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
	})
}

// Points that no lot holds are not redeemed, and the customer can still buy.
func TestPointsWithoutLotsAreNotRedeemed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		c.sell(draft(anna, 0, 500_00))
		_, err := d.Exec(t.Context(), `UPDATE lots SET remaining = remaining - 1`)
		must(t, err)
		sale := c.quoted(draft(anna, 10_00, 100_00)) // the lot would suffice
		_, _, err = c.Receipts.Commit(t.Context(), c.tills[0], sale)
		if !errors.Is(err, ledger.ErrBroken) || errs.KindOf(err) != errs.Internal || !strings.Contains(errs.Of(err).Text, "verify") {
			t.Errorf("redeemed of a broken account: %v", err)
		}
		if n := c.count(`SELECT COUNT(*) FROM entries WHERE cause = 'redeem'`); n != 0 {
			t.Errorf("%d redemptions were written", n)
		}
		c.sell(draft(anna, 0, 100_00))
	})
}

// One till cannot sell so much that sums end: not on one receipt, and not over
// many; and what others have brought about is told all the same.
func TestGreatestReceiptsDoNotOverflowSums(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels[0].Cashback = 0
		c := open(t, d, rules)
		anna := c.customer()
		most := int64(pricing.MaxGross)
		if _, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(anna, 0, most, 1)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("more than a receipt may come to: %v", err)
		}
		c.sell(draft(anna, 0, most))
		_, err := d.Exec(t.Context(), fmt.Sprintf(`UPDATE accounts SET spend = %d`, int64(ledger.MostCounted)-1))
		must(t, err)
		c.sell(draft(anna, 0, 1))
		sale := c.quoted(draft(anna, 0, 1))
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale); !errors.Is(err, ledger.ErrTooMuch) {
			t.Errorf("beyond what is counted: %v", err)
		}
		_, err = d.Exec(t.Context(), `UPDATE receipts SET total = 9000000000000000000, earned = 9000000000000000000`)
		must(t, err)
		sums, err := c.Receipts.Sum(t.Context(), time.Time{}, c.Now().Add(time.Hour))
		if err != nil || sums.Sold <= 0 || sums.Earned <= 0 || sums.Sales != 2 {
			t.Errorf("sums are %+v, %v", sums, err)
		}
		sums, all, err := c.Receipts.SumUpTo(t.Context(), receipt.Filter{Customer: anna}, 10)
		if err != nil || !all || sums.Sold <= 0 {
			t.Errorf("chosen sums are %+v, %v", sums, err)
		}
	})
}

// A till that sends the barcode for the SKU sells that product, at its cost and
// under its rules; it does not make another one that takes the barcode over.
func TestBarcodeAsSKUIsItsProduct(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		name, price, cost, codes := "Jacket", money.Price(590_000_0000), money.Price(445_000_0000), []string{"4601234567890"}
		var jacket catalog.Product
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			jacket, err = c.Catalog.CreateProductTx(ctx, tx, catalog.ProductInput{
				SKU: "A1", ProductChange: catalog.ProductChange{Name: &name, Price: &price, Cost: &cost, Barcodes: &codes},
			})
			return err
		}))
		rec := c.sell(receipt.Draft{Lines: []receipt.DraftLine{{SKU: codes[0], Name: "Bag", Quantity: money.One, Price: 1_000_0000}}})
		if l := rec.Lines[0]; l.Product != jacket.ID || l.SKU != "A1" || l.Cost == nil || *l.Cost != cost {
			t.Errorf("sold %+v", l)
		}
		if n := c.count(`SELECT COUNT(*) FROM products WHERE sku = $1`, codes[0]); n != 0 {
			t.Errorf("%d products of that SKU", n)
		}
	})
}
