package pricing

import (
	"fmt"
	"math"
	"slices"

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
	rates    rates
	shares   []share // of the receipt that points may pay
	res      Result
}

// state is a line while it is priced.
type state struct {
	left  money.Amount // to pay
	floor money.Amount // the margin guard lets nothing go under it
	goods bool         // takes part: neither void, a gift card nor taken out
	share int          // the one that it belongs to, from 1; 0: it takes no points
}

// share is the lines of which the same share is payable with points.
type share struct {
	cap            money.Rate
	eligible, room money.Amount
	most           int64 // that points may pay, in ten-thousandths of a minor unit
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
		s.lines[i] = state{left: p.Gross, goods: !l.GiftCard && !l.NoLoyalty}
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
	p.Discounts = append(p.Discounts, Discount{Cause: cause, Amount: allowed, Guarded: allowed < amount})
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

// rates are what the customer's level gives, or a higher rate that an occasion
// does: on goods, and on promotional ones.
type rates struct {
	discount, cashback           money.Rate
	promoDiscount, promoCashback money.Rate
	per                          money.Amount  // a point for so much; 0: by cashback
	perPromo                     bool          // promotional goods count for it
	day                          programme.Day // whose discount it is; "": the level's
	ownPromo                     bool          // the level's rates for promotional goods hold on them
}

func (r *rates) discounts() bool { return r.discount > 0 || r.promoDiscount > 0 }
func (r *rates) earns() bool     { return r.cashback > 0 || r.promoCashback > 0 || r.per > 0 }

func (r *rates) dropDiscount() { r.discount, r.promoDiscount = 0, 0 }
func (r *rates) dropCashback() { r.cashback, r.promoCashback, r.per = 0, 0, 0 }

// levelRates are those of the level held, raised by the occasions that there
// are. What a level says of promotional goods holds on them whatever the day.
func (s *sheet) levelRates() (r rates) {
	l := &s.res.Level
	s.res.Days = s.customer.Occasions
	r = rates{discount: l.Discount, cashback: l.Cashback, per: l.Per}
	for _, day := range s.customer.Occasions {
		o := s.rules.Occasion(day)
		if o == nil {
			continue
		}
		if o.Discount > r.discount {
			r.discount, r.day, s.res.Occasion = o.Discount, day, day
		}
		if o.Cashback > max(r.cashback, s.perRate(r.per)) {
			r.cashback, r.per, s.res.Occasion = o.Cashback, 0, day
		}
	}
	r.promoDiscount = r.discount
	if s.rules.Earn.Promo {
		r.promoCashback, r.perPromo = r.cashback, true
	}
	if p := l.Promo; p != nil {
		r.promoDiscount, r.promoCashback, r.perPromo, r.ownPromo = p.Discount, p.Cashback, false, true
	}
	return r
}

// perRate is the rate that a point for so much money comes to, rounded down.
func (s *sheet) perRate(per money.Amount) money.Rate {
	if per == 0 {
		return 0
	}
	return money.Rate(int64(s.rules.PointValue) * s.in.Currency.Minor() / int64(per))
}

// promo reports whether the line is of promotional goods, or discounted by the
// till.
func promo(l *Line) bool { return l.Promo || l.Discount > 0 }

// tierDiscount is step 2: the level's discount, once on all the lines that
// take it, and which of discount and cashback the level gives at all.
func (s *sheet) tierDiscount() {
	if s.customer == nil {
		return
	}
	r := s.levelRates()
	if r.discounts() && r.earns() {
		switch s.rules.Combine {
		case programme.CombineDiscount:
			r.dropCashback()
		case programme.CombineCashback:
			r.dropDiscount()
		}
	}
	if s.in.Draft.NoDiscount {
		r.dropDiscount()
	}
	s.res.Over = s.rules.Earn.Daily > 0 && s.customer.Today >= s.rules.Earn.Daily
	if s.in.Draft.NoPoints || s.res.Over {
		r.dropCashback()
	}
	shares := s.tierShares(&r)
	if s.rules.Combine == programme.CombineBetter && r.discounts() && r.earns() {
		// Compared before points are redeemed, so that the choice does not
		// turn round while the cashier asks how many.
		if s.worth(s.earned(&r)) > s.allowed(shares) {
			r.dropDiscount()
			shares = nil
		} else {
			r.dropCashback()
		}
	}
	for i, share := range shares {
		if share > 0 {
			s.take(i, CauseTier, share)
			s.explain(i, &r)
		}
	}
	s.rates = r
	switch {
	case r.discounts() && r.earns():
		s.res.Combined = programme.CombineAdd
	case r.discounts():
		s.res.Combined = programme.CombineDiscount
	case r.earns():
		s.res.Combined = programme.CombineCashback
	}
}

// charge replaces what the rules say by what was charged, where that is something
// else. The total is what was paid: lines that say nothing take what those leave that
// do, and what they cannot take (a till that rounds its total) goes on these.
func (s *sheet) charge() {
	d := &s.in.Draft
	if d.Charged == nil && !slices.ContainsFunc(d.Lines, func(l Line) bool { return l.Charged != nil }) {
		return
	}
	var byRules, stated, silentLeft, silentGross money.Amount
	for i := range s.lines {
		byRules += s.lines[i].left
		if charged, ok := s.stated(i); ok {
			stated += charged
			continue
		}
		silentLeft, silentGross = silentLeft+s.lines[i].left, silentGross+s.res.Lines[i].Gross
	}
	rest := silentLeft
	if d.Charged != nil {
		rest = *d.Charged - stated
	}
	fits := min(max(rest, 0), silentGross)
	silent, more := s.onSilent(fits, silentLeft), s.onStated(rest-fits)
	for i := range s.lines {
		charged, ok := s.stated(i)
		if charged += more[i]; !ok {
			charged = silent[i]
		}
		if charged != s.lines[i].left {
			s.chargeLine(i, charged)
			s.res.ByRules = &byRules
		}
	}
}

// stated is what a line says that it was charged.
func (s *sheet) stated(i int) (charged money.Amount, ok bool) {
	if l := &s.in.Draft.Lines[i]; l.Charged != nil && !l.Void {
		return *l.Charged, true
	}
	return 0, false
}

// onSilent divides sum among the lines that say nothing: by what the rules leave of
// them, together left, and where that is less than sum by their price.
func (s *sheet) onSilent(sum, left money.Amount) []money.Amount {
	return s.split(sum, func(i int) money.Amount {
		switch _, ok := s.stated(i); {
		case ok:
			return 0
		case sum > left:
			return s.res.Lines[i].Gross
		}
		return s.lines[i].left
	})
}

// onStated divides among the lines that say what they were charged what the others
// cannot take: by what these are short of their price, and what is below zero by what
// they say.
func (s *sheet) onStated(over money.Amount) []money.Amount {
	return s.split(over, func(i int) money.Amount {
		charged, ok := s.stated(i)
		if ok && over > 0 {
			return s.res.Lines[i].Gross - charged
		}
		return charged
	})
}

// split divides sum among the lines by weight; where none has any, nobody gets anything.
func (s *sheet) split(sum money.Amount, weight func(i int) money.Amount) []money.Amount {
	for i := range s.lines {
		s.weights[i] = int64(weight(i))
	}
	if parts := sum.Split(s.weights); parts != nil {
		return parts
	}
	return make([]money.Amount, len(s.lines))
}

func (s *sheet) chargeLine(i int, charged money.Amount) {
	l, p := &s.lines[i], &s.res.Lines[i]
	till := min(s.in.Draft.Lines[i].Discount, p.Gross-charged)
	l.left, p.Discount, p.Discounts = charged, p.Gross-charged, p.Discounts[:0]
	if till > 0 {
		p.Discounts = append(p.Discounts, Discount{Cause: CauseTill, Amount: till})
	}
	if rest := p.Discount - till; rest > 0 {
		p.Discounts = append(p.Discounts, Discount{Cause: CauseCharged, Amount: rest})
	}
}

// explain says by which rate a line got its discount, where it is not the
// level's.
func (s *sheet) explain(i int, r *rates) {
	list := s.res.Lines[i].Discounts
	d := &list[len(list)-1]
	switch {
	case r.ownPromo && promo(&s.in.Draft.Lines[i]):
		if r.promoDiscount != s.res.Level.Discount {
			d.Rate = r.promoDiscount
		}
	case r.day != "":
		d.Rate, d.Day = r.discount, r.day
	}
}

// tierShares is what the rates take off each line, before the guard; nil:
// nothing.
func (s *sheet) tierShares(r *rates) []money.Amount {
	if !r.discounts() {
		return nil
	}
	var (
		total, eligible money.Amount
		gain            int64 // sum of line x rate
		mixed           = r.discount != r.promoDiscount
	)
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		total += l.left
		s.weights[i] = 0
		if !l.goods || s.rules.Discount.Exclude.Has(d.SKU, d.Categories) {
			continue
		}
		rate := r.discount
		if mixed && promo(d) {
			rate = r.promoDiscount
		}
		if rate == 0 {
			continue
		}
		eligible += l.left
		gain += int64(l.left) * int64(rate)
		s.weights[i] = int64(l.left)
		if mixed {
			s.weights[i] *= int64(rate)
		}
	}
	rounding := s.rules.Discount.Rounding
	shares := off(total, eligible, gain, rounding).Split(s.weights)
	if mixed && s.tooMuch(shares) { // of the rounding, on the lines of the higher rate
		return money.Amount(gain / int64(money.Whole)).Split(s.weights)
	}
	return shares
}

func (s *sheet) tooMuch(shares []money.Amount) bool {
	for i, share := range shares {
		if share > s.lines[i].left {
			return true
		}
	}
	return false
}

// off is the discount that gain (of lines x rates, in ten-thousandths) takes off
// the eligible lines, with what is left of total rounded. Where the rounding asks
// for more than the eligible lines can give, or for more than as much again as
// the rates give, what is left is rounded to the minor unit only, and where that
// is still too much the discount is what the rates give, rounded down; it is
// never negative.
func off(total, eligible money.Amount, gain int64, r programme.Rounding) money.Amount {
	whole := int64(money.Whole)
	// Twice what is left, rounded down to a whole: enough to see a half.
	twice := 2*int64(total) - (2*gain+whole-1)/whole
	left := twice / 2 / r.Unit * r.Unit
	if r.Mode == money.HalfUp {
		left = (twice + r.Unit) / (2 * r.Unit) * r.Unit
	}
	discount := total - money.Amount(left)
	given := money.Amount(2 * gain / whole) // twice what the rates give
	switch {
	case discount <= min(eligible, given):
		return max(discount, 0)
	case r.Unit > 1:
		return off(total, eligible, gain, programme.Rounding{Mode: r.Mode, Unit: 1})
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
	for i, part := range s.spread(paid) {
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

// spread divides what points pay among the shares by what each may take, and in
// each among its lines by their room, so that none takes more.
func (s *sheet) spread(paid money.Amount) []money.Amount {
	if len(s.shares) == 1 {
		return s.split(paid, func(i int) money.Amount { return s.res.Lines[i].Redeemable })
	}
	most := make([]int64, len(s.shares))
	for g := range s.shares {
		most[g] = s.shares[g].most
	}
	parts := make([]money.Amount, len(s.lines))
	for g, part := range paid.Split(most) {
		of := s.split(part, func(i int) money.Amount {
			if s.lines[i].share != g+1 {
				return 0
			}
			return s.res.Lines[i].Redeemable
		})
		for i, line := range of {
			parts[i] += line
		}
	}
	return parts
}

// redeemable is the most money that points can pay, and the rule that holds it
// there.
func (s *sheet) redeemable() (most money.Amount, limit Cause) {
	switch {
	case s.in.Rules == nil:
		return 0, LimitProgramme
	case s.rules == nil:
		return 0, LimitStopped
	case s.customer == nil:
		return 0, LimitNobody
	case s.in.Draft.NoPoints:
		return 0, LimitOff
	case s.rules.Redeem.WithCard && !s.customer.Card:
		return 0, LimitCard
	}
	var (
		eligible     money.Amount
		capped, room int64 // in ten-thousandths
		capLimit     = LimitCap
	)
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		if !l.goods || s.rules.Redeem.Exclude.Has(d.SKU, d.Categories) {
			continue
		}
		rate, own := s.rules.CapOf(&s.res.Level, s.in.Store, d.SKU, d.Categories)
		if own {
			capLimit = LimitGoodsCap
		}
		eligible += l.left
		if rate > 0 {
			s.res.Lines[i].Redeemable = l.room()
		}
		g := s.shareOf(rate)
		s.shares[g].eligible += l.left
		s.shares[g].room += s.res.Lines[i].Redeemable
		l.share = g + 1
	}
	if eligible == 0 {
		return 0, LimitGoods
	}
	for g := range s.shares {
		of := &s.shares[g]
		all := int64(of.eligible) * int64(of.cap)
		of.most = min(all, int64(of.room)*int64(money.Whole))
		capped += all
		room += of.most
	}
	most = eligible
	rules := [...]struct {
		limit Cause
		most  money.Amount
	}{
		{capLimit, money.Amount(capped / int64(money.Whole))},
		{LimitGuard, money.Amount(room / int64(money.Whole))},
		{LimitMax, s.mostAtOnce()},
		{LimitBalance, s.worth(max(s.customer.Available, 0))},
	}
	for _, rule := range rules {
		if rule.most < most {
			most, limit = rule.most, rule.limit
		}
	}
	return most, limit
}

// mostAtOnce is what the most points that are redeemed on one receipt are worth.
func (s *sheet) mostAtOnce() money.Amount {
	if s.rules.Redeem.Max == 0 {
		return math.MaxInt64
	}
	return s.worth(s.rules.Redeem.Max)
}

// shareOf finds the share of a rate, or makes it.
func (s *sheet) shareOf(rate money.Rate) int {
	for g := range s.shares {
		if s.shares[g].cap == rate {
			return g
		}
	}
	s.shares = append(s.shares, share{cap: rate})
	return len(s.shares) - 1
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
	if s.rules.Earn.NotRedeeming && slices.ContainsFunc(s.res.Lines, func(p PricedLine) bool { return p.PaidPoints > 0 }) {
		return
	}
	s.res.Earned = s.earned(&s.rates)
	for i, part := range money.Amount(s.res.Earned).Split(s.weights) {
		s.res.Lines[i].Earned = money.Points(part)
	}
	if s.res.Earned > 0 {
		s.res.AvailableAt, s.res.ExpiresAt = s.rules.EarnDates(s.in.At, s.in.Zone)
	}
}

// earned is what the rates earn on the lines as they now are, rounded once; it
// leaves the lines' weights behind.
func (s *sheet) earned(r *rates) money.Points {
	earn := &s.rules.Earn
	var (
		base  money.Amount
		gain  int64 // sum of line x rate
		mixed = r.cashback != r.promoCashback && r.per == 0
	)
	for i := range s.lines {
		l, d := &s.lines[i], &s.in.Draft.Lines[i]
		s.weights[i] = 0
		if !l.goods || earn.Exclude.Has(d.SKU, d.Categories) {
			continue
		}
		rate, counts := r.cashback, true
		if promo(d) {
			rate, counts = r.promoCashback, r.perPromo
		}
		if r.per > 0 && !counts || r.per == 0 && rate == 0 {
			continue
		}
		earns := l.left
		if earn.PointsPart {
			earns += s.res.Lines[i].PaidPoints
		}
		s.weights[i] = int64(earns)
		if mixed {
			s.weights[i] *= int64(rate)
		}
		base += earns
		gain += int64(earns) * int64(rate)
	}
	unit := earn.Rounding.Unit
	if r.per > 0 { // whole points, and the rounding of them
		const whole = 100
		return money.Points(int64(base/r.per)*whole).RoundTo(money.Points(unit), earn.Rounding.Mode)
	}
	// gain / whole in money, then points at their value, in units of the
	// rounding: one division, so one rounding.
	perMinor := 1_000_000 / s.in.Currency.Minor()
	units, err := money.MulDiv(gain, perMinor, int64(money.Whole)*int64(s.rules.PointValue)*unit, earn.Rounding.Mode)
	if err != nil {
		panic(fmt.Sprintf("pricing: %d earns beyond the limits of rules: %v", gain, err))
	}
	return money.Points(units * unit)
}

// sum closes the lines and adds them up.
func (s *sheet) sum() {
	r := &s.res
	for i := range s.lines {
		p, d := &r.Lines[i], &s.in.Draft.Lines[i]
		p.Total = s.lines[i].left
		if s.lines[i].goods && (s.in.Rules == nil || !s.in.Rules.Spend.Exclude.Has(d.SKU, d.Categories)) {
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

// welcome gives the bonus for the first purchase, once it is known what counts.
func (s *sheet) welcome() {
	if s.customer == nil || !s.customer.First || !s.rules.WelcomesPurchases() || s.in.Draft.NoPoints {
		return
	}
	if least := s.rules.Welcome.Least(); s.res.TierSpend < least {
		s.res.WelcomeFrom = least
		return
	}
	s.res.Welcome = s.rules.Welcome.Points
	s.res.WelcomeAt, s.res.WelcomeUntil = s.rules.WelcomeDates(s.in.At, s.in.Zone)
}
