package verify

import (
	"testing"

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
