package pricing

import (
	"fmt"
	"math"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// sheet is a receipt while it is priced.
type sheet struct {
	in       *Input
	rules    *programme.Rules // nil: none hold, or they are stopped
	customer *Customer        // nil: nobody, or no rules
	lines    []state
	weights  []int64 // scratch of the splits
	cashback money.Rate
	res      Result
}

// state is a line while it is priced.
type state struct {
	left  money.Amount // to pay
	floor money.Amount // the margin guard lets nothing go under it
	goods bool         // sold: neither void nor a gift card
}

// room is what may still be taken off the line.
func (l *state) room() money.Amount { return max(l.left-l.floor, 0) }

// open checks the draft and takes the till's own discounts off, step 0: they
// are facts, and the guard cannot stop them.
func open(in *Input) (*sheet, error) {
	s := &sheet{in: in}
	if in.Rules != nil {
		if err := programme.ValidateNumbers(in.Rules, in.Currency); err != nil {
			return nil, errRules.Because(err)
		}
		if !in.Rules.Stopped {
			s.rules, s.customer = in.Rules, in.Customer
		}
	}
	if err := check(in); err != nil {
		return nil, err
	}
	n := len(in.Draft.Lines)
	s.lines = make([]state, n)
	s.weights = make([]int64, n)
	s.res.Lines = make([]PricedLine, n)

	// Room for the two discounts that a line usually has at most.
	discounts := make([]Discount, 2*n)
	for i := range in.Draft.Lines {
		l, p := &in.Draft.Lines[i], &s.res.Lines[i]
		p.Discounts = discounts[2*i : 2*i : 2*i+2]
		if l.Void {
			continue
		}
		p.Gross, _ = in.Currency.LineTotal(l.Price, l.Quantity) // checked
		s.lines[i] = state{left: p.Gross, goods: !l.GiftCard}
		if l.Discount > 0 {
			s.take(i, CauseTill, l.Discount)
		}
		s.lines[i].floor = s.guard(l)
	}
	return s, nil
}

// guard is the least that a line may come to: its cost and the margin, rounded
// up to a minor unit.
func (s *sheet) guard(l *Line) money.Amount {
	if s.rules == nil || s.rules.Guard == nil || l.Cost == nil {
		return 0
	}
	unit, err := money.MulDiv(int64(*l.Cost), int64(money.Whole+s.rules.Guard.Margin), 1, money.Down)
	if err != nil {
		return money.MaxAmount // a cost beyond reason: nothing is taken off
	}
	scale := 10_000_000 / s.in.Currency.Minor() * int64(money.Whole)
	floor, err := money.MulDiv(unit, int64(l.Quantity), scale, money.Up)
	if err != nil {
		return money.MaxAmount
	}
	return money.Amount(floor)
}

// take takes up to amount off a line, as far as the guard lets it.
func (s *sheet) take(i int, cause Cause, amount money.Amount) {
	l, p := &s.lines[i], &s.res.Lines[i]
	allowed := min(amount, l.room())
	p.Discounts = append(p.Discounts, Discount{cause, allowed, allowed < amount})
	p.Discount += allowed
	l.left -= allowed
}

// level finds the level that the customer holds and what is above it.
func (s *sheet) level() {
	if s.customer == nil {
		return
	}
	levels := s.rules.Levels
	held := s.rules.Held(s.customer.Level, s.customer.Spend)
	s.res.Level = levels[held]
	if held+1 < len(levels) {
		s.res.Next = &levels[held+1]
		s.res.ToNext = s.res.Next.Threshold - s.customer.Spend
	}
}

// tierDiscount is step 2: the level's discount, once on all the lines that
// take it, and which of discount and cashback the level gives at all.
func (s *sheet) tierDiscount() {
	if s.customer == nil {
		return
	}
	discount, cashback := s.res.Level.Discount, s.res.Level.Cashback
	both := discount > 0 && cashback > 0
	switch {
	case both && s.rules.Combine == programme.CombineDiscount:
		cashback = 0
	case both && s.rules.Combine == programme.CombineCashback:
		discount = 0
	}
	if s.in.Draft.NoDiscount {
		discount = 0
	}
	if s.in.Draft.NoPoints {
		cashback = 0
	}
	shares := s.tierShares(discount)
	if s.rules.Combine == programme.CombineBetter && discount > 0 && cashback > 0 {
		// Compared before points are redeemed, so that the choice does not
		// turn round while the cashier asks how many.
		if s.worth(s.earned(cashback)) > s.allowed(shares) {
			discount, shares = 0, nil
		} else {
			cashback = 0
		}
	}
	for i, share := range shares {
		if share > 0 {
			s.take(i, CauseTier, share)
		}
	}
	s.cashback = cashback
	switch {
	case discount > 0 && cashback > 0:
		s.res.Combined = programme.CombineAdd
	case discount > 0:
		s.res.Combined = programme.CombineDiscount
	case cashback > 0:
		s.res.Combined = programme.CombineCashback
	}
}

// tierShares is what the rate takes off each line, before the guard; nil:
// nothing.
func (s *sheet) tierShares(rate money.Rate) []money.Amount {
	if rate == 0 {
		return nil
	}
	var total, eligible money.Amount
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		total += l.left
		s.weights[i] = 0
		if l.goods && !s.rules.Discount.Exclude.Has(d.SKU, d.Categories) {
			eligible += l.left
			s.weights[i] = int64(l.left)
		}
	}
	return off(total, eligible, rate, s.rules.Discount.Rounding).Split(s.weights)
}

// off is the discount of rate on eligible, with what is left of total rounded.
// Where the rounding asks for more than the eligible lines can give, or for
// more than as much again as the rate gives, what is left is rounded to the
// minor unit only, and where that is still too much the discount is what the
// rate gives, rounded down; it is never negative.
func off(total, eligible money.Amount, rate money.Rate, r programme.Rounding) money.Amount {
	// Twice what is left, rounded down to a whole: enough to see a half.
	twice := 2*int64(total-eligible) + int64((money.Whole-rate).Of(2*eligible, money.Down))
	left := twice / 2 / r.Unit * r.Unit
	if r.Mode == money.HalfUp {
		left = (twice + r.Unit) / (2 * r.Unit) * r.Unit
	}
	discount := total - money.Amount(left)
	given := rate.Of(2*eligible, money.Down) // twice what the rate gives
	switch {
	case discount <= min(eligible, given):
		return max(discount, 0)
	case r.Unit > 1:
		return off(total, eligible, rate, programme.Rounding{Mode: r.Mode, Unit: 1})
	}
	return given / 2
}

// allowed is what the guard leaves of shares.
func (s *sheet) allowed(shares []money.Amount) (sum money.Amount) {
	for i, share := range shares {
		sum += min(share, s.lines[i].room())
	}
	return sum
}

// points is step 5: how many points can pay, and those that do. They are
// spread in proportion to what they may pay of each line, so that no line
// takes more than its room.
func (s *sheet) points() error {
	most, limit := s.redeemable()
	s.res.Limit = limit
	asked := s.in.Draft.Redeem
	if s.customer == nil || most == 0 {
		return s.refuse(asked)
	}
	redeem := &s.rules.Redeem
	points := s.cost(most).RoundTo(redeem.Step, money.Down)
	if points < s.cost(most) && limit == LimitNone {
		s.res.Limit = LimitStep
	}
	if points < redeem.Min {
		points, s.res.Limit = 0, LimitMin
	}
	s.res.MaxRedeem = points
	if err := s.refuse(asked); err != nil || asked == 0 {
		return err
	}
	switch {
	case asked < redeem.Min:
		return ErrRedeemMin.Textf("Points pay from %s at a time.", redeem.Min).With("min", redeem.Min).At("/redeem")
	case redeem.Step > 0 && asked%redeem.Step != 0:
		return ErrRedeemStep.Textf("Points pay in steps of %s.", redeem.Step).With("step", redeem.Step).At("/redeem")
	}

	paid := min(s.worth(asked), most)
	for i := range s.lines {
		s.weights[i] = int64(s.res.Lines[i].Redeemable)
	}
	for i, part := range paid.Split(s.weights) {
		s.res.Lines[i].PaidPoints = part
		s.lines[i].left -= part
		s.weights[i] = int64(part)
	}
	// What is worth less than a minor unit pays nothing and stays with the
	// customer.
	for i, part := range money.Amount(s.cost(paid)).Split(s.weights) {
		s.res.Lines[i].Redeemed = money.Points(part)
	}
	return nil
}

// redeemable is the most money that points can pay, and the rule that holds it
// there.
func (s *sheet) redeemable() (most money.Amount, limit Cause) {
	switch {
	case s.rules == nil:
		return 0, LimitProgramme
	case s.customer == nil:
		return 0, LimitNobody
	case s.in.Draft.NoPoints:
		return 0, LimitOff
	}
	var eligible, room money.Amount
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		if l.goods && !s.rules.Redeem.Exclude.Has(d.SKU, d.Categories) {
			eligible += l.left
			room += l.room()
			s.res.Lines[i].Redeemable = l.room()
		}
	}
	if eligible == 0 {
		return 0, LimitGoods
	}
	most = eligible
	for _, rule := range [...]struct {
		limit Cause
		most  money.Amount
	}{
		{LimitCap, s.rules.Redeem.Cap.Of(eligible, money.Down)},
		{LimitGuard, room},
		{LimitBalance, s.worth(max(s.customer.Available, 0))},
	} {
		if rule.most < most {
			most, limit = rule.most, rule.limit
		}
	}
	return most, limit
}

// refuse refuses to redeem more than can be.
func (s *sheet) refuse(asked money.Points) error {
	if asked <= s.res.MaxRedeem {
		return nil
	}
	return ErrRedeemTooMuch.Textf("At most %s points can be redeemed on this receipt.", s.res.MaxRedeem).
		With("max", s.res.MaxRedeem).With("limit", s.res.Limit).At("/redeem")
}

// worth is what points are worth, rounded down to a minor unit.
func (s *sheet) worth(p money.Points) money.Amount {
	v, err := money.MulDiv(int64(p), int64(s.rules.PointValue), 1_000_000/s.in.Currency.Minor(), money.Down)
	if err != nil {
		return math.MaxInt64 // more than any receipt comes to
	}
	return money.Amount(v)
}

// cost is how many points pay an amount. It never is more than the points
// whose worth the amount was.
func (s *sheet) cost(a money.Amount) money.Points {
	return s.in.Currency.PointsFor(a, s.rules.PointValue, money.Up)
}

// earn is the last step: cashback on what is left to pay, at the rate of the
// level held before this sale.
func (s *sheet) earn() {
	if s.customer == nil {
		return
	}
	s.res.Earned = s.earned(s.cashback)
	for i, part := range money.Amount(s.res.Earned).Split(s.weights) {
		s.res.Lines[i].Earned = money.Points(part)
	}
	if s.res.Earned > 0 {
		s.res.AvailableAt, s.res.ExpiresAt = s.rules.EarnDates(s.in.At, s.in.Zone)
	}
}

// earned is what a rate earns on the lines as they now are, rounded once; it
// leaves the lines' weights behind.
func (s *sheet) earned(rate money.Rate) money.Points {
	earn := &s.rules.Earn
	var base money.Amount
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		s.weights[i] = 0
		if !l.goods || !earn.Promo && (d.Promo || d.Discount > 0) || earn.Exclude.Has(d.SKU, d.Categories) {
			continue
		}
		earns := l.left
		if earn.PointsPart {
			earns += s.res.Lines[i].PaidPoints
		}
		s.weights[i] = int64(earns)
		base += earns
	}
	// base * rate / whole in money, then points at their value, in units of
	// the rounding: one division, so one rounding.
	perMinor := 1_000_000 / s.in.Currency.Minor()
	units, err := money.MulDiv(int64(base), int64(rate)*perMinor, int64(money.Whole)*int64(s.rules.PointValue)*earn.Rounding.Unit, earn.Rounding.Mode)
	if err != nil {
		panic(fmt.Sprintf("pricing: %d at %d earns beyond the limits of rules: %v", base, rate, err))
	}
	return money.Points(units * earn.Rounding.Unit)
}

// sum closes the lines and adds them up.
func (s *sheet) sum() {
	r := &s.res
	for i := range s.lines {
		p := &r.Lines[i]
		p.Total = s.lines[i].left
		if s.lines[i].goods {
			p.TierSpend = p.Total
		}
		r.Gross += p.Gross
		r.Discount += p.Discount
		r.PaidPoints += p.PaidPoints
		r.Total += p.Total
		r.Redeemed += p.Redeemed
		r.TierSpend += p.TierSpend
	}
	if r.Next == nil {
		return
	}
	if i := s.rules.Held(r.Level.Code, s.customer.Spend+r.TierSpend); s.rules.Levels[i].Threshold >= r.Next.Threshold {
		r.Reaches = &s.rules.Levels[i]
	}
}
