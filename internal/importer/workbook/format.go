package workbook

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// format is what a number format tells of a number.
type format struct {
	day, clock bool
	percent    bool
	zeros      int // digits that are written at least: 00017
}

// builtIn are the formats that need no code in the file. Those of the Far East are
// numbered by what language the program speaks, and are dates in all of them.
var builtIn = map[int]string{
	9: "0%", 10: "0.00%", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
	22: "m/d/yy h:mm", 27: "yyyy", 28: "d", 29: "d", 30: "m/d/yy", 31: "yyyy", 32: "h:mm", 33: "h:mm:ss", 34: "yyyy", 35: "yyyy", 36: "yyyy",
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0", 50: "yyyy", 51: "d", 52: "yyyy", 53: "d", 54: "d", 55: "yyyy", 56: "d", 57: "yyyy", 58: "d",
}

// formatOf reads the code of a number format, of which the first part is that of
// numbers above zero.
func formatOf(code string) (f format) {
	plain := plainCode(code)
	if strings.EqualFold(plain, "general") {
		return f
	}
	if len(plain) > 1 && strings.Trim(plain, "0") == "" {
		f.zeros = len(plain)
		return f
	}
	low := strings.ToLower(plain)
	f.percent = strings.Contains(low, "%")
	f.clock = strings.ContainsAny(low, "hs")
	f.day = strings.ContainsAny(low, "yd") || strings.Contains(low, "m") && !f.clock
	return f
}

// plainCode is a code without what is written as it stands, colours, conditions and
// languages; of the lengths of time, [h], the letters stay.
func plainCode(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return b.String()
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return b.String()
			}
			if in := code[i+1 : i+end]; in != "" && strings.Trim(in, "hHmMsS") == "" {
				b.WriteString(in)
			}
			i += end
		case ';':
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// text writes a number. What is none stays as it is.
func (f format) text(raw string, days1904 bool) string {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return raw
	}
	switch {
	case f.day || f.clock:
		if t, ok := f.moment(v, days1904); ok {
			return t
		}
	case f.percent:
		return number(strconv.FormatFloat(v*100, 'g', digits, 64)) + "%"
	}
	text := number(raw)
	if n := f.zeros - len(text); n > 0 && strings.Trim(text, "0123456789") == "" {
		text = strings.Repeat("0", n) + text
	}
	return text
}

// digits are as many as spreadsheets keep of a number.
const digits = 15

// number writes a number with the digits that a spreadsheet keeps and none that only
// binary fractions have. A whole one of more digits that ends in zeros was rounded,
// and is written so that it shows.
func number(raw string) string {
	if whole := strings.TrimPrefix(raw, "-"); whole != "" && strings.Trim(whole, "0123456789") == "" && (len(whole) <= digits || !strings.HasSuffix(whole, "0")) {
		return raw // codes keep all that another program has written
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw
	}
	if math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'E', -1, 64)
	}
	kept, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64) // it was written so
	return strconv.FormatFloat(kept, 'f', -1, 64)
}

// lastDay is 31 December 9999.
const lastDay = 2_958_465

// moment writes the day and the time of day that a number stands for.
func (f format) moment(v float64, days1904 bool) (string, bool) {
	if v < 0 || v > lastDay {
		return "", false
	}
	seconds := int64(math.Round(v * 86_400))
	day, ofDay := seconds/86_400, seconds%86_400
	clock := time.Unix(ofDay, 0).UTC().Format(time.TimeOnly)
	if !f.day && day == 0 {
		return clock, true
	}
	switch {
	case days1904:
		day += 1462
	case day == 0:
		return "", false // a day of zero is none
	case day < 60: // in whose count 1900 is a leap year
		day++
	}
	date := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day)).Format(time.DateOnly)
	if ofDay == 0 && !f.clock {
		return date, true
	}
	return date + " " + clock, true
}
