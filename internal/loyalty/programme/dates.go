package programme

import "time"

// EarnDates are when points that are earned at a time become available and
// when they expire (zero: never), by the days of zone (nil: UTC). Without a
// delay they are available at once, otherwise from the midnight that begins
// the day. The day on which they become available is the first of ExpiryDays.
func (r *Rules) EarnDates(at time.Time, zone *time.Location) (available, expires time.Time) {
	available = at
	if r.Earn.DelayDays > 0 {
		available = Midnight(at, r.Earn.DelayDays, zone)
	}
	if r.Earn.ExpiryDays > 0 {
		expires = Midnight(at, r.Earn.DelayDays+r.Earn.ExpiryDays, zone)
	}
	return available, expires
}

// WelcomeExpires is when a welcome bonus given at a time expires; zero: never.
func (r *Rules) WelcomeExpires(at time.Time, zone *time.Location) time.Time {
	if r.Welcome.ExpiryDays == 0 {
		return time.Time{}
	}
	return Midnight(at, r.Welcome.ExpiryDays, zone)
}

// WelcomeDates are EarnDates of a welcome bonus that a purchase gives: it waits like what
// the purchase earns, and is good for its own days.
func (r *Rules) WelcomeDates(at time.Time, zone *time.Location) (available, expires time.Time) {
	available, _ = r.EarnDates(at, zone)
	if r.Welcome.ExpiryDays > 0 {
		expires = Midnight(at, r.Earn.DelayDays+r.Welcome.ExpiryDays, zone)
	}
	return available, expires
}

// GraceUntil is until when points live that a return at that time gives back
// to a lot that has expired since; zero: they are gone.
func (r *Rules) GraceUntil(at time.Time, zone *time.Location) time.Time {
	if r.Return.GraceDays == 0 {
		return time.Time{}
	}
	return Midnight(at, r.Return.GraceDays, zone)
}

// IdleAt is when all points expire if nothing is bought after a time; zero: they
// do not.
func (r *Rules) IdleAt(at time.Time, zone *time.Location) time.Time {
	if r.IdleDays == 0 {
		return time.Time{}
	}
	return Midnight(at, r.IdleDays, zone)
}

// Midnight is the first instant of the day that comes days after the one that
// at falls on in zone (nil: UTC). Where clocks are changed at midnight, so
// that 0:00 comes twice or never, it is when the date begins.
func Midnight(at time.Time, days int, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	t := time.Date(y, m, d+days, 0, 0, 0, 0, zone)
	start, end := t.ZoneBounds()

	// Where clocks are put forward over 0:00, Date answers with a time on
	// either side of the gap; the date begins where the gap is.
	_, offset := t.Zone()
	shown := t.UTC().Add(time.Duration(offset) * time.Second)
	switch asked := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC); {
	case shown.Before(asked):
		return end
	case shown.After(asked):
		return start
	}

	// Where clocks are put back to it, it comes twice.
	if start.IsZero() {
		return t
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(start) && first.Before(t) {
		return first
	}
	return t
}
