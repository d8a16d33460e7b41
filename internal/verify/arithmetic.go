package verify

import (
	"math"
	"math/big"
	"math/bits"
)

// halfUp is a*b/c to the nearest whole, halves up; none is below zero, c is
// above.
func halfUp(a, b, c int64) int64 {
	const small = 1 << 30
	if a < small && b < small && c < small {
		return (2*a*b + c) / (2 * c)
	}
	return mulDiv(a, b, c, nearest)
}

// worth is what points are worth in minor units, the rest dropped: value is
// ten-thousandths of the major unit for a whole point.
func worth(points, value, minor int64) int64 {
	n := new(big.Int).Mul(big.NewInt(points), big.NewInt(value))
	n.Mul(n, big.NewInt(minor))
	return fits(n.Quo(n, big.NewInt(1_000_000)))
}

// worthPoints is how many points it takes to pay an amount.
func worthPoints(amount, value, minor int64) int64 {
	if amount == 0 {
		return 0
	}
	n := new(big.Int).Mul(big.NewInt(amount), big.NewInt(1_000_000))
	d := new(big.Int).Mul(big.NewInt(value), big.NewInt(minor))
	q, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return fits(q)
}

func fits(n *big.Int) int64 {
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}

// plus adds up; what does not fit stays at the end of what does, which no sum
// that was stored is.
func plus(a, b int64) int64 {
	c := a + b
	switch {
	case a > 0 && b > 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && c >= 0:
		return math.MinInt64
	}
	return c
}

// ways of rounding.
const (
	down = iota
	nearest
	up
)

// mulDiv is a*b/c rounded; none is below zero, c is above. What does not fit
// is the largest number there is.
func mulDiv(a, b, c int64, round int) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return math.MaxInt64
	}
	q, r := bits.Div64(hi, lo, uint64(c))
	if round == up && r > 0 || round == nearest && r >= uint64(c)-r {
		q++
	}
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(q)
}
