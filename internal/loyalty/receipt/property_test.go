package receipt_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Whatever tills do, in whatever programme and hour: a quote and its commit
// agree or the till gets the new quote, every call sent twice changes nothing,
// lines sum to totals, nobody redeems what is not there, and the accounts are
// what receipts and entries say.
func TestTillsAtRandom(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		rapid.Check(t, func(rt *rapid.T) {
			c := open(t, dbtest.Open(t, e), randomRules(rt))
			r := &randomTill{chain: c, sales: map[receipt.ID][]receipt.Line{}}
			for range 3 {
				r.people = append(r.people, c.customer())
			}
			rt.Repeat(map[string]func(*rapid.T){
				"sell":   r.sell,
				"return": r.giveBack,
				"wait": func(rt *rapid.T) {
					c.Clock.Advance(time.Duration(rapid.IntRange(1, 60*24*4).Draw(rt, "minutes")) * time.Minute)
				},
				"night": func(rt *rapid.T) {
					if err := c.Receipts.Night(t.Context(), func(int) {}); err != nil {
						rt.Fatal(err)
					}
				},
			})
			r.check(rt)
		})
	})
}

func randomRules(t *rapid.T) *programme.Rules {
	rate := func(label string) money.Rate { return money.Rate(rapid.IntRange(0, 3000).Draw(t, label)) }
	r := simple()
	r.Levels = []programme.Level{
		{Code: "a", Name: "A", Cashback: rate("cashback a"), Discount: rate("discount a")},
		{Code: "b", Name: "B", Threshold: 200_00, Cashback: rate("cashback b"), Discount: rate("discount b")},
	}
	r.Combine = rapid.SampledFrom([]programme.Combine{
		programme.CombineAdd, programme.CombineBetter, programme.CombineDiscount, programme.CombineCashback,
	}).Draw(t, "combine")
	if rapid.Bool().Draw(t, "rolling") {
		r.Spend = programme.Spend{Window: programme.Rolling, Days: rapid.IntRange(1, 9).Draw(t, "window")}
	}
	r.PointValue = rapid.SampledFrom([]money.Price{10_000, 3_333, 10, 1_000_000}).Draw(t, "point value")
	r.Discount.Rounding.Unit = rapid.SampledFrom([]int64{1, 100, 1000}).Draw(t, "discount unit")
	r.Earn.Rounding.Unit = rapid.SampledFrom([]int64{1, 100}).Draw(t, "earn unit")
	r.Earn.DelayDays = rapid.IntRange(0, 2).Draw(t, "delay")
	r.Earn.ExpiryDays = rapid.IntRange(0, 6).Draw(t, "expiry")
	r.Earn.PointsPart = rapid.Bool().Draw(t, "points part")
	r.Redeem.Cap = money.Rate(rapid.IntRange(0, 10_000).Draw(t, "cap"))
	if rapid.Bool().Draw(t, "welcome") {
		r.Welcome = programme.Welcome{Points: 50_00, ExpiryDays: rapid.IntRange(0, 4).Draw(t, "welcome days"), On: programme.OnPurchase, From: money.Amount(rapid.IntRange(0, 300_00).Draw(t, "first purchase"))}
	}
	r.Downgrade.Forfeit = rapid.Bool().Draw(t, "forfeit")
	r.Return = programme.Return{
		Clawback:  rapid.SampledFrom([]programme.Clawback{programme.ClawbackDebt, programme.ClawbackRefund, programme.ClawbackWriteOff}).Draw(t, "clawback"),
		GraceDays: rapid.IntRange(0, 2).Draw(t, "grace"),
	}
	return r
}

type randomTill struct {
	*chain
	people []customer.ID
	ids    []receipt.ID
	sales  map[receipt.ID][]receipt.Line // with what has come back
}

func (r *randomTill) sell(t *rapid.T) {
	ctx := r.t.Context()
	var d receipt.Draft
	if i := rapid.IntRange(0, len(r.people)).Draw(t, "customer"); i < len(r.people) {
		d.Customer = r.people[i]
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
		d.Lines = append(d.Lines, receipt.DraftLine{
			SKU:      fmt.Sprintf("P%d", i),
			Quantity: money.Quantity(rapid.IntRange(1, 3000).Draw(t, "quantity")),
			Price:    money.Price(rapid.IntRange(0, 200_0000).Draw(t, "price")),
		})
	}
	quote, err := r.Receipts.Quote(ctx, r.tills[0], d)
	if err != nil {
		t.Fatal(err)
	}
	if quote.MaxRedeem > 0 && rapid.Bool().Draw(t, "redeem") {
		d.Redeem = money.Points(rapid.Int64Range(1, int64(quote.MaxRedeem)).Draw(t, "points"))
		if quote, err = r.Receipts.Quote(ctx, r.tills[0], d); err != nil {
			t.Fatal(err)
		}
	}
	if rapid.Bool().Draw(t, "dawdle") {
		r.Clock.Advance(time.Duration(rapid.IntRange(1, 60*30).Draw(t, "dawdled minutes")) * time.Minute)
	}
	sale := receipt.Sale{Number: r.number(), Draft: d, Quote: quote.ID}
	rec, _, err := r.Receipts.Commit(ctx, r.tills[0], sale)
	var changed *receipt.ChangedError
	switch {
	case errors.As(err, &changed):
		sale.Quote, sale.Redeem = changed.Quote.ID, changed.Quote.Redeemed
		quote = changed.Quote
		if rec, _, err = r.Receipts.Commit(ctx, r.tills[0], sale); err != nil {
			t.Fatalf("the new quote was refused: %v", err)
		}
	case err != nil:
		t.Fatal(err)
	}
	if rec.Total != quote.Total || rec.Redeemed != quote.Redeemed || rec.Earned != quote.Earned || rec.Discount != quote.Discount {
		t.Fatalf("quoted %+v, committed %+v", quote.Result, rec)
	}
	again, replayed, err := r.Receipts.Commit(ctx, r.tills[0], sale)
	if diff := cmp.Diff(rec, again, same); err != nil || !replayed || diff != "" {
		t.Fatalf("sent twice: %v %v %s", replayed, err, diff)
	}
	r.ids = append(r.ids, rec.ID)
	r.sales[rec.ID] = rec.Lines
}

func (r *randomTill) giveBack(t *rapid.T) {
	if len(r.ids) == 0 {
		t.Skip("nothing was sold")
	}
	sale := rapid.SampledFrom(r.ids).Draw(t, "sale")
	in := receipt.Return{Number: r.number(), Original: sale}
	lines := r.sales[sale]
	for i := range lines {
		left := lines[i].Quantity - lines[i].Returned
		if q := money.Quantity(rapid.Int64Range(0, int64(left)).Draw(t, "returned")); q > 0 {
			in.Lines = append(in.Lines, receipt.ReturnLine{Position: lines[i].Position, Quantity: q})
			lines[i].Returned += q
		}
	}
	if len(in.Lines) == 0 {
		t.Skip("nothing to return")
	}
	preview, err := r.Receipts.PreviewReturn(r.t.Context(), r.tills[1], in)
	if err != nil {
		t.Fatal(err)
	}
	rec, _, err := r.Receipts.Return(r.t.Context(), r.tills[1], in)
	if err != nil {
		t.Fatal(err)
	}
	preview.ID, preview.Number = rec.ID, rec.Number
	if diff := cmp.Diff(preview, rec, same); diff != "" {
		t.Fatalf("the preview said otherwise: %s", diff)
	}
	again, replayed, err := r.Receipts.Return(r.t.Context(), r.tills[1], in)
	if diff := cmp.Diff(rec, again, same); err != nil || !replayed || diff != "" {
		t.Fatalf("sent twice: %v %v %s", replayed, err, diff)
	}
}

// check holds the stored sums against each other, in SQL of its own.
func (c *chain) check(t interface{ Errorf(string, ...any) }) {
	for what, query := range map[string]string{
		"receipts that are not the sum of their lines": `
			SELECT COUNT(*) FROM receipts r JOIN (
				SELECT receipt_id, SUM(gross) AS gross, SUM(discount) AS discount, SUM(paid_points) AS paid_points, SUM(total) AS total,
				       SUM(redeemed) AS redeemed, SUM(earned) AS earned, SUM(tier_spend) AS tier_spend
				  FROM receipt_lines GROUP BY receipt_id) l ON l.receipt_id = r.id
			 WHERE r.gross <> l.gross OR r.discount <> l.discount OR r.paid_points <> l.paid_points OR r.total <> l.total
			    OR r.redeemed <> l.redeemed OR r.earned <> l.earned OR r.tier_spend <> l.tier_spend
			    OR r.gross - r.discount - r.paid_points <> r.total OR r.withheld > r.total`,
		"lines below nothing": `
			SELECT COUNT(*) FROM receipt_lines
			 WHERE total < 0 OR gross < 0 OR discount < 0 OR paid_points < 0 OR redeemed < 0 OR earned < 0 OR tier_spend < 0`,
		"accounts whose entries say otherwise": `
			SELECT COUNT(*) FROM accounts a
			 WHERE a.active <> (SELECT COALESCE(SUM(CASE 'active' WHEN target THEN points WHEN source THEN -points ELSE 0 END), 0) FROM entries WHERE customer_id = a.customer_id)
			    OR a.pending <> (SELECT COALESCE(SUM(CASE 'pending' WHEN target THEN points WHEN source THEN -points ELSE 0 END), 0) FROM entries WHERE customer_id = a.customer_id)
			    OR -a.debt <> (SELECT COALESCE(SUM(CASE 'debt' WHEN target THEN points WHEN source THEN -points ELSE 0 END), 0) FROM entries WHERE customer_id = a.customer_id)
			    OR a.active + a.pending <> (SELECT COALESCE(SUM(remaining), 0) FROM lots WHERE customer_id = a.customer_id)
			    OR a.spend <> (SELECT COALESCE(SUM(CASE kind WHEN 'sale' THEN tier_spend ELSE -tier_spend END), 0) FROM receipts WHERE customer_id = a.customer_id)
			    OR a.Receipts <> (SELECT COUNT(*) FROM receipts WHERE customer_id = a.customer_id AND kind = 'sale')`,
		"lots whose entries say otherwise": `
			SELECT COUNT(*) FROM lots l
			 WHERE l.remaining <> (SELECT COALESCE(SUM(CASE WHEN target IN ('active', 'pending') THEN points ELSE 0 END
			                                         - CASE WHEN source IN ('active', 'pending') THEN points ELSE 0 END), 0)
			                         FROM entries WHERE lot_id = l.id)`,
		"lots that hold more than they began with": `SELECT COUNT(*) FROM lots WHERE remaining > amount`,
		"receipts whose entries say otherwise": `
			SELECT COUNT(*) FROM receipts r
			 WHERE r.kind = 'sale' AND (
			       r.redeemed <> (SELECT COALESCE(SUM(points), 0) FROM entries WHERE receipt_id = r.id AND cause = 'redeem')
			    OR r.earned <> (SELECT COALESCE(SUM(points), 0) FROM entries WHERE receipt_id = r.id AND cause = 'earn'))`,
		"receipts without their event": `
			SELECT COUNT(*) FROM receipts r WHERE (SELECT COUNT(*) FROM events WHERE kind = 'receipt.recorded' AND ref = r.id) <> 1`,
	} {
		if n := c.count(query); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// TestMain has the random tills do less than rapid would: each of their runs
// takes two databases.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	flag.Parse() // the command line may say otherwise
	os.Exit(m.Run())
}
