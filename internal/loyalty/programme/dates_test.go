package programme_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"regulars/internal/loyalty/programme"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestMidnight(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		zone, at string
		days     int
		want     string
	}{
		"the same day":                     {"Asia/Tashkent", "2026-03-10T18:30:00+05:00", 0, "2026-03-10T00:00:00+05:00"},
		"the next":                         {"Asia/Tashkent", "2026-03-10T23:59:59+05:00", 1, "2026-03-11T00:00:00+05:00"},
		"by the local date, not by UTC's":  {"Asia/Tashkent", "2026-03-10T20:30:00Z", 1, "2026-03-12T00:00:00+05:00"},
		"over months and years":            {"UTC", "2026-12-31T12:00:00Z", 60, "2027-03-01T00:00:00Z"},
		"before today":                     {"UTC", "2026-03-01T12:00:00Z", -1, "2026-02-28T00:00:00Z"},
		"clocks put forward in between":    {"Europe/London", "2026-03-28T12:00:00Z", 2, "2026-03-30T00:00:00+01:00"},
		"on the day of the change":         {"Europe/London", "2026-03-28T12:00:00Z", 1, "2026-03-29T00:00:00Z"},
		"clocks put back in between":       {"Europe/London", "2026-10-24T12:00:00+01:00", 2, "2026-10-26T00:00:00Z"},
		"0:00 never comes (Cairo)":         {"Africa/Cairo", "2026-04-23T12:00:00+02:00", 1, "2026-04-24T01:00:00+03:00"},
		"0:00 never comes (Beirut)":        {"Asia/Beirut", "2026-03-28T12:00:00+02:00", 1, "2026-03-29T01:00:00+03:00"},
		"0:00 comes twice (Havana)":        {"America/Havana", "2026-10-31T12:00:00-04:00", 1, "2026-11-01T00:00:00-04:00"},
		"the day after it":                 {"America/Havana", "2026-10-31T12:00:00-04:00", 2, "2026-11-02T00:00:00-05:00"},
		"23:00 comes twice before (Cairo)": {"Africa/Cairo", "2026-10-29T12:00:00+03:00", 1, "2026-10-30T00:00:00+02:00"},
		"a date that never came (Samoa)":   {"Pacific/Apia", "2011-12-29T12:00:00-10:00", 1, "2011-12-31T00:00:00+14:00"},
		"before the zone had any rules":    {"Asia/Tashkent", "1900-01-01T00:00:00Z", 1, ""},
		"beyond the last rule of the zone": {"America/New_York", "2099-07-01T12:00:00-04:00", 1, "2099-07-02T00:00:00-04:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			z := zone(t, tt.zone)
			got := programme.Midnight(at, tt.days, z)
			if tt.want == "" {
				if got.In(z).Hour() != 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			want, err := time.Parse(time.RFC3339, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(want) {
				t.Errorf("got %v, want %v", got.In(z), want)
			}
		})
	}
	at := time.Date(2026, 3, 10, 18, 30, 0, 0, time.UTC)
	if got := programme.Midnight(at, 1, nil); !got.Equal(time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("without a zone: %v", got)
	}
}

// Midnight is the first instant of its date: what comes before it is another.
func TestMidnightBeginsTheDate(t *testing.T) {
	t.Parallel()
	var zones []*time.Location
	for _, name := range []string{
		"UTC", "Asia/Tashkent", "Europe/Moscow", "Asia/Almaty", "Europe/London", "America/New_York", "Africa/Cairo", "Asia/Beirut",
		"America/Havana", "America/Sao_Paulo", "America/Asuncion", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Chatham", "Atlantic/Azores",
	} {
		zones = append(zones, zone(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at"))
		days := rapid.IntRange(-400, 4000).Draw(t, "days")
		got := programme.Midnight(at, days, z)
		y, m, d := at.In(z).Date()
		wantY, wantM, wantD := time.Date(y, m, d+days, 12, 0, 0, 0, time.UTC).Date()
		if y, m, d := got.In(z).Date(); y != wantY || m != wantM || d != wantD {
			t.Fatalf("%v + %d days is %v", at.In(z), days, got.In(z))
		}
		if before := got.Add(-time.Nanosecond).In(z); before.Day() == wantD {
			t.Fatalf("%v + %d days is %v, but the date has begun by %v", at.In(z), days, got.In(z), before)
		}
	})
}

func TestDatesOfPoints(t *testing.T) {
	t.Parallel()
	tashkent := zone(t, "Asia/Tashkent")
	at := time.Date(2026, 3, 10, 18, 30, 0, 0, tashkent)
	day := func(d int) time.Time { return time.Date(2026, 3, 10+d, 0, 0, 0, 0, tashkent) }
	tests := map[string]struct {
		delay, expiry      int
		available, expires time.Time
	}{
		"at once, for ever":      {0, 0, at, time.Time{}},
		"at once, for today":     {0, 1, at, day(1)},
		"tomorrow, for a day":    {1, 1, day(1), day(2)},
		"in a fortnight, a year": {14, 365, day(14), day(379)},
		"in a fortnight, ever":   {14, 0, day(14), time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := programme.Rules{
				Earn:    programme.Earn{DelayDays: tt.delay, ExpiryDays: tt.expiry},
				Welcome: programme.Welcome{ExpiryDays: tt.expiry}, Return: programme.Return{GraceDays: tt.expiry},
			}
			available, expires := r.EarnDates(at, tashkent)
			if !available.Equal(tt.available) || !expires.Equal(tt.expires) {
				t.Errorf("available %v, expire %v; want %v, %v", available, expires, tt.available, tt.expires)
			}
			want := time.Time{}
			if tt.expiry > 0 {
				want = day(tt.expiry)
			}
			if w, g := r.WelcomeExpires(at, tashkent), r.GraceUntil(at, tashkent); !w.Equal(want) || !g.Equal(want) {
				t.Errorf("a welcome bonus expires %v, a grace period ends %v; want %v", w, g, want)
			}
		})
	}
}
