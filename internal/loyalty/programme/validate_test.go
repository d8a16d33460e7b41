package programme_test

import (
	"testing"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

var uzs = money.Currency{Code: "UZS", Exponent: 2}

// Pricing asks before every receipt.
func TestValidateNumbersAllocatesNothing(t *testing.T) {
	r := programme.Default(uzs)
	if n := testing.AllocsPerRun(100, func() {
		if err := programme.ValidateNumbers(r, uzs); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
