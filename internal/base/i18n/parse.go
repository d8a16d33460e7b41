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

// ErrDecimals is returned for a number with more decimals than can be kept.
var ErrDecimals = errs.New(errs.Invalid, "too_many_decimals", "The number has more decimals than can be kept.")

// ParseMoney reads what a person typed as an amount: "1 250,50", "1,250.50".
func (l *Localizer) ParseMoney(text string, c money.Currency) (money.Amount, error) {
	v, err := l.parse(strings.Replace(text, l.Symbol(c), "", 1), c.Exponent)
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
func (l *Localizer) ParseNumber(text string) (int64, error) { return l.parse(text, 0) }

// parse reads a decimal number as an integer of 10^-exp. Spaces of every width
// and the language's own group sign part thousands; either a comma or a point
// parts the decimals, where the language does not group by it.
func (l *Localizer) parse(text string, exp int) (int64, error) {
	text = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\u2009', '\'', '’':
			return -1
		case '−':
			return '-'
		}
		return r
	}, strings.TrimSpace(text))
	if g := l.format.group; g == "," || g == "." {
		text = strings.ReplaceAll(text, g, "")
	}
	text = strings.ReplaceAll(text, ",", ".")

	digits, negative := strings.CutPrefix(text, "-")
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
