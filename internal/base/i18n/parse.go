package i18n

import (
	"math"
	"strconv"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// ErrNumber is returned for text that is not a number people would write.
var ErrNumber = errs.New(errs.Invalid, "not_a_number", "This is not a number.")

// ErrWhole is returned for text that is not a whole number.
var ErrWhole = errs.New(errs.Invalid, "not_a_whole_number", "This is not a whole number.")

// ErrDecimals is returned for a number with more decimals than can be kept.
var ErrDecimals = errs.New(errs.Invalid, "too_many_decimals", "The number has more decimals than can be kept.")

// ParseMoney reads what a person typed as an amount: "1 250,50", "1,250.50".
func (l *Localizer) ParseMoney(text string, c money.Currency) (money.Amount, error) {
	v, err := l.parse(strings.Replace(bare(text), bare(l.Symbol(c)), "", 1), c.Exponent)
	return money.Amount(v), err
}

// ParsePoints reads typed points.
func (l *Localizer) ParsePoints(text string) (money.Points, error) {
	v, err := l.parse(text, 2)
	return money.Points(v), err
}

// ParsePrice reads a typed unit price.
func (l *Localizer) ParsePrice(text string) (money.Price, error) {
	v, err := l.parse(text, 4)
	return money.Price(v), err
}

// ParseQuantity reads a typed quantity.
func (l *Localizer) ParseQuantity(text string) (money.Quantity, error) {
	v, err := l.parse(text, 3)
	return money.Quantity(v), err
}

// ParsePercent reads a typed percentage, with or without its sign.
func (l *Localizer) ParsePercent(text string) (money.Rate, error) {
	v, err := l.parse(strings.TrimSuffix(strings.TrimSpace(text), "%"), 2)
	return money.Rate(v), err
}

// ParseNumber reads a typed whole number.
func (l *Localizer) ParseNumber(text string) (int64, error) {
	v, err := l.parse(text, 0)
	if err != nil {
		return 0, ErrWhole.Because(err)
	}
	return v, nil
}

// parse reads a decimal number as an integer of 10^-exp. Spaces of every width
// part thousands, and so does the language's own group sign, but only where it
// does so throughout: 1,250 is a thousand in English, while 1,5 and 0,350 are
// what they are to people whose other language writes a comma. Otherwise a
// comma and a point both part the decimals.
func (l *Localizer) parse(text string, exp int) (int64, error) {
	digits, negative := strings.CutPrefix(bare(text), "-")
	digits = strings.ReplaceAll(ungrouped(digits, l.format.group), ",", ".")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || (point && frac == "") || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, ErrNumber
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > exp {
		return 0, ErrDecimals.With("n", exp)
	}
	frac += strings.Repeat("0", exp-len(frac))
	v, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || v == math.MaxInt64 {
		return 0, ErrNumber.Because(err)
	}
	if negative {
		v = -v
	}
	return v, nil
}

// bare is text without spaces and without apostrophes of any kind, which part
// thousands and are in the sign of the sum, soʻm, typed as each keyboard has
// them.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\u2009', '\'', '’', '‘', '`', '´', 'ʻ', 'ʼ':
			return -1
		case '−':
			return '-'
		}
		return r
	}, strings.TrimSpace(text))
}

// ungrouped takes the group signs out of a number that has them at every third
// digit; any other it leaves as it is.
func ungrouped(digits, group string) string {
	if group != "," && group != "." {
		return digits
	}
	end := strings.IndexAny(digits, strings.Trim(",.", group))
	if end < 0 {
		end = len(digits)
	}
	parts := strings.Split(digits[:end], group)
	if first := parts[0]; first == "" || first[0] == '0' || len(first) > 3 {
		return digits
	}
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return digits
		}
	}
	return strings.Join(parts, "") + digits[end:]
}
