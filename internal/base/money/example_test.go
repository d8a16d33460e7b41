package money_test

import (
	"fmt"

	"regulars/internal/base/money"
)

// A discount is rounded once, on the whole; the shares of the lines sum to it.
func Example() {
	uzs, err := money.CurrencyOf("UZS")
	if err != nil {
		panic(err)
	}
	bread, err := uzs.LineTotal(45_000_000, 2*money.One) // two at 4 500
	if err != nil {
		panic(err)
	}
	cheese, err := uzs.LineTotal(899_900_000, 350) // 350 g at 89 990 a kilogram
	if err != nil {
		panic(err)
	}
	off := money.Rate(700).Of(bread+cheese, money.HalfUp) // 7 %
	shares := off.Split([]int64{int64(bread), int64(cheese)})
	fmt.Printf("%s of %s: %s and %s\n", uzs.Format(off), uzs.Format(bread+cheese), uzs.Format(shares[0]), uzs.Format(shares[1]))

	// What comes back in parts comes to the whole.
	first := shares[1].Share(100, 350)
	rest := shares[1] - first
	fmt.Println(uzs.Format(first), uzs.Format(rest))
	// Output:
	// 2834.76 of 40496.50: 630.00 and 2204.76
	// 629.93 1574.83
}
