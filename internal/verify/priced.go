package verify

import (
	"encoding/json"
	"slices"
	"time"
)

// receiptDetails are what a receipt's details say that figures follow from.
type receiptDetails struct {
	NoDiscount  bool      `json:"no_discount"`
	NoPoints    bool      `json:"no_points"`
	AvailableAt time.Time `json:"available_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Reached     string    `json:"reached"`
}

// cut is what was taken off a line: by the till, and by the level.
type cut struct{ till, tier int64 }

// causes checks the discounts that a line lists and tells them.
func (a *audit) causes(l *line, where row) (c cut) {
	var list []struct {
		Cause  string `json:"cause"`
		Amount int64  `json:"amount"`
	}
	if l.Details != "" {
		if err := json.Unmarshal([]byte(l.Details), &list); err != nil {
			a.off(LineDiscount, where, "details", "JSON", l.Details, err.Error())
			return c
		}
	}
	var sum int64
	for i, d := range list {
		sum = plus(sum, d.Amount)
		switch {
		case d.Cause == "till" && i == 0:
			c.till = d.Amount
		case d.Cause == "tier" && (i == 0 || i == 1 && list[0].Cause == "till"):
			c.tier = d.Amount
		default:
			a.off(LineDiscount, where, "details", "one discount of the till, then one of the level", l.Details, "")
			return c
		}
		if d.Amount < 0 {
			a.off(LineDiscount, where, "details", "amounts of 0 or more", l.Details, "")
		}
	}
	a.equal(LineDiscount, where, "discount", sum, l.Amounts[discount], "the sum of its causes in details")
	return c
}

// bid is what a receipt could get by its rules.
type bid struct {
	discount, cashback int64 // rates
	points             bool  // may pay
}

// bids are what the rules give at a receipt's level. Where the better of two
// holds, both are given here.
func (r *rules) bids(level int, d *receiptDetails) (b bid, better bool) {
	b = bid{r.Levels[level].Discount, r.Levels[level].Cashback, !d.NoPoints}
	if b.discount > 0 && b.cashback > 0 {
		switch r.Combine {
		case "discount":
			b.cashback = 0
		case "cashback":
			b.discount = 0
		case "better":
			better = true
		}
	}
	if d.NoDiscount {
		b.discount = 0
	}
	if d.NoPoints {
		b.cashback = 0
	}
	return b, better && b.discount > 0 && b.cashback > 0
}

// priced checks what a sale gave against the rules that it was sold by. Which
// goods were excluded or promotional then, nobody wrote down: what a line could
// have got at most bounds it there, and what others got.
func (a *audit) priced(r *receipt, lines []line, cuts []cut, d *receiptDetails) {
	where := at("receipts", r.ID)
	var (
		rules  *rules
		b      bid
		better bool
		m      = &r.Amounts
	)
	if v := a.versions[r.Version]; r.Version != 0 {
		if v == nil || v.rules == nil {
			return // said already
		}
		level := v.rules.level(r.Level)
		if rules = v.rules; r.Customer != 0 && !rules.Stopped && level >= 0 {
			b, better = rules.bids(level, d)
		}
	}
	var takes, after, levels int64 // what lines come to that a level or points could take from, before and after the level
	for i := range lines {
		l, c := &lines[i], cuts[i]
		a.guarded(l, c, rules)
		levels = plus(levels, c.tier)
		if l.sold() {
			takes = plus(takes, l.Amounts[gross]-c.till)
			after = plus(after, l.Amounts[gross]-l.Amounts[discount])
			continue
		}
		for _, j := range []int{paidPoints, redeemed, earned} {
			a.equal(LineSpend, l.row(), amountColumns[j], 0, l.Amounts[j], "it counts for no level, so it is no goods")
		}
		a.equal(LineSpend, l.row(), "discount", c.till, l.Amounts[discount], "it counts for no level, so it is no goods: what the till took off")
	}
	var most int64
	if b.discount > 0 {
		most = min(takes, plus(mulDiv(takes, b.discount, whole, up), rules.Discount.Rounding.Unit))
	}
	if levels > most {
		a.off(ReceiptDiscount, where, "discount", "at most "+a.show("discount", most), a.show("discount", levels), "by level "+r.Level)
	}
	most = 0
	if b.points {
		most = mulDiv(after, rules.Redeem.Cap, whole, down)
	}
	if m[paidPoints] > most {
		a.off(ReceiptCap, where, "paid_points", "at most "+a.show("paid_points", most), a.show("paid_points", m[paidPoints]), "the share payable with points")
	}
	switch {
	case better && levels > 0, b.cashback == 0:
		a.equal(ReceiptEarned, where, "earned", 0, m[earned], "by level "+r.Level+", or nobody could earn")
	case better && m[earned] == 0:
	default:
		a.earned(r, lines, cuts, rules, b.cashback)
	}
}

// whole is all of it, in basis points.
const whole = 10_000

// sold tells whether a line can be of goods: neither a gift card nor void.
func (l *line) sold() bool { return l.Amounts[tierSpend] != 0 || l.Amounts[total] == 0 }

// guarded checks that no discount and no points took a line under its cost
// and the margin, where the till had not already.
func (a *audit) guarded(l *line, c cut, rules *rules) {
	if rules == nil || rules.Stopped || rules.Guard == nil || l.Cost < 0 {
		return
	}
	least := l.Amounts[gross] - c.till
	if unit := mulDiv(l.Cost, whole+rules.Guard.Margin, 1, down); unit > 0 {
		least = min(least, mulDiv(unit, l.Quantity, 10_000_000/a.hundreds*whole, up))
	} else {
		least = 0
	}
	if l.Amounts[total] < least {
		a.off(LineGuard, l.row(), "total", a.show("total", least)+" or more", a.show("total", l.Amounts[total]), "the cost with the margin")
	}
}

// earned recomputes what a sale earned. What a line earned says that it could;
// of a line that earned nothing it may be open whether it was to.
func (a *audit) earned(r *receipt, lines []line, cuts []cut, rules *rules, rate int64) {
	var sure, open int64
	all := r.Amounts[earned]
	base := func(l *line) int64 {
		if rules.Earn.PointsPart {
			return plus(l.Amounts[total], l.Amounts[paidPoints])
		}
		return l.Amounts[total]
	}
	could := func(i int) bool { return lines[i].sold() && (rules.Earn.Promo || cuts[i].till == 0) }
	var opens []int64
	for i := range lines {
		switch l := &lines[i]; {
		case !could(i):
			a.equal(ReceiptEarned, l.row(), "earned", 0, l.Amounts[earned], "it is of no goods, or the till discounted it")
		case l.Amounts[earned] > 0, rules.Earn.Promo && rules.Earn.Exclude.none():
			sure = plus(sure, base(l))
		default:
			opens = append(opens, base(l))
			open = plus(open, base(l))
		}
	}
	// Whoever takes part gets a share; one that rounds to nothing is small.
	opens = slices.DeleteFunc(opens, func(w int64) bool { return mulDiv(all, w, max(plus(sure, open), 1), down) > 0 })
	open = 0
	for _, w := range opens {
		open = plus(open, w)
	}
	where := at("receipts", r.ID)
	low, high := rules.earns(sure, rate, a.hundreds), rules.earns(plus(sure, open), rate, a.hundreds)
	if all < low || all > high {
		want := a.show("earned", high)
		if low != high {
			want = a.show("earned", low) + " to " + want
		}
		a.off(ReceiptEarned, where, "earned", want, a.show("earned", all), "by level "+r.Level)
		return
	}
	for i := range lines {
		l := &lines[i]
		if !could(i) || l.Amounts[earned] == 0 || sure == 0 {
			continue
		}
		if most := mulDiv(all, base(l), sure, up); l.Amounts[earned] > most {
			a.off(ReceiptEarned, l.row(), "earned", "at most "+a.show("earned", most), a.show("earned", l.Amounts[earned]), "its share of what the receipt earned")
		}
	}
}

// earns is what a rate earns on money.
func (r *rules) earns(base, rate, hundreds int64) int64 {
	to := &r.Earn.Rounding
	mode := down
	if to.Mode == "half_up" {
		mode = nearest
	}
	return mulDiv(base, rate*(1_000_000/hundreds), whole*r.PointValue*to.Unit, mode) * to.Unit
}

// quoteSlack is how long a process may go on with the rules it had, and how
// long a call may take.
const quoteSlack = 60 * 1_000_000

// inForce checks that the version that priced a sale held when it was sold, or
// while its quote was good.
func (a *audit) inForce(r *receipt, v *version, where row) {
	if !v.published || v.rules == nil || r.Imported || !r.sale() {
		return
	}
	from := min(r.SoldAt, r.RecordedAt) - v.rules.QuoteMinutes*60*1_000_000 - quoteSlack
	to := max(r.SoldAt, r.RecordedAt) + quoteSlack
	if !slices.Contains(a.held(v.programme, from, to), v) {
		a.off(ReceiptVersion, where, "version_id", "a version that held then", a.show("", v.id), "it began "+a.show("at", v.starts))
	}
	if v.told > r.RecordedAt+quoteSlack {
		a.off(ReceiptVersion, where, "version_id", "a version that was published before", a.show("", v.id), "on "+a.show("at", v.told))
	}
}
