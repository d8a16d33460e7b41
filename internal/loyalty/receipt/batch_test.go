package receipt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

func line(position int, quantity money.Quantity) receipt.ReturnLine {
	return receipt.ReturnLine{Position: position, Quantity: quantity}
}

// together has calls share a transaction; every one of them must succeed.
func (c *chain) together(sales []receipt.Sale, returns []receipt.Return) []receipt.Receipt {
	c.t.Helper()
	recs, failures, err := c.Receipts.Together(c.t.Context(), c.tills[0], sales, returns)
	must(c.t, errors.Join(append(failures, err)...))
	return recs
}

// stop publishes the rules as stopped and waits until they hold.
func (c *chain) stop(rules *programme.Rules) {
	c.t.Helper()
	r := *rules
	r.Stopped = true
	c.publish(&r)
}

// publish has new rules hold in a second.
func (c *chain) publish(r *programme.Rules) {
	c.t.Helper()
	list, err := c.Programmes.List(c.t.Context())
	must(c.t, err)
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		draft, err := c.Programmes.SaveDraftTx(ctx, tx, list[0].ID, r, 0)
		if err == nil {
			_, err = c.Programmes.PublishTx(ctx, tx, draft, c.Now())
		}
		return err
	}))
	c.Clock.Advance(2 * time.Second)
	must(c.t, c.Programmes.Refresh(c.t.Context()))
}

func (c *chain) lots(who customer.ID) (remaining []money.Points) {
	c.t.Helper()
	rows, err := c.DB.Query(c.t.Context(), `SELECT remaining FROM lots WHERE customer_id = $1 ORDER BY id`, int64(who))
	must(c.t, db.Scan(rows, err, func(r *db.Rows) error {
		var p money.Points
		err := r.Scan(&p)
		remaining = append(remaining, p)
		return err
	}))
	return remaining
}

// Two parts of a sale that come back in one transaction restore the very lots
// that paid, each what is left of it.
func TestReturnsThatShareATransactionRestoreTheVeryLots(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 600_00))
		c.sell(draft(anna, 0, 400_00))
		spent := c.sell(draft(anna, 100_00, 50_00, 50_00))
		c.together(nil, []receipt.Return{
			{Number: "a", Original: spent.ID, Lines: []receipt.ReturnLine{line(1, money.One)}},
			{Number: "b", Original: spent.ID, Lines: []receipt.ReturnLine{line(2, money.One)}},
		})
		if got := fmt.Sprint(c.lots(anna)); got != "[60.00 40.00]" {
			t.Errorf("lots are %s, want [60.00 40.00] as before the sale", got)
		}
	})
}

// What cannot be taken back is borne once, however the parts come.
func TestReturnsThatShareATransactionEndWhereTheWholeWould(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		rules.Return.Clawback = programme.ClawbackRefund
		rules.Earn.ExpiryDays = 3
		c := open(t, d, rules)
		back := func(apart bool) (withheld, balance money.Amount) {
			anna := c.customer()
			sale := c.sell(draft(anna, 0, 500_00, 500_00))
			c.sell(draft(anna, 70_00, 70_00))
			c.Clock.Advance(4 * 24 * time.Hour) // 30 expire
			must(t, c.Receipts.Night(t.Context(), func(int) {}))
			var recs []receipt.Receipt
			if apart {
				recs = append(recs, c.giveBack(sale.ID, line(1, money.One)), c.giveBack(sale.ID, line(2, money.One)))
			} else {
				recs = c.together(nil, []receipt.Return{
					{Number: c.number(), Original: sale.ID, Lines: []receipt.ReturnLine{line(1, money.One)}},
					{Number: c.number(), Original: sale.ID, Lines: []receipt.ReturnLine{line(2, money.One)}},
				})
			}
			return recs[0].Withheld + recs[1].Withheld, money.Amount(c.account(anna).Balance())
		}
		w1, b1 := back(true)
		w2, b2 := back(false)
		if w1 != w2 || b1 != b2 || w1 != 70_00 {
			t.Errorf("apart %d withheld and %d left, together %d and %d", w1, b1, w2, b2)
		}
	})
}

// A sale of another day that shares the transaction is priced by its own
// window.
func TestSalesOfOtherDaysThatShareATransactionKeepTheirWindows(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Spend = programme.Spend{Window: programme.Rolling, Days: 1}
		rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 100_00, Discount: 1000})
		c := open(t, d, rules)
		anna := c.customer()
		total := money.Amount(10_00)
		old := receipt.Sale{Number: "old", Draft: draft(anna, 0, 10_00), SoldAt: c.Now(), Total: &total}
		c.Clock.Advance(2 * 24 * time.Hour)
		c.sell(draft(anna, 0, 100_00)) // gold by the window of today only
		gold := money.Amount(9_00)
		today := receipt.Sale{Number: "new", Draft: draft(anna, 0, 10_00), Total: &gold}
		must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM tiers`) // by spend alone
			return err
		}))
		recs := c.together([]receipt.Sale{today, old}, nil)
		if recs[0].Level != "gold" || recs[1].Level != "base" {
			t.Errorf("today at %s, two days ago at %s", recs[0].Level, recs[1].Level)
		}
	})
}

// A refused sale leaves nothing behind, not even the products it brought.
func TestRefusedSaleBringsNoProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		fresh := draft(0, 0, 10_00)
		fresh.Lines[0].SKU, fresh.Lines[0].Name = "GOOD", "Good"
		good, bad := c.quoted(fresh), c.quoted(draft(0, 0, 10_00))
		bad.Lines[0].SKU, bad.Lines[0].Price = "BAD", 5_0000
		recs, failures, err := c.Receipts.Together(t.Context(), c.tills[0], []receipt.Sale{bad, good}, nil)
		must(t, err)
		if !errors.Is(failures[0], receipt.ErrChanged) || failures[1] != nil {
			t.Fatalf("got %v", failures)
		}
		if n := c.count(`SELECT COUNT(*) FROM products WHERE sku = 'BAD'`); n != 0 {
			t.Error("the refused sale brought its product")
		}
		again, err := c.Receipts.Get(t.Context(), recs[1].ID)
		must(t, err)
		if l := again.Lines[0]; l.Product == 0 || l.SKU != "GOOD" || l.Name != "Good" {
			t.Errorf("the recorded line is of product %d %q %q", l.Product, l.SKU, l.Name)
		}
	})
}

// A call that the database refuses fails alone.
func TestPoisonedCallFailsAlone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna, boris := c.customer(), c.customer()
		c.sell(draft(anna, 0, 6_66))
		_, err := d.Exec(t.Context(), `CREATE UNIQUE INDEX poison ON receipts (total) WHERE total = 666`)
		must(t, err)
		poison, good := c.quoted(draft(anna, 0, 6_66)), c.quoted(draft(boris, 0, 10_00))
		_, failures, err := c.Receipts.Together(t.Context(), c.tills[0], []receipt.Sale{poison, good}, nil)
		must(t, err)
		if failures[0] == nil || failures[1] != nil {
			t.Errorf("the poison got %v, the other %v", failures[0], failures[1])
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts WHERE number = $1`, poison.Number); n != 0 {
			t.Error("the poison was recorded")
		}
	})
}

// Texts that one of the databases cannot keep are refused by name.
func TestTextsThatCannotBeKeptAreRefused(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		for _, bad := range []string{"a\x00b", "a\xffb", "a\nb"} {
			for pointer, set := range map[string]func(*receipt.Sale){
				"/number":       func(s *receipt.Sale) { s.Number = bad },
				"/lines/0/sku":  func(s *receipt.Sale) { s.Lines[0].SKU = bad },
				"/lines/0/name": func(s *receipt.Sale) { s.Lines[0].Name = bad },
			} {
				sale := c.quoted(draft(0, 0, 10_00))
				set(&sale)
				_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
				if e := errs.Of(err); err == nil || e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
					t.Errorf("%q at %s: %v", bad, pointer, err)
				}
			}
		}
	})
}
