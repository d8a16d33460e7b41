package programme

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Limits of rules. Within them no price of a receipt overflows.
const (
	MaxLevels     = 20
	MaxStores     = 10_000
	MaxLabels     = 100
	MaxDaily      = 1_000
	MaxGoods      = 1_000 // categories, and products, of one list
	MaxDays       = 3_660 // of a window, a delay, a grace period
	MaxExpiryDays = 36_600
	MaxPointValue = money.Price(1e9)   // 100 000 a point
	MaxPoints     = money.Points(1e12) // of a bonus, a step, a least
	MaxUnit       = 1_000_000_000      // of rounding money
	MaxEarnUnit   = 100_000            // of rounding points: 1000 points
	MaxMargin     = 10 * money.Whole   // of the guard
	MaxQuote      = 24 * 60            // minutes
	MaxCaps       = 50                 // of one programme
	MaxAround     = 60                 // days before and after an occasion
	maxName       = 100                // characters
	maxCode       = 100                // characters of a store, category or SKU
	minPointMinor = 1_000              // a point is worth a tenth of a minor unit
)

var (
	combines  = []Combine{CombineAdd, CombineBetter, CombineDiscount, CombineCashback}
	windows   = []Window{Lifetime, Rolling, Year, Quarter, Month}
	whens     = []When{DropSoon, DropNever, DropEvery, DropReset}
	welcomes  = []WelcomeOn{OnRegistration, OnPurchase}
	clawbacks = []Clawback{ClawbackDebt, ClawbackRefund, ClawbackWriteOff}
	modes     = []money.Mode{money.Down, money.HalfUp}
	earnModes = append(modes[:len(modes):len(modes)], money.Up)
	days      = []Day{Birthday, Anniversary}
)

// Validate reports everything that is wrong with rules, field by field, as one
// errs.Invalid error.
func Validate(r *Rules, c money.Currency) error {
	if r == nil {
		return errs.InvalidField("", "required", "Send the rules of the programme.")
	}
	var w errs.List
	r.checkNumbers(&w, c)
	if len(r.Stores) > MaxStores {
		w.Add("/stores", "too_many", "names more than %d stores", MaxStores).With("max", MaxStores)
	}
	codes(&w, "/stores", r.Stores)
	if len(r.Labels) > MaxLabels {
		w.Add("/labels", "too_many", "names more than %d labels", MaxLabels).With("max", MaxLabels)
	}
	codes(&w, "/labels", r.Labels)
	r.Discount.Exclude.check(&w, "/discount/exclude")
	r.Earn.Exclude.check(&w, "/earn/exclude")
	r.Redeem.Exclude.check(&w, "/redeem/exclude")
	r.Spend.Exclude.check(&w, "/spend/exclude")
	for i := range r.Redeem.Caps {
		c, at := &r.Redeem.Caps[i], fmt.Sprintf("/redeem/caps/%d", i)
		codes(&w, at+"/stores", c.Stores)
		c.Goods.check(&w, at+"/goods")
		if len(c.Stores) == 0 && c.Goods.None() {
			w.Add(at+"/goods", "nothing_named", "names neither goods nor stores: that is the cap of the programme")
		}
	}
	return w.Err()
}

// ValidateNumbers is Validate without the lists of stores and goods: what
// pricing needs to be sure of before every receipt. On rules that are in order
// it allocates nothing.
func ValidateNumbers(r *Rules, c money.Currency) error {
	var w errs.List
	r.checkNumbers(&w, c)
	return w.Err()
}

func (r *Rules) checkNumbers(w *errs.List, c money.Currency) {
	r.checkLevels(w, c)
	if low := (minPointMinor + c.Minor() - 1) / c.Minor(); r.PointValue < money.Price(low) || r.PointValue > MaxPointValue {
		w.Add("/point_value", "out_of_range", "must be %s to %s", money.Price(low), MaxPointValue).With("min", money.Price(low)).With("max", MaxPointValue)
	}
	oneOf(w, "/combine", r.Combine, combines)
	oneOf(w, "/spend/window", r.Spend.Window, windows)
	if r.Spend.Window == Rolling {
		between(w, "/spend/days", r.Spend.Days, 1, MaxDays)
	} else {
		between(w, "/spend/days", r.Spend.Days, 0, 0)
	}
	r.checkDowngrade(w)
	// Figures of money in an error are prices: they say themselves where their
	// decimals begin.
	minor := money.Price(money.PriceScale / c.Minor())
	rounded(w, "/discount/rounding", r.Discount.Rounding, modes, MaxUnit, minor)

	rounded(w, "/earn/rounding", r.Earn.Rounding, earnModes, MaxEarnUnit, money.Points(1))
	between(w, "/earn/daily", r.Earn.Daily, 0, MaxDaily)
	between(w, "/earn/delay_days", r.Earn.DelayDays, 0, MaxDays)
	between(w, "/earn/expiry_days", r.Earn.ExpiryDays, 0, MaxExpiryDays)

	between(w, "/redeem/cap", r.Redeem.Cap, 0, money.Whole)
	if len(r.Redeem.Caps) > MaxCaps {
		w.Add("/redeem/caps", "too_many", "has more than %d shares of some goods or stores", MaxCaps).With("max", MaxCaps)
	}
	for i := range r.Redeem.Caps {
		if share := r.Redeem.Caps[i].Cap; share < 0 || share > money.Whole {
			between(w, fmt.Sprintf("/redeem/caps/%d/cap", i), share, 0, money.Whole)
		}
	}
	between(w, "/redeem/max", r.Redeem.Max, 0, MaxPoints)
	if r.Redeem.Max > 0 && r.Redeem.Max < max(r.Redeem.Min, r.Redeem.Step) {
		w.Add("/redeem/max", "below_min", "is less than the fewest, or than a step, so that nothing could ever be redeemed")
	}
	between(w, "/redeem/min", r.Redeem.Min, 0, MaxPoints)
	between(w, "/redeem/step", r.Redeem.Step, 0, MaxPoints)
	between(w, "/redeem/confirm_from", r.Redeem.ConfirmFrom, 0, MaxPoints)

	between(w, "/welcome/points", r.Welcome.Points, 0, MaxPoints)
	oneOf(w, "/welcome/on", r.Welcome.On, welcomes)
	if r.Welcome.On == OnPurchase {
		between(w, "/welcome/from", r.Welcome.From, 0, money.MaxAmount)
	} else {
		between(w, "/welcome/from", r.Welcome.From, 0, 0)
	}
	between(w, "/welcome/expiry_days", r.Welcome.ExpiryDays, 0, MaxExpiryDays)
	r.checkOccasions(w)
	oneOf(w, "/return/clawback", r.Return.Clawback, clawbacks)
	between(w, "/return/grace_days", r.Return.GraceDays, 0, MaxDays)
	if r.Guard != nil {
		between(w, "/guard/margin", r.Guard.Margin, 0, MaxMargin)
	}
	between(w, "/idle_days", r.IdleDays, 0, MaxExpiryDays)
	between(w, "/quote_minutes", r.QuoteMinutes, 0, MaxQuote)
}

func (r *Rules) checkLevels(w *errs.List, c money.Currency) {
	if len(r.Levels) == 0 || len(r.Levels) > MaxLevels {
		w.Add("/levels", "out_of_range", "must have 1 to %d levels", MaxLevels).With("min", 1).With("max", MaxLevels)
	}
	for i := range r.Levels {
		l := &r.Levels[i]
		if !slug(l.Code) {
			w.Add(level(i, "code"), "not_a_code", "must be up to 32 small Latin letters, digits, - or _, and begin with a letter or digit")
		}
		if first := r.Index(l.Code); first >= 0 && first < i {
			w.Add(level(i, "code"), "level_twice", "is the code of level %d already", first+1)
		}
		if strings.TrimSpace(l.Name) == "" || utf8.RuneCountInString(l.Name) > maxName || !utf8.ValidString(l.Name) {
			w.Add(level(i, "name"), "required", "must be 1 to %d characters", maxName)
		}
		switch {
		case i == 0 && l.Threshold != 0:
			w.Add(level(i, "threshold"), "not_zero", "must be 0: everybody begins at the first level")
		case i > 0 && l.Threshold <= r.Levels[i-1].Threshold:
			w.Add(level(i, "threshold"), "not_rising", "must be more than the level before it has")
		case l.Threshold > money.MaxAmount:
			w.Add(level(i, "threshold"), "out_of_range", "must be at most %d", money.MaxAmount).With("max", int64(money.MaxAmount)/c.Minor())
		}
		checkRate(w, l.Cashback, func() string { return level(i, "cashback") })
		checkRate(w, l.Discount, func() string { return level(i, "discount") })
		if l.Promo != nil {
			checkRate(w, l.Promo.Cashback, func() string { return level(i, "promo/cashback") })
			checkRate(w, l.Promo.Discount, func() string { return level(i, "promo/discount") })
		}
		if l.Cap != nil {
			checkRate(w, *l.Cap, func() string { return level(i, "cap") })
		}
		switch {
		case l.Per < 0 || l.Per > money.MaxAmount:
			w.Add(level(i, "per"), "out_of_range", "must be 0 to %d", money.MaxAmount).With("min", int64(0)).With("max", int64(money.MaxAmount)/c.Minor())
		case l.Per > 0 && (l.Cashback > 0 || l.Promo != nil && l.Promo.Cashback > 0):
			w.Add(level(i, "per"), "per_or_rate", "is another way to earn than a rate; leave one of them at 0")
		}
	}
}

func (r *Rules) checkDowngrade(w *errs.List) {
	d := &r.Downgrade
	oneOf(w, "/downgrade/when", d.When, whens)
	if d.When == DropEvery {
		between(w, "/downgrade/days", d.Days, 1, MaxDays)
	} else {
		between(w, "/downgrade/days", d.Days, 0, 0)
	}
	if d.When == DropReset && !r.Spend.Calendar() {
		w.Add("/downgrade/when", "needs_calendar", "is for spend that is counted by the year, quarter or month")
	}
	between(w, "/downgrade/grace_days", d.GraceDays, 0, MaxDays)
}

func (r *Rules) checkOccasions(w *errs.List) {
	for i := range r.Occasions {
		o := &r.Occasions[i]
		if first := r.Occasion(o.On); first != o {
			w.Add(occasion(i, "on"), "twice", "is there already")
		}
		if !slices.Contains(days, o.On) {
			oneOf(w, occasion(i, "on"), o.On, days)
		}
		if o.Before < 0 || o.Before > MaxAround {
			between(w, occasion(i, "before"), o.Before, 0, MaxAround)
		}
		if o.After < 0 || o.After > MaxAround {
			between(w, occasion(i, "after"), o.After, 0, MaxAround)
		}
		if o.Points < 0 || o.Points > MaxPoints {
			between(w, occasion(i, "points"), o.Points, 0, MaxPoints)
		}
		checkRate(w, o.Discount, func() string { return occasion(i, "discount") })
		checkRate(w, o.Cashback, func() string { return occasion(i, "cashback") })
	}
}

func occasion(i int, field string) string { return fmt.Sprintf("/occasions/%d/%s", i, field) }

// checkRate checks a share; where it is wrong, at says what it is.
func checkRate(w *errs.List, r money.Rate, at func() string) {
	if r < 0 || r > money.Whole {
		w.Add(at(), "out_of_range", "must be 0 to %d", money.Whole).With("min", money.Rate(0)).With("max", money.Whole)
	}
}

func level(i int, field string) string { return fmt.Sprintf("/levels/%d/%s", i, field) }

func (g Goods) check(w *errs.List, pointer string) {
	if len(g.Categories) > MaxGoods || len(g.Products) > MaxGoods {
		w.Add(pointer, "too_many", "names more than %d categories or products; put products into a category", MaxGoods).With("max", MaxGoods)
	}
	codes(w, pointer+"/categories", g.Categories)
	codes(w, pointer+"/products", g.Products)
}

func codes(w *errs.List, pointer string, list []string) {
	for i, c := range list {
		if c == "" || utf8.RuneCountInString(c) > maxCode || !utf8.ValidString(c) {
			w.Add(fmt.Sprintf("%s/%d", pointer, i), "bad_reference", "must be 1 to %d characters", maxCode)
		}
	}
}

// rounded checks a rounding to 1 to most; one is what 1 is where people type it.
func rounded[T ~int64](w *errs.List, pointer string, r Rounding, modes []money.Mode, most int64, one T) {
	if !slices.Contains(modes, r.Mode) {
		oneOf(w, pointer+"/mode", r.Mode, modes)
	}
	if r.Unit < 1 || r.Unit > most {
		w.Add(pointer+"/unit", "out_of_range", "must be 1 to %d", most).With("min", one).With("max", T(most)*one)
	}
}

func between[T ~int | ~int64](w *errs.List, pointer string, v, low, high T) {
	if v < low || v > high {
		w.Add(pointer, "out_of_range", "must be %d to %d", int64(low), int64(high)).With("min", low).With("max", high)
	}
}

func oneOf[T ~string](w *errs.List, pointer string, v T, known []T) {
	if !slices.Contains(known, v) {
		w.Add(pointer, "unknown_value", "must be one of %q", known)
	}
}

func slug(code string) bool {
	if len(code) == 0 || len(code) > 32 {
		return false
	}
	for i := range len(code) {
		c := code[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '_') && i > 0:
		default:
			return false
		}
	}
	return true
}
