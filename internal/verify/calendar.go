package verify

import "time"

// calendar knows when days begin in the zones of the stores. Which of them a
// customer's home was at the time nobody wrote down, so that any will do.
type calendar struct {
	zones  []*time.Location
	begins map[day]int64
}

type day struct {
	zone int
	unix int64 // days since 1970
}

// add takes a zone in that stores lie in, or lay in once.
func (c *calendar) add(name string) error {
	for _, z := range c.zones {
		if z.String() == name {
			return nil
		}
	}
	z, err := time.LoadLocation(name)
	if err == nil {
		c.zones = append(c.zones, z)
	}
	return err
}

// midnight is when the day begins, in microseconds, that comes days after the
// one that at falls on in a zone.
func (c *calendar) midnight(zone int, at int64, days int) int64 {
	y, m, d := time.UnixMicro(at).In(c.zones[zone]).Date()
	date := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Unix()
	k := day{zone, date / 86400}
	if t, ok := c.begins[k]; ok {
		return t
	}
	if c.begins == nil {
		c.begins = map[day]int64{}
	}
	t := dayBegins(c.zones[zone], date) * 1_000_000
	c.begins[k] = t
	return t
}

// year is the one that a time falls in.
func (c *calendar) year(zone int, at int64) int64 {
	return int64(time.UnixMicro(at).In(c.zones[zone]).Year())
}

// period is when the period of so many months begins that at falls in, and when
// the one before it began.
func (c *calendar) period(zone int, at int64, months int) (from, before int64) {
	z := c.zones[zone]
	y, m, _ := time.UnixMicro(at).In(z).Date()
	first := time.Date(y, m-time.Month((int(m)-1)%months), 1, 12, 0, 0, 0, z)
	return c.midnight(zone, first.UnixMicro(), 0), c.midnight(zone, first.AddDate(0, -months, 0).UnixMicro(), 0)
}

// dayBegins is the first second at which clocks show a date, given as its
// midnight in UTC, or a later one.
func dayBegins(zone *time.Location, date int64) int64 {
	begun := func(t int64) bool {
		_, offset := time.Unix(t, 0).In(zone).Zone()
		return t+int64(offset) >= date
	}
	// Clocks are changed at full quarters of an hour, in our days.
	const step = 900
	from := date - 15*3600
	for !begun(from + step) {
		from += step
	}
	low, high := from, from+step
	for high-low > 1 {
		if half := (low + high) / 2; begun(half) {
			high = half
		} else {
			low = half
		}
	}
	return high
}
