// Package money keeps amounts, points, prices and rates as integers, rounds
// them in one place and splits them without losing a unit.
//
// Nothing here is a float, and the parts of a split always sum to the whole.
// Formatting for people is i18n's; rules about what to charge are pricing's.
package money

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// Amount is money in minor units of the installation's currency.
type Amount int64

// Points are hundredths of a point.
type Points int64

// Price is a unit price in ten-thousandths of the currency's major unit.
type Price int64

// Quantity is thousandths of a unit of goods.
type Quantity int64

// Rate is a share in basis points: 10 000 is the whole.
type Rate int64

// One is a single piece.
const One Quantity = 1000

// Whole is the rate of 100 %.
const Whole Rate = 10_000

// PriceScale is how many Price units make the major unit.
const PriceScale = 10_000

// Limits of what a receipt may say; within them no product of this package
// overflows.
const (
	MaxAmount   Amount   = 1e15
	MaxPrice    Price    = 1e15
	MaxQuantity Quantity = 1e9
)

// ErrRange is returned where a result does not fit MaxAmount.
var ErrRange = errors.New("money: out of range")

// Currency is an ISO 4217 currency.
type Currency struct {
	Code     string
	Exponent int // decimals of the minor unit, 0..4
}

// currencies whose exponent is not two (ISO 4217 list one).
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// younger are the currencies of ISO 4217 that the table of x/text lacks.
var younger = []string{"MRU", "SLE", "STN", "UYW", "VED", "VES", "XCG", "ZWG"}

// CurrencyOf gives the currency of an ISO 4217 code of three capital letters.
func CurrencyOf(code string) (Currency, error) {
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return Currency{}, fmt.Errorf("money: %q is not an ISO 4217 code such as UZS", code)
	}
	if _, err := currency.ParseISO(code); err != nil && !slices.Contains(younger, code) {
		return Currency{}, fmt.Errorf("money: %s is no currency of ISO 4217", code)
	}
	if e, ok := exponents[code]; ok {
		return Currency{code, e}, nil
	}
	return Currency{code, 2}, nil
}

// Minor is how many minor units make the major one.
func (c Currency) Minor() int64 {
	m := int64(1)
	for range c.Exponent {
		m *= 10
	}
	return m
}

// RoundSum is what people call a round sum: a whole unit, or a thousand where
// money is counted in thousands.
func (c Currency) RoundSum() Amount {
	if c.Code == "UZS" {
		return Amount(1000 * c.Minor())
	}
	return Amount(c.Minor())
}

// Format writes an amount plainly, for machines: "1250.50".
func (c Currency) Format(a Amount) string {
	return decimal(int64(a), c.Exponent)
}

// String writes points plainly: "12.50".
func (p Points) String() string { return decimal(int64(p), 2) }

// String writes a price with its four decimals: "12.5000".
func (p Price) String() string { return decimal(int64(p), 4) }

// String writes a quantity with its three decimals: "1.000".
func (q Quantity) String() string { return decimal(int64(q), 3) }

func decimal(v int64, exp int) string {
	sign := ""
	u := uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	s := strconv.FormatUint(u, 10)
	if exp == 0 {
		return sign + s
	}
	if len(s) <= exp {
		s = strings.Repeat("0", exp+1-len(s)) + s
	}
	return sign + s[:len(s)-exp] + "." + s[len(s)-exp:]
}

// Mode is how a fraction is rounded.
type Mode string

// The modes. Up exists for what is taken, so that it covers what was given.
const (
	Down   Mode = "down"    // towards zero
	HalfUp Mode = "half_up" // to the nearest, halves away from zero
	Up     Mode = "up"      // away from zero
)

// MulDiv is a*b/c without overflow in between, rounded by mode; c > 0. It
// fails with ErrRange if the result does not fit int64.
func MulDiv(a, b, c int64, mode Mode) (int64, error) {
	if c <= 0 {
		return 0, fmt.Errorf("money: division by %d", c)
	}
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(abs(a), abs(b))
	uc := uint64(c)
	if hi >= uc {
		return 0, ErrRange
	}
	q, r := bits.Div64(hi, lo, uc)
	switch mode {
	case HalfUp:
		if r >= uc-r {
			q++
		}
	case Up:
		if r > 0 {
			q++
		}
	case Down:
	default:
		return 0, fmt.Errorf("money: unknown rounding mode %q", mode)
	}
	if q > math.MaxInt64 {
		return 0, ErrRange
	}
	if neg {
		return -int64(q), nil
	}
	return int64(q), nil
}

func abs(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// mustMulDiv is MulDiv for operands whose result is known to fit.
func mustMulDiv(a, b, c int64, mode Mode) int64 {
	v, err := MulDiv(a, b, c, mode)
	if err != nil {
		panic(fmt.Sprintf("money: %d*%d/%d: %v", a, b, c, err))
	}
	return v
}

// LineTotal is price times quantity in minor units, halves away from zero. It
// fails with ErrRange beyond the limits of a receipt.
func (c Currency) LineTotal(p Price, q Quantity) (total Amount, err error) {
	if p > MaxPrice || p < -MaxPrice || q > MaxQuantity || q < -MaxQuantity {
		return 0, ErrRange
	}
	// price(1e-4) * quantity(1e-3) * minor / 1e7
	v, err := MulDiv(int64(p), int64(q), 10_000_000/c.Minor(), HalfUp)
	if err != nil || Amount(v) > MaxAmount || Amount(v) < -MaxAmount {
		return 0, ErrRange
	}
	return Amount(v), nil
}

// Of is the share r of an amount, rounded by mode.
func (r Rate) Of(a Amount, mode Mode) Amount {
	return Amount(mustMulDiv(int64(a), int64(r), int64(Whole), mode))
}

// RoundTo rounds a to a multiple of unit (> 0; 0 and 1 leave it).
func (a Amount) RoundTo(unit Amount, mode Mode) Amount {
	if unit <= 1 {
		return a
	}
	return Amount(mustMulDiv(int64(a), 1, int64(unit), mode)) * unit
}

// RoundTo rounds p to a multiple of unit (> 0; 0 and 1 leave it).
func (p Points) RoundTo(unit Points, mode Mode) Points {
	return Points(Amount(p).RoundTo(Amount(unit), mode))
}

// Worth is what points are worth in money at value (Price of one whole
// point), rounded down to a minor unit.
func (c Currency) Worth(p Points, value Price) Amount {
	// points(1e-2) * value(1e-4) * minor / 1e6
	return Amount(mustMulDiv(int64(p), int64(value), 1_000_000/c.Minor(), Down))
}

// PointsFor is how many points pay amount at value (> 0), by mode.
func (c Currency) PointsFor(a Amount, value Price, mode Mode) Points {
	return Points(mustMulDiv(int64(a), 1_000_000/c.Minor(), int64(value), mode))
}

// Split divides a by weights (none negative) so that the parts sum to a
// exactly: every part is rounded towards zero, and what is left goes, a unit
// each, to the largest remainders, the earlier first. A weight of zero gets
// nothing; with no positive weight everything stays with the caller (nil).
func (a Amount) Split(weights []int64) []Amount {
	var total int64
	for _, w := range weights {
		if w < 0 {
			panic("money: negative weight")
		}
		total += w
	}
	if total == 0 {
		return nil
	}
	parts := make([]Amount, len(weights))
	rests := make([]uint64, len(weights))
	left := abs(int64(a))
	sign := Amount(1)
	if a < 0 {
		sign = -1
	}
	whole := left
	for i, w := range weights {
		hi, lo := bits.Mul64(whole, uint64(w))
		q, r := bits.Div64(hi, lo, uint64(total))
		parts[i], rests[i] = Amount(q), r
		left -= q
	}
	if left > 0 {
		order := make([]int, 0, len(rests))
		for i, r := range rests {
			if r > 0 {
				order = append(order, i)
			}
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(rests[j], rests[i]) })
		for _, i := range order[:left] { // fewer units are left than there are remainders
			parts[i]++
		}
	}
	for i := range parts {
		parts[i] *= sign
	}
	return parts
}

// Share is the part of a that belongs to done out of all (0 <= done <= all,
// all > 0), so that differences of successive shares sum to a in any order of
// steps.
func (a Amount) Share(done, all Quantity) Amount {
	return Amount(mustMulDiv(int64(a), int64(done), int64(all), HalfUp))
}

// billion parts sums in two, so that no database meets one beyond int64.
const billion = 1_000_000_000

// SumColumns are two columns that sum a whole-number expression in SQL however
// much it comes to, for Sum.
func SumColumns(expr string) string {
	return fmt.Sprintf(`CAST(COALESCE(SUM((%[1]s) / %[2]d), 0) AS BIGINT), CAST(COALESCE(SUM((%[1]s) %% %[2]d), 0) AS BIGINT)`, expr, int64(billion))
}

// Sum is what the columns of SumColumns come to, at most what int64 holds.
func Sum(billions, rest int64) int64 {
	hi, lo := billions+rest/billion, rest%billion
	switch {
	case hi > math.MaxInt64/billion-1:
		return math.MaxInt64
	case hi < math.MinInt64/billion+1:
		return math.MinInt64
	}
	return hi*billion + lo
}
