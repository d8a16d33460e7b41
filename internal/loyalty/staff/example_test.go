package staff_test

import (
	"fmt"

	"regulars/internal/loyalty/staff"
)

func ExampleRole_Can() {
	for _, role := range staff.Roles {
		fmt.Println(role, role.Can(staff.Sell), role.Can(staff.ManageProgramme))
	}
	// Output:
	// owner true true
	// cashier true false
}
