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
// come back already: the difference of what the line amounts to after and
// before, so that parts in any order end where the whole would, to the unit. No
// more goes back than is left, whatever is asked; receipt refuses it before.
func ReturnPart(line Recorded, returned, now money.Quantity) Part {
	from := min(max(returned, 0), max(line.Quantity, 0))
	to := from + min(max(now, 0), line.Quantity-from)
	if to <= from {
		return Part{}
	}
	p, before := line.first(to), line.first(from)
	p.Quantity -= before.Quantity
	p.Gross -= before.Gross
	p.Discount -= before.Discount
	p.PaidPoints -= before.PaidPoints
	p.Total -= before.Total
	p.Redeemed -= before.Redeemed
	p.Earned -= before.Earned
	p.TierSpend -= before.TierSpend
	return p
}

// first is what the first units of a line amount to. The gross is their share
// by quantity and the total its share of the gross, the points' part of what
// remains, and the rest is discount. Each is shared by what it is a part of and
// so grows by no more than that does: shares by quantity, rounded apart, need
// not add up.
func (l Recorded) first(units money.Quantity) Part {
	p := Part{
		Quantity: units,
		Gross:    l.Gross.Share(units, l.Quantity),
		Redeemed: money.Points(money.Amount(l.Redeemed).Share(units, l.Quantity)),
		Earned:   money.Points(money.Amount(l.Earned).Share(units, l.Quantity)),
	}
	off := l.Discount + l.PaidPoints
	p.Total = part(l.Gross-off, p.Gross, l.Gross)
	p.TierSpend = part(l.TierSpend, p.Gross, l.Gross)
	p.PaidPoints = part(l.PaidPoints, p.Gross-p.Total, off)
	p.Discount = p.Gross - p.Total - p.PaidPoints
	return p
}

// part is what of a goes with done out of all; of nothing, nothing.
func part(a, done, all money.Amount) money.Amount {
	if all == 0 {
		return 0
	}
	return a.Share(money.Quantity(done), money.Quantity(all))
}
