package customer_test

import (
	"fmt"

	"regulars/internal/loyalty/customer"
)

func ExampleNormalizePhone() {
	for _, typed := range []string{"90 123-45-67", "8 (912) 345-67-89", "90 12"} {
		phone, err := customer.NormalizePhone(typed, "UZ")
		fmt.Println(phone, err)
	}
	// Output:
	// +998901234567 <nil>
	// +79123456789 <nil>
	//  phone_too_short: The phone number has too few digits.
}
