package verify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// receiptDetails are what a receipt's details say that figures follow from.
type receiptDetails struct {
	NoDiscount  bool      `json:"no_discount"`
	NoPoints    bool      `json:"no_points"`
	AvailableAt time.Time `json:"available_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Reached     string    `json:"reached"`
	Over        bool      `json:"over"`
	NoLoyalty   string    `json:"no_loyalty"`
	Days        string    `json:"days"`
	Late        bool      `json:"late"`
	ByRules     *int64    `json:"by_rules"`
	Confirmed   bool      `json:"confirmed"`
	Card        bool      `json:"card"`
	Welcome     int64     `json:"welcome"`
}

// cut is what was taken off a line: by the till, by the level, or by a till without
// its line.
type cut struct{ till, tier, charged int64 }

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
		case d.Cause == "charged" && (i == 0 || i == 1 && list[0].Cause == "till"):
			c.charged = d.Amount
		default:
			a.off(LineDiscount, where, "details", "one discount of the till, then one of the level or what was charged", l.Details, "")
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
	discount, promoDiscount int64 // rates
	cashback, promoCashback int64
	per                     int64 // a point for so much money; 0: by cashback
	promoPer                bool  // promotional goods count for it
	points                  bool  // may pay
}

func (b *bid) discounts() bool { return b.discount > 0 || b.promoDiscount > 0 }
func (b *bid) earns() bool     { return b.cashback > 0 || b.promoCashback > 0 || b.per > 0 }

// rates are what a level gives on the days that it was.
func (r *rules) rates(level int, days string) (b bid) {
	l := &r.Levels[level]
	b = bid{discount: l.Discount, cashback: l.Cashback, per: l.Per}
	for _, day := range strings.Fields(days) {
		for _, o := range r.Occasions {
			if o.On != day {
				continue
			}
			b.discount = max(b.discount, o.Discount)
			inRates := b.cashback
			if b.per > 0 {
				inRates = r.PointValue * r.hundreds / b.per
			}
			if o.Cashback > inRates {
				b.cashback, b.per = o.Cashback, 0
			}
		}
	}
	b.promoDiscount = b.discount
	if r.Earn.Promo {
		b.promoCashback, b.promoPer = b.cashback, true
	}
	if l.Promo != nil {
		b.promoDiscount, b.promoCashback, b.promoPer = l.Promo.Discount, l.Promo.Cashback, false
	}
	return b
}

// bids are what the rules give at a receipt's level. Where the better of two
// holds, both are given here.
func (r *rules) bids(level int, d *receiptDetails) (b bid, better bool) {
	b = r.rates(level, d.Days)
	b.points = !d.NoPoints
	noDiscount, noCashback := d.NoDiscount, d.NoPoints || d.Over && r.Earn.Daily > 0
	if b.discounts() && b.earns() {
		switch r.Combine {
		case "discount":
			noCashback = true
		case "cashback":
			noDiscount = true
		case "better":
			better = true
		}
	}
	if noDiscount {
		b.discount, b.promoDiscount = 0, 0
	}
	if noCashback {
		b.cashback, b.promoCashback, b.per = 0, 0, 0
	}
	return b, better && b.discounts() && b.earns()
}

// mostCap is the largest share that some goods could be paid with points at a level.
func (r *rules) mostCap(level int) int64 {
	most := r.Redeem.Cap
	if own := r.Levels[level].Cap; own != nil {
		most = *own
	}
	for _, c := range r.Redeem.Caps {
		most = max(most, c.Cap)
	}
	return most
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
		level  int
		m      = &r.Amounts
	)
	if v := a.versions[r.Version]; r.Version != 0 {
		if v == nil || v.rules == nil {
			return // said already
		}
		level = v.rules.level(r.Level)
		if rules = v.rules; r.Customer != 0 && !rules.Stopped && level >= 0 {
			b, better = rules.bids(level, d)
		}
	}
	a.unsaid(r, rules, d, where)
	a.uncarded(r, rules, d, where)
	var takes, after, levels int64 // what lines come to that a level or points could take from, before and after the level
	for i := range lines {
		l, c := &lines[i], cuts[i]
		a.guarded(l, cut{till: c.till + c.charged}, rules)
		if c.charged > 0 && d.ByRules == nil {
			a.off(LineDiscount, l.row(), "details", "no discount but the till's and the level's", l.Details, "what was charged is what the rules say")
		}
		levels = plus(levels, c.tier)
		out := slices.Contains(strings.Fields(d.NoLoyalty), strconv.FormatInt(l.Position, 10))
		if out {
			a.equal(LineSpend, l.row(), "tier_spend", 0, l.Amounts[tierSpend], "the till took the line out")
		}
		if l.sold(rules) && !out {
			takes = plus(takes, l.Amounts[gross]-c.till-c.charged)
			after = plus(after, l.Amounts[gross]-l.Amounts[discount])
			continue
		}
		for _, j := range []int{paidPoints, redeemed, earned} {
			a.equal(LineSpend, l.row(), amountColumns[j], 0, l.Amounts[j], "it counts for no level, so it is no goods")
		}
		a.equal(LineSpend, l.row(), "discount", c.till+c.charged, l.Amounts[discount], "it counts for no level, so it is no goods: what the till took off")
	}
	var most int64
	if b.discounts() {
		most = min(takes, plus(mulDiv(takes, max(b.discount, b.promoDiscount), whole, up), rules.Discount.Rounding.Unit))
	}
	if levels > most {
		a.off(ReceiptDiscount, where, "discount", "at most "+a.show("discount", most), a.show("discount", levels), "by level "+r.Level)
	}
	most = 0
	if b.points {
		most = mulDiv(after, rules.mostCap(level), whole, down)
		if high := rules.Redeem.Max; high > 0 && m[redeemed] > high {
			a.off(ReceiptCap, where, "redeemed", "at most "+a.show("redeemed", high), a.show("redeemed", m[redeemed]), "the most at once")
		}
	}
	if m[paidPoints] > most {
		a.off(ReceiptCap, where, "paid_points", "at most "+a.show("paid_points", most), a.show("paid_points", m[paidPoints]), "the share payable with points")
	}
	switch {
	case better && levels > 0, !b.earns(), rules.Earn.Not && m[paidPoints] > 0:
		a.equal(ReceiptEarned, where, "earned", 0, m[earned], "by level "+r.Level+", or nobody could earn")
	case better && m[earned] == 0:
	default:
		a.earned(r, lines, cuts, rules, &b)
	}
}

// whole is all of it, in basis points.
const whole = 10_000

// sold tells whether a line can be of goods: neither a gift card nor void. What
// rules let count for no level may be of goods all the same.
func (l *line) sold(r *rules) bool {
	return l.Amounts[tierSpend] != 0 || l.Amounts[total] == 0 || r != nil && !r.Spend.Exclude.none()
}

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

// portion is a line's part of what a sale earned by: of money for which points
// come whole, of money times its rate otherwise.
type portion struct {
	least, most int64
	sure        bool // it earned, or had to
}

// portions are the lines' parts. What a line earned says that it could; of a line
// that earned nothing it may be open whether it was to, and of one that the till
// did not discount, whether it was promotional.
func (a *audit) portions(lines []line, cuts []cut, rules *rules, b *bid) []portion {
	list := make([]portion, len(lines))
	for i := range lines {
		l, p := &lines[i], &list[i]
		base := l.Amounts[total]
		if rules.Earn.PointsPart {
			base = plus(base, l.Amounts[paidPoints])
		}
		low, high := b.cashback, b.cashback
		if b.per > 0 {
			low, high = 1, 1
		}
		promo := b.promoCashback
		if b.per > 0 && b.promoPer {
			promo = 1
		}
		if cuts[i].till > 0 {
			low, high = promo, promo
		} else {
			low, high = min(low, promo), max(high, promo)
		}
		if l.Amounts[earned] > 0 && low == 0 { // it had the other rate
			low = high
		}
		switch {
		case !l.sold(rules) || high == 0:
			a.equal(ReceiptEarned, l.row(), "earned", 0, l.Amounts[earned], "it is of no goods, or the till discounted it")
			continue
		case l.Amounts[earned] > 0:
			p.sure = true
		default:
			p.sure = low > 0 && rules.Earn.Exclude.none() && (l.Amounts[tierSpend] != 0 || l.Amounts[total] == 0)
		}
		p.least, p.most = base*low, base*high
	}
	return list
}

// earned recomputes what a sale earned.
func (a *audit) earned(r *receipt, lines []line, cuts []cut, rules *rules, b *bid) {
	var least, most int64
	all := r.Amounts[earned]
	list := a.portions(lines, cuts, rules, b)
	for _, p := range list {
		if p.sure {
			least = plus(least, p.least)
		}
		most = plus(most, p.most)
	}
	for _, p := range list {
		// Whoever takes part gets a share; one that rounds to nothing is small.
		if !p.sure && mulDiv(all, p.most, max(most, 1), down) > 0 {
			most -= p.most
		}
	}
	where := at("receipts", r.ID)
	low, high := rules.earns(least, b.per), rules.earns(most, b.per)
	if all < low || all > high {
		want := a.show("earned", high)
		if low != high {
			want = a.show("earned", low) + " to " + want
		}
		a.off(ReceiptEarned, where, "earned", want, a.show("earned", all), "by level "+r.Level)
		return
	}
	for i, p := range list {
		l := &lines[i]
		if l.Amounts[earned] == 0 || least == 0 {
			continue
		}
		if share := mulDiv(all, p.most, least, up); l.Amounts[earned] > share {
			a.off(ReceiptEarned, l.row(), "earned", "at most "+a.show("earned", share), a.show("earned", l.Amounts[earned]), "its share of what the receipt earned")
		}
	}
}

// earns is what is earned by money times rates, or for money a point for so much.
func (r *rules) earns(base, per int64) int64 {
	to := &r.Earn.Rounding
	mode := map[string]int{"half_up": nearest, "up": up}[to.Mode]
	if per > 0 {
		return mulDiv(base/per, 100, to.Unit, mode) * to.Unit
	}
	return mulDiv(base, 1_000_000/r.hundreds, whole*r.PointValue*to.Unit, mode) * to.Unit
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
