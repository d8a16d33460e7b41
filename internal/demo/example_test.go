package demo_test

import (
	"fmt"
	"time"

	"regulars/internal/demo"
)

func Example() {
	chain, err := demo.New(demo.Config{Seed: 1, Size: demo.Size{
		Stores: 2, Customers: 100, Years: 1, End: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	}})
	if err != nil {
		panic(err)
	}
	for r := range chain.Run().Receipts() {
		if !r.Register {
			continue
		}
		who := chain.Customer(r.Customer)
		fmt.Println(r.Number, r.At.Format(time.DateTime), who.FirstName, who.LastName)
		for _, l := range r.Lines {
			fmt.Println(chain.Products[l.Product].Name, l.Quantity, l.Price, chain.Currency.Format(l.Total))
		}
		break
	}
	// Output:
	// S02-1-0000001 2025-11-22 13:25:28 Эльвира Крылова
	// Скатерть клеёнчатая 1.000 42000.0000 42000.00
}
