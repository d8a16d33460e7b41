package demo

import (
	"context"

	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/receipt"
)

// Of people who register a second time, by another phone.
const (
	twiceChance  = 0.008 // on a visit
	mergedWithin = 6     // days until the office sees that two profiles are one person
	undoneChance = 0.25  // that it takes them apart again
	undoneAfter  = 2     // days
)

// double is a person of two profiles, about which something is done on a day.
type double struct {
	number        int // of the person
	first, second customer.ID
	day           int
	merged        merge.ID // zero: not yet
	undo          bool     // the merge will turn out to be wrong
}

// twice reports whether the customer of a sale registers again, after how many
// days that is seen, and whether the merge is undone.
func (c *Chain) twice(r *Receipt) (days int, undo, yes bool) {
	d := newDice(c.Seed).set(twiceStream, r.Person, r.Visit)
	if r.Register || !d.chance(twiceChance) {
		return 0, false, false
	}
	return d.between(1, mergedWithin), d.chance(undoneChance), true
}

// second is the profile of a customer who may register again; first is the one
// that there is. Nobody has more than two.
func (f *filling) second(ctx context.Context, by receipt.Caller, r *Receipt, first customer.ID) (customer.ID, error) {
	days, undo, yes := f.chain.twice(r)
	f.mu.Lock()
	yes = yes && !f.twice[r.Customer]
	f.mu.Unlock()
	if !yes {
		return first, nil
	}
	in := f.profile(by, r)
	in.Consents = nil
	other := phone(country(f.chain.Stores[r.Store].City), maxCustomers-1-r.Customer)
	in.Identifiers = []customer.Identifier{{Kind: customer.Phone, Value: other}}
	res, err := f.Enrol.Register(ctx, by.Store, by.Staff, in)
	if err != nil || !res.Created { // in a chain of millions it is somebody's
		return first, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[r.Customer], f.twice[r.Customer] = res.ID, true
	f.doubles = append(f.doubles, double{number: r.Customer, first: first, second: res.ID, day: r.Day + days, undo: undo})
	return res.ID, nil
}

// settle does what is due on a day about profiles that are one person: the second
// goes into the first, or comes out of it again and is used no more.
func (f *filling) settle(ctx context.Context, day int) error {
	var left []double
	for _, d := range f.doubles {
		switch {
		case d.day > day:
			left = append(left, d)
		case d.merged != 0:
			if err := f.Merges.Undo(ctx, d.merged, 0, nil); err != nil {
				return err
			}
			f.filled.Undone++
		default:
			out, err := f.Merges.Merge(ctx, d.second, d.first, 0, nil)
			if err != nil {
				return err
			}
			f.filled.Merged++
			f.people[d.number] = d.first
			if d.undo {
				d.day, d.merged = day+undoneAfter, out.ID
				left = append(left, d)
			}
		}
	}
	f.doubles = left
	return nil
}
