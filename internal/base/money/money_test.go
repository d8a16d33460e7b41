package money_test

import (
	"math/big"
	"slices"
	"testing"

	"regulars/internal/base/money"
)

func TestAmountSplit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		amount  money.Amount
		weights []int64
		want    []money.Amount
	}{
		"remainder first":     {100, []int64{1, 1, 1}, []money.Amount{34, 33, 33}},
		"largest remainder":   {10, []int64{1, 2, 4}, []money.Amount{1, 3, 6}},
		"skips free lines":    {5, []int64{0, 1, 1}, []money.Amount{0, 3, 2}},
		"refund":              {-100, []int64{1, 1, 1}, []money.Amount{-34, -33, -33}},
		"nothing to share by": {5, []int64{0, 0}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.amount.Split(tt.weights); !slices.Equal(got, tt.want) {
				t.Errorf("Amount(%d).Split(%v) = %v, want %v", tt.amount, tt.weights, got, tt.want)
			}
		})
	}
}

// The parts of an amount always add up to it, whatever the weights.
func FuzzAmountSplit(f *testing.F) {
	f.Add(int64(100), int64(1), int64(1), int64(1))
	f.Add(int64(-7), int64(0), int64(3), int64(1e15))
	f.Fuzz(func(t *testing.T, a, w1, w2, w3 int64) {
		const top = int64(money.MaxAmount)
		weights := []int64{w1, w2, w3}
		for i, w := range weights {
			weights[i] = max(w, -w, 0) % top
		}
		a %= top
		parts := money.Amount(a).Split(weights)
		if parts == nil {
			if weights[0]+weights[1]+weights[2] != 0 {
				t.Fatalf("Split(%v) = nil", weights)
			}
			return
		}
		var sum money.Amount
		for i, p := range parts {
			sum += p
			if weights[i] == 0 && p != 0 {
				t.Errorf("weight 0 got %d", p)
			}
			if (a >= 0) != (p >= 0) && p != 0 {
				t.Errorf("part %d of %d has another sign", p, a)
			}
		}
		if sum != money.Amount(a) {
			t.Errorf("Amount(%d).Split(%v) = %v sums to %d", a, weights, parts, sum)
		}
	})
}

func FuzzMulDiv(f *testing.F) {
	f.Add(int64(5), int64(1), int64(2))
	f.Add(int64(-9e18), int64(9e18), int64(9e18))
	f.Fuzz(func(t *testing.T, a, b, c int64) {
		if c <= 0 {
			if _, err := money.MulDiv(a, b, c, money.Down); err == nil {
				t.Fatalf("divided by %d", c)
			}
			return
		}
		got, err := money.MulDiv(a, b, c, money.HalfUp)
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		neg := want.Sign() < 0
		want.Abs(want)
		want.Mul(want, big.NewInt(2)).Add(want, big.NewInt(c)).Quo(want, new(big.Int).Mul(big.NewInt(c), big.NewInt(2)))
		if neg {
			want.Neg(want)
		}
		switch {
		case err != nil && want.IsInt64() && want.Int64() != -1<<63:
			t.Errorf("MulDiv(%d,%d,%d) failed, want %v", a, b, c, want)
		case err == nil && want.Cmp(big.NewInt(got)) != 0:
			t.Errorf("MulDiv(%d,%d,%d) = %d, want %v", a, b, c, got, want)
		}
	})
}

func TestLineTotal(t *testing.T) {
	t.Parallel()
	gbp, uzs, jpy := money.Currency{Code: "GBP", Exponent: 2}, money.Currency{Code: "UZS", Exponent: 2}, money.Currency{Code: "JPY"}
	tests := map[string]struct {
		c    money.Currency
		p    money.Price
		q    money.Quantity
		want money.Amount
	}{
		"three decimals": {gbp, 2_5550, 6000, 1533},
		"half up":        {gbp, 1_0050, 1000, 101},
		"refund half up": {gbp, 1_0050, -1000, -101},
		"weighed":        {uzs, 45_000_0000, 1234, 55_530_00},
		"no minor unit":  {jpy, 99_5000, 1000, 100},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.c.LineTotal(tt.p, tt.q)
			if err != nil || got != tt.want {
				t.Errorf("LineTotal(%v, %v) = %d, %v, want %d", tt.p, tt.q, got, err, tt.want)
			}
		})
	}
	if _, err := gbp.LineTotal(money.MaxPrice+1, money.One); err == nil {
		t.Error("a price over the limit was taken")
	}
}

// What points pay is never more than they are worth, and comes back to the
// same points.
func TestPointsAndMoneyMeet(t *testing.T) {
	t.Parallel()
	for _, c := range []money.Currency{{Code: "UZS", Exponent: 2}, {Code: "JPY"}, {Code: "KWD", Exponent: 3}} {
		for _, value := range []money.Price{1, 99, 10_000, 3_3333, 1_000_0000} {
			for p := money.Points(0); p < 3000; p += 7 {
				worth := c.Worth(p, value)
				need := c.PointsFor(worth, value, money.Up)
				if need > p {
					t.Fatalf("%s: %d points at %d are worth %d, which takes %d", c.Code, p, value, worth, need)
				}
				if c.Worth(need, value) != worth {
					t.Fatalf("%s: %d points at %d pay %d, not %d", c.Code, need, value, c.Worth(need, value), worth)
				}
			}
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	uzs := money.Currency{Code: "UZS", Exponent: 2}
	for a, want := range map[money.Amount]string{0: "0.00", 5: "0.05", -5: "-0.05", 125050: "1250.50", -1 << 63: "-92233720368547758.08"} {
		if got := uzs.Format(a); got != want {
			t.Errorf("Format(%d) = %s, want %s", a, got, want)
		}
	}
}

func BenchmarkAmountSplit(b *testing.B) {
	lines := make([]int64, 40) // a large weekly shop
	for i := range lines {
		lines[i] = int64(i*37%500 + 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		money.Amount(12_345).Split(lines)
	}
}

func TestRoundSum(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]money.Amount{"UZS": 100_000, "EUR": 100, "JPY": 1} {
		c, err := money.CurrencyOf(code)
		if got := c.RoundSum(); err != nil || got != want {
			t.Errorf("a round sum of %s is %d, want %d, %v", code, got, want, err)
		}
	}
}
