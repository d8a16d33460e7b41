package pricing

import "regulars/internal/base/money"

// Recorded is a line of a sale as it was recorded.
type Recorded struct {
	Quantity                    money.Quantity
	Gross, Discount, PaidPoints money.Amount
	Redeemed, Earned            money.Points
	TierSpend                   money.Amount
}

// Part is what one return undoes of a line; nothing in it is negative, and
// Gross - Discount - PaidPoints = Total.
type Part struct {
	Quantity                           money.Quantity
	Gross, Discount, PaidPoints, Total money.Amount
	Redeemed, Earned                   money.Points
	TierSpend                          money.Amount
}

// ReturnPart is what a return of now undoes of a line of which returned has
// come back already. Each amount is the difference of two cumulative shares,
// so that parts in any order end where the whole would, to the unit. No more
// goes back than is left, whatever is asked; receipt refuses it before.
func ReturnPart(line Recorded, returned, now money.Quantity) Part {
	from := min(max(returned, 0), max(line.Quantity, 0))
	to := from + min(max(now, 0), line.Quantity-from)
	if to <= from {
		return Part{}
	}
	share := func(whole money.Amount) money.Amount {
		return whole.Share(to, line.Quantity) - whole.Share(from, line.Quantity)
	}
	p := Part{
		Quantity:   to - from,
		Discount:   share(line.Discount),
		PaidPoints: share(line.PaidPoints),
		Total:      share(line.Gross - line.Discount - line.PaidPoints),
		Redeemed:   money.Points(share(money.Amount(line.Redeemed))),
		Earned:     money.Points(share(money.Amount(line.Earned))),
		TierSpend:  share(line.TierSpend),
	}
	// Not a share of its own: rounded apart from the others it could come to
	// less than the discount and the points, and the refund below nothing.
	p.Gross = p.Discount + p.PaidPoints + p.Total
	return p
}
