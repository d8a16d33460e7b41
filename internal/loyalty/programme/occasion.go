package programme

import (
	"context"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Occasion is a day of the customer's own that comes once a year, with the days
// around it: what is given for it, and by which rates the customer buys
// meanwhile, where they are higher than the level's.
type Occasion struct {
	On     Day `json:"on"`
	Before int `json:"before"` // days, 0..60
	After  int `json:"after"`  // days, 0..60
	// Points are given once a year, when the first of the days has begun, and
	// expire at the midnight that ends the last; 0: none.
	Points   money.Points `json:"points,omitzero"`
	Discount money.Rate   `json:"discount,omitzero"`
	Cashback money.Rate   `json:"cashback,omitzero"`
}

// Day is which day of a customer's an Occasion is.
type Day string

// The days.
const (
	Birthday    Day = "birthday"
	Anniversary Day = "anniversary" // of the registration, from the first year on
)

// Dates are what a customer's days follow from.
type Dates struct {
	Born       string    // 1990-12-31, or --12-31; "": not known
	Registered time.Time // by the clock of the zone in which days are told
}

// Occasion gives the occasion of a day; nil: there is none.
func (r *Rules) Occasion(on Day) *Occasion {
	for i := range r.Occasions {
		if r.Occasions[i].On == on {
			return &r.Occasions[i]
		}
	}
	return nil
}

// Days are which occasions it is for a customer at a time, by the days of zone.
func (r *Rules) Days(d Dates, at time.Time, zone *time.Location) (days []Day) {
	for i := range r.Occasions {
		if _, _, ok := r.Occasions[i].Around(d, at, zone); ok {
			days = append(days, r.Occasions[i].On)
		}
	}
	return days
}

// Around finds the occasion of a customer whose days a time falls on: the year of
// the day itself, and the midnight that ends the last of them. ok is false where
// it is none of them.
func (o *Occasion) Around(d Dates, at time.Time, zone *time.Location) (year int, until time.Time, ok bool) {
	year, _, until, ok = o.meet(d, at, at, zone)
	return year, until, ok
}

// Ahead finds the first of a customer's occasions whose days, from one midnight
// until another, meet the time between two others.
func (o *Occasion) Ahead(d Dates, from, to time.Time, zone *time.Location) (begins, ends time.Time, ok bool) {
	_, begins, ends, ok = o.meet(d, from, to, zone)
	return begins, ends, ok
}

func (o *Occasion) meet(d Dates, from, to time.Time, zone *time.Location) (year int, begins, until time.Time, ok bool) {
	month, day, first, known := d.on(o.On, zone)
	if !known {
		return 0, begins, until, false
	}
	for year := from.In(zone).Year() - 1; year <= to.In(zone).Year()+1; year++ {
		if year < first {
			continue
		}
		noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
		if noon.Month() != month { // the 29th of February of other years
			noon = time.Date(year, month, day-1, 12, 0, 0, 0, zone)
		}
		begins, until = Midnight(noon, -o.Before, zone), Midnight(noon, o.After+1, zone)
		if !to.Before(begins) && from.Before(until) {
			return year, begins, until, true
		}
	}
	return 0, time.Time{}, time.Time{}, false
}

// on is the day in the year, and the first year in which it is kept.
func (d Dates) on(day Day, zone *time.Location) (month time.Month, of, first int, known bool) {
	if day == Anniversary {
		at := d.Registered.In(zone)
		return at.Month(), at.Day(), at.Year() + 1, !d.Registered.IsZero()
	}
	text, ok := strings.CutPrefix(d.Born, "--")
	if !ok && len(d.Born) == len(time.DateOnly) {
		text = d.Born[len("1990-"):]
	}
	m, err := strconv.Atoi(text[:min(2, len(text))])
	of, err2 := strconv.Atoi(text[min(3, len(text)):])
	return time.Month(m), of, 0, err == nil && err2 == nil
}

// sameDay is how far apart two bonuses for one kind of day are at least: whoever
// has their birthday changed has another one next year.
const sameDay = 330 * 24 * time.Hour

// Given is a bonus for a customer's day.
type Given struct {
	Customer  customer.ID
	Programme ID
	Day       Day
	Year      int // of the day itself
}

// GiveTx notes that a bonus is given at a time; fresh is false where it, or that
// of a neighbouring year, was given already. Whoever calls it holds the
// customer's account.
func (s *Service) GiveTx(ctx context.Context, tx *db.Tx, g Given, at time.Time) (fresh bool, err error) {
	defer errs.Wrap(&err, "note bonus of customer %s", g.Customer)
	const give = `
		INSERT INTO occasions (customer_id, programme_id, day, year, at)
		SELECT $1, $2, $3, $4, $5
		 WHERE NOT EXISTS (SELECT 1 FROM occasions WHERE customer_id = $1 AND programme_id = $2 AND day = $3 AND (at > $6 OR year = $4))`
	n, err := tx.Exec(ctx, give, int64(g.Customer), int64(g.Programme), string(g.Day), g.Year, at.UnixMicro(), at.Add(-sameDay).UnixMicro())
	return n > 0, err
}

// CopyGivenTx notes of one customer what was given to another, and tells what was not
// noted of them: who is one person gets each bonus once.
func (s *Service) CopyGivenTx(ctx context.Context, tx *db.Tx, from, to customer.ID) (copied []Given, err error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO occasions (customer_id, programme_id, day, year, at)
		SELECT $2, programme_id, day, year, at FROM occasions WHERE customer_id = $1
		ON CONFLICT DO NOTHING
		RETURNING programme_id, day, year`, int64(from), int64(to))
	return copied, db.Scan(rows, err, func(r *db.Rows) error {
		g := Given{Customer: to}
		err := r.Scan(&g.Programme, &g.Day, &g.Year)
		copied = append(copied, g)
		return err
	})
}

// TakeGiven has b forget what CopyGivenTx noted.
func TakeGiven(b *db.Batch, copied []Given) {
	for _, g := range copied {
		b.Exec(`DELETE FROM occasions WHERE customer_id = $1 AND programme_id = $2 AND day = $3 AND year = $4`, int64(g.Customer), int64(g.Programme), string(g.Day), g.Year)
	}
}

// Celebrated tells who of some customers has had a programme's bonus for a day
// lately.
func (s *Service) Celebrated(ctx context.Context, who []customer.ID, programme ID, day Day, now time.Time) (had map[customer.ID]bool, err error) {
	defer errs.Wrap(&err, "find bonuses given")
	had = map[customer.ID]bool{}
	const find = `SELECT customer_id FROM occasions WHERE customer_id IN ($1...) AND programme_id = $2 AND day = $3 AND at > $4`
	rows, err := s.db.Query(ctx, find, db.IDs(who), int64(programme), string(day), now.Add(-sameDay).UnixMicro())
	return had, db.Scan(rows, err, func(r *db.Rows) error {
		var c customer.ID
		err := r.Scan(&c)
		had[c] = true
		return err
	})
}
