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

// The occasion ahead is the next one whose days meet a time, also over the turn of
// the year, and the one that it is.
func TestAhead(t *testing.T) {
	t.Parallel()
	o := programme.Occasion{On: programme.Birthday, Before: 1, After: 1}
	for name, tt := range map[string]struct{ born, from, to, begins, ends string }{
		"it is":          {"1990-06-10", "2026-06-11", "2026-06-25", "2026-06-09", "2026-06-12"},
		"within":         {"1990-06-10", "2026-06-01", "2026-06-15", "2026-06-09", "2026-06-12"},
		"over the year":  {"1990-01-03", "2026-12-25", "2027-01-08", "2027-01-02", "2027-01-05"},
		"too far":        {"1990-06-10", "2026-05-01", "2026-05-15", "", ""},
		"just over":      {"1990-06-10", "2026-06-12", "2026-06-26", "", ""},
		"begins at last": {"1990-06-10", "2026-05-26", "2026-06-09", "2026-06-09", "2026-06-12"},
	} {
		begins, ends, ok := o.Ahead(programme.Dates{Born: tt.born}, day(tt.from), day(tt.to), time.UTC)
		if ok != (tt.begins != "") || ok && (!begins.Equal(day(tt.begins)) || !ends.Equal(day(tt.ends))) {
			t.Errorf("%s: %v from %s until %s", name, ok, begins, ends)
		}
	}
}
