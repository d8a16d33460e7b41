package verify

import "math/big"

// halfUp is a*b/c to the nearest whole, halves up; none is below zero, c is
// above.
func halfUp(a, b, c int64) int64 {
	const small = 1 << 30
	if a < small && b < small && c < small {
		return (2*a*b + c) / (2 * c)
	}
	n := new(big.Int).Mul(big.NewInt(2*a), big.NewInt(b))
	n.Add(n, big.NewInt(c))
	return n.Quo(n, big.NewInt(2*c)).Int64()
}

// worth is what points are worth in minor units, the rest dropped: value is
// ten-thousandths of the major unit for a whole point.
func worth(points, value, minor int64) int64 {
	n := new(big.Int).Mul(big.NewInt(points), big.NewInt(value))
	n.Mul(n, big.NewInt(minor))
	return n.Quo(n, big.NewInt(1_000_000)).Int64()
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
	return q.Int64()
}
