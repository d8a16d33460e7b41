package staff_test

import (
	"fmt"

	"regulars/internal/loyalty/staff"
)

func ExampleRole_Can() {
	for _, role := range staff.Roles {
		fmt.Println(role, role.Can(staff.Sell), role.Can(staff.SeePersonal), role.Can(staff.ManageProgramme))
	}
	// Output:
	// owner true true true
	// marketer false false true
	// manager true true false
	// operator false true false
	// analyst false false false
	// cashier true false false
}
