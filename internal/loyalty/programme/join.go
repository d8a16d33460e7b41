package programme

import (
	"cmp"
	"time"

	"regulars/internal/base/money"
)

// Join is the tier of somebody with whom another becomes one: of their two levels the
// higher, or the one that their spend reaches together, and the better of what was given
// by hand. A level that lasts for days lasts as long as it did; any other is looked at on
// the next midnight.
func Join(r *Rules, own, theirs Tier, spend, others money.Amount, at time.Time, zone *time.Location) Tier {
	t := own
	given, has := theirs.Given(at), own.Given(at)
	if given != "" && r.Index(given) >= r.Index(has) && !own.Covers(r, given, theirs.FloorUntil, at) {
		t.Floor, t.FloorUntil = theirs.Floor, theirs.FloorUntil
	}
	stands := max(r.stands(&own, spend, at), r.stands(&theirs, others, at), r.reached(spend+others))
	if stands == 0 && own.Level == "" && t.Floor == "" { // there is nothing to keep
		return own
	}
	level := r.Levels[stands].Code
	var lasts time.Time // until when, where it does
	switch level {
	case own.Level:
		lasts = own.ReviewAt
	case theirs.Level: // it came along
		t.begin(level, at)
		t.LostAt, lasts = theirs.LostAt, theirs.ReviewAt
	default:
		t.begin(level, at)
		lasts = r.nextReview(&t, at, zone)
	}
	t.ReviewAt = t.WithFloor(Midnight(at, 1, zone), at)
	if r.lasts() {
		t.ReviewAt = cmp.Or(lasts, t.ReviewAt)
	}
	return t
}

// Part is the tier of somebody of whom another is taken out again with whom they became
// one before, when they had were, and gave was the one whose floor came along (of no
// floor: none did). What only that gave is taken; what was reached or given since stays.
func Part(r *Rules, t, were, gave Tier, joinedAt, at time.Time, zone *time.Location) Tier {
	was := t.Level
	if gave.Floor != "" && t.SameFloor(&gave) {
		t.Floor, t.FloorUntil = were.Floor, were.FloorUntil
	}
	if t.Since.Equal(joinedAt) { // nothing has reached a level since
		t.Level = were.Level
		t.Level = LevelOf(r, &t, 0, at).Code
	}
	if t.Level != was {
		t.begin(t.Level, at)
	}
	switch {
	case r.lasts() && t.Level == was && !t.ReviewAt.IsZero():
	case r.lasts() && t.Level == were.Level && !were.ReviewAt.IsZero():
		t.ReviewAt, t.LostAt = were.ReviewAt, were.LostAt
	default:
		t.ReviewAt = t.WithFloor(Midnight(at, 1, zone), at)
	}
	return t
}

// Restore is the tier of somebody who is taken out of another again, and had left when
// they became one. Of how long the level lasts holds what Join says.
func Restore(r *Rules, t, left Tier, at time.Time, zone *time.Location) Tier {
	t.ReviewAt, t.LostAt = t.WithFloor(Midnight(at, 1, zone), at), left.LostAt
	if r.lasts() {
		t.ReviewAt = cmp.Or(left.ReviewAt, t.ReviewAt)
	}
	return t
}
