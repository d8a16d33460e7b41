package importer

import (
	"strings"
	"time"
)

// DateOrder says how to read 01/02/2026. Dates with points are always days
// first, and a year of four digits in front is never mistaken.
type DateOrder string

// The orders.
const (
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

// Years that a date may have.
const (
	minYear = 1900
	maxYear = 2100
)

// date is a day of the calendar; year 0: not given.
type date struct {
	year, month, day int
}

// none reports whether a day is a way to write "none": 01.01.0001 of 1C, or the
// days from which spreadsheets and databases count.
func (d date) none() bool {
	return d.year == 1 || d == date{1899, 12, 30} || d == date{1899, 12, 31}
}

// clock is a time of day, and the offset from UTC if it was given.
type clock struct {
	hour, minute, second, nano int
	offset                     int // seconds
	zoned                      bool
}

// parseTime reads a moment: a date, or a date and a time of day, in zone
// unless the text names an offset. none says that it is a spelling of "no
// date".
func parseTime(text string, order DateOrder, zone *time.Location) (t time.Time, none, ok bool) {
	if noDate(text) {
		return time.Time{}, true, true
	}
	d, c, ok := parseMoment(text, order)
	return moment(d, c, zone, ok)
}

// moment is the time of a date and a time of day that were read, ok says
// whether they were.
func moment(d date, c clock, zone *time.Location, ok bool) (t time.Time, none, _ bool) {
	switch {
	case !ok || d.year == 0:
		return time.Time{}, false, false
	case d.none():
		return time.Time{}, true, true
	case d.year < minYear:
		return time.Time{}, false, false
	case c.zoned:
		zone = time.UTC
	}
	at := func(zone *time.Location) time.Time {
		return time.Date(d.year, time.Month(d.month), d.day, c.hour, c.minute, c.second-c.offset, c.nano, zone)
	}
	t = at(zone)
	// Where clocks were put forward over it, the time is as much later: a day
	// that begins so does not end up in the one before.
	_, offset := t.Zone()
	if gap := at(time.UTC).Sub(t.UTC()) - time.Duration(offset)*time.Second; !c.zoned && gap > 0 {
		t = t.Add(gap)
	}
	return t, false, true
}

// noDate knows the zeros that databases write for "none": 0000-00-00 00:00.
func noDate(text string) bool {
	return len(text) >= len("00000000") && strings.Trim(text, "0-./: T") == ""
}

// noBirthday is what systems write that must write a birthday.
const noBirthday = "1900-01-01"

// parseBorn reads a birthday as it is stored: 1990-12-31, or --12-31 where the
// year is not known.
func parseBorn(text string, order DateOrder) (born string, ok bool) {
	if noDate(text) {
		return "", true
	}
	d, _, ok := parseMoment(text, order)
	switch {
	case !ok:
		return "", false
	case d.year == 0:
		b := make([]byte, 0, len("--12-31"))
		b = append(b, "--"...)
		b = append2(b, d.month)
		b = append(b, '-')
		return string(append2(b, d.day)), true
	case d.none():
		return "", true
	case d.year < minYear:
		return "", false
	}
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
}

func append2(b []byte, v int) []byte { return append(b, byte('0'+v/10), byte('0'+v%10)) }

// parseMoment reads a date and the time of day behind it, if there is one.
func parseMoment(text string, order DateOrder) (date, clock, bool) {
	if d, c, ok := parseISO(text); ok {
		return d, c, true
	}
	text = strings.TrimSpace(text)
	if d, c, ok := parseDigits(text); ok {
		return d, c, true
	}
	day, rest, ok := parseDate(text, order)
	if !ok || !day.valid() {
		return date{}, clock{}, false
	}
	rest = strings.TrimLeft(rest, " ,T\u00a0")
	if rest == "" {
		return day, clock{}, true
	}
	c, ok := parseClock(rest)
	return day, c, ok
}

// valid reports whether there is such a day. The 29th of February is one where
// the year is not known.
func (d date) valid() bool {
	year := d.year
	if year == 0 {
		year = 2000
	}
	if d.month < 1 || d.month > 12 || d.day < 1 || year > maxYear {
		return false
	}
	return d.day <= time.Date(year, time.Month(d.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parseISO reads what most files hold, 2006-01-02 15:04:05, quickly; it says
// no to other spellings.
func parseISO(s string) (d date, c clock, ok bool) {
	if len(s) < len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return d, c, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	d = date{year, month, day}
	if !ok1 || !ok2 || !ok3 || year == 0 || !d.valid() {
		return d, c, false
	}
	if len(s) == len("2006-01-02") {
		return d, c, true
	}
	if s[10] != ' ' && s[10] != 'T' {
		return d, c, false
	}
	c, ok = parseClock(strings.TrimSpace(s[11:]))
	return d, c, ok
}

// digits reads a number of nothing but digits.
func digits(s string) (v int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

// parseDigits reads dates without signs: 20060102, 02012006, 20060102150405.
func parseDigits(s string) (d date, c clock, ok bool) {
	if strings.Trim(s, "0123456789") != "" || len(s) != 8 && len(s) != 12 && len(s) != 14 {
		return d, c, false
	}
	at := func(from, to int) int { v, _ := digits(s[from:to]); return v }
	d = date{at(0, 4), at(4, 6), at(6, 8)}
	if len(s) == 8 {
		if d.year < minYear || !d.valid() {
			d = date{at(4, 8), at(2, 4), at(0, 2)}
		}
		return d, c, d.year >= minYear && d.valid()
	}
	c.hour, c.minute = at(8, 10), at(10, 12)
	if len(s) == 14 {
		c.second = at(12, 14)
	}
	return d, c, d.year >= minYear && d.valid() && c.valid()
}

// parseSerial reads a moment as spreadsheets count it: days since 1899-12-30 and
// the share of one that is gone, in the years 1954 to 2119. Much else looks so:
// the column must be known to be of dates.
func parseSerial(text string) (date, clock, bool) {
	days, seconds, ok := serial(text)
	if !ok || days < 20_000 || days >= 80_000 {
		return date{}, clock{}, false
	}
	t := time.Date(1899, 12, 30+int(days), 0, 0, seconds, 0, time.UTC)
	return date{t.Year(), int(t.Month()), t.Day()}, clock{hour: t.Hour(), minute: t.Minute(), second: t.Second()}, true
}

// parseShare reads a time of day as spreadsheets count it: the share of the day that
// is gone.
func parseShare(text string) (clock, bool) {
	days, seconds, ok := serial(text)
	return clock{hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60}, ok && days == 0 && seconds < 86_400
}

// serial parts a number of days into whole ones and seconds.
func serial(text string) (days int64, seconds int, ok bool) {
	n, ok := parseNumber(strings.Replace(text, ",", ".", 1), '.')
	if !ok || n.coef < 0 {
		return 0, 0, false
	}
	unit := powers[n.scale]
	return n.coef / unit, int(float64(n.coef%unit)/float64(unit)*86_400 + .5), true
}

func (c clock) valid() bool { return c.hour < 24 && c.minute < 60 && c.second < 60 }

// token is a run of digits or of letters in a date, and the sign before it.
type token struct {
	text string
	sign string
}

// parseDate reads the date that text begins with.
func parseDate(text string, order DateOrder) (d date, rest string, ok bool) {
	rest = text
	var parts []token
	for len(parts) < 3 {
		t, next := nextToken(rest)
		if t.text == "" || len(parts) == 2 && strings.HasPrefix(next, ":") {
			break // the hour of "31.12 08:30" is no year
		}
		parts, rest = append(parts, t), next
	}
	if len(parts) < 2 {
		return d, "", false
	}
	rest = cutYearWord(rest)
	if d, ok = namedMonth(parts); ok {
		return d, rest, true
	}
	d, ok = numericDate(parts, order)
	return d, rest, ok
}

// nextToken cuts the next run of digits or letters off.
func nextToken(s string) (t token, rest string) {
	start := strings.IndexFunc(s, func(r rune) bool { return isDigit(r) || isLetter(r) })
	if start < 0 || start > 2 {
		return t, s
	}
	kind := isLetter
	if isDigit(rune(s[start])) {
		kind = isDigit
	}
	end := strings.IndexFunc(s[start:], func(r rune) bool { return !kind(r) })
	if end < 0 {
		end = len(s) - start
	}
	return token{text: s[start : start+end], sign: s[:start]}, s[start+end:]
}

func isLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 'А' && r <= 'я' || r == 'ё' || r == 'Ё'
}

// cutYearWord cuts what stands behind a year in words: "2020 г.", "2020-yil".
func cutYearWord(s string) string {
	trimmed := strings.TrimLeft(s, " -")
	for _, word := range []string{"года", "год", "г.", "г", "yil", "y."} {
		if rest, ok := strings.CutPrefix(trimmed, word); ok {
			return rest
		}
	}
	return s
}

// months by how their names begin in Russian, English and Uzbek.
var months = []struct {
	prefix string
	month  int
}{
	{"янв", 1}, {"фев", 2}, {"мар", 3}, {"апр", 4}, {"май", 5}, {"мая", 5}, {"июн", 6}, {"июл", 7},
	{"авг", 8}, {"сен", 9}, {"окт", 10}, {"ноя", 11}, {"дек", 12},
	{"jan", 1}, {"feb", 2}, {"mar", 3}, {"apr", 4}, {"may", 5}, {"jun", 6}, {"jul", 7},
	{"aug", 8}, {"sep", 9}, {"oct", 10}, {"nov", 11}, {"dec", 12},
	{"yan", 1}, {"fev", 2}, {"iyun", 6}, {"iyul", 7}, {"avg", 8}, {"sen", 9}, {"okt", 10}, {"noy", 11}, {"dek", 12},
}

func monthOf(name string) int {
	name = strings.ToLower(name)
	for _, m := range months {
		if strings.HasPrefix(name, m.prefix) {
			return m.month
		}
	}
	return 0
}

// namedMonth reads "12 марта 2020", "Mar 12, 2020", "12-mar".
func namedMonth(parts []token) (d date, ok bool) {
	dayAt := 0
	switch {
	case monthOf(parts[1].text) > 0:
		d.month = monthOf(parts[1].text)
	case monthOf(parts[0].text) > 0:
		d.month, dayAt = monthOf(parts[0].text), 1
	default:
		return d, false
	}
	if d.day, ok = digits(parts[dayAt].text); !ok {
		return d, false
	}
	if len(parts) == 2 {
		return d, true
	}
	d.year, ok = yearOf(parts[2].text)
	return d, ok
}

// numericDate reads three numbers, or the two of a birthday without its year.
func numericDate(parts []token, order DateOrder) (d date, ok bool) {
	var v [3]int
	for i, p := range parts {
		if v[i], ok = digits(p.text); !ok || i > 0 && !dateSign(p.sign) {
			return d, false
		}
	}
	dayFirst := order != MonthFirst || parts[1].sign == "."
	if len(parts) == 2 {
		if len(parts[0].text) > 2 || len(parts[1].text) > 2 {
			return d, false
		}
		if dayFirst {
			return date{0, v[1], v[0]}, true
		}
		return date{0, v[0], v[1]}, true
	}
	if len(parts[0].text) == 4 {
		return date{v[0], v[1], v[2]}, v[0] > 0 && len(parts[1].text) <= 2 && len(parts[2].text) <= 2
	}
	if len(parts[0].text) > 2 || len(parts[1].text) > 2 {
		return d, false
	}
	year, ok := yearOf(parts[2].text)
	if dayFirst {
		return date{year, v[1], v[0]}, ok
	}
	return date{year, v[0], v[1]}, ok
}

func dateSign(s string) bool {
	s = strings.TrimSpace(s)
	return s == "." || s == "/" || s == "-" || s == ""
}

// yearOf reads a year of four digits, or of two: 69 is 1969, 68 is 2068.
func yearOf(s string) (year int, ok bool) {
	year, ok = digits(s)
	switch {
	case !ok || year == 0 && len(s) != 2:
		return 0, false
	case len(s) == 4:
		return year, true
	case len(s) == 2 && year >= 69:
		return year + 1900, true
	case len(s) == 2:
		return year + 2000, true
	}
	return 0, false
}

// parseClock reads 8:26, 08:26:00.123, 8:26 PM, 08:26+05:00, 08:26Z.
func parseClock(s string) (c clock, ok bool) {
	s = strings.TrimSpace(s)
	if s, c.offset, c.zoned, ok = cutOffset(s); !ok {
		return c, false
	}
	noon := 0
	upper := strings.ReplaceAll(strings.ToUpper(s), ".M.", "M")
	for half, word := range []string{"AM", "PM"} {
		if rest, ok := strings.CutSuffix(upper, word); ok {
			s, noon = strings.TrimSpace(rest), half+1
		}
	}
	hour, s, ok := cutNumber(s, 2)
	if !ok || !strings.HasPrefix(s, ":") {
		return c, false
	}
	c.hour = hour
	if c.minute, s, ok = cutNumber(s[1:], 2); !ok {
		return c, false
	}
	if strings.HasPrefix(s, ":") {
		if c.second, s, ok = cutNumber(s[1:], 2); !ok {
			return c, false
		}
		if strings.HasPrefix(s, ".") || strings.HasPrefix(s, ",") {
			frac := s[1:]
			if c.nano, s, ok = cutNumber(frac, 9); !ok {
				return c, false
			}
			for range 9 - (len(frac) - len(s)) {
				c.nano *= 10
			}
		}
	}
	if noon > 0 {
		if c.hour < 1 || c.hour > 12 {
			return c, false
		}
		c.hour = c.hour%12 + 12*(noon-1)
	}
	return c, s == "" && c.valid()
}

// cutNumber cuts a number of at most limit digits off the front.
func cutNumber(s string, limit int) (v int, rest string, ok bool) {
	n := 0
	for n < len(s) && n < limit && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	v, ok = digits(s[:n])
	return v, s[n:], ok
}

// cutOffset cuts Z, UTC, +05:00 or UTC+5 off the end.
func cutOffset(s string) (rest string, seconds int, zoned, ok bool) {
	for _, utc := range []string{"Z", "UTC", "GMT"} {
		if rest, found := strings.CutSuffix(s, utc); found {
			return strings.TrimSpace(rest), 0, true, true
		}
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 0 {
		return s, 0, false, true
	}
	hhmm := strings.Replace(s[i+1:], ":", "", 1)
	if len(hhmm)%2 == 1 {
		hhmm = "0" + hhmm
	}
	if len(hhmm) == 2 {
		hhmm += "00"
	}
	v, ok := digits(hhmm)
	if !ok || len(hhmm) != 4 || v/100 > 14 || v%100 > 59 {
		return "", 0, false, false
	}
	seconds = v/100*3600 + v%100*60
	if s[i] == '-' {
		seconds = -seconds
	}
	rest = strings.TrimSpace(s[:i]) // UTC+5
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(rest, "UTC"), "GMT")), seconds, true, true
}
