package pricing

import (
	"strconv"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// check names everything in the draft that is out of its limits.
func check(in *Input) error {
	d := &in.Draft
	if len(d.Lines) > MaxLines {
		return errs.InvalidField("/lines", "too_many", "has more than %d lines", MaxLines).With("max", MaxLines)
	}
	var wrong errs.List
	if d.Redeem < 0 {
		wrong.Add("/redeem", "out_of_range", "must not be negative").With("min", 0)
	}
	var sum, sold money.Amount
	for i := range d.Lines {
		gross := CheckLine(&wrong, in.Currency, i, &d.Lines[i])
		if sum += gross; sum > MaxGross {
			wrong.Add("/lines", "out_of_range", "come to more than %s together", in.Currency.Format(MaxGross)).With("max", in.Currency.Format(MaxGross))
			break
		}
		if l := &d.Lines[i]; l.Charged != nil && (*l.Charged < 0 || *l.Charged > gross) {
			wrong.Add(line(i, "charged"), "out_of_range", "must be 0 to %s, what the line comes to", in.Currency.Format(gross)).With("min", 0).With("max", in.Currency.Format(gross))
		}
		if l := &d.Lines[i]; !l.Void {
			sold += gross
		}
	}
	if c := d.Charged; c != nil && (*c < 0 || *c > sold) {
		wrong.Add("/total", "out_of_range", "must be 0 to %s, what the lines come to", in.Currency.Format(sold)).With("min", 0).With("max", in.Currency.Format(sold))
	}
	return wrong.Err()
}

// CheckLine names what is out of its limits in the line, the i-th, and gives what
// it comes to; 0 where that cannot be said.
func CheckLine(wrong *errs.List, c money.Currency, i int, l *Line) money.Amount {
	known := true
	if l.Quantity <= 0 || l.Quantity > money.MaxQuantity {
		wrong.Add(line(i, "quantity"), "out_of_range", "must be more than 0 and at most %s", money.MaxQuantity).With("above", 0).With("max", money.MaxQuantity)
		known = false
	}
	if l.Price < 0 || l.Price > money.MaxPrice {
		wrong.Add(line(i, "price"), "out_of_range", "must be 0 to %s", money.MaxPrice).With("min", 0).With("max", money.MaxPrice)
		known = false
	}
	if l.Cost != nil && (*l.Cost < 0 || *l.Cost > money.MaxPrice) {
		wrong.Add(line(i, "cost"), "out_of_range", "must be 0 to %s", money.MaxPrice).With("min", 0).With("max", money.MaxPrice)
	}
	if !known {
		return 0
	}
	gross, err := c.LineTotal(l.Price, l.Quantity)
	if err != nil {
		wrong.Add(line(i, "price"), "out_of_range", "comes to more than %s with its quantity", c.Format(money.MaxAmount)).With("max", c.Format(money.MaxAmount))
		return 0
	}
	if l.Discount < 0 || l.Discount > gross {
		wrong.Add(line(i, "discount"), "out_of_range", "must be 0 to %s, what the line comes to", c.Format(gross)).With("min", 0).With("max", c.Format(gross))
	}
	return gross
}

func line(i int, field string) string { return "/lines/" + strconv.Itoa(i) + "/" + field }
