package programme_test

import (
	"testing"
	"time"

	"regulars/internal/loyalty/programme"
)

// The days around a birthday and an anniversary, over the turn of the year, on
// the 29th of February and by the clock of the customer's store.
func TestAround(t *testing.T) {
	t.Parallel()
	tashkent, err := time.LoadLocation("Asia/Tashkent")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", text, tashkent)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	birthday := programme.Occasion{On: programme.Birthday, Before: 3, After: 2}
	anniversary := programme.Occasion{On: programme.Anniversary}
	for name, tt := range map[string]struct {
		o     programme.Occasion
		dates programme.Dates
		at    string
		year  int // 0: it is none of the days
		until string
	}{
		"the day itself":         {birthday, programme.Dates{Born: "1990-06-10"}, "2026-06-10 12:00", 2026, "2026-06-13 00:00"},
		"the first day begins":   {birthday, programme.Dates{Born: "1990-06-10"}, "2026-06-07 00:00", 2026, "2026-06-13 00:00"},
		"a minute before it":     {birthday, programme.Dates{Born: "1990-06-10"}, "2026-06-06 23:59", 0, ""},
		"the last day":           {birthday, programme.Dates{Born: "1990-06-10"}, "2026-06-12 23:59", 2026, "2026-06-13 00:00"},
		"the midnight after it":  {birthday, programme.Dates{Born: "1990-06-10"}, "2026-06-13 00:00", 0, ""},
		"without the year":       {birthday, programme.Dates{Born: "--06-10"}, "2026-06-10 12:00", 2026, "2026-06-13 00:00"},
		"unknown":                {birthday, programme.Dates{}, "2026-06-10 12:00", 0, ""},
		"before the New Year":    {birthday, programme.Dates{Born: "1990-01-02"}, "2026-12-30 12:00", 2027, "2027-01-05 00:00"},
		"after the New Year":     {birthday, programme.Dates{Born: "1990-12-31"}, "2027-01-01 12:00", 2026, "2027-01-03 00:00"},
		"on no leap day":         {programme.Occasion{On: programme.Birthday}, programme.Dates{Born: "2000-02-29"}, "2026-02-28 12:00", 2026, "2026-03-01 00:00"},
		"on a leap day":          {programme.Occasion{On: programme.Birthday}, programme.Dates{Born: "2000-02-29"}, "2028-02-29 12:00", 2028, "2028-03-01 00:00"},
		"not on the day before":  {programme.Occasion{On: programme.Birthday}, programme.Dates{Born: "2000-02-29"}, "2028-02-28 12:00", 0, ""},
		"the first anniversary":  {anniversary, programme.Dates{Registered: at("2025-06-10 23:30")}, "2026-06-10 01:00", 2026, "2026-06-11 00:00"},
		"the registration's day": {anniversary, programme.Dates{Registered: at("2025-06-10 23:30")}, "2025-06-10 23:40", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			year, until, ok := tt.o.Around(tt.dates, at(tt.at), tashkent)
			if ok != (tt.year != 0) || ok && (year != tt.year || !until.Equal(at(tt.until))) {
				t.Errorf("%v of %d until %v", ok, year, until)
			}
		})
	}
}
