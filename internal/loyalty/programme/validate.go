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
	MaxGoods      = 1_000 // categories, and products, of one list
	MaxDays       = 3_660 // of a window, a delay, a grace period
	MaxExpiryDays = 36_600
	MaxPointValue = money.Price(1e9)   // 100 000 a point
	MaxPoints     = money.Points(1e12) // of a bonus, a step, a least
	MaxUnit       = 1_000_000_000      // of rounding money
	MaxEarnUnit   = 100_000            // of rounding points: 1000 points
	MaxMargin     = 10 * money.Whole   // of the guard
	MaxQuote      = 24 * 60            // minutes
	maxName       = 100                // characters
	maxCode       = 100                // characters of a store, category or SKU
	minPointMinor = 1_000              // a point is worth a tenth of a minor unit
)

var (
	combines  = []Combine{CombineAdd, CombineBetter, CombineDiscount, CombineCashback}
	windows   = []Window{Lifetime, Rolling}
	clawbacks = []Clawback{ClawbackDebt, ClawbackRefund, ClawbackWriteOff}
	modes     = []money.Mode{money.Down, money.HalfUp}
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
	r.Discount.Exclude.check(&w, "/discount/exclude")
	r.Earn.Exclude.check(&w, "/earn/exclude")
	r.Redeem.Exclude.check(&w, "/redeem/exclude")
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
	// Figures of money in an error are prices: they say themselves where their
	// decimals begin.
	minor := money.Price(money.PriceScale / c.Minor())
	rounded(w, "/discount/rounding", r.Discount.Rounding, MaxUnit, minor)

	rounded(w, "/earn/rounding", r.Earn.Rounding, MaxEarnUnit, money.Points(1))
	between(w, "/earn/delay_days", r.Earn.DelayDays, 0, MaxDays)
	between(w, "/earn/expiry_days", r.Earn.ExpiryDays, 0, MaxExpiryDays)

	between(w, "/redeem/cap", r.Redeem.Cap, 0, money.Whole)
	between(w, "/redeem/min", r.Redeem.Min, 0, MaxPoints)
	between(w, "/redeem/step", r.Redeem.Step, 0, MaxPoints)

	between(w, "/welcome/points", r.Welcome.Points, 0, MaxPoints)
	between(w, "/welcome/expiry_days", r.Welcome.ExpiryDays, 0, MaxExpiryDays)
	oneOf(w, "/return/clawback", r.Return.Clawback, clawbacks)
	between(w, "/return/grace_days", r.Return.GraceDays, 0, MaxDays)
	if r.Guard != nil {
		between(w, "/guard/margin", r.Guard.Margin, 0, MaxMargin)
	}
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
		if l.Cashback < 0 || l.Cashback > money.Whole {
			w.Add(level(i, "cashback"), "out_of_range", "must be 0 to %d", money.Whole).With("min", money.Rate(0)).With("max", money.Whole)
		}
		if l.Discount < 0 || l.Discount > money.Whole {
			w.Add(level(i, "discount"), "out_of_range", "must be 0 to %d", money.Whole).With("min", money.Rate(0)).With("max", money.Whole)
		}
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
func rounded[T ~int64](w *errs.List, pointer string, r Rounding, most int64, one T) {
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
