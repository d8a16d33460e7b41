package pricing_test

import (
	"fmt"
	"math/big"
	"slices"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
)

// broken names what must hold of every result and does not; "" if all does.
func broken(in pricing.Input, r pricing.Result) string {
	if len(r.Lines) != len(in.Draft.Lines) {
		return fmt.Sprintf("%d lines for %d", len(r.Lines), len(in.Draft.Lines))
	}
	var (
		sum        pricing.PricedLine
		redeemable money.Amount
	)
	for i, l := range r.Lines {
		d := in.Draft.Lines[i]
		var discount money.Amount
		for _, by := range l.Discounts {
			if by.Amount < 0 || by.Amount == 0 && !by.Guarded {
				return fmt.Sprintf("line %d has an empty discount %+v", i, by)
			}
			discount += by.Amount
		}
		for _, v := range []int64{
			int64(l.Gross), int64(l.Discount), int64(l.PaidPoints), int64(l.Total), int64(l.Redeemed), int64(l.Earned), int64(l.TierSpend), int64(l.Redeemable),
		} {
			if v < 0 {
				return fmt.Sprintf("line %d has something negative: %+v", i, l)
			}
		}
		switch {
		case l.Discount != discount:
			return fmt.Sprintf("line %d: discounts come to %d, not %d", i, discount, l.Discount)
		case l.Gross-l.Discount-l.PaidPoints != l.Total:
			return fmt.Sprintf("line %d does not add up: %+v", i, l)
		case l.PaidPoints > l.Redeemable:
			return fmt.Sprintf("line %d: points pay %d of at most %d", i, l.PaidPoints, l.Redeemable)
		case d.Void && (l.Gross != 0 || l.Earned != 0):
			return fmt.Sprintf("void line %d counts: %+v", i, l)
		case (d.GiftCard || d.NoLoyalty) && (l.Earned != 0 || l.PaidPoints != 0 || l.TierSpend != 0 || l.Discount != min(d.Discount, l.Gross)) && !d.Void:
			return fmt.Sprintf("gift card on line %d: %+v", i, l)
		case !d.GiftCard && !d.NoLoyalty && !d.Void && l.TierSpend != l.Total && !(l.TierSpend == 0 && in.Rules != nil && in.Rules.Spend.Exclude.Has(d.SKU, d.Categories)):
			return fmt.Sprintf("line %d counts %d towards the tier, not what was paid: %+v", i, l.TierSpend, l)
		}
		if problem := underCost(in, d, l); problem != "" {
			return fmt.Sprintf("line %d: %s", i, problem)
		}
		sum.Gross += l.Gross
		sum.Discount += l.Discount
		sum.PaidPoints += l.PaidPoints
		sum.Total += l.Total
		sum.Redeemed += l.Redeemed
		sum.Earned += l.Earned
		sum.TierSpend += l.TierSpend
		redeemable += l.Redeemable
	}
	all := pricing.PricedLine{
		Gross: r.Gross, Discount: r.Discount, PaidPoints: r.PaidPoints, Total: r.Total,
		Redeemed: r.Redeemed, Earned: r.Earned, TierSpend: r.TierSpend,
	}
	if fmt.Sprint(sum) != fmt.Sprint(all) {
		return fmt.Sprintf("lines come to %+v, the receipt to %+v", sum, all)
	}
	switch {
	case r.Redeemed > in.Draft.Redeem || r.Redeemed > r.MaxRedeem:
		return fmt.Sprintf("redeemed %s of at most %s, asked %s", r.Redeemed, r.MaxRedeem, in.Draft.Redeem)
	case r.PaidPoints > redeemable:
		return fmt.Sprintf("points pay %d of at most %d", r.PaidPoints, redeemable)
	case in.Customer == nil && (r.Discount != tillDiscount(in) || r.Earned+r.Redeemed+r.MaxRedeem != 0):
		return fmt.Sprintf("nobody is given something: %+v", all)
	case in.Customer != nil && r.MaxRedeem > max(in.Customer.Available, 0):
		return fmt.Sprintf("%s can be redeemed of %s", r.MaxRedeem, in.Customer.Available)
	case (r.Earned > 0) != !r.AvailableAt.IsZero():
		return fmt.Sprintf("earned %s, available %v", r.Earned, r.AvailableAt)
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(r.AvailableAt):
		return fmt.Sprintf("available %v, expired %v", r.AvailableAt, r.ExpiresAt)
	}
	return ""
}

func tillDiscount(in pricing.Input) (sum money.Amount) {
	for _, d := range in.Draft.Lines {
		if !d.Void {
			sum += d.Discount
		}
	}
	return sum
}

// underCost computes the margin guard apart from pricing, in fractions.
func underCost(in pricing.Input, d pricing.Line, l pricing.PricedLine) string {
	charged := d.Charged != nil || in.Draft.Charged != nil // a fact
	if charged || in.Rules == nil || in.Rules.Stopped || in.Rules.Guard == nil || d.Cost == nil || d.Void {
		return ""
	}
	floor := big.NewRat(int64(*d.Cost), 10_000)
	floor.Mul(floor, big.NewRat(int64(d.Quantity), 1000))
	floor.Mul(floor, big.NewRat(in.Currency.Minor(), 1))
	floor.Mul(floor, big.NewRat(int64(money.Whole+in.Rules.Guard.Margin), int64(money.Whole)))
	before := l.Gross - d.Discount // the till's own discount is a fact
	if l.Total < before && new(big.Rat).SetInt64(int64(l.Total)).Cmp(floor) < 0 {
		return fmt.Sprintf("%d is under the guard's %s", l.Total, floor.FloatString(2))
	}
	return ""
}

// gives is what the rules give on a line, computed apart: rates of goods or of
// promotional ones, raised by the customer's days.
func gives(in pricing.Input, r pricing.Result, l pricing.Line) (discount, cashback money.Rate, per money.Amount) {
	discount, cashback, per = r.Level.Discount, r.Level.Cashback, r.Level.Per
	for _, o := range in.Rules.Occasions {
		if !slices.Contains(in.Customer.Occasions, o.On) {
			continue
		}
		discount = max(discount, o.Discount)
		inRates := new(big.Rat) // what a point for so much comes to
		if per > 0 {
			inRates.Mul(big.NewRat(int64(in.Rules.PointValue), 10_000), big.NewRat(in.Currency.Minor()*10_000, int64(per)))
			inRates.SetInt(new(big.Int).Quo(inRates.Num(), inRates.Denom()))
		}
		if big.NewRat(int64(o.Cashback), 1).Cmp(inRates) > 0 && o.Cashback > cashback {
			cashback, per = o.Cashback, 0
		}
	}
	switch promo := l.Promo || l.Discount > 0; {
	case promo && r.Level.Promo != nil:
		discount, cashback, per = r.Level.Promo.Discount, r.Level.Promo.Cashback, 0
	case promo && !in.Rules.Earn.Promo:
		cashback, per = 0, 0
	}
	return discount, cashback, per
}
