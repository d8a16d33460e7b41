package demo

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// stream keeps draws for different purposes apart, so that a new draw for one
// leaves the others as they were.
type stream uint64

const (
	chainStream   stream = iota + 1 // stores, cashiers, goods
	traitStream                     // what a customer is like
	profileStream                   // what a customer is called
	visitStream                     // what happens on one visit
	walkInStream                    // visits of people who never register
	returnStream                    // what is brought back of a sale
	outageStream                    // when a store has no line
	twiceStream                     // who registers again
)

// dice is a source of random numbers that can be set to any point: the seed,
// a stream and two numbers within it.
type dice struct {
	*rand.Rand
	pcg  rand.PCG
	seed uint64
}

func newDice(seed uint64) *dice {
	d := &dice{seed: seed}
	d.Rand = rand.New(&d.pcg) //nolint:gosec // a simulation is to be repeatable, not secret
	return d
}

// set moves to the draws number b of the thing number a.
func (d *dice) set(s stream, a, b int) *dice {
	// Neighbouring numbers must not give neighbouring states.
	d.pcg.Seed(mix(d.seed^mix(uint64(s))), mix(mix(uint64(a))+uint64(b)))
	return d
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d *dice) chance(p float64) bool { return d.Float64() < p }

func (d *dice) gamma(shape, rate float64) float64 {
	return distuv.Gamma{Alpha: shape, Beta: rate, Src: &d.pcg}.Rand()
}

func (d *dice) beta(a, b float64) float64 {
	x, y := d.gamma(a, 1), d.gamma(b, 1)
	return x / (x + y)
}

func (d *dice) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	return int(distuv.Poisson{Lambda: mean, Src: &d.pcg}.Rand())
}

// between is a whole number from lo to hi, both included.
func (d *dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// pick draws an index with chances in proportion to the differences of cum,
// whose last element is the sum of all.
func (d *dice) pick(cum []float64) int {
	return search(cum, d.Float64()*cum[len(cum)-1])
}

// search is the first index whose cumulative weight exceeds x.
func search(cum []float64, x float64) int {
	lo, hi := 0, len(cum)-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if cum[mid] > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
