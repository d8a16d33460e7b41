package pricing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
)

func recorded(l pricing.PricedLine, q money.Quantity) pricing.Recorded {
	return pricing.Recorded{
		Quantity: q, Gross: l.Gross, Discount: l.Discount, PaidPoints: l.PaidPoints,
		Redeemed: l.Redeemed, Earned: l.Earned, TierSpend: l.TierSpend,
	}
}

func plus(a, b pricing.Part) pricing.Part {
	return pricing.Part{
		Quantity: a.Quantity + b.Quantity, Gross: a.Gross + b.Gross, Discount: a.Discount + b.Discount, PaidPoints: a.PaidPoints + b.PaidPoints,
		Total: a.Total + b.Total, Redeemed: a.Redeemed + b.Redeemed, Earned: a.Earned + b.Earned, TierSpend: a.TierSpend + b.TierSpend,
	}
}

// Parts of a priced line, of any sizes, end where the whole would; none of
// them charges the customer, and each adds up. On the way the gross is the
// exact share, and the rest within two units of theirs.
func TestPartsInAnyOrderEndWhereTheWholeWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, r := genPriced(t)
		in.Draft.Redeem = genRedeem(t, in, r.MaxRedeem)
		r, err := pricing.Price(in)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range r.Lines {
			line := recorded(l, in.Draft.Lines[i].Quantity)
			whole := pricing.ReturnPart(line, 0, line.Quantity)
			want := pricing.Part{
				Quantity: line.Quantity, Gross: l.Gross, Discount: l.Discount, PaidPoints: l.PaidPoints, Total: l.Total,
				Redeemed: l.Redeemed, Earned: l.Earned, TierSpend: l.TierSpend,
			}
			if diff := cmp.Diff(want, whole); diff != "" {
				t.Fatalf("the whole of line %d:\n%s", i, diff)
			}
			var sum pricing.Part
			for sum.Quantity < line.Quantity {
				left := int64(line.Quantity - sum.Quantity)
				part := pricing.ReturnPart(line, sum.Quantity, money.Quantity(rapid.OneOf(rapid.Int64Range(1, left), rapid.Just(left)).Draw(t, "part")))
				if part.Gross-part.Discount-part.PaidPoints != part.Total {
					t.Fatalf("a part does not add up: %+v", part)
				}
				if min(part.Gross, part.Discount, part.PaidPoints, part.Total, part.TierSpend) < 0 || min(part.Redeemed, part.Earned) < 0 || part.Quantity <= 0 {
					t.Fatalf("a part takes from the customer: %+v", part)
				}
				sum = plus(sum, part)
				if want := l.Gross.Share(sum.Quantity, line.Quantity); sum.Gross != want {
					t.Fatalf("gross of %s is %d, want %d", sum.Quantity, sum.Gross, want)
				}
				for got, of := range map[money.Amount]money.Amount{sum.Discount: l.Discount, sum.PaidPoints: l.PaidPoints, sum.Total: l.Total} {
					if off := got - of.Share(sum.Quantity, line.Quantity); max(off, -off) > 2 {
						t.Fatalf("%d of %d came back with %s of %s", got, of, sum.Quantity, line.Quantity)
					}
				}
			}
			if diff := cmp.Diff(whole, sum); diff != "" {
				t.Fatalf("parts of line %d (-whole +sum):\n%s", i, diff)
			}
		}
	})
}

// 10 % off the receipt, and 30.00 of 90.00 paid with
// points; one of three units of the first line comes back, then the rest.
func TestPartialReturnRefundsTheRightShareOfAReceiptDiscount(t *testing.T) {
	t.Parallel()
	in := sale(30_00, 20_00, 40_00)
	in.Draft.Lines[0].Quantity = 3 * money.One // 60.00
	in.Rules.Levels[0].Discount, in.Rules.Levels[0].Cashback = 1_000, 500
	in.Draft.Redeem = 30_00
	r, err := pricing.Price(in)
	if err != nil {
		t.Fatal(err)
	}
	line := recorded(r.Lines[0], 3*money.One)
	steps := []struct {
		returned, now money.Quantity
		want          pricing.Part
	}{
		{0, money.One, pricing.Part{
			Quantity: money.One, Gross: 20_00, Discount: 2_00, PaidPoints: 6_00, Total: 12_00, Redeemed: 6_00, Earned: 60, TierSpend: 12_00,
		}},
		{money.One, 2 * money.One, pricing.Part{
			Quantity: 2 * money.One, Gross: 40_00, Discount: 4_00, PaidPoints: 12_00, Total: 24_00, Redeemed: 12_00, Earned: 1_20, TierSpend: 24_00,
		}},
	}
	for _, s := range steps {
		if diff := cmp.Diff(s.want, pricing.ReturnPart(line, s.returned, s.now)); diff != "" {
			t.Errorf("%s after %s (-want +got):\n%s", s.now, s.returned, diff)
		}
	}
}

func TestReturnPart(t *testing.T) {
	t.Parallel()
	line := pricing.Recorded{Quantity: 3 * money.One, Gross: 100, Discount: 50, PaidPoints: 50, Redeemed: 50, Earned: 1}
	tests := map[string]struct {
		line          pricing.Recorded
		returned, now money.Quantity
		want          pricing.Part
	}{
		// Thirds of 100, 50 and 50 rounded apart would refund less than nothing.
		"nothing was paid in money": {line, 0, money.One, pricing.Part{
			Quantity: money.One, Gross: 33, Discount: 16, PaidPoints: 17, Redeemed: 17,
		}},
		"the second": {line, money.One, money.One, pricing.Part{
			Quantity: money.One, Gross: 34, Discount: 17, PaidPoints: 17, Redeemed: 16, Earned: 1,
		}},
		"half, with an odd total": {pricing.Recorded{Quantity: 2 * money.One, Gross: 28_000_00, Discount: 1_176_13, PaidPoints: 5_000_00}, 0, money.One, pricing.Part{
			Quantity: money.One, Gross: 14_000_00, Discount: 588_06, PaidPoints: 2_500_00, Total: 10_911_94,
		}},
		"a thousandth":           {line, 0, 1, pricing.Part{Quantity: 1}},
		"more than is left":      {line, 2 * money.One, 9 * money.One, pricing.ReturnPart(line, 2*money.One, money.One)},
		"when all has come back": {line, 3 * money.One, money.One, pricing.Part{}},
		"nothing":                {line, 0, 0, pricing.Part{}},
		"less than nothing":      {line, money.One, -money.One, pricing.Part{}},
		"of nothing":             {pricing.Recorded{}, 0, money.One, pricing.Part{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, pricing.ReturnPart(tt.line, tt.returned, tt.now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
