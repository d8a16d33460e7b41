package pricing_test

import (
	"fmt"
	"testing"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// BenchmarkPrice prices receipts at a programme that uses everything: two
// levels, cashback and a discount, exclusions, points, the guard.
func BenchmarkPrice(b *testing.B) {
	for _, lines := range []int{3, 40, pricing.MaxLines} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			in := sale(100_00)
			in.Rules = programme.Default(in.Currency)
			in.Rules.Levels[0].Discount = 300
			in.Rules.Discount.Exclude.Categories = []string{"tobacco", "alcohol"}
			in.Rules.Redeem.Exclude.Categories = []string{"tobacco"}
			in.Rules.Guard = &programme.Guard{Margin: 500}
			for i := range lines {
				cost := money.Price(50_0000 + i)
				in.Draft.Lines = append(in.Draft.Lines, pricing.Line{
					SKU: fmt.Sprintf("sku-%d", i), Categories: []string{"milk", "food"}, Quantity: money.Quantity(1000 + i%3*500),
					Price: money.Price(99_9900 + i*3333%400_0000), Cost: &cost,
				})
			}
			in.Draft.Redeem = 50_00
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pricing.Price(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
