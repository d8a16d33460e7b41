package programme

import (
	"time"

	"regulars/internal/base/money"
)

// Downgrade says when somebody loses a level that spend no longer reaches,
// because of a return, or because spend has left the window. All of it happens
// at midnights of the customer's home store.
type Downgrade struct {
	When When `json:"when,omitzero"`
	Days int  `json:"days,omitzero"` // of DropEvery, 1..3660; otherwise 0
	// Step: the level falls to the one below it, not to what spend reaches.
	Step bool `json:"step,omitzero"`
	// GraceDays is how long a level is held after it was to be lost; spend in
	// them counts.
	GraceDays int `json:"grace_days,omitzero"`
	// Forfeit: with a level the points are lost that the programme gave and that can be
	// redeemed then; those on their way and those held at a till stay.
	Forfeit bool `json:"forfeit,omitzero"`
}

// Forfeits reports whether somebody who falls from one level to another loses points.
func (r *Rules) Forfeits(was, is string) bool {
	return r.Downgrade.Forfeit && !r.Stopped && r.Index(is) < r.Index(was)
}

// When is a point at which levels are lost.
type When string

// The points.
const (
	// DropSoon is the next midnight; where spend is counted by the calendar, the
	// end of the period, and the spend of the period that has ended.
	DropSoon  When = ""
	DropNever When = "never"
	DropEvery When = "every" // every Days days after the level was reached or kept
	// DropReset is the end of a period of the calendar, with nothing counted for
	// it: everybody begins anew.
	DropReset When = "reset"
)

// lasts reports whether a level lasts for days, whatever becomes of spend in them.
func (r *Rules) lasts() bool { return r.Downgrade.When == DropEvery }

// MayForfeit reports whether somebody at a level would lose points with it.
func (r *Rules) MayForfeit(level string) bool {
	return r.Downgrade.When != DropNever && r.Forfeits(level, r.Levels[0].Code)
}

// Calendar reports whether spend is counted by periods of the calendar.
func (s Spend) Calendar() bool { return s.months() > 0 }

func (s Spend) months() int {
	switch s.Window {
	case Year:
		return 12
	case Quarter:
		return 3
	case Month:
		return 1
	}
	return 0
}

// Period is the period of the calendar that a time falls in, from its first
// midnight to the one that ends it, by the clock of zone.
func (s Spend) Period(at time.Time, zone *time.Location) (from, to time.Time) {
	months := s.months()
	if months == 0 {
		panic("programme: spend is not counted by the calendar")
	}
	y, m, _ := at.In(zone).Date()
	first := time.Date(y, m-time.Month((int(m)-1)%months), 1, 12, 0, 0, 0, zone)
	return Midnight(first, 0, zone), Midnight(first.AddDate(0, months, 0), 0, zone)
}

// After is the time after which spend counts at a time; zero: all of it does.
func (s Spend) After(at time.Time, zone *time.Location) time.Time {
	switch {
	case s.Window == Rolling:
		return at.AddDate(0, 0, -s.Days)
	case s.Calendar():
		from, _ := s.Period(at, zone)
		return from.Add(-time.Microsecond)
	}
	return time.Time{}
}

// Tier is what is kept of a customer's level in a programme. A customer of
// whom nothing is kept is at the first level.
type Tier struct {
	Programme ID
	Level     string // code
	Since     time.Time
	// ReviewAt is the midnight at which the level may be lost; zero: it cannot be.
	ReviewAt time.Time
	// LostAt is the midnight at which spend no longer reached the level, which is
	// held for the grace; zero: it is not to be lost.
	LostAt time.Time
	// Floor is a level given by hand or imported, under which the customer
	// does not fall until FloorUntil (zero: ever); "": none.
	Floor      string
	FloorUntil time.Time
}

// TierOf is the tier of a programme among a customer's; nil: nothing is kept.
func TierOf(list []Tier, p ID) *Tier {
	for i := range list {
		if list[i].Programme == p {
			return &list[i]
		}
	}
	return nil
}

// KeptOf is TierOf by value: where nothing is kept, a tier of no level.
func KeptOf(list []Tier, p ID) Tier {
	if t := TierOf(list, p); t != nil {
		return *t
	}
	return Tier{Programme: p}
}

// begin has the tier be of a level from a time on.
func (t *Tier) begin(level string, at time.Time) {
	t.Level, t.Since, t.LostAt = level, at, time.Time{}
}

// SameFloor reports whether two tiers have the same level by hand for the same time.
func (t *Tier) SameFloor(as *Tier) bool {
	return t.Floor == as.Floor && t.FloorUntil.Equal(as.FloorUntil)
}

// Given is the level given by hand that holds at a time; "": none. A nil tier has
// none.
func (t *Tier) Given(at time.Time) string {
	if t == nil || !t.FloorUntil.IsZero() && !at.Before(t.FloorUntil) {
		return ""
	}
	return t.Floor
}

// Covers reports whether a level given until a time (zero: for good) would add nothing
// to what is held: it is the first one, or no higher and no longer than the floor.
func (t *Tier) Covers(r *Rules, level string, until, at time.Time) bool {
	has, want := r.Index(t.Given(at)), r.Index(level)
	switch {
	case want < 0:
		return false
	case has != want:
		return want == 0 || want < has
	}
	return t.FloorUntil.IsZero() || !until.IsZero() && !until.After(t.FloorUntil)
}

// LevelOf is the level that a customer holds at a time, before a sale: the
// highest of the one kept (t, nil: none), the one that spend reaches and the
// floor. A kept level holds although spend has fallen, until Review.
func LevelOf(r *Rules, t *Tier, spend money.Amount, at time.Time) Level {
	return r.Levels[r.stands(t, spend, at)]
}

func (r *Rules) stands(t *Tier, spend money.Amount, at time.Time) int {
	kept := ""
	if t != nil {
		kept = t.Level
	}
	return max(r.Held(kept, spend), r.Index(t.Given(at)))
}

// nextReview is when a level that was reached or kept at a time may be lost:
// the soonest midnight that the downgrade rules name, and the end of a floor;
// zero: never. Under a rolling window it is the next one at which to look. A level that
// lasts for days lasts them whatever floor ends meanwhile: to one that is held by its
// floor alone WithFloor is added.
func (r *Rules) nextReview(t *Tier, at time.Time, zone *time.Location) (next time.Time) {
	switch d := &r.Downgrade; {
	case d.When == DropNever:
	case r.lasts():
		return Midnight(at, d.Days, zone)
	case r.Spend.Calendar():
		_, next = r.Spend.Period(at, zone)
	case r.Spend.Window == Rolling:
		next = Midnight(at, 1, zone)
	}
	return t.WithFloor(next, at)
}

// WithFloor is a review, or the end of the floor if that comes first after a time.
func (t *Tier) WithFloor(next, at time.Time) time.Time {
	if t.FloorUntil.After(at) && t.Floor != "" && (next.IsZero() || t.FloorUntil.Before(next)) {
		return t.FloorUntil
	}
	return next
}

// Review is the tier after a review at a time: the level that spend reaches, or
// in programmes of the calendar what that of the ended period did, not under the
// floor; a level that is lost is held for the grace, and may fall one step at a
// time.
func Review(r *Rules, t Tier, spend, ended money.Amount, at time.Time, zone *time.Location) Tier {
	d := &r.Downgrade
	held, keep := max(r.Index(t.Level), 0), r.Held(t.Given(at), spend)
	if r.Spend.Calendar() && d.When != DropReset {
		keep = max(keep, r.reached(ended))
	}
	if d.When == DropNever {
		keep = max(keep, held)
	}
	graceEnds := Midnight(at, d.GraceDays, zone)
	if !t.LostAt.IsZero() {
		graceEnds = Midnight(t.LostAt, d.GraceDays, zone)
	}
	switch {
	case keep >= held:
		t.LostAt = time.Time{}
	case at.Before(graceEnds):
		if t.LostAt.IsZero() {
			t.LostAt = at
		}
		t.ReviewAt = t.WithFloor(graceEnds, at)
		return t
	default:
		t.LostAt = time.Time{}
		if d.Step {
			keep = max(keep, held-1)
		}
	}
	if code := r.Levels[keep].Code; code != t.Level {
		t.Level, t.Since = code, at
	}
	if t.ReviewAt = r.nextReview(&t, at, zone); r.lasts() && r.reached(spend) < keep {
		t.ReviewAt = t.WithFloor(t.ReviewAt, at)
	}
	if d.When == DropSoon && r.Spend.Window == Lifetime && keep > r.Held(t.Given(at), spend) {
		t.ReviewAt = Midnight(at, 1, zone) // the next step
	}
	return t
}

// Reach is the tier after a sale at a time, recorded later, that reached a level.
func Reach(r *Rules, t Tier, level string, at, recorded time.Time, zone *time.Location) Tier {
	is := Tier{Programme: t.Programme, Level: level, Since: at}
	is.ReviewAt = r.nextReview(&is, at, zone)
	return over(r, t, is, recorded)
}

// TakeBack is the tier of somebody who held a level before a return of some time,
// recorded later, that left them spend: where the level rests on more, it is looked at
// when levels may be lost, and holds until then.
func TakeBack(r *Rules, t Tier, held Level, spend money.Amount, at, recorded time.Time, zone *time.Location) Tier {
	if r.Reached(spend).Threshold >= held.Threshold {
		return t
	}
	is := t
	if t.Level != held.Code {
		is = Tier{Programme: t.Programme, Level: held.Code, Since: at}
	}
	next := r.nextReview(&is, recorded, zone)
	if r.Downgrade.When == DropSoon && !r.Spend.Calendar() {
		next = Midnight(recorded, 1, zone)
	}
	if t.Level == held.Code && (next.IsZero() || !t.ReviewAt.IsZero() && !next.Before(t.ReviewAt)) {
		return t
	}
	is.ReviewAt = next
	return over(r, t, is, recorded)
}

// over is a tier with the floor of the one whose place it takes at a time.
func over(r *Rules, old, t Tier, at time.Time) Tier {
	if t.Floor, t.FloorUntil = old.Floor, old.FloorUntil; !r.lasts() {
		t.ReviewAt = t.WithFloor(t.ReviewAt, at)
	}
	return t
}

// Give is the tier of somebody who has spent so much when a level is given by hand until
// a time (zero: for good), or what was given is taken back (""): then the next midnight
// looks at the level. One that was reached, and lasts for days, lasts them whatever is
// given meanwhile; byHand: the one that is held was not reached.
func Give(r *Rules, t Tier, spend money.Amount, level string, until time.Time, byHand bool, at time.Time, zone *time.Location) Tier {
	is := r.Levels[max(r.stands(&t, spend, at), r.Index(level))].Code
	t.Floor, t.FloorUntil = level, until
	switch {
	case is != t.Level:
		t.begin(is, at)
		t.ReviewAt = t.WithFloor(r.nextReview(&t, at, zone), at)
	case r.lasts() && !t.ReviewAt.IsZero() && !byHand:
	case level == "":
		t.ReviewAt = Midnight(at, 1, zone)
	default:
		t.ReviewAt = t.WithFloor(t.ReviewAt, at)
	}
	return t
}
