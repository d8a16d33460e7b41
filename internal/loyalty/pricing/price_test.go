package pricing_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Lines come to the totals, nothing is negative, no line falls under the
// guard, whatever is redeemed within what can be; asking twice answers the
// same and changes nothing that was given.
func TestPriceHoldsTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		if problem := broken(in, r); problem != "" {
			t.Fatal(problem)
		}
		in.Draft.Redeem = genRedeem(t, in, r.MaxRedeem)
		lines := slices.Clone(in.Draft.Lines)
		redeemed, err := pricing.Price(in)
		if err != nil {
			t.Fatalf("redeem %s of %s: %v", in.Draft.Redeem, r.MaxRedeem, err)
		}
		if problem := broken(in, redeemed); problem != "" {
			t.Fatal(problem)
		}
		again, err := pricing.Price(in)
		if diff := cmp.Diff(redeemed, again); diff != "" || err != nil {
			t.Fatalf("priced again: %v\n%s", err, diff)
		}
		if diff := cmp.Diff(lines, in.Draft.Lines); diff != "" {
			t.Fatalf("the draft was changed:\n%s", diff)
		}
		if redeemed.MaxRedeem != r.MaxRedeem || redeemed.Limit != r.Limit || redeemed.Discount != r.Discount || redeemed.Combined != r.Combined {
			t.Fatalf("redeeming changed more than what is paid: %+v, before %+v", redeemed, r)
		}
	})
}

// What a till without its line was paid is what the receipt comes to, whatever its lines
// say they were charged: they keep it where the total leaves them to, and the others take
// the rest.
func TestTotalChargedIsTheFact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		var stated, others money.Amount // others: what lines that say nothing come to at most
		for i := range in.Draft.Lines {
			l := &in.Draft.Lines[i]
			if rapid.Bool().Draw(t, "says") {
				charged := money.Amount(rapid.Int64Range(0, int64(r.Lines[i].Gross)).Draw(t, "charged"))
				l.Charged = &charged
			}
			switch {
			case l.Void:
			case l.Charged != nil:
				stated += *l.Charged
			default:
				others += r.Lines[i].Gross
			}
		}
		total := money.Amount(rapid.Int64Range(0, int64(r.Gross)).Draw(t, "total"))
		in.Draft.Charged = &total
		got, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		if got.Total != total {
			t.Fatalf("it comes to %d, %d was paid", got.Total, total)
		}
		for i, l := range got.Lines {
			if l.Total < 0 || l.Total > l.Gross || l.Discount != l.Gross-l.Total {
				t.Fatalf("line %d: %+v", i, l)
			}
			d := in.Draft.Lines[i]
			if total >= stated && total <= stated+others && d.Charged != nil && !d.Void && l.Total != *d.Charged {
				t.Fatalf("line %d was charged %d and has %d", i, *d.Charged, l.Total)
			}
		}
		if (got.ByRules != nil) != (got.Total != r.Total || !slices.EqualFunc(got.Lines, r.Lines, func(a, b pricing.PricedLine) bool { return a.Total == b.Total })) {
			t.Fatalf("by the rules it is %v, as %d was charged of %d", got.ByRules, got.Total, r.Total)
		}
	})
}

// genRedeem draws points that can be redeemed.
func genRedeem(t *rapid.T, in pricing.Input, most money.Points) money.Points {
	if most == 0 {
		return 0
	}
	low, step := max(in.Rules.Redeem.Min, 1), max(in.Rules.Redeem.Step, 1)
	low = (low + step - 1) / step * step
	if low > most {
		return 0
	}
	steps := rapid.OneOf(rapid.Just(int64((most-low)/step)), rapid.Int64Range(0, int64((most-low)/step))).Draw(t, "steps")
	return low + money.Points(steps)*step
}

// What points pay is at most the cap of what the lines that take points come
// to after the discounts; the most that is offered is taken, one more is not.
func TestRedeemedNeverExceedsCapOrBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		if r.MaxRedeem == 0 {
			return
		}
		most := new(big.Rat) // the shares of all the lines, each by its own cap
		for i, l := range in.Draft.Lines {
			if !l.GiftCard && !l.NoLoyalty && !in.Rules.Redeem.Exclude.Has(l.SKU, l.Categories) {
				most.Add(most, new(big.Rat).Mul(big.NewRat(int64(r.Lines[i].Total), 1), big.NewRat(int64(capOf(in, r, l)), int64(money.Whole))))
			}
		}
		in.Draft.Redeem = r.MaxRedeem
		if high := in.Rules.Redeem.Max; high > 0 && r.MaxRedeem > high {
			t.Fatalf("%s can be redeemed, at most %s at once", r.MaxRedeem, high)
		}
		if low := in.Rules.Redeem.Min; r.MaxRedeem < low {
			t.Fatalf("%s can be redeemed, from %s on", r.MaxRedeem, low)
		}
		all, err := pricing.Price(in)
		if err != nil {
			t.Fatalf("the most that can be redeemed, %s, is refused: %v", r.MaxRedeem, err)
		}
		if big.NewRat(int64(all.PaidPoints), 1).Cmp(most) > 0 {
			t.Fatalf("points pay %d, over the cap %s", all.PaidPoints, most.FloatString(4))
		}
		for i, l := range in.Draft.Lines {
			if all.Lines[i].PaidPoints > 0 && capOf(in, r, l) == 0 {
				t.Fatalf("points pay %d of line %d, of which none may be paid so", all.Lines[i].PaidPoints, i)
			}
		}
		worth := new(big.Rat).Mul(big.NewRat(int64(all.Redeemed), 100), big.NewRat(int64(in.Rules.PointValue), money.PriceScale))
		worth.Mul(worth, big.NewRat(in.Currency.Minor(), 1))
		if worth.Cmp(big.NewRat(int64(all.PaidPoints), 1)) < 0 {
			t.Fatalf("%s points pay %d and are worth %s", all.Redeemed, all.PaidPoints, worth.FloatString(4))
		}
		in.Draft.Redeem = r.MaxRedeem + max(in.Rules.Redeem.Step, 1)
		_, err = pricing.Price(in)
		var e *errs.Error
		if !errors.As(err, &e) || !errors.Is(err, pricing.ErrRedeemTooMuch) || e.Args["max"] != r.MaxRedeem || e.Args["limit"] != r.Limit {
			t.Fatalf("%s of %s: %v", in.Draft.Redeem, r.MaxRedeem, err)
		}
	})
}

// capOf is the share of a line that is payable with points, found apart.
func capOf(in pricing.Input, r pricing.Result, l pricing.Line) money.Rate {
	for _, c := range in.Rules.Redeem.Caps {
		named := len(c.Goods.Categories)+len(c.Goods.Products) > 0
		if (c.Stores == nil || slices.Contains(c.Stores, in.Store)) && (!named || c.Goods.Has(l.SKU, l.Categories)) {
			return c.Cap
		}
	}
	if r.Level.Cap != nil {
		return *r.Level.Cap
	}
	return in.Rules.Redeem.Cap
}

// A higher cap never allows fewer points, and neither does a larger balance.
func TestMoreCapOrBalanceNeverAllowsFewerPoints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		if in.Rules == nil || in.Customer == nil {
			return
		}
		more, customer := *in.Rules, *in.Customer
		more.Redeem.Cap = money.Rate(rapid.Int64Range(int64(more.Redeem.Cap), int64(money.Whole)).Draw(t, "more cap"))
		customer.Available += money.Points(rapid.Int64Range(0, 10_000).Draw(t, "more points"))
		in.Rules, in.Customer = &more, &customer
		after, err := pricing.Price(in)
		if err != nil || after.MaxRedeem < r.MaxRedeem {
			t.Fatalf("%s with cap %d, %s before: %v", after.MaxRedeem, more.Redeem.Cap, r.MaxRedeem, err)
		}
	})
}

// The tier's discount, computed apart in fractions: what is left to pay is
// rounded once, on the receipt, where nothing stands in the way.
func TestTierDiscountIsRoundedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, _ := genPriced(t)
		if in.Rules == nil || in.Customer == nil || in.Rules.Stopped {
			return
		}
		rules := *in.Rules
		rules.Combine, rules.Guard = programme.CombineAdd, nil
		in.Rules, in.Draft.NoDiscount = &rules, false
		r, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		var before, eligible, got money.Amount
		given := new(big.Rat)
		for i, l := range in.Draft.Lines {
			if l.Void {
				continue
			}
			comes := r.Lines[i].Gross - l.Discount
			before += comes
			rate, _, _ := gives(in, r, l)
			if !l.GiftCard && !l.NoLoyalty && !rules.Discount.Exclude.Has(l.SKU, l.Categories) && rate > 0 {
				eligible += comes
				given.Add(given, new(big.Rat).Mul(big.NewRat(int64(comes), 1), big.NewRat(int64(rate), int64(money.Whole))))
			}
			for _, d := range r.Lines[i].Discounts {
				if d.Cause == pricing.CauseTier {
					got += d.Amount
				}
			}
		}
		want := before - roundedLeft(before, given, rules.Discount.Rounding)
		tooMuch := func() bool {
			return want > eligible || big.NewRat(int64(want), 2).Cmp(given) > 0
		}
		if want > 0 && tooMuch() { // no multiple can be reached, or not for as much again
			want = before - roundedLeft(before, given, programme.Rounding{Mode: rules.Discount.Rounding.Mode, Unit: 1})
		}
		least := money.Amount(new(big.Int).Quo(given.Num(), given.Denom()).Int64())
		if want > 0 && tooMuch() {
			want = least
		}
		// Of two rates, the rounding may be too much for the lines of the higher.
		if want = max(want, 0); got != want && (r.Level.Promo == nil || got != least) {
			t.Fatalf("%d off %d of %d for %s %+v, want %d", got, eligible, before, given.FloatString(4), rules.Discount.Rounding, want)
		}
	})
}

// A small receipt is not given away for the sake of round sums: a discount of
// rate r is never more than twice that, and takes no receipt to nothing.
func TestRoundingGivesNoSmallReceiptAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(1, 100_000).Draw(t, "price")
		rate := money.Rate(rapid.Int64Range(1, 4999).Draw(t, "rate"))
		rules := programme.Rules{
			PointValue: 10_000, Combine: programme.CombineAdd, Spend: programme.Spend{Window: programme.Lifetime}, QuoteMinutes: 10,
			Levels: []programme.Level{{Code: "a", Name: "A", Discount: rate}},
			Discount: programme.Discount{Rounding: programme.Rounding{
				Mode: rapid.SampledFrom([]money.Mode{money.Down, money.HalfUp}).Draw(t, "mode"),
				Unit: rapid.SampledFrom([]int64{1, 100, 10_000}).Draw(t, "unit"),
			}},
			Earn: programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}}, Redeem: programme.Redeem{Cap: 5000},
			Return: programme.Return{Clawback: programme.ClawbackDebt},
		}
		r, err := pricing.Price(pricing.Input{
			Currency: money.Currency{Code: "UZS", Exponent: 2}, Rules: &rules, Customer: &pricing.Customer{Level: "a"}, At: time.Unix(0, 0),
			Draft: pricing.Draft{Lines: []pricing.Line{{SKU: "match", Quantity: money.One, Price: money.Price(price * 100)}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if int64(r.Discount)*int64(money.Whole) > 2*price*int64(rate) || r.Total <= 0 {
			t.Fatalf("%d off %d at %d, %d left", r.Discount, price, rate, r.Total)
		}
	})
}

// roundedLeft is what is left of a total when given is taken off and the rest
// rounded.
func roundedLeft(total money.Amount, given *big.Rat, r programme.Rounding) money.Amount {
	if given.Sign() == 0 {
		return total
	}
	left := new(big.Rat).Sub(big.NewRat(int64(total), 1), given)
	left.Quo(left, big.NewRat(r.Unit, 1))
	return money.Amount(rounded(left, r.Mode) * r.Unit)
}

func rounded(r *big.Rat, mode money.Mode) int64 {
	switch mode {
	case money.HalfUp:
		r = new(big.Rat).Add(r, big.NewRat(1, 2))
	case money.Up:
		if !r.IsInt() {
			r = new(big.Rat).Add(r, big.NewRat(1, 1))
		}
	}
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

// Earned points, computed apart in fractions and rounded once.
func TestEarnedIsRoundedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		in.Draft.Redeem = genRedeem(t, in, r.MaxRedeem)
		r, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Combined != programme.CombineAdd && r.Combined != programme.CombineCashback {
			if r.Earned != 0 {
				t.Fatalf("earned %s, combined %q", r.Earned, r.Combined)
			}
			return
		}
		earn := in.Rules.Earn
		if earn.NotRedeeming && r.PaidPoints > 0 {
			if r.Earned != 0 {
				t.Fatalf("earned %s on a receipt that points paid for", r.Earned)
			}
			return
		}
		back, whole := new(big.Rat), int64(0) // money, and what whole points are earned for
		var per money.Amount
		for i, l := range in.Draft.Lines {
			_, cashback, each := gives(in, r, l)
			if l.Void || l.GiftCard || l.NoLoyalty || earn.Exclude.Has(l.SKU, l.Categories) || cashback == 0 && each == 0 {
				if r.Lines[i].Earned != 0 {
					t.Fatalf("line %d earns %s", i, r.Lines[i].Earned)
				}
				continue
			}
			base := r.Lines[i].Total
			if earn.PointsPart {
				base += r.Lines[i].PaidPoints
			}
			if each > 0 {
				per = each
				whole += int64(base)
				continue
			}
			back.Add(back, new(big.Rat).Mul(big.NewRat(int64(base), in.Currency.Minor()), big.NewRat(int64(cashback), int64(money.Whole))))
		}
		// Money back at the rate, then hundredths of points at their value.
		points := back.Quo(back, big.NewRat(int64(in.Rules.PointValue), money.PriceScale))
		if per > 0 {
			points.Add(points, big.NewRat(whole/int64(per), 1))
		}
		points.Mul(points, big.NewRat(100, earn.Rounding.Unit))
		if want := money.Points(rounded(points, earn.Rounding.Mode) * earn.Rounding.Unit); r.Earned != want {
			t.Fatalf("earned %s at %+v, want %s", r.Earned, r.Level, want)
		}
	})
}

// How many points pay is the cashier's choice, up to what is possible.
func TestCashierChoosesHowManyPointsToSpend(t *testing.T) {
	t.Parallel()
	in := sale(500_00, 80_00, 20_00)
	in.Rules.Redeem.Cap = 5_000
	for _, choice := range []money.Points{0, 1, 12_34, 50_00} {
		in.Draft.Redeem = choice
		r, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Redeemed != choice || r.PaidPoints != money.Amount(choice) || r.Total != 100_00-money.Amount(choice) {
			t.Errorf("chose %s: redeemed %s, points pay %d, %d left", choice, r.Redeemed, r.PaidPoints, r.Total)
		}
		if r.MaxRedeem != 50_00 || r.Limit != pricing.LimitCap {
			t.Errorf("chose %s: at most %s (%s)", choice, r.MaxRedeem, r.Limit)
		}
	}
	// More than can be is not cut to what can.
	in.Draft.Redeem = 50_01
	if r, err := pricing.Price(in); !errors.Is(err, pricing.ErrRedeemTooMuch) {
		t.Errorf("chose 50.01 of 50.00: %+v, %v", r, err)
	}
}

// What the lines of the answer come to is the total to the
// unit, and what was offered is taken to the unit, for any small receipt.
func TestOneMinorUnitNeverBlocks(t *testing.T) {
	t.Parallel()
	for _, cap := range []money.Rate{3_333, 5_000, money.Whole} {
		for total := money.Amount(1); total <= 120; total++ {
			for _, prices := range [][]money.Amount{{total}, {total - total/3, total / 3}, {total / 3, total / 3, total - 2*(total/3)}} {
				in := sale(1000_00, prices...)
				in.Rules.Redeem.Cap = cap
				in.Rules.Levels[0].Discount, in.Rules.Levels[0].Cashback = 333, 777
				r, err := pricing.Price(in)
				if err != nil {
					t.Fatal(err)
				}
				for _, redeem := range []money.Points{r.MaxRedeem, max(r.MaxRedeem-1, 0), min(1, r.MaxRedeem)} {
					in.Draft.Redeem = redeem
					r, err := pricing.Price(in)
					if err != nil {
						t.Fatalf("%v, %s of points: %v", prices, redeem, err)
					}
					if problem := broken(in, r); problem != "" {
						t.Fatalf("%v, %s of points: %s", prices, redeem, problem)
					}
					if r.Redeemed != redeem {
						t.Fatalf("%v: redeemed %s, not %s", prices, r.Redeemed, redeem)
					}
				}
			}
		}
	}
}

// Whatever a point is worth, points that suffice pay all
// of it.
func TestPointsLeaveNoFractionInCash(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var prices []money.Amount
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			prices = append(prices, money.Amount(rapid.Int64Range(1, 1_000_00).Draw(t, "price")))
		}
		in := sale(1e12, prices...)
		in.Rules.PointValue = money.Price(rapid.Int64Range(10, 1_000_000).Draw(t, "point value"))
		in.Rules.Levels[0].Discount = money.Rate(rapid.Int64Range(0, 5_000).Draw(t, "discount"))
		r, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Limit != pricing.LimitNone && r.Total > 0 {
			t.Fatalf("limited by %q", r.Limit)
		}
		in.Draft.Redeem = r.MaxRedeem
		if r, err = pricing.Price(in); err != nil || r.Total != 0 {
			t.Fatalf("%s points of %s leave %d to pay: %v", r.Redeemed, in.Rules.PointValue, r.Total, err)
		}
	})
}

// The level follows what was spent, which points do not
// change; returns take from it.
func TestTierIsSpendNotBalance(t *testing.T) {
	t.Parallel()
	rules := plain()
	rules.Levels = []programme.Level{
		{Code: "base", Name: "Base", Cashback: 100},
		{Code: "top", Name: "Top", Threshold: 1_000_00, Cashback: 1_000},
	}
	tests := map[string]struct {
		customer pricing.Customer
		redeem   money.Points
		want     string
		reaches  bool
		earned   money.Points
	}{
		"many points, little spent":      {pricing.Customer{Spend: 10_00, Available: 9_999_00}, 0, "base", false, 1_00},
		"no points, much spent":          {pricing.Customer{Spend: 1_000_00}, 0, "top", false, 10_00},
		"spending points demotes nobody": {pricing.Customer{Level: "top", Spend: 1_000_00, Available: 100_00}, 100_00, "top", false, 0},
		"paid with points, not spend":    {pricing.Customer{Spend: 950_00, Available: 60_00}, 60_00, "base", false, 40},
		"paid with money, spend":         {pricing.Customer{Spend: 950_00, Available: 60_00}, 50_00, "base", true, 50},
		"after returns":                  {pricing.Customer{Spend: -10_00, Available: 60_00}, 0, "base", false, 1_00},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := sale(0, 100_00)
			in.Rules, in.Customer, in.Draft.Redeem = rules, &tt.customer, tt.redeem
			r, err := pricing.Price(in)
			if err != nil {
				t.Fatal(err)
			}
			if r.Level.Code != tt.want || (r.Reaches != nil) != tt.reaches || r.Earned != tt.earned {
				t.Errorf("level %s, reaches %+v, earned %s; want %s, %v, %s", r.Level.Code, r.Reaches, r.Earned, tt.want, tt.reaches, tt.earned)
			}
			if want := 100_00 - money.Amount(tt.redeem); r.TierSpend != want {
				t.Errorf("counts %d towards the tier, want %d", r.TierSpend, want)
			}
		})
	}
}

// A gift card that is bought earns nothing, nor does what points paid.
func TestNothingEarnedOnGiftCardsOrPoints(t *testing.T) {
	t.Parallel()
	in := sale(1_000_00, 100_00, 100_00)
	in.Rules.Levels[0].Cashback = 1_000
	in.Draft.Lines[1].GiftCard = true
	r, err := pricing.Price(in)
	if err != nil || r.Earned != 10_00 || r.Lines[1].Earned != 0 {
		t.Errorf("a gift card beside goods: earned %s, of it %s on the card: %v", r.Earned, r.Lines[1].Earned, err)
	}
	in.Draft.Redeem = 60_00
	r, err = pricing.Price(in)
	if err != nil || r.Earned != 4_00 || r.Lines[1].PaidPoints != 0 {
		t.Errorf("60 paid with points: earned %s, points pay %d of the card: %v", r.Earned, r.Lines[1].PaidPoints, err)
	}
	in.Draft.Redeem = 100_00
	r, err = pricing.Price(in)
	if err != nil || r.Earned != 0 || r.Total != 100_00 {
		t.Errorf("all goods paid with points: earned %s, %d left: %v", r.Earned, r.Total, err)
	}
	in.Draft.Redeem, in.Draft.Lines = 0, in.Draft.Lines[1:]
	r, err = pricing.Price(in)
	if err != nil || r.Earned != 0 || r.TierSpend != 0 || r.MaxRedeem != 0 || r.Limit != pricing.LimitGoods {
		t.Errorf("a gift card alone: %+v, %v", r, err)
	}
}

// What was taken off the receipt again does not count.
func TestVoidedLinesEarnNothing(t *testing.T) {
	t.Parallel()
	in := sale(1_000_00, 100_00, 100_00)
	in.Rules.Levels[0].Cashback, in.Rules.Levels[0].Discount = 1_000, 500
	with, err := pricing.Price(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Draft.Lines[1].Void = true
	r, err := pricing.Price(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pricing.PricedLine{Discounts: []pricing.Discount{}}, r.Lines[1]); diff != "" {
		t.Errorf("the void line counts:\n%s", diff)
	}
	if r.Gross != 100_00 || r.Discount != 5_00 || r.Earned != 9_50 || r.TierSpend != 95_00 || r.MaxRedeem != 95_00 || with.Earned != 19_00 {
		t.Errorf("%+v", r)
	}
}

// Rules that are not in order are our mistake, not the till's, and price
// nothing.
func TestBrokenRulesPriceNothing(t *testing.T) {
	t.Parallel()
	in := sale(0, 100_00)
	in.Rules.PointValue = 0
	if _, err := pricing.Price(in); errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), "/point_value") {
		t.Errorf("Price = %v", err)
	}
}

func TestTooManyLines(t *testing.T) {
	t.Parallel()
	in := sale(0, slices.Repeat([]money.Amount{1}, pricing.MaxLines)...)
	if r, err := pricing.Price(in); err != nil || r.Total != pricing.MaxLines {
		t.Errorf("%d lines: %+v, %v", pricing.MaxLines, r, err)
	}
	in.Draft.Lines = append(in.Draft.Lines, in.Draft.Lines[0])
	if _, err := pricing.Price(in); errs.KindOf(err) != errs.Invalid {
		t.Errorf("%d lines: %v", len(in.Draft.Lines), err)
	}
}

// What several lines were reduced by is one sum for each cause.
func TestDiscountsByCause(t *testing.T) {
	t.Parallel()
	got := pricing.ByCause([]pricing.Discount{
		{Cause: pricing.CauseTier, Amount: 5}, {Cause: pricing.CauseTill, Amount: 10}, {Cause: pricing.CauseTier, Guarded: true}, {Cause: pricing.CauseTill, Amount: 1},
	})
	want := []pricing.Discount{{Cause: pricing.CauseTill, Amount: 11}, {Cause: pricing.CauseTier, Amount: 5, Guarded: true}}
	if diff := cmp.Diff(want, got); diff != "" || pricing.ByCause(nil) != nil {
		t.Error(diff)
	}
}

// sale is a customer with points at a programme that does nothing, and a line
// for each price in minor units of RUB.
func sale(available money.Points, prices ...money.Amount) pricing.Input {
	in := pricing.Input{
		Currency: money.Currency{Code: "RUB", Exponent: 2}, Rules: plain(), Customer: &pricing.Customer{Available: available},
		At: time.Date(2026, 3, 10, 13, 30, 0, 0, time.UTC), Zone: time.UTC,
	}
	for _, p := range prices {
		in.Draft.Lines = append(in.Draft.Lines, pricing.Line{Quantity: money.One, Price: money.Price(p) * 100})
	}
	return in
}
