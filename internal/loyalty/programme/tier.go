package programme

import (
	"time"

	"regulars/internal/base/money"
)

// Tier is what is kept of a customer's level in a programme. A customer of
// whom nothing is kept is at the first level.
type Tier struct {
	Programme ID
	Level     string // code
	Since     time.Time
	// ReviewAt is the midnight at which a return, or spend that leaves the
	// window, may take the level; zero: nothing can.
	ReviewAt time.Time
	// Floor is a level given by hand or imported, under which the customer
	// does not fall until FloorUntil (zero: ever); "": none.
	Floor      string
	FloorUntil time.Time
}

func (t *Tier) floor(at time.Time) string {
	if t == nil || !t.FloorUntil.IsZero() && !at.Before(t.FloorUntil) {
		return ""
	}
	return t.Floor
}

// LevelOf is the level that a customer holds at a time, before a sale: the
// highest of the one kept (t, nil: none), the one that spend reaches and the
// floor. A kept level holds although spend has fallen, until Review.
func LevelOf(r *Rules, t *Tier, spend money.Amount, at time.Time) Level {
	kept := ""
	if t != nil {
		kept = t.Level
	}
	return r.Levels[max(r.Held(kept, spend), r.Index(t.floor(at)))]
}

// Review is the level that a customer is left with at the midnight of a
// review: what spend reaches now, and not under the floor.
func Review(r *Rules, t *Tier, spend money.Amount, at time.Time) Level {
	return r.Levels[r.Held(t.floor(at), spend)]
}
