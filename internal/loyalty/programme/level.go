package programme

import "regulars/internal/base/money"

// Index is where the level of that code stands, from 0; -1: there is none.
func (r *Rules) Index(code string) int {
	for i := range r.Levels {
		if r.Levels[i].Code == code {
			return i
		}
	}
	return -1
}

// Level gives the level of that code, or the first one and false.
func (r *Rules) Level(code string) (Level, bool) {
	i := r.Index(code)
	return r.Levels[max(i, 0)], i >= 0
}

// Reached gives the highest level whose threshold spend reaches.
func (r *Rules) Reached(spend money.Amount) Level { return r.Levels[r.reached(spend)] }

// Held gives where the level stands that a customer holds who was recorded at
// a level (unknown and "": the first) and has spent that much: a level that is
// reached is held at once, one that was lost is held until midnight.
func (r *Rules) Held(code string, spend money.Amount) int {
	return max(r.Index(code), r.reached(spend))
}

func (r *Rules) reached(spend money.Amount) int {
	best := 0
	for i := range r.Levels {
		if spend >= r.Levels[i].Threshold {
			best = i
		}
	}
	return best
}
