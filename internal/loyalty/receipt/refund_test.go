package receipt_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// A refund that had nothing to be reduced gives nothing more back later: all
// refunds of a sale together never exceed what was paid.
func TestRefundsNeverExceedWhatWasPaid(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		rules.Return.Clawback = programme.ClawbackRefund
		rules.Earn.PointsPart, rules.Earn.ExpiryDays = true, 3
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 2000_00))
		// Paid with points to the last coin, and earns although.
		sale := c.sell(draft(anna, 200_00, 100_00, 100_00))
		if sale.Total != 0 || sale.Earned != 20_00 {
			t.Fatalf("paid %d and earned %d", sale.Total, sale.Earned)
		}
		spent := c.sell(draft(anna, 20_00, 20_00))
		c.Clock.Advance(4 * 24 * time.Hour) // what goes back is gone
		var refunded money.Amount
		first := c.giveBack(sale.ID, line(1, money.One)) // 10 points short, and no money to keep back
		refunded += first.Refund()
		c.sell(draft(anna, 0, 3000_00))
		second := c.giveBack(sale.ID, line(2, money.One))
		refunded += second.Refund()
		if refunded != 0 {
			t.Errorf("%d was given back of a sale that took no money; withheld %d, then %d", refunded, first.Withheld, second.Withheld)
		}
		back := c.giveBack(spent.ID)
		if got := back.Refund(); got != 0 {
			t.Errorf("%d was given back for what points paid", got)
		}
		c.check(t)
	})
}

// What the refund of one line could not bear, that of another does: parts end
// where the whole would.
func TestRefundOfAnotherLineBearsTheRest(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem = programme.Redeem{Cap: money.Whole, Exclude: programme.Goods{Products: []string{"P1"}}}
		rules.Return.Clawback = programme.ClawbackRefund
		rules.Earn = programme.Earn{PointsPart: true, ExpiryDays: 3, Rounding: rules.Earn.Rounding, Exclude: programme.Goods{Products: []string{"P1"}}}
		c := open(t, d, rules)
		for _, parts := range [][]int{{1, 2}, {0}} {
			anna := c.customer()
			c.sell(draft(anna, 0, 1000_00))
			sale := c.sell(draft(anna, 100_00, 100_00, 50_00)) // the first line by points, 10 earned on it
			c.sell(draft(anna, 10_00, 10_00))
			c.Clock.Advance(4 * 24 * time.Hour) // what goes back is gone
			var kept money.Amount
			for _, p := range parts {
				var lines []receipt.ReturnLine
				if p > 0 {
					lines = append(lines, line(p, money.One))
				}
				kept += c.giveBack(sale.ID, lines...).Withheld
			}
			if want := money.Amount(10_00); kept != want {
				t.Errorf("in parts %v %d was kept back, want %d", parts, kept, want)
			}
		}
		c.check(t)
	})
}

// What another system took back is no sale of a till of ours: the points that the
// sale earned would stay, and the till could not take it back any more.
func TestImportedReturnTakesNoSaleOfATill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 100_00))
		back := sale.Lines[0]
		c.Clock.Advance(time.Hour)
		c.record(receipt.Imported{
			Kind: receipt.KindReturn, Name: receipt.Name{Number: "old"}, Store: sale.Store, Customer: anna, SoldAt: c.Now(),
			Lines: []receipt.Line{{Product: back.Product, Quantity: back.Quantity, Price: back.Price, Gross: back.Gross, Total: back.Gross, TierSpend: back.Gross}},
		})
		must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for after := (&receipt.MatchCursor{}); after != nil; {
				var err error
				if _, after, err = c.Receipts.MatchReturnsTx(ctx, tx, 77, *after, 10); err != nil {
					return err
				}
			}
			return nil
		}))
		if got := c.giveBack(sale.ID); got.Total != sale.Total {
			t.Errorf("the till gives %d back", got.Total)
		}
	})
}

// One event of a page tells which returns were given their sales, each once.
func TestMatchedReturnsAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sold := c.sell(draft(anna, 0, 100_00)).Lines[0] // for the product only
		of := func(kind receipt.Kind, number, sale string, n int) receipt.Imported {
			in := receipt.Imported{
				Kind: kind, Name: receipt.Name{Number: number}, Store: c.tills[0].Store.ID, Customer: anna, SoldAt: c.Now(),
				Sale: receipt.Sold{Number: sale},
			}
			for range n {
				in.Lines = append(in.Lines, receipt.Line{Product: sold.Product, Quantity: money.One, Price: sold.Price, Gross: 1_00, Total: 1_00, TierSpend: 1_00})
			}
			return in
		}
		c.record(of(receipt.KindSale, "1", "", 3))
		c.Clock.Advance(time.Hour)
		c.record(of(receipt.KindReturn, "2", "1", 2), of(receipt.KindReturn, "3", "", 1), of(receipt.KindReturn, "4", "", 1))
		must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for after := (&receipt.MatchCursor{}); after != nil; {
				var err error
				if _, after, err = c.Receipts.MatchReturnsTx(ctx, tx, 77, *after, 10); err != nil {
					return err
				}
			}
			return nil
		}))
		id := func(number string) (id receipt.ID) {
			must(t, c.DB.QueryRow(t.Context(), `SELECT id FROM receipts WHERE number = $1 AND kind = 'return'`, number).Scan(&id))
			return id
		}
		want := []string{fmt.Sprintf(`77 {"returns":["%s"]}`, id("2")), fmt.Sprintf(`77 {"returns":["%s"]}`, id("3"))}
		var got []string
		rows, err := c.DB.Query(t.Context(), `SELECT ref, body FROM events WHERE kind = 'returns.matched' ORDER BY id`)
		must(t, db.Scan(rows, err, func(r *db.Rows) error {
			var (
				source int64
				body   string
			)
			err := r.Scan(&source, &body)
			got = append(got, fmt.Sprint(source, " ", body))
			return err
		}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Returns are gone through once more only where the first time left any: named ones, on
// whichever page, or such that name none.
func TestReturnsAreGuessedWhereAnyAreLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sales []string // that the returns name, one after another; "": none
		pages int      // that are gone through, of one return each, with one behind the last that names any
		found int
		older bool // cursors were kept by a version that did not note whether all were found
	}{
		"all are named":       {[]string{"1", "1"}, 3, 2, false},
		"one names another":   {[]string{"9", "1"}, 3 + 3, 2, false},
		"the last does":       {[]string{"1", "9"}, 3 + 3, 2, false},
		"one names nothing":   {[]string{"", "1"}, 2 + 3, 2, false},
		"one did, long ago":   {[]string{"9", "1"}, 3 + 3, 2, true},
		"more than were sold": {[]string{"1", "1", "1"}, 4 + 4, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := open(t, d, simple())
				anna := s.customer()
				sold := s.sell(draft(anna, 0, 100_00)).Lines[0] // for the product only
				of := func(kind receipt.Kind, number, sale string, n money.Quantity) receipt.Imported {
					sum := money.Amount(n / money.One * 1_00)
					return receipt.Imported{
						Kind: kind, Name: receipt.Name{Number: number}, Store: s.tills[0].Store.ID, Customer: anna, SoldAt: s.Now(), Sale: receipt.Sold{Number: sale},
						Lines: []receipt.Line{{Product: sold.Product, Quantity: n, Price: sold.Price, Gross: sum, Total: sum, TierSpend: sum}},
					}
				}
				s.record(of(receipt.KindSale, "1", "", 2*money.One))
				s.Clock.Advance(time.Hour)
				for i, sale := range c.sales {
					s.record(of(receipt.KindReturn, fmt.Sprint("back-", i), sale, money.One))
				}
				pages, found := 0, 0
				must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					pages, found = 0, 0
					for after := (&receipt.MatchCursor{}); after != nil; pages++ {
						matches, next, err := s.Receipts.MatchReturnsTx(ctx, tx, 77, *after, 1)
						if err != nil {
							return err
						}
						for _, m := range matches {
							if m.Sale != 0 {
								found++
							}
						}
						if after = next; c.older && next != nil {
							after.Whole = false
						}
					}
					return nil
				}))
				if pages != c.pages || found != c.found {
					t.Errorf("%d pages, %d found; want %d, %d", pages, found, c.pages, c.found)
				}
			})
		})
	}
}
