package receipt_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// chain is an installation with one store and two tills.
type chain struct {
	*loyaltytest.Installation
	t       testing.TB
	tills   []receipt.Caller
	phones  int
	numbers atomic.Int64
}

var must, simple = loyaltytest.Check, loyaltytest.Simple

func open(t testing.TB, d *db.DB, rules *programme.Rules) *chain {
	t.Helper()
	c := &chain{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	c.Clock.Advance(-30 * time.Minute) // ten whole hours to midnight in the store
	store, tills := c.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1", "2")
	for _, till := range tills {
		c.tills = append(c.tills, receipt.Caller{Till: till, Store: store})
	}
	if rules != nil {
		_, err := c.Programmes.Install(t.Context(), "Main", rules, c.Now(), 0)
		must(t, err)
	}
	return c
}

// process is another process over the same database.
func (c *chain) process() *chain {
	c.t.Helper()
	return &chain{Installation: loyaltytest.New(c.t, c.DB, loyaltytest.Options{Join: c.Installation}), t: c.t, tills: c.tills}
}

func (c *chain) customer() customer.ID {
	c.t.Helper()
	c.phones++
	res, err := c.Enrol.Register(c.t.Context(), c.tills[0].Store, 0, customer.New{
		FirstName: "Anna", HomeStore: c.tills[0].Store.ID, Source: "till",
		Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", 1000000+c.phones)}},
	})
	must(c.t, err)
	return res.ID
}

// draft is lines of one piece each at so many minor units.
func draft(who customer.ID, redeem money.Points, prices ...int64) receipt.Draft {
	d := receipt.Draft{Customer: who, Redeem: redeem}
	for i, p := range prices {
		d.Lines = append(d.Lines, receipt.DraftLine{SKU: fmt.Sprintf("P%d", i), Quantity: money.One, Price: money.Price(p * 100)})
	}
	return d
}

// sell quotes and commits.
func (c *chain) sell(d receipt.Draft) receipt.Receipt {
	c.t.Helper()
	sale := c.quoted(d)
	rec, replayed, err := c.Receipts.Commit(c.t.Context(), c.tills[0], sale)
	must(c.t, err)
	if replayed {
		c.t.Fatal("a new receipt was taken for a repeated one")
	}
	return rec
}

func (c *chain) quoted(d receipt.Draft) receipt.Sale {
	c.t.Helper()
	q, err := c.Receipts.Quote(c.t.Context(), c.tills[0], d)
	must(c.t, err)
	return receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID}
}

func (c *chain) number() string {
	return fmt.Sprint(c.numbers.Add(1))
}

func (c *chain) giveBack(sale receipt.ID, lines ...receipt.ReturnLine) receipt.Receipt {
	c.t.Helper()
	rec, _, err := c.Receipts.Return(c.t.Context(), c.tills[0], receipt.Return{Number: c.number(), Original: sale, Lines: lines})
	must(c.t, err)
	return rec
}

func (c *chain) account(who customer.ID) *ledger.Account {
	c.t.Helper()
	a, err := c.Ledger.Get(c.t.Context(), who)
	must(c.t, err)
	return a
}

func (c *chain) count(query string, args ...any) (n int) {
	c.t.Helper()
	must(c.t, c.DB.QueryRow(c.t.Context(), query, args...).Scan(&n))
	return n
}

func TestSaleEarnsRedeemsAndReturns(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()

		first := c.sell(draft(anna, 0, 60_000_00, 40_000_00))
		if first.Total != 100_000_00 || first.Earned != 10_000_00 || first.Balance != 10_000_00 {
			t.Fatalf("first sale: total %d, earned %d, balance %d", first.Total, first.Earned, first.Balance)
		}
		second := c.sell(draft(anna, 10_000_00, 50_000_00))
		if second.Total != 40_000_00 || second.PaidPoints != 10_000_00 || second.Earned != 4_000_00 || second.Balance != 4_000_00 {
			t.Fatalf("second sale: %+v", second)
		}
		preview, err := c.Receipts.PreviewReturn(t.Context(), c.tills[0], receipt.Return{Original: second.ID})
		must(t, err)
		back := c.giveBack(second.ID)
		if back.Total != 40_000_00 || back.Redeemed != 10_000_00 || back.Earned != 4_000_00 || back.Balance != 10_000_00 {
			t.Fatalf("return: %+v", back)
		}
		if preview.Total != back.Total || preview.Balance != back.Balance || preview.Redeemed != back.Redeemed {
			t.Errorf("the preview said %+v, the return is %+v", preview, back)
		}
		a := c.account(anna)
		if a.Available() != 10_000_00 || a.Receipts != 2 || a.Spend != 100_000_00 {
			t.Errorf("account: available %d, receipts %d, spend %d", a.Available(), a.Receipts, a.Spend)
		}
		if _, _, err := c.Receipts.Return(t.Context(), c.tills[0], receipt.Return{Number: "again", Original: second.ID}); !errors.Is(err, receipt.ErrNothingLeft) {
			t.Errorf("returned twice: %v", err)
		}
	})
}

// A line that the cashier crossed out is no part of the receipt.
func TestVoidedLinesEarnNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		basket := draft(anna, 0, 100_00, 7_000_00, 50_00)
		basket.Lines[1].Void = true
		rec := c.sell(basket)
		if rec.Gross != 150_00 || rec.Total != 150_00 || rec.Earned != 15_00 || rec.TierSpend != 150_00 || len(rec.Lines) != 2 {
			t.Errorf("%+v", rec)
		}
		if a := c.account(anna); a.Available() != 15_00 || a.Spend != 150_00 {
			t.Errorf("available %d, spend %d", a.Available(), a.Spend)
		}
		void := receipt.Return{Number: "void", Original: rec.ID, Lines: []receipt.ReturnLine{{Position: 2, Quantity: money.One}}}
		if _, _, err := c.Receipts.Return(t.Context(), c.tills[0], void); errs.KindOf(err) != errs.Invalid {
			t.Errorf("the crossed out line comes back: %v", err)
		}
	})
}

// A discount on the whole receipt and points paid for it come back with each
// piece by its share, and to the last minor unit with the last.
func TestPartialReturnRefundsTheRightShareOfAReceiptDiscount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels[0].Discount = 1000
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 10_000_00))
		basket := draft(anna, 100_00, 1_000_00, 33_33, 1)
		basket.Lines[1].Quantity = 3 * money.One
		sale := c.sell(basket)

		// 10 % off, and of the rest 100.00 paid with points: each line bears both
		// by its gross.
		first := c.giveBack(sale.ID, receipt.ReturnLine{Position: 1, Quantity: money.One})
		if l := sale.Lines[0]; l.Discount != 100_00 || first.Total != l.Total || first.Redeemed != l.Redeemed || l.Redeemed < 90_00 || l.Redeemed > 91_00 {
			t.Errorf("of the first line %+v came back %+v", l, first)
		}
		back := []receipt.Receipt{first}
		for range 3 {
			piece := c.giveBack(sale.ID, receipt.ReturnLine{Position: 2, Quantity: money.One})
			if third := sale.Lines[1].Total / 3; piece.Total < third || piece.Total > third+1 {
				t.Errorf("a piece came back for %d, a third is %d", piece.Total, third)
			}
			back = append(back, piece)
		}
		back = append(back, c.giveBack(sale.ID))
		var refund money.Amount
		var restored money.Points
		for _, r := range back {
			refund, restored = refund+r.Total, restored+r.Redeemed
		}
		if refund != sale.Total || restored != sale.Redeemed {
			t.Errorf("%d and %d points came back of %d and %d", refund, restored, sale.Total, sale.Redeemed)
		}
		if a := c.account(anna); a.Spend != 9_000_00 {
			t.Errorf("spend %d", a.Spend)
		}
	})
}

// same compares receipts to the last field.
var same = cmp.Options{cmp.AllowUnexported(receipt.Receipt{}, receipt.Line{}), cmpopts.EquateEmpty()}

// A till that lost the answer sends again and gets it.
func TestRetryAfterALostAnswerDoublesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.quoted(draft(anna, 0, 12_345_67, 1_000_00))
		sale.Lines[0].Name = "Чай зелёный"
		q, err := c.Receipts.Quote(t.Context(), c.tills[0], sale.Draft)
		must(t, err)
		sale.Quote = q.ID
		first, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
		again, replayed, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
		if diff := cmp.Diff(first, again, same); !replayed || diff != "" {
			t.Errorf("replayed %v, answers differ: %s", replayed, diff)
		}
		ret := receipt.Return{Number: "R1", Original: first.ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.One}}}
		one, _, err := c.Receipts.Return(t.Context(), c.tills[0], ret)
		must(t, err)
		two, replayed, err := c.Receipts.Return(t.Context(), c.tills[0], ret)
		must(t, err)
		if diff := cmp.Diff(one, two, same); !replayed || diff != "" {
			t.Errorf("return replayed %v, answers differ: %s", replayed, diff)
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 2 {
			t.Errorf("%d receipts, want the sale and the return", n)
		}
		other := sale
		other.Lines = slices.Clone(sale.Lines)
		other.Lines[0].Quantity = 2000
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], other); !errors.Is(err, receipt.ErrKeyReused) {
			t.Errorf("the number with another body: %v", err)
		}
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[1], sale); !errors.Is(err, receipt.ErrQuoteInvalid) {
			t.Errorf("the quote of another till: %v", err)
		}
	})
}

// Two tills that spend one balance at once: one wins, the other gets the quote
// that holds now, on several processes too.
func TestTwoTillsSpendOneBalance(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		chains := []*chain{c}
		if d.Postgres() {
			chains = append(chains, c.process())
		}
		for range 10 {
			anna := c.customer()
			c.sell(draft(anna, 0, 100_000_00))
			d := draft(anna, 10_000_00, 50_000_00)
			quote, err := c.Receipts.Quote(t.Context(), c.tills[0], d)
			must(t, err)
			const tries = 8
			var (
				wg   sync.WaitGroup
				errs [tries]error
			)
			for i := range tries {
				on := chains[i%len(chains)]
				sale := receipt.Sale{Number: c.number(), Draft: d, Quote: quote.ID}
				wg.Go(func() { _, _, errs[i] = on.Receipts.Commit(t.Context(), on.tills[0], sale) })
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				var changed *receipt.ChangedError
				if err == nil {
					won++
				} else if !errors.As(err, &changed) || changed.Quote.Redeemed != 0 && changed.Quote.Redeemed != 4_000_00 {
					t.Errorf("the loser got %v", err)
				}
			}
			if a := c.account(anna); won != 1 || a.Available() != 4_000_00 || a.Debt != 0 {
				t.Errorf("%d won, available %d, debt %d", won, a.Available(), a.Debt)
			}
		}
	})
}

// Whose points were spent between the quote and the commit gets the quote that
// holds now, with the points that are left, and can sell by it.
func TestSpentPointsAreQuotedAnew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		c.sell(draft(anna, 0, 150_000_00)) // earns 15,000
		slow := c.quoted(draft(anna, 10_000_00, 50_000_00))
		c.sell(draft(anna, 14_000_00, 50_000_00)) // earns 3,600
		_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], slow)
		var changed *receipt.ChangedError
		if !errors.As(err, &changed) || changed.Quote.Redeemed != 4_600_00 {
			t.Fatalf("got %v", err)
		}
		slow.Quote, slow.Redeem = changed.Quote.ID, changed.Quote.Redeemed
		rec, _, err := c.Receipts.Commit(t.Context(), c.tills[0], slow)
		if err != nil || rec.Redeemed != changed.Quote.Redeemed || rec.Total != changed.Quote.Total {
			t.Errorf("with the new quote: %+v, %v", rec, err)
		}
	})
}

func TestChangedPriceIsRefusedWithTheNewQuote(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels = []programme.Level{{Code: "base", Name: "Base", Cashback: 100}, {Code: "gold", Name: "Gold", Threshold: 50_000_00, Cashback: 500, Discount: 1000}}
		c := open(t, d, rules)
		anna := c.customer()
		stale := c.quoted(draft(anna, 0, 10_000_00))
		c.sell(draft(anna, 0, 50_000_00)) // reaches gold, from the next purchase on
		_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], stale)
		var changed *receipt.ChangedError
		if !errors.As(err, &changed) || !errors.Is(err, receipt.ErrChanged) || changed.Quote.Total != 9_000_00 {
			t.Fatalf("got %v", err)
		}
		stale.Quote = changed.Quote.ID
		rec, _, err := c.Receipts.Commit(t.Context(), c.tills[0], stale)
		if err != nil || rec.Total != 9_000_00 || rec.Level != "gold" {
			t.Errorf("with the new quote: %+v, %v", rec, err)
		}
	})
}

// The payment completes long after the receipt was priced.
func TestLatePaymentStillEarns(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.quoted(draft(anna, 0, 20_000_00))
		sale.SoldAt = c.Now()
		c.Clock.Advance(3 * time.Hour) // the quote's minutes are over
		rec, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		if err != nil || rec.Earned != 2_000_00 || c.account(anna).Available() != 2_000_00 {
			t.Errorf("earned %v, %v", rec.Earned, err)
		}
	})
}

// The tier follows spend, returns taken off, and not the
// balance.
func TestTierFollowsNetSpend(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels = []programme.Level{{Code: "base", Name: "Base", Cashback: 1000}, {Code: "gold", Name: "Gold", Threshold: 50_000_00, Cashback: 2000}}
		c := open(t, d, rules)
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 60_000_00))
		if got := c.sell(draft(anna, 5_000_00, 20_000_00)); got.Level != "gold" {
			t.Fatalf("spending points demoted to %s", got.Level)
		}
		c.giveBack(sale.ID)
		if got := c.sell(draft(anna, 0, 1_000_00)); got.Level != "gold" {
			t.Errorf("a return demoted before midnight to %s", got.Level)
		}
		c.Clock.Advance(24 * time.Hour)
		must(t, c.Receipts.Night(t.Context(), func(int) {}))
		if got := c.sell(draft(anna, 0, 1_000_00)); got.Level != "base" {
			t.Errorf("after midnight still %s with %d spent", got.Level, c.account(anna).Spend)
		}
	})
}

// The job comes late or never; nothing is redeemed after
// its date, and when it comes it changes nothing a second time.
func TestExpiryIsEnforcedWithoutTheJob(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.DelayDays, rules.Earn.ExpiryDays = 2, 3
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_000_00))
		if a := c.account(anna); a.Available() != 0 || a.Pending != 10_000_00 {
			t.Fatalf("available %d, pending %d before the delay is over", a.Available(), a.Pending)
		}
		c.Clock.Advance(2 * 24 * time.Hour)
		if a := c.account(anna); a.Available() != 10_000_00 {
			t.Errorf("available %d after the delay", a.Available())
		}
		c.sell(draft(anna, 4_000_00, 10_000_00))
		c.Clock.Advance(3 * 24 * time.Hour)
		q, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(anna, 0, 50_000_00))
		must(t, err)
		if q.MaxRedeem != 600_00 { // what the second sale earned
			t.Errorf("can redeem %d, want what has not expired", q.MaxRedeem)
		}
		for range 2 {
			must(t, c.Receipts.Night(t.Context(), func(int) {}))
		}
		if n := c.count(`SELECT COUNT(*) FROM entries WHERE cause = 'expire'`); n != 1 {
			t.Errorf("%d expiries recorded", n)
		}
		if n := c.count(`SELECT COUNT(*) FROM events WHERE kind = 'points.expired'`); n != 1 {
			t.Errorf("%d expiries told", n)
		}
	})
}

// Buying, giving back and keeping the points does not work.
func TestBuyRefundKeepsNoPoints(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		sale := c.sell(draft(anna, 0, 30_000_00, 20_000_00, 10_000_01))
		for pos := 3; pos > 0; pos-- {
			c.giveBack(sale.ID, receipt.ReturnLine{Position: pos, Quantity: money.One})
		}
		if a := c.account(anna); a.Balance() != 0 || a.Spend != 0 {
			t.Errorf("balance %d, spend %d after everything was returned", a.Balance(), a.Spend)
		}
	})
}

func TestReceiptWithoutCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		rec := c.sell(draft(0, 0, 30_000_00, 5_000_00))
		if rec.Earned != 0 || rec.Total != 35_000_00 {
			t.Errorf("%+v", rec)
		}
		back := c.giveBack(rec.ID, receipt.ReturnLine{Position: 2, Quantity: money.One})
		if back.Total != 5_000_00 {
			t.Errorf("gave back %d", back.Total)
		}
	})
}

func TestWelcomeBonusComesOnceAndExpires(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Welcome = programme.Welcome{Points: 5_000_00, ExpiryDays: 7}
		c := open(t, d, rules)
		anna := c.customer()
		c.phones--
		if again := c.customer(); again != anna || c.account(anna).Available() != 5_000_00 {
			t.Fatalf("registered again as %v with %d points", again, c.account(anna).Available())
		}
		c.Clock.Advance(7 * 24 * time.Hour)
		if got := c.account(anna).Available(); got != 0 {
			t.Errorf("available %d after its days", got)
		}
	})
}

// A refused call names the field and changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		good := c.quoted(draft(anna, 0, 1_000_00))
		tests := map[string]struct {
			change  func(*receipt.Sale)
			code    string
			pointer string
		}{
			"no number":        {func(s *receipt.Sale) { s.Number = "" }, "receipt_number", "/number"},
			"no lines":         {func(s *receipt.Sale) { s.Lines = nil }, "receipt_empty", "/lines"},
			"no quote":         {func(s *receipt.Sale) { s.Quote = "" }, "quote_missing", ""},
			"forged quote":     {func(s *receipt.Sale) { s.Quote = s.Quote[:len(s.Quote)-2] + "AA" }, "quote_invalid", "/quote"},
			"tomorrow":         {func(s *receipt.Sale) { s.SoldAt = c.Now().Add(time.Hour) }, "sold_at_in_future", "/sold_at"},
			"last year":        {func(s *receipt.Sale) { s.SoldAt = c.Now().AddDate(-1, 0, 0) }, "sold_at_too_old", "/sold_at"},
			"no reason":        {func(s *receipt.Sale) { s.NoPoints = true }, "reason_missing", "/reason"},
			"unknown customer": {func(s *receipt.Sale) { s.Customer = 12345 }, "customer_not_found", "/customer"},
			"no quantity":      {func(s *receipt.Sale) { s.Lines[0].Quantity = 0 }, "", "/lines/0/quantity"},
			"too many points":  {func(s *receipt.Sale) { s.Redeem = 1 }, "quote_changed", ""},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				sale := good
				sale.Lines = slices.Clone(good.Lines)
				tt.change(&sale)
				_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
				e := errs.Of(err)
				if err == nil || e.Kind == errs.Internal || tt.code != "" && e.Code != tt.code {
					t.Errorf("got %v, want %s", err, tt.code)
				}
				if tt.pointer != "" && (len(e.Fields) == 0 || e.Fields[0].Pointer != tt.pointer) {
					t.Errorf("fields %+v, want %s", e.Fields, tt.pointer)
				}
			})
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 0 {
			t.Errorf("%d receipts were recorded", n)
		}
	})
}

// A receipt tells of its level only what it gave: not a discount that was taken
// off, nor cashback where nothing was earned.
func TestLevelsTellWhatWasGiven(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels[0].Discount = 500
		c := open(t, d, rules)
		anna := c.customer()
		for name, tt := range map[string]struct {
			off                func(*receipt.Draft)
			discount, cashback money.Rate
		}{
			"both":        {func(*receipt.Draft) {}, 500, 1000},
			"no discount": {func(d *receipt.Draft) { d.NoDiscount, d.Reason = true, "why" }, 0, 1000},
			"no points":   {func(d *receipt.Draft) { d.NoPoints, d.Reason = true, "why" }, 500, 0},
		} {
			sold := draft(anna, 0, 10_000_00)
			tt.off(&sold)
			rec := c.sell(sold)
			held, _, err := c.Receipts.Levels(t.Context(), &rec)
			must(t, err)
			if held.Name != "Base" || held.Discount != tt.discount || held.Cashback != tt.cashback {
				t.Errorf("%s: %+v", name, held)
			}
		}
	})
}

// A list is of any of the stores that a filter names, the latest sale first
// whatever its store.
func TestListOfSeveralStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, nil)
		anna, first := c.customer(), c.tills[0]
		stores := []catalog.StoreID{first.Store.ID}
		var sold []receipt.ID
		for range 2 {
			store, tills := c.OpenStore(t, catalog.NewStore{Name: "Another", Zone: "Asia/Tashkent"}, "1")
			stores = append(stores, store.ID)
			for _, at := range []receipt.Caller{first, {Till: tills[0], Store: store}} {
				c.Clock.Advance(time.Minute)
				c.tills[0] = at
				sold = append(sold, c.sell(draft(anna, 0, 10_00)).ID)
			}
		}
		for name, tt := range map[string]struct {
			stores []catalog.StoreID
			want   []receipt.ID
		}{
			"all":     {nil, []receipt.ID{sold[3], sold[2], sold[1], sold[0]}},
			"one":     {stores[1:2], []receipt.ID{sold[1]}},
			"two":     {[]catalog.StoreID{stores[2], stores[0]}, []receipt.ID{sold[3], sold[2], sold[0]}},
			"no such": {[]catalog.StoreID{1}, nil},
		} {
			f := receipt.Filter{Stores: tt.stores}
			list, err := c.Receipts.List(t.Context(), f, receipt.Cursor{}, 10)
			must(t, err)
			var got []receipt.ID
			for _, r := range list {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
			if f.All() != (tt.stores == nil) {
				t.Errorf("%s: All is %v", name, f.All())
			}
		}
	})
}
