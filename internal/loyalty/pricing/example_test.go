package pricing_test

import (
	"fmt"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// A customer of the first level pays a part of two bottles with points.
func Example() {
	rub, err := money.CurrencyOf("RUB")
	if err != nil {
		panic(err)
	}
	r, err := pricing.Price(pricing.Input{
		Currency: rub,
		Rules:    programme.Default(rub),
		Customer: &pricing.Customer{Available: 150_00},
		At:       time.Date(2026, 3, 10, 18, 30, 0, 0, time.UTC),
		Draft: pricing.Draft{
			Lines:  []pricing.Line{{SKU: "milk", Quantity: 2 * money.One, Price: 99_9000}},
			Redeem: 50_00,
		},
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s to pay, at most %s points (%s)\n", rub.Format(r.Total), r.MaxRedeem, r.Limit)
	fmt.Printf("earns %s on %s\n", r.Earned, r.AvailableAt.Format(time.DateOnly))
	fmt.Printf("%s more to %s\n", rub.Format(r.ToNext), r.Next.Name)
	// Output:
	// 149.80 to pay, at most 99.90 points (cap)
	// earns 1.49 on 2026-03-24
	// 30000.00 more to 3 %
}
