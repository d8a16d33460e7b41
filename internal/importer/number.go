package importer

import (
	"strconv"
	"strings"
	"unicode"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

// number is a decimal as a file spells it: coef / 10^scale.
type number struct {
	coef  int64
	scale int
}

// Limits of a number: what is beyond is refused, or for decimals cut off.
const (
	maxDigits = 18
	maxScale  = 9
)

var powers = func() (p [maxDigits + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// parseNumber reads a number in any usual spelling: "-1 250,50 руб.",
// "£1,250.50", "(5.00)", "1.25E+3". Where one sign could part decimals or
// thousands ("1,250"), decimal decides.
func parseNumber(text string, decimal byte) (number, bool) {
	if n, ok := parsePlain(text, decimal); ok {
		return n, true
	}
	digits, scale, negative, ok := spelledNumber(text, decimal)
	if !ok {
		return number{}, false
	}
	n, ok := newNumber(digits, scale)
	if negative {
		n.coef = -n.coef
	}
	return n, ok
}

// spelledNumber takes a number of any size apart; the last scale of its digits
// are decimals.
func spelledNumber(text string, decimal byte) (digits string, scale int, negative, ok bool) {
	text, negative = trimNumber(text)
	if text == "" {
		return "", 0, false, false
	}
	mantissa, exponent, ok := cutExponent(text)
	if !ok {
		return "", 0, false, false
	}
	digits, scale, ok = joinGroups(mantissa, decimal)
	return digits, scale - exponent, negative, ok
}

// parsePlain reads what most files are full of: 12, -12, 12.50. It says no to
// everything else, not only to what is wrong.
func parsePlain(text string, decimal byte) (number, bool) {
	var n number
	digits, point := text, -1
	if strings.HasPrefix(text, "-") {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > maxDigits {
		return n, false
	}
	for i := range len(digits) {
		c := digits[i]
		switch {
		case c >= '0' && c <= '9':
			n.coef = n.coef*10 + int64(c-'0')
		case c == '.' && c == decimal && point < 0 && i > 0:
			point = i
		default:
			return n, false
		}
	}
	if point >= 0 {
		n.scale = len(digits) - point - 1
		if n.scale == 0 || n.scale > maxScale {
			return n, false
		}
	}
	if len(digits) < len(text) {
		n.coef = -n.coef
	}
	return n, true
}

// units are words that stand beside numbers: signs of money, with the currencies
// that they may be of, and what says nothing that the column does not.
var units = map[string]string{
	"": "", "₽": "RUB", "€": "EUR", "₸": "KZT", "₴": "UAH", "¥": "JPY CNY",
	"$": "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BRL NAD JMD BSD BBD BZD FJD GYD LRD SBD SRD TTD XCD KYD BMD BND DOP NIO CUP",
	"£": "GBP EGP SYP LBP SDG SSP FKP GIP SHP",
	"р": "RUB BYN", "руб": "RUB BYN", "рублей": "RUB BYN", "rub": "RUB", "rur": "RUB",
	"сум": "UZS", "сўм": "UZS", "sum": "UZS", "so'm": "UZS", "soʻm": "UZS", "so‘m": "UZS", "so’m": "UZS", "soum": "UZS", "uzs": "UZS",
	"тг": "KZT", "тнг": "KZT", "тенге": "KZT", "kzt": "KZT", "usd": "USD", "eur": "EUR", "gbp": "GBP",
	"шт": "", "pcs": "", "pc": "", "dona": "", "кг": "", "kg": "", "г": "", "л": "", "м": "", "уп": "",
}

// currenciesOf are the codes of the currencies of which a cell, beside a number or
// alone, may be; empty: nothing that is known says.
func currenciesOf(cell string) string {
	word := strings.ToLower(strings.Trim(cell, "0123456789-−–+().,'’ \u00a0\u202f\t"))
	if codes := units[word]; codes != "" {
		return codes
	}
	if _, err := money.CurrencyOf(strings.ToUpper(word)); err == nil {
		return strings.ToUpper(word)
	}
	return ""
}

// trimNumber takes sign, currency and brackets off.
func trimNumber(text string) (rest string, negative bool) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "("); ok {
		if inner, ok = strings.CutSuffix(inner, ")"); ok {
			text, negative = inner, true
		}
	}
	first := strings.IndexFunc(text, isDigit)
	last := strings.LastIndexFunc(text, isDigit)
	if first < 0 {
		return "", false
	}
	if first > 0 && (text[first-1] == '.' || text[first-1] == ',') && (first == 1 || !isWord(text[:first-1])) {
		first-- // ".50"
	}
	before, after := text[:first], text[last+1:]
	for _, part := range []*string{&before, &after} {
		var minus bool
		*part, minus = cutMinus(*part)
		if minus && negative {
			return "", false
		}
		negative = negative || minus
	}
	for _, word := range []string{before, after} {
		if _, ok := units[strings.ToLower(strings.TrimSuffix(word, "."))]; !ok {
			return "", false
		}
	}
	return text[first : last+1], negative
}

// cutMinus takes one minus, of whatever length, and one plus off.
func cutMinus(s string) (rest string, minus bool) {
	s = strings.TrimSpace(s)
	for _, sign := range []string{"-", "−", "–", "+"} {
		for _, cut := range []func(string, string) (string, bool){strings.CutPrefix, strings.CutSuffix} {
			if rest, ok := cut(s, sign); ok {
				return strings.TrimSpace(rest), sign != "+"
			}
		}
	}
	return s, false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isWord(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// cutExponent cuts "E+3" off.
func cutExponent(text string) (mantissa string, exponent int, ok bool) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, true
	}
	mantissa, rest := text[:i], text[i+1:]
	sign := 1
	switch {
	case strings.HasPrefix(rest, "+"):
		rest = rest[1:]
	case strings.HasPrefix(rest, "-"):
		rest, sign = rest[1:], -1
	}
	if rest == "" || len(rest) > 2 || strings.Trim(rest, "0123456789") != "" {
		return "", 0, false
	}
	for _, c := range rest {
		exponent = exponent*10 + int(c-'0')
	}
	return mantissa, sign * exponent, true
}

// joinGroups takes the signs between digits out and counts the decimals.
func joinGroups(text string, decimal byte) (digits string, scale int, ok bool) {
	point := pointOf(text, decimal)
	var b strings.Builder
	group, groups := 0, 0 // digits since the last sign, signs so far
	for i, r := range text {
		switch {
		case isDigit(r):
			b.WriteByte(byte(r))
			group++
			if point >= 0 && i > point {
				scale++
			}
			continue
		case i == point:
			if groups > 0 && group != 3 {
				return "", 0, false
			}
		case point >= 0 && i > point, !isGroupSign(r):
			return "", 0, false
		default:
			if groups > 0 && group != 3 || group == 0 || group > 3 {
				return "", 0, false
			}
			groups++
		}
		group = 0
	}
	if point < 0 && groups > 0 && group != 3 || b.Len() == 0 {
		return "", 0, false
	}
	return b.String(), scale, true
}

func isGroupSign(r rune) bool {
	return r == '.' || r == ',' || r == '\'' || r == '’' || unicode.IsSpace(r)
}

// pointOf finds the sign that parts the decimals; -1 where none does.
func pointOf(text string, decimal byte) int {
	last := strings.LastIndexAny(text, ".,")
	if last < 0 {
		return -1
	}
	sign := text[last]
	other := byte(',')
	if sign == ',' {
		other = '.'
	}
	if strings.Count(text, string(sign)) > 1 {
		return -1 // 1.250.000
	}
	if strings.IndexByte(text, other) >= 0 {
		return last // 1,250.50
	}
	if sign != decimal && looksLikeThousands(text, last) {
		return -1
	}
	return last
}

// decimalIn is the sign that parts the decimals of a number, 0 where it has none; it
// is sure unless the sign could part thousands: "1,250".
func decimalIn(cell string) (decimal byte, sure bool) {
	text, _ := trimNumber(cell)
	last := strings.LastIndexAny(text, ".,")
	switch {
	case last < 0:
		return 0, false
	case strings.Count(text, text[last:last+1]) > 1: // 1,250,000
		return '.' + ',' - text[last], true
	}
	return text[last], strings.ContainsAny(text[:last], ".,") || !looksLikeThousands(text, last) // 1,250.50, 12.5
}

// looksLikeThousands reports whether the only sign, at, may stand between
// thousands: "1,250", but not "0,250" or "1,25".
func looksLikeThousands(text string, at int) bool {
	return at > 0 && text[0] != '0' && at <= 3 && len(text)-at-1 == 3
}

// newNumber makes a number of its digits, the last scale of which are
// decimals.
func newNumber(digits string, scale int) (number, bool) {
	digits = strings.TrimLeft(digits, "0")
	for scale > 0 && strings.HasSuffix(digits, "0") {
		digits, scale = digits[:len(digits)-1], scale-1
	}
	if scale > maxScale {
		cut := min(scale-maxScale, len(digits))
		digits, scale = digits[:len(digits)-cut], maxScale
	}
	if digits == "" {
		return number{}, true
	}
	for ; scale < 0; scale++ {
		digits += "0"
	}
	if len(digits) > maxDigits {
		return number{}, false
	}
	n := number{scale: scale}
	for i := range len(digits) {
		n.coef = n.coef*10 + int64(digits[i]-'0')
	}
	return n, true
}

// scaled is n in units of 10^-scale, halves away from zero.
func (n number) scaled(scale int) (v int64, exact, ok bool) {
	if n.scale <= scale {
		up := powers[scale-n.scale]
		v = n.coef * up
		return v, true, v/up == n.coef
	}
	down := powers[n.scale-scale]
	v, rest := n.coef/down, n.coef%down
	if abs64(rest)*2 >= down {
		v += int64(sign(rest))
	}
	return v, rest == 0, true
}

// Lost is a difference between what a file says and what is kept: 1e-7 of the
// major unit.
type Lost int64

const lostScale = 7

// times is n*m in minor units of c, halves away from zero, and what the
// rounding lost: exact = kept + lost.
func (n number) times(m number, c money.Currency) (kept money.Amount, gone Lost, ok bool) {
	scale, coef := n.scale+m.scale, n.coef
	if abs64(coef) > powers[15] {
		return 0, 0, false
	}
	for ; scale < c.Exponent; scale++ {
		coef *= 10
	}
	unit := powers[scale-c.Exponent] // of the product, that make a minor unit
	v, err := money.MulDiv(coef, m.coef, unit, money.HalfUp)
	if err != nil || v > int64(money.MaxAmount) || v < -int64(money.MaxAmount) {
		return 0, 0, false
	}
	rest := coef*m.coef - v*unit // wraps round twice, and is small
	l, err := money.MulDiv(rest, powers[lostScale], powers[scale], money.HalfUp)
	return money.Amount(v), Lost(l), err == nil
}

// amount is n in minor units of c, and what the rounding lost.
func (n number) amount(c money.Currency) (kept money.Amount, gone Lost, ok bool) {
	return n.times(number{coef: 1}, c)
}

// share is n percent of an amount, halves away from zero.
func (n number) share(of money.Amount) (money.Amount, bool) {
	v, err := money.MulDiv(int64(of), n.coef, 100*powers[min(n.scale, maxScale)], money.HalfUp)
	return money.Amount(v), err == nil
}

func abs64(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

func sign(v int64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// text writes a difference for people.
func (l Lost) text(loc *i18n.Localizer) string { return loc.Fraction(int64(l), lostScale) }

// String writes a difference plainly, in the major unit: "0.004".
func (l Lost) String() string {
	s := strconv.FormatInt(abs64(int64(l)), 10)
	s = strings.Repeat("0", max(0, lostScale+1-len(s))) + s
	s = strings.TrimSuffix(strings.TrimRight(s[:len(s)-lostScale]+"."+s[len(s)-lostScale:], "0"), ".")
	if l < 0 {
		return "-" + s
	}
	return s
}
