package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/money"
)

// format is how a language writes numbers and dates, read once from its
// format.<lang>.toml.
type format struct {
	decimal, group           string
	percent                  message
	money                    map[string]message // by currency
	moneyOther               message            // of currencies without a habit of their own
	date, longDate, dateTime message
	months                   [12]string // in the form used after a day: "ноября"
	day, hour                message    // of durations
	minute, second           message
}

func (l *Localizer) loadFormat(b *Bundle) error {
	f := &l.format
	var failed error
	read := func(key string) message {
		text, ok := l.Lookup("format."+key, nil)
		if !ok && failed == nil {
			failed = fmt.Errorf("key format.%s is missing", key)
		}
		m, err := parseMessage(text)
		if err != nil && failed == nil {
			failed = err
		}
		return m
	}
	word := func(key string) string { return read(key)[0] }

	f.decimal, f.group = word("decimal"), word("group")
	f.percent = read("percent")
	f.moneyOther = read("money.any")
	f.money = map[string]message{}
	for _, code := range []string{l.code, Fallback} {
		for key := range b.keys[code] {
			currency, ok := strings.CutPrefix(key, "format.money.")
			if ok && len(currency) == 3 && f.money[currency] == nil && currency != "any" {
				f.money[currency] = read("money." + currency)
			}
		}
	}
	f.date, f.longDate, f.dateTime = read("date"), read("long_date"), read("datetime")
	for i := range 12 {
		f.months[i] = word("months.m" + strconv.Itoa(i+1))
	}
	f.day, f.hour = read("duration.day"), read("duration.hour")
	f.minute, f.second = read("duration.minute"), read("duration.second")
	return failed
}

// fill executes one of the format's patterns.
func (m message) fill(args map[string]string) string {
	var b strings.Builder
	for i, part := range m {
		if i%2 == 1 {
			part = args[part]
		}
		b.WriteString(part)
	}
	return b.String()
}

// minus is the sign of negative numbers: as wide as a figure, so that columns
// stay aligned, and never broken off at the end of a line.
const minus = "−"

// digits writes v/10^exp, keeping at least keep decimals and dropping the
// zeros after them.
func (l *Localizer) digits(v int64, exp, keep int) string {
	sign := ""
	u := uint64(v)
	if v < 0 {
		sign, u = minus, -u
	}
	s := strconv.FormatUint(u, 10)
	if len(s) <= exp {
		s = strings.Repeat("0", exp+1-len(s)) + s
	}
	whole, frac := s[:len(s)-exp], s[len(s)-exp:]
	for len(frac) > keep && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}

	var b strings.Builder
	b.WriteString(sign)
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(l.format.group)
		}
		b.WriteRune(d)
	}
	if frac != "" {
		b.WriteString(l.format.decimal)
		b.WriteString(frac)
	}
	return b.String()
}

// Number writes a count: 1 250 000.
func (l *Localizer) Number(n int64) string { return l.digits(n, 0, 0) }

// Fraction writes v in units of 10^-exp: 0,014.
func (l *Localizer) Fraction(v int64, exp int) string { return l.digits(v, exp, 0) }

// wholeHabit are the currencies whose minor unit is seldom seen in a shop, so
// that it is written only where there is any.
var wholeHabit = map[string]bool{
	"UZS": true, "KZT": true, "KGS": true, "TJS": true, "AMD": true, "MNT": true, "IDR": true, "HUF": true,
}

// Decimal is what stands between whole units and their parts.
func (l *Localizer) Decimal() string { return l.format.decimal }

// Money writes an amount by the currency's habit in this language:
// 1 250 000 сум, 1 250,50 ₽, £1,250.50.
func (l *Localizer) Money(a money.Amount, c money.Currency) string {
	return l.amount(int64(a), c.Exponent, c)
}

// Amount is Money without the currency's sign, for columns that name it once.
func (l *Localizer) Amount(a money.Amount, c money.Currency) string {
	if wholeHabit[c.Code] && int64(a)%c.Minor() == 0 {
		return l.digits(int64(a)/c.Minor(), 0, 0)
	}
	return l.digits(int64(a), c.Exponent, c.Exponent)
}

// Price writes a unit price; decimals beyond the currency's own are shown only
// where they matter.
func (l *Localizer) Price(p money.Price, c money.Currency) string {
	return l.amount(int64(p), 4, c)
}

func (l *Localizer) amount(v int64, exp int, c money.Currency) string {
	scale := int64(1)
	for range exp {
		scale *= 10
	}
	keep := min(c.Exponent, exp)
	if wholeHabit[c.Code] && v%scale == 0 {
		keep = 0
	}
	// The sign stands before the whole of it, −£5.00: it is put on last, and
	// the smallest int64 is its own negative, which digits writes right.
	sign := ""
	text := l.digits(v, exp, keep)
	if t, negative := strings.CutPrefix(text, minus); negative {
		sign, text = minus, t
	}
	pattern, ok := l.format.money[c.Code]
	if !ok {
		pattern = l.format.moneyOther
	}
	return sign + pattern.fill(map[string]string{"amount": text, "code": c.Code})
}

// Symbol is the currency's sign in this language: "сум", "£".
func (l *Localizer) Symbol(c money.Currency) string {
	pattern, ok := l.format.money[c.Code]
	if !ok {
		pattern = l.format.moneyOther
	}
	return strings.Trim(pattern.fill(map[string]string{"amount": "", "code": c.Code}), " \u00a0\u202f")
}

// Points writes points as a number: 1 250 or 12,50.
func (l *Localizer) Points(p money.Points) string {
	if p%100 == 0 {
		return l.digits(int64(p)/100, 0, 0)
	}
	return l.digits(int64(p), 2, 2)
}

// PointsText writes points with their noun in the right form: 1 250 баллов,
// 12,50 балла.
func (l *Localizer) PointsText(p money.Points) string {
	count := strings.TrimPrefix(p.String(), "-")
	count = strings.TrimSuffix(count, ".00")
	return l.message("format.points", count, arguments{loc: l, pairs: []any{"n", p}})
}

// Quantity writes thousandths of a unit: 2 or 0,350.
func (l *Localizer) Quantity(q money.Quantity) string {
	if q%money.One == 0 {
		return l.digits(int64(q/money.One), 0, 0)
	}
	return l.digits(int64(q), 3, 3)
}

// Percent writes basis points: 5 %, 2,5 %.
func (l *Localizer) Percent(r money.Rate) string {
	return l.format.percent.fill(map[string]string{"n": l.digits(int64(r), 2, 0)})
}

// Date writes the day that t falls on in zone; a zero time is "".
func (l *Localizer) Date(t time.Time, zone *time.Location) string {
	return l.at(l.format.date, t, zone)
}

// LongDate is Date with the month in words.
func (l *Localizer) LongDate(t time.Time, zone *time.Location) string {
	return l.at(l.format.longDate, t, zone)
}

// DateTime writes the day and the minute of t in zone; a zero time is "".
func (l *Localizer) DateTime(t time.Time, zone *time.Location) string {
	return l.at(l.format.dateTime, t, zone)
}

func (l *Localizer) at(pattern message, t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(zone)
	return pattern.fill(map[string]string{
		"d":     strconv.Itoa(t.Day()),
		"dd":    t.Format("02"),
		"mm":    t.Format("01"),
		"month": l.format.months[t.Month()-1],
		"yyyy":  strconv.Itoa(t.Year()),
		"hh":    t.Format("15"),
		"min":   t.Format("04"),
	})
}

// Duration writes the two largest units of d: "2 ч 5 мин". Less than a second
// is written as one.
func (l *Localizer) Duration(d time.Duration) string {
	d = max(d, time.Second)
	units := []struct {
		pattern message
		size    time.Duration
	}{
		{l.format.day, 24 * time.Hour},
		{l.format.hour, time.Hour},
		{l.format.minute, time.Minute},
		{l.format.second, time.Second},
	}
	var parts []string
	for i, u := range units {
		n := d / u.size
		if n == 0 && len(parts) == 0 {
			continue
		}
		if n > 0 {
			parts = append(parts, u.pattern.fill(map[string]string{"n": l.Number(int64(n))}))
		}
		d -= n * u.size
		// The largest unit and the one after it are enough for people.
		if len(parts) == 2 || i == len(units)-1 || (len(parts) == 1 && n == 0) {
			break
		}
	}
	return strings.Join(parts, " ")
}
