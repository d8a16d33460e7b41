package verify

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regulars/internal/base/money"
)

// The two ways of working out the same, written apart, agree.
func TestArithmeticAgreesWithMoney(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, err := money.CurrencyOf(rapid.SampledFrom([]string{"UZS", "JPY", "BHD"}).Draw(t, "currency"))
		if err != nil {
			t.Fatal(err)
		}
		price := rapid.Int64Range(0, 1e13).Draw(t, "price")
		quantity := rapid.Int64Range(1, 1e7).Draw(t, "quantity")
		if want, err := c.LineTotal(money.Price(price), money.Quantity(quantity)); err == nil {
			if got := halfUp(price, quantity, 10_000_000/c.Minor()); got != int64(want) {
				t.Errorf("%d at %d is %d, money says %d", quantity, price, got, want)
			}
		}
		whole := rapid.Int64Range(0, 1e15).Draw(t, "whole")
		done := rapid.Int64Range(0, quantity).Draw(t, "done")
		if got, want := halfUp(whole, done, quantity), money.Amount(whole).Share(money.Quantity(done), money.Quantity(quantity)); got != int64(want) {
			t.Errorf("%d of %d of %d is %d, money says %d", done, quantity, whole, got, want)
		}
		value := rapid.Int64Range(1_000, 1e9).Draw(t, "value")
		amount := rapid.Int64Range(0, 1e11).Draw(t, "amount")
		points := worthPoints(amount, value, c.Minor())
		if want := c.PointsFor(money.Amount(amount), money.Price(value), money.Up); points != int64(want) {
			t.Errorf("%d costs %d points, money says %d", amount, points, want)
		}
		if got, want := worth(points, value, c.Minor()), c.Worth(money.Points(points), money.Price(value)); got != int64(want) {
			t.Errorf("%d points are worth %d, money says %d", points, got, want)
		}
	})
}

// Sums and products that do not fit never look like ones that do.
func TestArithmeticDoesNotWrap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		if got, want := plus(a, b), clamp(new(big.Int).Add(big.NewInt(a), big.NewInt(b))); got != want {
			t.Errorf("%d + %d is %d, want %d", a, b, got, want)
		}
		x, y, z := rapid.Int64Min(0).Draw(t, "x"), rapid.Int64Min(0).Draw(t, "y"), rapid.Int64Min(1).Draw(t, "z")
		n, d := new(big.Int).Mul(big.NewInt(x), big.NewInt(y)), big.NewInt(z)
		for round, more := range map[int]int64{down: 0, up: z - 1} {
			want := clamp(new(big.Int).Quo(new(big.Int).Add(n, big.NewInt(more)), d))
			if got := mulDiv(x, y, z, round); got != want {
				t.Errorf("%d * %d / %d is %d, want %d", x, y, z, got, want)
			}
		}
		twice := new(big.Int).Add(new(big.Int).Lsh(n, 1), d)
		if got, want := mulDiv(x, y, z, nearest), clamp(twice.Quo(twice, new(big.Int).Lsh(d, 1))); got != want {
			t.Errorf("%d * %d / %d is %d, want %d", x, y, z, got, want)
		}
	})
}

func clamp(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// Days begin when clocks first show their date, also where clocks are changed
// at that hour.
func TestDaysBegin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, want string }{
		{"Asia/Tashkent", "2026-03-02T12:00:00Z", "2026-03-02T19:00:00Z"},
		{"Asia/Tashkent", "2026-03-02T19:00:00Z", "2026-03-03T19:00:00Z"},
		{"America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z"}, // 0:00 did not come
		{"America/Havana", "2024-11-02T12:00:00Z", "2024-11-03T04:00:00Z"},    // 0:00 came twice
		{"Pacific/Kiritimati", "2026-01-01T00:00:00Z", "2026-01-01T10:00:00Z"},
		{"Pacific/Pago_Pago", "2026-01-01T12:00:00Z", "2026-01-02T11:00:00Z"},
	} {
		var cal calendar
		if err := cal.add(c.zone); err != nil {
			t.Fatal(err)
		}
		from, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.UnixMicro(cal.midnight(0, from.UnixMicro(), 1)).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("after %s in %s begins %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}
